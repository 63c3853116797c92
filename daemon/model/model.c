/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The model as a whole: its life, and the way of each record to the file that understands it.
 */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>

struct handler {
	int (*apply)(struct model *model, const struct rec_header *h);
	bool needs_snapshot; /* only between REC_SNAPSHOT_BEGIN and REC_SNAPSHOT_END */
};

static const struct handler handlers[NR_RECORDS] = {
	[REC_MACHINE] = { apply_machine, false },
	[REC_LABEL] = { apply_label, false },
	[REC_PROBE] = { apply_probe, false },
	[REC_CGROUP] = { apply_cgroup, false },
	[REC_SNAPSHOT_BEGIN] = { apply_snapshot_begin, false },
	[REC_CELLS] = { apply_cells, true },
	[REC_ACCOUNT] = { apply_account, true },
	[REC_VMSTAT] = { apply_vmstat, true },
	[REC_TASK] = { apply_task, true },
	[REC_SNAPSHOT_END] = { apply_snapshot_end, true },
	[REC_TASK_EXIT] = { apply_task_exit, false },
	[REC_STALL] = { apply_stall, false },
	[REC_OOM_KILL] = { apply_oom_kill, false },
	[REC_ALLOC_FAILURE] = { apply_alloc_failure, false },
	[REC_SETTING] = { apply_setting, false },
	[REC_STACK] = { apply_stack, false },
	[REC_SYMBOL] = { apply_symbol, false },
	[REC_HOLDER] = { apply_holder, false },
	[REC_CENSUS] = { apply_census, false },
	[REC_LIVE] = { apply_live, false },
	[REC_FALLBACK] = { apply_fallback, true },
	[REC_ZONE] = { apply_zone, true },
	[REC_PAGEBLOCKS] = { apply_pageblocks, true },
	[REC_SLAB_SITE] = { apply_slab_site, false },
	[REC_SLAB_CACHE] = { apply_slab_cache, false },
	[REC_SLAB] = { apply_slab, false },
	[REC_NUMA_FLOW] = { apply_numa_flow, true },
	[REC_RESIDENCY] = { apply_residency, false },
	[REC_FAULT_MAPPING] = { apply_fault_mapping, true },
	[REC_FAULT_STACK] = { apply_fault_stack, true },
	[REC_USER_STACK] = { apply_user_stack, false },
	[REC_USER_SYMBOL] = { apply_user_symbol, false },
	[REC_LIVE_SITE] = { apply_live_site, false },
	[REC_KERNEL_MEMORY] = { apply_kernel_memory, true },
	[REC_CGROUP_MEMORY] = { apply_cgroup_memory, true },
	[REC_TRACE_STACK] = { apply_trace_stack, false },
	[REC_TRACE] = { apply_trace, false },
	[REC_CGROUP_KERNEL] = { apply_cgroup_kernel, true },
};

struct model *model_new(const struct model_options *options)
{
	struct model *model = calloc(1, sizeof(*model));

	if (!model)
		return NULL;
	model->options = *options;
	model->processes.max = options->max_processes;
	units_init(&model->units);
	stacks_init(&model->stacks);
	user_stacks_init(&model->user_stacks);
	live_sites_init(&model->live_sites);
	if (events_init(&model->events, options->max_events) || watch_init(&model->watch) ||
	    groups_init(&model->groups, options->max_groups)) {
		model_free(model);
		return NULL;
	}
	if (options->durable)
		durable_read(&model->groups, options->durable);
	return model;
}

void model_free(struct model *model)
{
	if (!model)
		return;
	zones_free(model);
	shape_free(&model->shape);
	recent_free(&model->units.cgroups);
	recent_free(&model->stacks.all);
	recent_free(&model->stacks.symbols);
	recent_free(&model->user_stacks.all);
	recent_free(&model->user_stacks.symbols);
	holders_free(&model->holders);
	live_sites_free(&model->live_sites);
	numa_free(&model->numa);
	slab_looks_free(&model->slab);
	growth_free(&model->growth);
	traces_free(&model->traces);
	events_free(&model->events);
	watch_free(&model->watch);
	placement_free(&model->placement);
	processes_free(&model->processes);
	groups_free(&model->groups);
	free(model);
}

int model_apply(struct model *model, const void *record, size_t size)
{
	const struct rec_header *h = record;
	const struct handler *handler;
	int err = record_check(record, size);

	if (err)
		return err;
	handler = &handlers[h->kind];
	if ((h->kind != REC_MACHINE && !model->status.machine) ||
	    (handler->needs_snapshot && !model->snapshot.is_open))
		return -EINVAL;
	return handler->apply(model, h);
}

void model_status(const struct model *model, struct model_status *ret)
{
	*ret = model->status;
}
