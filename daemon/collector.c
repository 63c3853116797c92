// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The collector; see collector.h. The order within a snapshot is what makes totals exact:
 *
 *   1. the account of exited tasks is read, then the ring is drained: so every task in the account
 *      whose record was not lost is known by name;
 *   2. then living tasks are read: a task whose exit was drained is not among them;
 *   3. cells are read on both sides of /proc/vmstat, and its faults and swap-ins on both sides of the
 *      tasks: where nothing moved, and no task was between its exit and its ledger, it was a quiet moment,
 *      and both sides can be compared exactly.
 */
#include "collector.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "cgroups.h"
#include "ends.h"
#include "log.h"
#include "plane.h"
#include "procfs.h"
#include "settings.h"
#include "tables.h"
#include "util.h"
#include "zonefiles.h"

#define MAX_INTERVAL_NS (60 * NSEC_PER_SEC)
#define BASE_TRIES 50 /* looks of a new installation for a quiet moment to take its base from */

struct collector {
	struct collector_options options;
	struct plane *plane;
	struct cgroups *cgroups;
	struct tables *tables;
	struct zonefiles *zonefiles;
	int vmstat_fd;
	record_sink_fn sink;
	void *sink_ctx;
	__u64 sequence;
	struct ends ends;
	struct settings_reader settings;
	__u64 last_end_ns, duration_ns, interval_ns;
	__u64 *cells; /* nr_cells: what the programs counted, and behind it what the kernel counts itself */
	__u64 *cells_after;         /* nr_counted: the first part once more */
	struct rec_machine machine; /* as it was last sent */
	struct rec_cells chunk;
};

/* --- records on their way --------------------------------------------------------------------- */

static void feed(void *ctx, const struct rec_header *record)
{
	struct collector *collector = ctx;
	int err = model_apply(collector->options.model, record, record->size);

	if (err) {
		log_error("a record of kind %u was refused: %s; please report this", record->kind,
			  strerror(-err));
		return;
	}
	if (collector->sink)
		collector->sink(collector->sink_ctx, record, record->size);
}

static void feed_label(void *ctx, const struct rec_label *label)
{
	feed(ctx, &label->h);
}

/* A record from the kernel; the unit of a cgroup that is met for the first time goes before it. */
static void feed_from_kernel(void *ctx, const struct rec_header *record)
{
	struct collector *collector = ctx;
	const struct rec_cgroup *cgroup = NULL;

	/* The kernel's records have the identity behind their header; stacks and symbols are nobody's. */
	if (record->kind != REC_STACK && record->kind != REC_SYMBOL &&
	    record->size >= sizeof(*record) + sizeof(struct task_identity))
		cgroup = cgroups_meet(collector->cgroups,
				      ((const struct task_identity *)(record + 1))->cgroup_id);
	if (cgroup)
		feed(collector, &cgroup->h);
	if (record->kind == REC_TASK && ((const struct rec_task *)record)->id.flags & TASK_HAS_EXITED)
		collector->ends.nr_zombies++;
	feed(collector, record);
}

void collector_feed(struct collector *collector, const struct rec_header *record)
{
	const struct rec_cgroup *cgroup = NULL;

	if (record->kind == REC_SLAB_SITE)
		return feed_from_kernel(collector, record);
	if (record->kind == REC_HOLDER)
		cgroup = cgroups_meet(collector->cgroups, ((const struct rec_holder *)record)->cgroup_id);
	if (cgroup)
		feed(collector, &cgroup->h);
	feed(collector, record);
}

static void feed_probes(struct collector *collector)
{
	for (__u32 i = 0; i < probes_count(collector->options.probes); i++) {
		struct rec_probe record;

		probes_status(collector->options.probes, i, &record);
		feed(collector, &record.h);
	}
}

static void feed_cells(struct collector *collector)
{
	struct rec_cells *chunk = &collector->chunk;

	for (__u32 first = 0; first < collector->options.nr_cells; first += REC_MAX_CELLS) {
		__u32 rest = collector->options.nr_cells - first;

		chunk->first = first;
		chunk->nr = rest < REC_MAX_CELLS ? rest : REC_MAX_CELLS;
		chunk->h.kind = REC_CELLS;
		chunk->h.size = (__u32)(offsetof(struct rec_cells, cells) + chunk->nr * sizeof(__u64));
		memcpy(chunk->cells, collector->cells + first, chunk->nr * sizeof(__u64));
		feed(collector, &chunk->h);
	}
}

static void feed_machine(struct collector *collector)
{
	const struct pins_state *state = collector->options.pins->state;
	__u64 vmstat[NR_VMSTAT_ITEMS];
	int known = vmstat_read(collector->vmstat_fd, vmstat, NULL, NULL);

	collector->machine = collector->options.machine->record;
	collector->machine.wall_offset_ns = now_ns(CLOCK_REALTIME) - now_ns(CLOCK_BOOTTIME);
	collector->machine.installed_ns = state->installed_ns;
	collector->machine.vmstat_known = known > 0 ? (__u32)known : 0;
	probes_tell_unseen(collector->options.probes, &collector->machine);
	memcpy(collector->machine.vmstat_base, state->vmstat_base, sizeof(state->vmstat_base));
	feed(collector, &collector->machine.h);
}

/* --- one snapshot ----------------------------------------------------------------------------- */

/* What is read around the tasks, to tell whether the moment was quiet. */
struct reading {
	struct ledger_counts accounts[NR_ACCOUNTS];
	__u64 vmstat[NR_VMSTAT_ITEMS];
	bool has_vmstat; /* else nothing can be compared */
	bool cells_quiet;
};

static void read_accounts(struct collector *collector, struct ledger_counts accounts[NR_ACCOUNTS])
{
	for (enum account account = 0; account < NR_ACCOUNTS; account++)
		plane_read_account(collector->plane, account, &accounts[account]);
}

static void keep_kernel_counter(void *ctx, const struct kernel_counter *counter)
{
	struct collector *collector = ctx;
	const struct cube *cube = model_cube(collector->options.model, counter->metric);

	if (counter->index < cube->size[0])
		collector->cells[cube->base + counter->index] = counter->value;
}

static void read_totals(struct collector *collector, struct reading *reading)
{
	size_t cells_size = collector->options.nr_counted * sizeof(__u64);

	plane_read_cells(collector->plane, collector->cells);
	reading->has_vmstat = vmstat_read(collector->vmstat_fd, reading->vmstat, keep_kernel_counter,
					  collector) >= 0;
	plane_read_cells(collector->plane, collector->cells_after);
	reading->cells_quiet = !memcmp(collector->cells, collector->cells_after, cells_size);
}

static void feed_totals(struct collector *collector, const struct reading *reading)
{
	struct rec_vmstat vmstat = { .h = { REC_VMSTAT, sizeof(vmstat), 0 } };

	if (reading->has_vmstat) {
		memcpy(vmstat.value, reading->vmstat, sizeof(vmstat.value));
		feed(collector, &vmstat.h);
	}
	feed_cells(collector);
	for (__u32 account = 0; account < NR_ACCOUNTS; account++) {
		struct rec_account record = { .h = { REC_ACCOUNT, sizeof(record), 0 },
					      .account = account,
					      .counts = reading->accounts[account] };

		feed(collector, &record.h);
	}
}

/* A metric of tasks as the reading has it, over all kinds. */
static __u64 nr_tasks_counted(const struct collector *collector, enum metric metric)
{
	const struct cube *cube = model_cube(collector->options.model, metric);
	__u64 nr = 0;

	for (__u32 kind = 0; kind < cube->size[0]; kind++)
		nr += collector->cells[cube->base + kind * cube->stride[0]];
	return nr;
}

/* Follows the tasks between exit and free; whether there was none of which more is to come. */
static bool ends_are_seen(struct collector *collector)
{
	return ends_follow(&collector->ends,
			   nr_tasks_counted(collector, METRIC_TASKS_EXITED) -
				   nr_tasks_counted(collector, METRIC_TASKS_REAPED),
			   now_ns(CLOCK_BOOTTIME));
}

/*
 * Whether nothing was counted, no task ended, no fault happened and no page was read from swap since the
 * reading, and no task was in between: gone from the task list, its ledger not taken yet.
 */
static bool still_quiet(struct collector *collector, const struct reading *reading)
{
	struct reading now;

	if (!ends_are_seen(collector) || !reading->has_vmstat || !reading->cells_quiet)
		return false;
	read_accounts(collector, now.accounts);
	return vmstat_read(collector->vmstat_fd, now.vmstat, NULL, NULL) >= 0 &&
	       !memcmp(now.accounts[ACCOUNT_EXITED].v, reading->accounts[ACCOUNT_EXITED].v,
		       sizeof(now.accounts[0].v)) &&
	       now.vmstat[VMSTAT_PGFAULT] == reading->vmstat[VMSTAT_PGFAULT] &&
	       now.vmstat[VMSTAT_PSWPIN] == reading->vmstat[VMSTAT_PSWPIN];
}

static int snapshot(struct collector *collector)
{
	struct rec_snapshot_begin begin = { .h = { REC_SNAPSHOT_BEGIN, sizeof(begin),
						   now_ns(CLOCK_BOOTTIME) },
					    .sequence = ++collector->sequence };
	struct rec_snapshot_end end = { .h = { REC_SNAPSHOT_END, sizeof(end), 0 },
					.interval_ns = collector->interval_ns };
	struct pins_state *state = collector->options.pins->state;
	struct reading reading;
	int err;

	/* First, so that the memory it may take is not counted between the readings that are compared. */
	zonefiles_read(collector->zonefiles, begin.h.time_ns);
	read_accounts(collector, reading.accounts);
	err = plane_drain(collector->plane);
	if (err)
		return err;
	read_totals(collector, &reading);
	feed_probes(collector);
	settings_read(&collector->settings, feed, collector);
	feed(collector, &begin.h);
	zonefiles_emit(collector->zonefiles, feed, collector);
	feed_totals(collector, &reading);
	collector->ends.nr_zombies = 0;
	err = plane_read_tasks(collector->plane);
	if (err)
		return err;
	end.quiet = still_quiet(collector, &reading);
	err = tables_read(collector->tables, feed_from_kernel, collector);
	if (err)
		return err;
	if (end.quiet && collector->ends.nr_missed > state->nr_ends_missed)
		state->nr_ends_missed = collector->ends.nr_missed;
	end.nr_ends_missed = (__u32)state->nr_ends_missed;
	end.h.time_ns = now_ns(CLOCK_BOOTTIME);
	end.duration_ns = end.h.time_ns - begin.h.time_ns;
	feed(collector, &end.h);
	collector->last_end_ns = end.h.time_ns;
	collector->duration_ns = end.duration_ns;
	return 0;
}

/* Stretches or restores the interval so that regular snapshots keep to their share of a CPU. */
static void adapt_interval(struct collector *collector)
{
	__u64 wanted = collector->options.interval_ns;
	__u64 share = collector->duration_ns * REGULAR_SHARE;
	__u64 least = share < MAX_INTERVAL_NS ? share : MAX_INTERVAL_NS;
	__u64 interval = wanted > least ? wanted : least;

	if (interval > wanted && collector->interval_ns == wanted)
		log_warning(
			"a snapshot takes %llu ms: the interval is stretched to keep it below 1/%d of a CPU",
			(unsigned long long)(collector->duration_ns / NSEC_PER_MSEC), REGULAR_SHARE);
	collector->interval_ns = interval;
}

int collector_snapshot(struct collector *collector)
{
	int err = snapshot(collector);

	if (err)
		log_error("cannot take a snapshot of the probes: %s", strerror(-err));
	else
		adapt_interval(collector);
	return err;
}

int collector_refresh(struct collector *collector, __u64 max_age_ns)
{
	__u64 age_ns = now_ns(CLOCK_BOOTTIME) - collector->last_end_ns;

	if (age_ns <= max_age_ns || age_ns < collector->duration_ns * DEMAND_SHARE)
		return 0;
	return collector_snapshot(collector);
}

int collector_drain(struct collector *collector)
{
	return plane_drain(collector->plane);
}

int collector_ring_fd(const struct collector *collector)
{
	return plane_ring_fd(collector->plane);
}

__u64 collector_interval_ns(const struct collector *collector)
{
	return collector->interval_ns;
}

/* --- start and end ---------------------------------------------------------------------------- */

/*
 * The kernel counted before the probes were there. The base is chosen so that both sides agree at
 * the first quiet moment, and from then on every difference shows. Without a quiet moment the
 * last try is taken, whose error is what happened while it was read.
 */
static int take_base(struct collector *collector)
{
	struct pins_state *state = collector->options.pins->state;
	struct model_status status;
	int err = 0;

	for (int try = 0; try < BASE_TRIES && !err; try++) {
		err = collector_snapshot(collector);
		model_status(collector->options.model, &status);
		if (status.quiet_time_ns)
			break;
	}
	if (err)
		return err;
	if (!status.quiet_time_ns)
		log_warning(
			"no quiet moment to compare with /proc/vmstat: differences may be off by a few events from the start");
	for (__u32 item = 0; item < NR_VMSTAT_ITEMS; item++)
		state->vmstat_base[item] = status.vmstat[item] - status.counted[item];
	state->has_base = 1;
	feed_machine(collector);
	return 0;
}

int collector_start(const struct collector_options *options, struct collector **ret)
{
	struct collector *collector = calloc(1, sizeof(*collector));
	int err;

	if (!collector)
		return -ENOMEM;
	collector->options = *options;
	collector->interval_ns = options->interval_ns;
	collector->ends = ends_from(options->pins->state->nr_ends_missed);
	collector->vmstat_fd = open("/proc/vmstat", O_RDONLY | O_CLOEXEC);
	collector->cgroups = cgroups_new();
	collector->tables = tables_new(options->probes, options->stacks);
	collector->zonefiles = zonefiles_open(options->machine);
	collector->cells = calloc(options->nr_cells, sizeof(__u64));
	collector->cells_after = calloc(options->nr_counted, sizeof(__u64));
	if (!collector->cgroups || !collector->tables || !collector->zonefiles || !collector->cells ||
	    !collector->cells_after) {
		collector_free(collector);
		return -ENOMEM;
	}
	if (collector->vmstat_fd < 0)
		log_warning("cannot open /proc/vmstat: %s; totals cannot be compared with the kernel's",
			    strerror(errno));
	err = plane_open(options->probes, options->machine->nr_cpu_ids, options->nr_counted, feed_from_kernel,
			 collector, &collector->plane);
	if (err) {
		collector_free(collector);
		return err;
	}
	feed_machine(collector);
	machine_labels(options->machine, feed_label, collector);
	if (!options->pins->state->has_base && collector->vmstat_fd >= 0)
		err = take_base(collector);
	if (!err)
		err = collector_snapshot(collector);
	if (err) {
		collector_free(collector);
		return err;
	}
	*ret = collector;
	return 0;
}

void collector_free(struct collector *collector)
{
	if (!collector)
		return;
	plane_free(collector->plane);
	cgroups_free(collector->cgroups);
	tables_free(collector->tables);
	zonefiles_close(collector->zonefiles);
	if (collector->vmstat_fd >= 0)
		close(collector->vmstat_fd);
	free(collector->cells);
	free(collector->cells_after);
	free(collector);
}

struct emitter {
	record_sink_fn emit;
	void *ctx;
};

static void emit_label(void *ctx, const struct rec_label *label)
{
	const struct emitter *emitter = ctx;

	emitter->emit(emitter->ctx, label, sizeof(*label));
}

void collector_preamble(struct collector *collector, record_sink_fn emit, void *ctx)
{
	struct emitter emitter = { emit, ctx };

	emit(ctx, &collector->machine, sizeof(collector->machine));
	machine_labels(collector->options.machine, emit_label, &emitter);
	for (__u32 i = 0; i < probes_count(collector->options.probes); i++) {
		struct rec_probe record;

		probes_status(collector->options.probes, i, &record);
		emit(ctx, &record, sizeof(record));
	}
	for (__u32 i = 0; i < NR_SETTINGS; i++)
		emit(ctx, &collector->settings.known[i], sizeof(collector->settings.known[i]));
	cgroups_forget(collector->cgroups);
}

void collector_set_sink(struct collector *collector, record_sink_fn sink, void *ctx)
{
	collector->sink = sink;
	collector->sink_ctx = ctx;
}
