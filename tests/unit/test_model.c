/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stream of records: its order, what it says of the machine, what a snapshot makes visible and when.
 * Malformed records are in test_model_hostile.c.
 */
#include "model_stream.h"

static struct model *new_model(void)
{
	struct model_options options = { .max_groups = 4, .max_processes = 100, .max_events = 4 };
	struct model *model = model_new(&options);

	assert_non_null(model);
	return model;
}

/* --- the machine ------------------------------------------------------------------------------ */

static void test_machine_comes_first(void **state UNUSED)
{
	struct rec_machine machine = stream_machine();
	struct rec_stall stall = { .h = HEADER(REC_STALL, struct rec_stall, 1) };
	struct model *model = new_model();
	struct model_status status;

	assert_int_equal(feed_begin(model, 1, 1), -EINVAL);
	assert_int_equal(feed(model, &stall), -EINVAL);
	assert_int_equal(feed_cgroup(model, 1, "x"), -EINVAL);
	model_status(model, &status);
	assert_null(status.machine);
	assert_null(model_cells(model, METRIC_LOST));
	assert_int_equal(feed(model, &machine), 0);
	model_status(model, &status);
	assert_non_null(status.machine);
	assert_int_equal(feed_begin(model, 1, 1), 0);
	model_free(model);
}

static void test_machine_again(void **state UNUSED)
{
	struct rec_machine machine = stream_machine();
	struct model *model = model_with(4, 100, NULL);
	struct model_status status;

	machine.wall_offset_ns = 77;
	assert_int_equal(feed(model, &machine), 0);
	model_status(model, &status);
	assert_int_equal(status.machine->wall_offset_ns, 77);
	machine.nr_nodes++;
	machine.wall_offset_ns = 78;
	assert_int_equal(feed(model, &machine), -EINVAL);
	assert_int_equal(status.machine->wall_offset_ns, 77);
	model_free(model);
}

static void expect_machine(struct rec_machine machine, int err)
{
	struct model *model = new_model();

	assert_int_equal(feed(model, &machine), err);
	model_free(model);
}

static void test_machine_is_checked(void **state UNUSED)
{
	struct rec_machine machine = stream_machine();

	machine.layout++;
	expect_machine(machine, -EINVAL);
	machine = stream_machine();
	machine.nr_nodes = 0;
	expect_machine(machine, -EINVAL);
	machine.nr_nodes = 1025;
	expect_machine(machine, -EINVAL);
	machine.nr_nodes = 0x80000001u;
	expect_machine(machine, -EINVAL);
	machine = stream_machine();
	machine.page_size = (1u << 18) + 1;
	expect_machine(machine, -EINVAL);
	machine = stream_machine();
	machine.nr_orders = 33;
	expect_machine(machine, -EINVAL);
	machine = stream_machine();
	machine.nr_migratetypes = 17;
	expect_machine(machine, -EINVAL);
	machine = stream_machine();
	machine.nr_compact_results = 33;
	expect_machine(machine, -EINVAL);
	machine = stream_machine();
	machine.nr_migrate_reasons = 0;
	expect_machine(machine, -EINVAL);
	machine = stream_machine();
	machine.nr_scan_results = 129;
	expect_machine(machine, -EINVAL);
	machine = stream_machine();
	machine.nr_thp_events = 129;
	expect_machine(machine, -EINVAL);
	machine = stream_machine();
	/* A kernel may lack what it would count. */
	machine.nr_thp_events = machine.nr_swap_directions = 0;
	machine.nr_compaction_works = machine.nr_compaction_events = 0;
	expect_machine(machine, 0);
	machine = stream_machine();
	machine.nr_zones = 0;
	expect_machine(machine, -EINVAL);
	machine.nr_zones = 17;
	expect_machine(machine, -EINVAL);
	machine = stream_machine();
	machine.nr_nodes = 1024;
	machine.nr_zones = 16;
	machine.nr_orders = machine.nr_compact_results = 32;
	machine.nr_migratetypes = 16;
	memset(machine.kernel, 'k', sizeof(machine.kernel));
	expect_machine(machine, 0);
}

/* The probes were installed anew, or the kernel's counters are known better: the stream says it again. */
static void test_machine_renews_the_base(void **state UNUSED)
{
	struct rec_vmstat vmstat = { .h = HEADER(REC_VMSTAT, struct rec_vmstat, 1) };
	struct rec_machine machine = stream_machine();
	struct model *model = model_with(4, 100, NULL);
	struct model_status status;

	vmstat.value[VMSTAT_PGFREE] = 1000;
	for (__u64 sequence = 1; sequence <= 2; sequence++) {
		assert_int_equal(feed_begin(model, sequence, sequence * NSEC_PER_SEC), 0);
		assert_int_equal(feed(model, &vmstat), 0);
		assert_int_equal(feed_end(model, sequence * NSEC_PER_SEC, true), 0);
		assert_int_equal(model_cells(model, METRIC_VMSTAT_REMAINDER)[VMSTAT_PGFREE],
				 sequence == 1 ? 1000 : 600);
		machine.vmstat_base[VMSTAT_PGFREE] = 400;
		assert_int_equal(feed(model, &machine), 0);
	}
	model_status(model, &status);
	assert_int_equal(status.machine->vmstat_base[VMSTAT_PGFREE], 400);
	assert_int_equal(status.sequence, 2);
	model_free(model);
}

/* --- labels, probes, cgroups ------------------------------------------------------------------ */

static void test_labels(void **state UNUSED)
{
	struct rec_label label = {
		.h = HEADER(REC_LABEL, struct rec_label, 1),
		.dim = DIM_MIGRATETYPE,
		.index = 5,
	};
	struct model *model = model_with(4, 100, NULL);

	assert_string_equal(model_dim_label(model, DIM_MIGRATETYPE, 5), "5");
	memset(label.text, 'm', sizeof(label.text));
	assert_int_equal(feed(model, &label), 0);
	assert_int_equal(strlen(model_dim_label(model, DIM_MIGRATETYPE, 5)), REC_NAME_LEN - 1);
	assert_string_equal(model_dim_label(model, DIM_ORDER, 0), "0");
	assert_string_equal(model_dim_label(model, DIM_NODE, 1), "1");
	label.index = 6;
	assert_int_equal(feed(model, &label), -EINVAL);
	label.index = 0;
	label.dim = DIM_LOSS;
	assert_int_equal(feed(model, &label), -EINVAL);
	label.dim = NR_DIMS;
	assert_int_equal(feed(model, &label), -EINVAL);
	label.dim = ~0u;
	assert_int_equal(feed(model, &label), -EINVAL);
	model_free(model);
}

static void test_probes(void **state UNUSED)
{
	struct rec_probe probe = {
		.h = HEADER(REC_PROBE, struct rec_probe, 1),
		.index = 2,
		.state = PROBE_REJECTED,
		.recursion_misses = 5,
	};
	struct model *model = model_with(4, 100, NULL);

	memset(probe.name, 'n', sizeof(probe.name));
	memset(probe.reason, 'r', sizeof(probe.reason));
	assert_int_equal(feed(model, &probe), 0);
	assert_int_equal(model_nr_probes(model), 3);
	assert_string_equal(model_probe(model, 0)->name, "");
	assert_int_equal(strlen(model_probe(model, 2)->name), REC_NAME_LEN - 1);
	assert_int_equal(strlen(model_probe(model, 2)->reason), REC_TEXT_LEN - 1);
	assert_null(model_probe(model, 3));
	probe.index = 0;
	assert_int_equal(feed(model, &probe), 0);
	assert_int_equal(feed_begin(model, 1, 1), 0);
	assert_int_equal(feed_end(model, 1, false), 0);
	assert_int_equal(model_cells(model, METRIC_LOST)[LOSS_RECURSION_MISSED], 10);
	probe.index = 128;
	assert_int_equal(feed(model, &probe), -EINVAL);
	probe.index = 0;
	probe.state = NR_PROBE_STATES;
	assert_int_equal(feed(model, &probe), -EINVAL);
	model_free(model);
}

static void test_cgroups(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);
	char unit[REC_NAME_LEN];

	assert_string_equal(model_cgroup_unit(model, 7), "");
	assert_int_equal(feed_cgroup(model, 7, "ssh.service"), 0);
	assert_string_equal(model_cgroup_unit(model, 7), "ssh.service");
	assert_int_equal(feed_cgroup(model, 7, "cron.service"), 0);
	assert_string_equal(model_cgroup_unit(model, 7), "cron.service");
	memset(unit, 'u', sizeof(unit));
	assert_int_equal(feed_cgroup(model, 8, unit), 0);
	assert_int_equal(strlen(model_cgroup_unit(model, 8)), REC_NAME_LEN - 1);
	/* More than are kept: the newest are there. */
	for (__u64 id = 1000; id < 21000; id++)
		assert_int_equal(feed_cgroup(model, id, "x.scope"), 0);
	for (__u64 id = 20000; id < 21000; id++)
		assert_string_equal(model_cgroup_unit(model, id), "x.scope");
	assert_string_equal(model_cgroup_unit(model, 7), "");
	/* What is announced again is as good as new, wherever it was. */
	for (__u64 id = 21000; id < 41000; id++) {
		if (id % 4000 == 0)
			assert_int_equal(feed_cgroup(model, 20999, "old.scope"), 0);
		assert_int_equal(feed_cgroup(model, id, "x.scope"), 0);
	}
	assert_string_equal(model_cgroup_unit(model, 20999), "old.scope");
	model_free(model);
}

/* --- snapshots -------------------------------------------------------------------------------- */

static struct rec_cells cells_of(const struct model *model, enum metric metric, __u32 nr, __u64 value)
{
	struct rec_cells rec = {
		.h = { .kind = REC_CELLS },
		.first = model_cube(model, metric)->base,
		.nr = nr,
	};

	rec.h.size = (__u32)(offsetof(struct rec_cells, cells) + nr * sizeof(rec.cells[0]));
	for (__u32 i = 0; i < nr && i < REC_MAX_CELLS; i++)
		rec.cells[i] = value;
	return rec;
}

static void test_cells_show_at_the_end(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);
	struct rec_cells rec = cells_of(model, METRIC_OOM_KILLS, 1, 42);
	struct model_status status;

	assert_int_equal(feed(model, &rec), -EINVAL);
	assert_int_equal(feed_begin(model, 0, 1), -EINVAL);
	assert_int_equal(feed_begin(model, 9, 5), 0);
	assert_int_equal(feed(model, &rec), 0);
	assert_int_equal(*model_cells(model, METRIC_OOM_KILLS), 0);
	model_status(model, &status);
	assert_int_equal(status.sequence, 0);
	assert_int_equal(feed_end(model, 6, false), 0);
	assert_int_equal(*model_cells(model, METRIC_OOM_KILLS), 42);
	model_status(model, &status);
	assert_int_equal(status.sequence, 9);
	assert_int_equal(status.time_ns, 5);
	assert_int_equal(*model_cells(model, METRIC_SNAPSHOTS), 1);
	assert_int_equal(*model_cells(model, METRIC_SNAPSHOT_DURATION), 5000000);
	assert_int_equal(*model_cells(model, METRIC_INTERVAL), NSEC_PER_SEC);
	assert_int_equal(*model_cells(model, METRIC_PROBES_INSTALLED_TIME), INSTALLED_NS);
	assert_int_equal(feed_end(model, 7, false), -EINVAL);
	model_free(model);
}

static void test_cells_are_checked(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);
	const struct cube *last = model_cube(model, NR_METRICS - 1);
	__u32 nr_cells = last->base + last->size[0] * last->stride[0];
	struct rec_cells rec = cells_of(model, METRIC_ALLOCATED, REC_MAX_CELLS, 1);
	struct {
		struct rec_cells rec;
		__u64 one_more;
	} large;

	assert_int_equal(feed_begin(model, 1, 1), 0);
	assert_int_equal(feed(model, &rec), 0);
	rec.h.size -= 8;
	assert_int_equal(feed(model, &rec), -EINVAL);
	memset(&large, 0, sizeof(large));
	large.rec.h.kind = REC_CELLS;
	large.rec.h.size = sizeof(large);
	large.rec.nr = REC_MAX_CELLS + 1;
	assert_int_equal(feed(model, &large), -EINVAL);
	rec = cells_of(model, METRIC_ALLOCATED, 1, 1);
	rec.nr = 2;
	assert_int_equal(feed(model, &rec), -EINVAL);
	rec.nr = 0x20000001u;
	assert_int_equal(feed(model, &rec), -EINVAL);
	rec.nr = 1;
	rec.first = nr_cells - 1;
	assert_int_equal(feed(model, &rec), 0);
	rec.first = nr_cells;
	assert_int_equal(feed(model, &rec), -EINVAL);
	rec.first = ~0u;
	assert_int_equal(feed(model, &rec), -EINVAL);
	rec.h.size = offsetof(struct rec_cells, cells) - 8;
	assert_int_equal(feed(model, &rec), -EINVAL);
	model_free(model);
}

/* A metric of the model's own cannot be set by the stream. */
static void test_cells_of_the_model_are_its_own(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);
	struct rec_cells rec = cells_of(model, METRIC_TASKS, 1, 42);

	assert_int_equal(feed_begin(model, 1, 1), 0);
	assert_int_equal(feed(model, &rec), 0);
	assert_int_equal(feed_end(model, 1, false), 0);
	assert_int_equal(*model_cells(model, METRIC_TASKS), 0);
	model_free(model);
}

static void feed_compared_snapshot(struct model *model, __u64 sequence, bool is_quiet)
{
	struct rec_vmstat vmstat = { .h = HEADER(REC_VMSTAT, struct rec_vmstat, 1) };
	struct task_identity id = identity(10, 10, 100, "worker", 0);
	struct rec_cells allocated = cells_of(model, METRIC_ALLOCATED, 3, 10);
	struct rec_cells freed = cells_of(model, METRIC_FREED, 2, 7);
	struct rec_cells stalls = cells_of(model, METRIC_STALL, HIST_CELLS, 2);
	struct rec_cells kills = cells_of(model, METRIC_OOM_KILLS, 1, 3);
	struct ledger_counts counts = {
		.v = { [LEDGER_MINOR_FAULTS] = 50, [LEDGER_MAJOR_FAULTS] = 5, [LEDGER_SWAPPED_IN] = 8 }
	};

	vmstat.value[VMSTAT_PSWPIN] = 1012;
	vmstat.value[VMSTAT_PGALLOC] = 1035;
	vmstat.value[VMSTAT_PGFREE] = 1013;
	vmstat.value[VMSTAT_PGFAULT] = 1055;
	vmstat.value[VMSTAT_ALLOCSTALL] = 1000 + 2 * HIST_BUCKETS;
	vmstat.value[VMSTAT_COMPACT_STALL] = 1000;
	vmstat.value[VMSTAT_OOM_KILL] = 9999;
	assert_int_equal(feed_begin(model, sequence, sequence * NSEC_PER_SEC), 0);
	assert_int_equal(feed(model, &vmstat), 0);
	assert_int_equal(feed(model, &allocated), 0);
	assert_int_equal(feed(model, &freed), 0);
	assert_int_equal(feed(model, &stalls), 0);
	assert_int_equal(feed(model, &kills), 0);
	assert_int_equal(feed_task(model, REC_TASK, &id, &counts), 0);
	assert_int_equal(feed_end(model, sequence * NSEC_PER_SEC, is_quiet), 0);
}

static void test_vmstat_remainder(void **state UNUSED)
{
	struct rec_machine machine = stream_machine();
	struct model *model = new_model();
	struct model_status status;
	const __s64 *remainder;

	for (__u32 item = 0; item < NR_VMSTAT_ITEMS; item++)
		machine.vmstat_base[item] = 1000;
	machine.vmstat_known &= ~(1u << VMSTAT_OOM_KILL);
	assert_int_equal(feed(model, &machine), 0);
	feed_compared_snapshot(model, 1, false);
	remainder = (const __s64 *)model_cells(model, METRIC_VMSTAT_REMAINDER);
	assert_int_equal(remainder[VMSTAT_PGALLOC], 5);
	assert_int_equal(remainder[VMSTAT_PGFREE], -1);
	assert_int_equal(remainder[VMSTAT_PGFAULT], 0);
	assert_int_equal(remainder[VMSTAT_ALLOCSTALL], 0);
	assert_int_equal(remainder[VMSTAT_COMPACT_STALL], 0);
	assert_int_equal(remainder[VMSTAT_PSWPIN], 4);
	assert_true(remainder[VMSTAT_OOM_KILL] == (__s64)CELL_NONE);
	assert_int_equal(model_cells(model, METRIC_PAGE_FAULTS)[FAULT_MINOR], 50);
	assert_int_equal(model_cells(model, METRIC_PAGE_FAULTS)[FAULT_MAJOR], 5);
	model_status(model, &status);
	assert_int_equal(status.counted[VMSTAT_PGALLOC], 30);
	assert_int_equal(status.quiet_time_ns, 0);
	feed_compared_snapshot(model, 2, true);
	feed_compared_snapshot(model, 3, false);
	model_status(model, &status);
	assert_int_equal(status.quiet_time_ns, 2 * NSEC_PER_SEC);
	assert_int_equal(status.quiet_vmstat[VMSTAT_PGFREE], 1013);
	assert_int_equal(status.quiet_counted[VMSTAT_PGFREE], 14);
	model_free(model);
}

static void test_incomplete_snapshot_leaves_no_trace(void **state UNUSED)
{
	struct task_identity id = identity(10, 10, 100, "worker", 0);
	struct ledger_counts counts = { .v = { [LEDGER_MINOR_FAULTS] = 50 } };
	struct model *model = model_with(4, 100, NULL);

	assert_int_equal(feed_begin(model, 1, NSEC_PER_SEC), 0);
	assert_int_equal(feed_task(model, REC_TASK, &id, &counts), 0);
	assert_int_equal(model_nr_processes(model), 0);
	assert_int_equal(model_nr_groups(model), 0);
	assert_int_equal(feed_begin(model, 2, 2 * NSEC_PER_SEC), 0);
	assert_int_equal(feed_task(model, REC_TASK, &id, &counts), 0);
	assert_int_equal(feed_end(model, 2 * NSEC_PER_SEC, false), 0);
	assert_int_equal(model_nr_processes(model), 1);
	assert_int_equal(process_total(model_process(model, 0), LEDGER_MINOR_FAULTS), 50);
	assert_int_equal(model_process(model, 0)->nr_threads, 1);
	assert_int_equal(model_ledger_total(model, LEDGER_MINOR_FAULTS), 50);
	assert_int_equal(*model_cells(model, METRIC_TASKS), 1);
	model_free(model);
}

/* --- events ----------------------------------------------------------------------------------- */

static void test_events(void **state UNUSED)
{
	struct rec_stall stall = { .h = HEADER(REC_STALL, struct rec_stall, 1) };
	struct rec_oom_kill kill = { .h = HEADER(REC_OOM_KILL, struct rec_oom_kill, 1) };
	struct model *model = model_with(4, 100, NULL);
	__u64 first, last;

	model_event_range(model, &first, &last);
	assert_true(first > last);
	assert_null(model_event(model, 1));
	for (__u32 i = 1; i <= 5; i++) {
		stall.total_ns = i;
		assert_int_equal(feed(model, &stall), 0);
	}
	memset(kill.victim_comm, 'v', sizeof(kill.victim_comm));
	memset(kill.id.comm, 'c', sizeof(kill.id.comm));
	assert_int_equal(feed(model, &kill), 0);
	model_event_range(model, &first, &last);
	assert_int_equal(first, 3); /* four are kept */
	assert_int_equal(last, 6);
	assert_int_equal(model_event(model, 3)->stall.total_ns, 3);
	assert_int_equal(strlen(model_event(model, 6)->oom_kill.victim_comm), MEMOIR_COMM_LEN - 1);
	assert_int_equal(strlen(model_event(model, 6)->oom_kill.id.comm), MEMOIR_COMM_LEN - 1);
	assert_null(model_event(model, 2));
	assert_null(model_event(model, 0));
	assert_null(model_event(model, 7));
	stall.kind = NR_STALL_KINDS;
	assert_int_equal(feed(model, &stall), -EINVAL);
	model_free(model);
}

/* --- settings --------------------------------------------------------------------------------- */

static void test_settings(void **state UNUSED)
{
	struct rec_setting setting = { .h = HEADER(REC_SETTING, struct rec_setting, 1),
				       .setting = SETTING_SWAPPINESS,
				       .text = "60" };
	struct model *model = model_with(4, 100, NULL);

	assert_string_equal(setting_name(SETTING_SWAPPINESS), "vm.swappiness");
	assert_string_equal(model_setting(model, SETTING_SWAPPINESS), "");
	assert_int_equal(feed(model, &setting), 0);
	assert_string_equal(model_setting(model, SETTING_SWAPPINESS), "60");
	assert_string_equal(model_setting(model, SETTING_THP_ENABLED), "");
	/* Text that fills its field is cut, and a setting that this build does not know is refused. */
	memset(setting.text, 'x', sizeof(setting.text));
	assert_int_equal(feed(model, &setting), 0);
	assert_int_equal(strlen(model_setting(model, SETTING_SWAPPINESS)), REC_NAME_LEN - 1);
	setting.setting = NR_SETTINGS;
	assert_int_equal(feed(model, &setting), -EINVAL);
	model_free(model);
}

/* --- fallback allocations --------------------------------------------------------------------- */

static int feed_fallback(struct model *model, __u64 count, __u32 migratetype, __u32 fallback_migratetype)
{
	struct rec_fallback fallback = { .h = HEADER(REC_FALLBACK, struct rec_fallback, 1),
					 .count = count,
					 .migratetype = migratetype,
					 .fallback_migratetype = fallback_migratetype };

	memset(fallback.id.comm, 'c', sizeof(fallback.id.comm));
	return feed(model, &fallback);
}

static void test_fallbacks_are_those_of_the_last_snapshot(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);

	assert_int_equal(feed_fallback(model, 1, 0, 1), -EINVAL); /* outside of a snapshot */
	for (__u64 sequence = 1; sequence <= 2; sequence++) {
		assert_int_equal(feed_begin(model, sequence, sequence * NSEC_PER_SEC), 0);
		assert_int_equal(feed_fallback(model, 10 * sequence, 0, 1), 0);
		if (sequence == 1)
			assert_int_equal(feed_fallback(model, 5, 2, 1), 0);
		assert_int_equal(model_nr_fallbacks(model), sequence == 1 ? 0 : 2);
		assert_int_equal(feed_end(model, sequence * NSEC_PER_SEC, true), 0);
		assert_int_equal(model_nr_fallbacks(model), sequence == 1 ? 2 : 1);
		assert_int_equal(model_fallback(model, 0)->count, 10 * sequence);
	}
	assert_int_equal(strlen(model_fallback(model, 0)->id.comm), MEMOIR_COMM_LEN - 1);
	assert_null(model_fallback(model, 1));
	/* One that is cut short leaves no trace. */
	assert_int_equal(feed_begin(model, 3, 3 * NSEC_PER_SEC), 0);
	assert_int_equal(feed_fallback(model, 99, 0, 1), 0);
	assert_int_equal(feed_begin(model, 4, 4 * NSEC_PER_SEC), 0);
	assert_int_equal(feed_end(model, 4 * NSEC_PER_SEC, true), 0);
	assert_int_equal(model_nr_fallbacks(model), 0);
	model_free(model);
}

static void test_fallbacks_are_checked(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);

	assert_int_equal(feed_begin(model, 1, NSEC_PER_SEC), 0);
	assert_int_equal(feed_fallback(model, 1, 6, 0), -EINVAL); /* the machine has six */
	assert_int_equal(feed_fallback(model, 1, 0, 0xffffffff), -EINVAL);
	for (__u32 i = 0; i < REC_MAX_FALLBACKS; i++)
		assert_int_equal(feed_fallback(model, 1, 0, 5), 0);
	assert_int_equal(feed_fallback(model, 1, 0, 5), -EINVAL);
	assert_int_equal(feed_end(model, NSEC_PER_SEC, true), 0);
	assert_int_equal(model_nr_fallbacks(model), REC_MAX_FALLBACKS);
	model_free(model);
}

/* Both results of a migration, over all reasons, are what the kernel counts in two items. */
static void test_migrated_pages_are_held_against_vmstat(void **state UNUSED)
{
	struct rec_cells cells = { .h = HEADER(REC_CELLS, struct rec_cells, 1),
				   .nr = 4,
				   .cells = { 1, 20, 300, 4000 } };
	struct model *model = model_with(4, 100, NULL);
	struct model_status status;

	cells.first = model_cube(model, METRIC_MIGRATED_PAGES)->base;
	cells.h.size = (__u32)(offsetof(struct rec_cells, cells) + cells.nr * sizeof(__u64));
	assert_int_equal(feed_begin(model, 1, NSEC_PER_SEC), 0);
	assert_int_equal(feed(model, &cells), 0);
	assert_int_equal(feed(model, &(struct rec_vmstat){ .h = HEADER(REC_VMSTAT, struct rec_vmstat, 1) }),
			 0);
	assert_int_equal(feed_end(model, NSEC_PER_SEC, true), 0);
	model_status(model, &status);
	assert_int_equal(status.counted[VMSTAT_PGMIGRATE_SUCCESS], 301);
	assert_int_equal(status.counted[VMSTAT_PGMIGRATE_FAIL], 4020);
	model_free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_machine_comes_first),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_machine_again),
		cmocka_unit_test(test_machine_is_checked),
		cmocka_unit_test(test_machine_renews_the_base),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_probes),
		cmocka_unit_test(test_cgroups),
		cmocka_unit_test(test_cells_show_at_the_end),
		cmocka_unit_test(test_cells_are_checked),
		cmocka_unit_test(test_cells_of_the_model_are_its_own),
		cmocka_unit_test(test_vmstat_remainder),
		cmocka_unit_test(test_incomplete_snapshot_leaves_no_trace),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_fallbacks_are_those_of_the_last_snapshot),
		cmocka_unit_test(test_fallbacks_are_checked),
		cmocka_unit_test(test_migrated_pages_are_held_against_vmstat),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
