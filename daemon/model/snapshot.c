/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A snapshot from begin to end: what it carries is kept aside, and becomes visible all at once when
 * it ends. Computes the metrics whose source is MODEL, and holds memoir's totals against the
 * kernel's own.
 */
#include "internal.h"

#include <errno.h>
#include <string.h>

int apply_snapshot_begin(struct model *model, const struct rec_header *h)
{
	const struct rec_snapshot_begin *rec = (const struct rec_snapshot_begin *)h;
	struct snapshot *snapshot = &model->snapshot;
	double elapsed_ns = (double)(__s64)(h->time_ns - model->status.time_ns);

	if (!rec->sequence)
		return -EINVAL;
	*snapshot = (struct snapshot){
		.is_open = true,
		.pass = snapshot->pass + 1,
		.sequence = rec->sequence,
		.time_ns = h->time_ns,
		.per_second = model->nr_snapshots && elapsed_ns > 0 ? 1e9 / elapsed_ns : 0,
	};
	memcpy(snapshot->accounts, model->groups.accounts, sizeof(snapshot->accounts));
	fallbacks_begin(&model->fallbacks);
	numa_begin(&model->numa);
	fault_sites_begin(&model->fault_sites);
	model->zones.nr_pending = 0;
	model->growth.kernel_pending.h.size = 0;
	/* Who takes pages while tasks are read has no quiet moment. Without memory the first task fails. */
	processes_make_next(&model->processes);
	return 0;
}

int apply_cells(struct model *model, const struct rec_header *h)
{
	const struct rec_cells *rec = (const struct rec_cells *)h;
	struct shape *shape = &model->shape;

	if (rec->first > shape->nr_cells || rec->nr > shape->nr_cells - rec->first)
		return -EINVAL;
	memcpy(shape->pending + rec->first, rec->cells, rec->nr * sizeof(rec->cells[0]));
	return 0;
}

int apply_account(struct model *model, const struct rec_header *h)
{
	const struct rec_account *rec = (const struct rec_account *)h;

	if (rec->account >= NR_ACCOUNTS)
		return -EINVAL;
	model->snapshot.accounts[rec->account] = rec->counts;
	return 0;
}

int apply_vmstat(struct model *model, const struct rec_header *h)
{
	const struct rec_vmstat *rec = (const struct rec_vmstat *)h;

	memcpy(model->snapshot.vmstat, rec->value, sizeof(model->snapshot.vmstat));
	model->snapshot.has_vmstat = true;
	return 0;
}

/* --- what a snapshot's end computes ----------------------------------------------------------- */

static __u64 metric_sum(const struct shape *shape, enum metric metric)
{
	const struct cube *cube = &shape->cubes[metric];
	__u64 sum = 0;

	for (__u32 i = 0; i < cube->size[0] * cube->stride[0]; i++)
		sum += shape->cells[cube->base + i];
	return sum;
}

static __u64 nr_direct_reclaims(const struct shape *shape)
{
	const struct cube *cube = &shape->cubes[METRIC_STALL];
	const __u64 *kind = shape->cells + cube->base + STALL_DIRECT_RECLAIM * cube->stride[0];
	__u64 nr = 0;

	for (__u32 node = 0; node < cube->size[1]; node++)
		nr += hist_count(kind + node * cube->stride[1]);
	return nr;
}

static __u64 nr_migrated(const struct shape *shape, enum migrate_result result)
{
	const struct cube *cube = &shape->cubes[METRIC_MIGRATED_PAGES];
	__u64 nr = 0;

	for (__u32 reason = 0; reason < cube->size[0]; reason++)
		nr += shape->cells[cube->base + reason * cube->stride[0] + result * cube->stride[1]];
	return nr;
}

/* What memoir has of a vmstat item, since the probes were installed. */
static __u64 vmstat_counted(const struct model *model, enum vmstat_item item)
{
	const struct shape *shape = &model->shape;

	switch (item) {
	case VMSTAT_PGALLOC:
		return metric_sum(shape, METRIC_ALLOCATED);
	case VMSTAT_PGFREE:
		return metric_sum(shape, METRIC_FREED);
	case VMSTAT_PGFAULT:
		return model_ledger_total(model, LEDGER_MINOR_FAULTS) +
		       model_ledger_total(model, LEDGER_MAJOR_FAULTS);
	case VMSTAT_ALLOCSTALL:
		return nr_direct_reclaims(shape);
	case VMSTAT_COMPACT_STALL:
		return metric_sum(shape, METRIC_COMPACT_STALLS);
	case VMSTAT_OOM_KILL:
		return metric_sum(shape, METRIC_OOM_KILLS);
	case VMSTAT_PGMIGRATE_SUCCESS:
		return nr_migrated(shape, MIGRATE_SUCCEEDED);
	case VMSTAT_PGMIGRATE_FAIL:
		return nr_migrated(shape, MIGRATE_FAILED);
	case VMSTAT_PSWPIN:
		return model_ledger_total(model, LEDGER_SWAPPED_IN);
	case VMSTAT_NUMA_HINT_FAULTS:
		return metric_sum(shape, METRIC_NUMA_HINT_FAULTS);
	case VMSTAT_NUMA_HINT_FAULTS_LOCAL:
		return model_ledger_total(model, LEDGER_NUMA_LOCAL_FAULTS);
	case VMSTAT_NUMA_PAGES_MIGRATED:
		return model_ledger_total(model, LEDGER_NUMA_MIGRATED);
	case VMSTAT_PGMAJFAULT:
		return metric_sum(shape, METRIC_STORAGE_FAULTS);
	default:
		return 0;
	}
}

static void compare_with_vmstat(struct model *model, bool is_quiet)
{
	const struct rec_machine *rec = &model->shape.rec;
	__u64 *remainder = metric_cells(&model->shape, METRIC_VMSTAT_REMAINDER);
	const struct snapshot *snapshot = &model->snapshot;
	struct model_status *status = &model->status;

	if (!snapshot->has_vmstat)
		return;
	for (__u32 item = 0; item < NR_VMSTAT_ITEMS; item++) {
		bool is_known = rec->vmstat_known & (1u << item);

		status->vmstat[item] = snapshot->vmstat[item];
		status->counted[item] = vmstat_counted(model, item);
		remainder[item] = is_known ? status->vmstat[item] - rec->vmstat_base[item] -
						     status->counted[item]
					   : CELL_NONE;
	}
	if (!is_quiet)
		return;
	status->quiet_time_ns = snapshot->time_ns;
	memcpy(status->quiet_vmstat, status->vmstat, sizeof(status->quiet_vmstat));
	memcpy(status->quiet_counted, status->counted, sizeof(status->quiet_counted));
}

/* The cells that come as they are: all but those of the model. */
static void show_read_cells(struct shape *shape)
{
	for (__u32 metric = 0; metric < NR_METRICS; metric++) {
		const struct cube *cube = &shape->cubes[metric];

		if (metric_rows[metric].source != MODEL)
			memcpy(shape->cells + cube->base, shape->pending + cube->base,
			       (size_t)cube->size[0] * cube->stride[0] * sizeof(__u64));
	}
}

static void show_model_cells(struct model *model, const struct rec_snapshot_end *rec)
{
	struct shape *shape = &model->shape;
	__u64 *faults = metric_cells(shape, METRIC_PAGE_FAULTS);
	__u64 *lost = metric_cells(shape, METRIC_LOST);

	faults[FAULT_MINOR] = model_ledger_total(model, LEDGER_MINOR_FAULTS);
	faults[FAULT_MAJOR] = model_ledger_total(model, LEDGER_MAJOR_FAULTS);
	lost[LOSS_PROCESS_TABLE_FULL] += model->nr_table_full;
	lost[LOSS_END_MISSED] += rec->nr_ends_missed;
	for (__u32 i = 0; i < shape->nr_probes; i++)
		lost[LOSS_RECURSION_MISSED] += shape->probes[i].recursion_misses;
	*metric_cells(shape, METRIC_TASKS) = model->status.nr_tasks;
	*metric_cells(shape, METRIC_SNAPSHOTS) = model->nr_snapshots;
	*metric_cells(shape, METRIC_SNAPSHOT_DURATION) = model->status.duration_ns;
	*metric_cells(shape, METRIC_INTERVAL) = model->status.interval_ns;
	*metric_cells(shape, METRIC_PROBES_INSTALLED_TIME) = shape->rec.installed_ns;
}

int apply_snapshot_end(struct model *model, const struct rec_header *h)
{
	const struct rec_snapshot_end *rec = (const struct rec_snapshot_end *)h;
	struct snapshot *snapshot = &model->snapshot;
	struct model_status *status = &model->status;

	groups_begin(model);
	processes_end(model);
	groups_end(model);
	holders_end(model);

	model->nr_snapshots++;
	model->nr_table_full += snapshot->nr_overflow;
	status->sequence = snapshot->sequence;
	status->time_ns = snapshot->time_ns;
	status->duration_ns = rec->duration_ns;
	status->interval_ns = rec->interval_ns;
	status->span_ns = snapshot->per_second > 0 ? (__u64)(1e9 / snapshot->per_second) : 0;
	status->nr_tasks = snapshot->nr_tasks;
	status->nr_processes = model->processes.nr_alive;
	status->nr_groups = model->groups.nr_visible;
	fallbacks_end(&model->fallbacks);
	numa_end(&model->numa);
	fault_sites_end(&model->fault_sites);
	show_read_cells(&model->shape);
	show_model_cells(model, rec);
	zones_end(model);
	growth_end(model);
	compare_with_vmstat(model, rec->quiet);
	snapshot->is_open = false;
	watch_add(model);
	placement_add(model);
	if (model->options.durable)
		durable_write(model, model->options.durable);
	return 0;
}
