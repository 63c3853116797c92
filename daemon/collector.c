// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The collector; see collector.h. The order within a snapshot is what makes totals exact:
 *
 *   1. the account of exited tasks is read, then the ring is drained: so every task in the account
 *      whose record was not lost is known by name;
 *   2. then living tasks are read: a task whose exit was drained is not among them;
 *   3. cells are read on both sides of /proc/vmstat, and its faults and swap-ins on both sides of the
 *      tasks: where nothing moved, and no task was between its exit and its ledger, it was a quiet moment,
 *      and both sides can be compared exactly. What the daemon itself needs memory for comes before.
 */
#include "collector.h"

#include <errno.h>
#include <string.h>

#include "cgroups.h"
#include "ends.h"
#include "kernelmem.h"
#include "log.h"
#include "memcg.h"
#include "numa_flows.h"
#include "plane.h"
#include "settings.h"
#include "tables.h"
#include "totals.h"
#include "util.h"
#include "zonefiles.h"

#define MAX_INTERVAL_NS (60 * NSEC_PER_SEC)
#define BASE_TRIES 50 /* looks of a new installation for a quiet moment to take its base from */

struct collector {
	struct collector_options options;
	struct plane *plane;
	struct totals *totals;
	struct cgroups *cgroups;
	struct tables *tables;
	struct numa_flows *numa_flows;
	struct zonefiles *zonefiles;
	struct kernelmem kernelmem;
	struct memcg memcg;
	record_sink_fn sink;
	void *sink_ctx;
	__u64 sequence;
	struct ends ends;
	struct settings_reader settings;
	__u64 last_end_ns, duration_ns, interval_ns;
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
	if (record->kind == REC_LIVE_SITE)
		cgroup = cgroups_meet(collector->cgroups, ((const struct rec_live_site *)record)->cgroup_id);
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
		memcpy(chunk->cells, totals_cells(collector->totals) + first, chunk->nr * sizeof(__u64));
		feed(collector, &chunk->h);
	}
}

static void feed_machine(struct collector *collector)
{
	const struct pins_state *state = collector->options.pins->state;
	__u64 vmstat[NR_VMSTAT_ITEMS];
	int known = totals_read_vmstat(collector->totals, vmstat);

	collector->machine = collector->options.machine->record;
	collector->machine.wall_offset_ns = now_ns(CLOCK_REALTIME) - now_ns(CLOCK_BOOTTIME);
	collector->machine.installed_ns = state->installed_ns;
	collector->machine.vmstat_known = known > 0 ? (__u32)known : 0;
	probes_tell_unseen(collector->options.probes, &collector->machine);
	memcpy(collector->machine.vmstat_base, state->vmstat_base, sizeof(state->vmstat_base));
	feed(collector, &collector->machine.h);
}

/* --- one snapshot ----------------------------------------------------------------------------- */

static void feed_totals(struct collector *collector, const struct totals_reading *reading)
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

/* Follows the tasks between exit and free; whether there was none of which more is to come. */
static bool ends_are_seen(struct collector *collector)
{
	return ends_follow(&collector->ends,
			   totals_of_tasks(collector->totals, METRIC_TASKS_EXITED) -
				   totals_of_tasks(collector->totals, METRIC_TASKS_REAPED),
			   now_ns(CLOCK_BOOTTIME));
}

static int snapshot(struct collector *collector)
{
	struct rec_snapshot_begin begin = { .h = { REC_SNAPSHOT_BEGIN, sizeof(begin),
						   now_ns(CLOCK_BOOTTIME) },
					    .sequence = ++collector->sequence };
	struct rec_snapshot_end end = { .h = { REC_SNAPSHOT_END, sizeof(end), 0 },
					.interval_ns = collector->interval_ns };
	struct pins_state *state = collector->options.pins->state;
	struct totals_reading reading;
	int err;

	/* First, so that the memory it may take is not counted between the readings that are compared. */
	zonefiles_read(collector->zonefiles, begin.h.time_ns);
	memcg_read(&collector->memcg, collector->cgroups, collector->options.model,
		   kernelmem_read(&collector->kernelmem, begin.h.time_ns));
	feed_probes(collector);
	settings_read(&collector->settings, feed, collector);
	totals_read_accounts(collector->totals, reading.accounts);
	err = plane_drain(collector->plane);
	if (err)
		return err;
	feed(collector, &begin.h);
	totals_read(collector->totals, &reading);
	zonefiles_emit(collector->zonefiles, feed, collector);
	kernelmem_emit(&collector->kernelmem, feed, collector);
	memcg_emit(&collector->memcg, feed, collector);
	feed_totals(collector, &reading);
	collector->ends.nr_zombies = 0;
	err = plane_read_tasks(collector->plane);
	if (err)
		return err;
	end.quiet = ends_are_seen(collector) && totals_are_unchanged(collector->totals, &reading);
	err = tables_read(collector->tables, feed_from_kernel, collector);
	if (!err)
		err = numa_flows_read(collector->numa_flows, feed, collector);
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
	collector->cgroups = cgroups_new();
	collector->tables = tables_new(options->probes, options->stacks);
	collector->zonefiles = zonefiles_open(options->machine);
	kernelmem_open(&collector->kernelmem, options->machine->record.page_size);
	memcg_open(&collector->memcg);
	collector->numa_flows = numa_flows_new(options->probes, options->model);
	if (!collector->cgroups || !collector->tables || !collector->zonefiles || !collector->numa_flows) {
		collector_free(collector);
		return -ENOMEM;
	}
	err = plane_open(options->probes, options->machine->nr_cpu_ids, options->nr_counted, feed_from_kernel,
			 collector, &collector->plane);
	if (!err)
		err = totals_open(options, collector->plane, &collector->totals);
	if (err) {
		collector_free(collector);
		return err;
	}
	feed_machine(collector);
	machine_labels(options->machine, feed_label, collector);
	if (!options->pins->state->has_base && totals_have_vmstat(collector->totals))
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
	totals_free(collector->totals);
	plane_free(collector->plane);
	cgroups_free(collector->cgroups);
	tables_free(collector->tables);
	numa_flows_free(collector->numa_flows);
	zonefiles_close(collector->zonefiles);
	kernelmem_close(&collector->kernelmem);
	memcg_close(&collector->memcg);
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
