/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looks at the memory of all owners at the end of a snapshot. How their points are kept is in following.c,
 * who of them has grown in growers.c, what growth means in leak.c.
 */
#include "growth.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "leak.h"

static const char *const kernel_names[NR_KERNEL_MEMORY] = {
	[KERNEL_SLAB] = "slab",
	[KERNEL_SLAB_RECLAIMABLE] = "slab_reclaimable",
	[KERNEL_STACKS] = "kernel_stacks",
	[KERNEL_PAGE_TABLES] = "page_tables",
	[KERNEL_VMALLOC] = "vmalloc",
	[KERNEL_PERCPU] = "percpu",
	[KERNEL_SOCKETS] = "sockets",
	[KERNEL_SHARED] = "shared_memory",
	[KERNEL_UNACCOUNTED] = "unaccounted",
};

static const char *const kind_names[NR_GROWTH_KINDS] = {
	[GROWTH_ANONYMOUS] = "anonymous", [GROWTH_SHARED] = "shared", [GROWTH_PAGE_TABLES] = "page_tables",
	[GROWTH_FILE] = "file",           [GROWTH_KERNEL] = "kernel",
};

const char *kernel_memory_name(enum kernel_memory memory)
{
	return (__u32)memory < NR_KERNEL_MEMORY ? kernel_names[memory] : "unknown";
}

const char *growth_kind_name(enum growth_kind kind)
{
	return (__u32)kind < NR_GROWTH_KINDS ? kind_names[kind] : "unknown";
}

const char *leak_verdict_name(enum leak_verdict verdict)
{
	static const char *const names[NR_LEAK_VERDICTS] = {
		[LEAK_NONE] = "none",
		[LEAK_CANNOT_TELL] = "cannot_tell_yet",
		[LEAK_WORKING_SET] = "growing_working_set",
		[LEAK_CACHE] = "cache",
		[LEAK_FRAGMENTATION] = "allocator_fragmentation",
		[LEAK_CERTAIN] = "leak",
	};

	return (__u32)verdict < NR_LEAK_VERDICTS ? names[verdict] : "unknown";
}

/* --- records ---------------------------------------------------------------------------------- */

static bool is_possible(__u64 pages)
{
	return pages <= MAX_PAGES || pages == KERNEL_MEMORY_UNKNOWN;
}

int apply_kernel_memory(struct model *model, const struct rec_header *h)
{
	const struct rec_kernel_memory *rec = (const struct rec_kernel_memory *)h;

	if (!is_possible(rec->total_pages) || !is_possible(rec->available_pages) ||
	    !is_possible(rec->swap_free_pages))
		return -EINVAL;
	for (int memory = 0; memory < NR_KERNEL_MEMORY; memory++)
		if (!is_possible(rec->pages[memory]))
			return -EINVAL;
	model->growth.kernel_pending = *rec;
	model->growth.nr_cgroup_pending = 0;
	return 0;
}

static bool is_possible_bytes(__u64 bytes)
{
	return bytes < 1ULL << 63 || bytes == KERNEL_MEMORY_UNKNOWN;
}

int apply_cgroup_memory(struct model *model, const struct rec_header *h)
{
	const struct rec_cgroup_memory *rec = (const struct rec_cgroup_memory *)h;
	struct growth *growth = &model->growth;

	if (!growth->kernel_pending.h.size || growth->nr_cgroup_pending == REC_MAX_CGROUP_MEMORIES ||
	    !rec->cgroup_id || !is_possible_bytes(rec->usage_bytes) || !is_possible_bytes(rec->limit_bytes) ||
	    !is_possible_bytes(rec->left_bytes) || !is_possible_bytes(rec->anon_bytes) ||
	    !is_possible_bytes(rec->file_bytes) || !is_possible_bytes(rec->shmem_bytes) ||
	    !is_possible_bytes(rec->kernel_bytes))
		return -EINVAL;
	growth->cgroup_pending[growth->nr_cgroup_pending++] = *rec;
	return 0;
}

static void show_records(struct growth *growth)
{
	if (!growth->kernel_pending.h.size)
		return;
	growth->kernel_memory = growth->kernel_pending;
	growth->nr_cgroup_memories = growth->nr_cgroup_pending;
	memcpy(growth->cgroup_memories, growth->cgroup_pending,
	       growth->nr_cgroup_pending * sizeof(growth->cgroup_pending[0]));
}

/* --- the look --------------------------------------------------------------------------------- */

void growth_of_process(const struct process *process, __u64 ret[NR_GROWTH_KINDS])
{
	ret[GROWTH_ANONYMOUS] = process_total(process, LEDGER_RSS_ANON) + process_total(process, LEDGER_SWAP);
	ret[GROWTH_SHARED] = process_total(process, LEDGER_RSS_SHMEM);
	ret[GROWTH_PAGE_TABLES] = process_total(process, LEDGER_PAGE_TABLES);
	ret[GROWTH_FILE] = process_total(process, LEDGER_RSS_FILE);
	ret[GROWTH_KERNEL] = 0;
}

static void look_at_processes(struct model *model)
{
	__u64 pages[NR_GROWTH_KINDS];

	for (__u32 i = 0; i < model->processes.nr_alive; i++) {
		struct process *process = &model->processes.all[i];

		if (process->is_kthread)
			continue;
		growth_of_process(process, pages);
		look_at(&model->growth, OWNER_PROCESS, process->tgid, process->start_ns, pages,
			&process->footprint);
		growth_add_to_cgroup(&model->growth, process->cgroup_id, pages);
	}
}

static void look_at_groups(struct model *model)
{
	for (__u32 i = NR_FIXED_GROUPS; i < model->groups.nr; i++) {
		struct known_group *group = &model->groups.all[i];
		const __u64 *total = group->live.v;
		const __u64 pages[NR_GROWTH_KINDS] = {
			[GROWTH_ANONYMOUS] = total[LEDGER_RSS_ANON] + total[LEDGER_SWAP],
			[GROWTH_SHARED] = total[LEDGER_RSS_SHMEM],
			[GROWTH_PAGE_TABLES] = total[LEDGER_PAGE_TABLES],
			[GROWTH_FILE] = total[LEDGER_RSS_FILE],
		};

		look_at(&model->growth, OWNER_GROUP, 0, group->hash, pages, &group->footprint);
	}
}

/* What is not known at a look has no point of it: its points begin again. */
static void look_at_kernel(struct growth *growth)
{
	if (!growth->kernel_memory.h.size)
		return;
	for (int memory = 0; memory < NR_KERNEL_MEMORY; memory++) {
		__u64 pages = growth->kernel_memory.pages[memory];

		if (pages != KERNEL_MEMORY_UNKNOWN) {
			look_at_series(growth, &growth->kernel[memory], pages);
			continue;
		}
		free(growth->kernel[memory]);
		growth->kernel[memory] = NULL;
	}
}

void growth_end(struct model *model)
{
	struct growth *growth = &model->growth;
	__u64 time_ns = model->status.time_ns;
	__u32 page_size = model->shape.rec.page_size ? model->shape.rec.page_size : 1;

	show_records(growth);
	leak_note_left_pages(model);
	growth->noticeable_pages = (GROWTH_NOTICEABLE_BYTES + page_size - 1) / page_size;
	if (!look_begin(growth, time_ns))
		return;
	look_at_processes(model);
	look_at_groups(model);
	growth_look_at_cgroups(growth, page_size);
	look_at_kernel(growth);
	look_end(growth, time_ns);
}

/* --- what is asked for ---------------------------------------------------------------------------- */

__u32 model_nr_unfollowed(const struct model *model)
{
	return model->growth.nr_unfollowed_shown;
}

__u32 model_nr_growth_points(const struct model *model, enum growth_window window)
{
	__u32 next = model->growth.windows[window].next;

	return next < GROWTH_POINTS ? next : GROWTH_POINTS;
}

const struct rec_kernel_memory *model_kernel_memory(const struct model *model)
{
	return model->growth.kernel_memory.h.size ? &model->growth.kernel_memory : NULL;
}

const struct rec_cgroup_memory *model_cgroup_memory(const struct model *model, __u64 cgroup_id)
{
	const struct growth *growth = &model->growth;

	for (__u32 i = 0; i < growth->nr_cgroup_memories; i++)
		if (growth->cgroup_memories[i].cgroup_id == cgroup_id)
			return &growth->cgroup_memories[i];
	return NULL;
}

/* --- the lives of processes ------------------------------------------------------------------- */

const struct leaky_lives *model_leaky_lives(const struct model *model, __u32 group)
{
	return &model->groups.all[group].leaky;
}

void growth_leave(struct model *model, const struct process *process)
{
	const struct followed *followed = followed_by(&model->growth, OWNER_PROCESS, process->tgid,
						      process->start_ns, &process->footprint);
	struct leaky_lives *lives = &model->groups.all[process->group].leaky;
	bool is_told = false;

	for (__u32 kind = 0; followed && kind < GROWTH_FILE; kind++) {
		const struct grower grower = { .owner = OWNER_PROCESS,
					       .kind = kind,
					       .process = process,
					       .pages = followed->now.pages[kind],
					       .series = followed->series[kind] };
		struct leak_judgement judgement;

		if (!grower.series)
			continue;
		leak_judge(model, &grower, &judgement);
		is_told |= judgement.windows[WINDOW_TWO_HOURS].is_told;
		if (judgement.verdict != LEAK_CERTAIN)
			continue;
		lives->nr++;
		lives->pages_per_hour = judgement.pages_per_hour;
		lives->end_ns = model->snapshot.time_ns;
		return;
	}
	lives->nr_others += is_told;
}
