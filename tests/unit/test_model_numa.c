/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NUMA by process: flows as of a snapshot and residency as of a reading of live pages, found whatever order
 * they came in, checked whatever a record says; and where a process may be and is.
 */
#include "../../daemon/model/numa.h"
#include "model_stream.h"

#define NR_NODES 2
#define NR_REASONS 10
#define MAX_PAGES (1ULL << 44)

static struct rec_numa_flow flow_of(__u32 tgid, __u32 flow, __u32 from, __u32 to, __u64 nr)
{
	struct rec_numa_flow rec = { .h = HEADER(REC_NUMA_FLOW, struct rec_numa_flow, 1), .nr = nr };

	rec.key.tgid = tgid;
	rec.key.start_ns = 100 * tgid;
	rec.key.flow = (__u16)flow;
	rec.key.from = (__u16)from;
	rec.key.to = (__u16)to;
	return rec;
}

static int feed_flow(struct model *model, __u32 tgid, __u32 flow, __u32 from, __u32 to, __u64 nr)
{
	struct rec_numa_flow rec = flow_of(tgid, flow, from, to, nr);

	return feed(model, &rec);
}

static int feed_residency(struct model *model, __u32 tgid, __u32 node, __u64 nr_pages)
{
	struct rec_residency rec = { .h = HEADER(REC_RESIDENCY, struct rec_residency, 1),
				     .start_ns = 100 * tgid,
				     .tgid = tgid,
				     .node = node,
				     .nr_pages = nr_pages };

	return feed(model, &rec);
}

static int feed_live_end(struct model *model, __u32 step_pages)
{
	struct rec_live rec = { .h = HEADER(REC_LIVE, struct rec_live, 1), .step_pages = step_pages };

	return feed(model, &rec);
}

/* Of a process that no snapshot has to know. */
static const struct rec_numa_flow *flows_of(const struct model *model, __u32 tgid, __u32 *ret_nr)
{
	const struct process process = { .tgid = tgid, .start_ns = 100 * tgid };

	return model_numa_flows(model, &process, ret_nr);
}

static const struct rec_residency *residency_of(const struct model *model, __u32 tgid, __u32 *ret_nr)
{
	const struct process process = { .tgid = tgid, .start_ns = 100 * tgid };

	return model_residency(model, &process, ret_nr);
}

static __u32 nr_flows(const struct model *model, __u32 tgid)
{
	__u32 nr = 99;
	const struct rec_numa_flow *flows = flows_of(model, tgid, &nr);

	assert_int_equal(!flows, !nr);
	return nr;
}

static __u32 nr_residencies(const struct model *model, __u32 tgid)
{
	__u32 nr = 99;
	const struct rec_residency *rows = residency_of(model, tgid, &nr);

	assert_int_equal(!rows, !nr);
	return nr;
}

static void begin(struct model *model, __u64 sequence)
{
	assert_int_equal(feed_begin(model, sequence, sequence * NSEC_PER_SEC), 0);
}

static void end(struct model *model, __u64 sequence)
{
	assert_int_equal(feed_end(model, sequence * NSEC_PER_SEC, true), 0);
}

/* --- flows ------------------------------------------------------------------------------------ */

/* They come as a hash table has them: mixed. 37 and 101 have no common divisor, so each comes once. */
static void test_flows_of_a_process_among_others(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);
	const struct rec_numa_flow *flows;
	__u32 nr;

	begin(model, 1);
	for (__u32 i = 0; i < 101; i++) {
		__u32 tgid = 2 + i * 37 % 101;

		assert_int_equal(feed_flow(model, tgid, FLOW_TASK_MOVES, 1, 0, tgid), 0);
		if (tgid % 2)
			assert_int_equal(feed_flow(model, tgid, FLOW_HINT_FAULTS, 0, 1, 1000 + tgid), 0);
	}
	end(model, 1);
	for (__u32 tgid = 2; tgid < 103; tgid++) {
		flows = flows_of(model, tgid, &nr);
		assert_int_equal(nr, 1 + tgid % 2);
		assert_int_equal(flows[nr - 1].key.tgid, tgid);
		assert_int_equal(flows[nr - 1].key.flow, FLOW_TASK_MOVES);
		assert_int_equal(flows[nr - 1].nr, tgid);
		if (nr == 2)
			assert_int_equal(flows[0].nr, 1000 + tgid);
	}
	assert_int_equal(nr_flows(model, 1), 0);
	assert_int_equal(nr_flows(model, 103), 0);
	model_free(model);
}

/* By kind, reason, and the nodes from and to, so that a view need not sort. */
static void test_flows_are_in_order(void **state UNUSED)
{
	struct rec_numa_flow rec = flow_of(7, FLOW_MIGRATED, 1, 0, 4);
	struct model *model = model_with(4, 100, NULL);
	const struct rec_numa_flow *flows;
	__u32 nr;

	begin(model, 1);
	rec.key.reason = 3;
	assert_int_equal(feed(model, &rec), 0);
	rec.key.reason = 2;
	rec.nr = 3;
	assert_int_equal(feed(model, &rec), 0);
	assert_int_equal(feed_flow(model, 7, FLOW_HINT_FAULTS, 1, 0, 2), 0);
	assert_int_equal(feed_flow(model, 7, FLOW_HINT_FAULTS, 0, 1, 1), 0);
	assert_int_equal(feed_flow(model, 7, FLOW_HINT_FAULTS, 0, 0, 0), 0);
	end(model, 1);
	flows = flows_of(model, 7, &nr);
	assert_int_equal(nr, 5);
	for (__u32 i = 0; i < nr; i++)
		assert_int_equal(flows[i].nr, i);
	model_free(model);
}

static void test_a_pid_that_is_used_again_has_flows_of_its_own(void **state UNUSED)
{
	struct rec_numa_flow before = flow_of(7, FLOW_HINT_FAULTS, 0, 1, 5);
	struct model *model = model_with(4, 100, NULL);
	__u32 nr;

	before.key.start_ns--;
	begin(model, 1);
	assert_int_equal(feed_flow(model, 7, FLOW_HINT_FAULTS, 0, 1, 6), 0);
	assert_int_equal(feed(model, &before), 0);
	end(model, 1);
	assert_int_equal(flows_of(model, 7, &nr)->nr, 6);
	assert_int_equal(nr, 1);
	model_free(model);
}

static void test_flows_are_those_of_the_last_snapshot(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);
	__u32 nr;

	assert_int_equal(feed_flow(model, 7, FLOW_HINT_FAULTS, 0, 1, 5), -EINVAL); /* outside of a snapshot */
	begin(model, 1);
	assert_int_equal(feed_flow(model, 7, FLOW_HINT_FAULTS, 0, 1, 5), 0);
	assert_int_equal(feed_flow(model, 7, FLOW_HINT_FAULTS, 1, 1, 5), 0);
	assert_int_equal(nr_flows(model, 7), 0);
	end(model, 1);
	assert_int_equal(nr_flows(model, 7), 2);
	begin(model, 2);
	assert_int_equal(feed_flow(model, 7, FLOW_HINT_FAULTS, 0, 1, 8), 0);
	assert_int_equal(nr_flows(model, 7), 2);
	end(model, 2);
	assert_int_equal(flows_of(model, 7, &nr)->nr, 8);
	assert_int_equal(nr, 1);
	/* One that is cut short leaves no trace. */
	begin(model, 3);
	assert_int_equal(feed_flow(model, 7, FLOW_HINT_FAULTS, 0, 1, 99), 0);
	begin(model, 4);
	end(model, 4);
	assert_int_equal(nr_flows(model, 7), 0);
	model_free(model);
}

static void test_impossible_flows_are_refused(void **state UNUSED)
{
	struct rec_numa_flow rec = flow_of(7, FLOW_MIGRATED, 0, 1, 5);
	struct model *model = model_with(4, 100, NULL);

	begin(model, 1);
	assert_int_equal(feed_flow(model, 7, NR_NUMA_FLOWS, 0, 1, 5), -EINVAL);
	assert_int_equal(feed_flow(model, 7, FLOW_MIGRATED, NR_NODES, 1, 5), -EINVAL);
	assert_int_equal(feed_flow(model, 7, FLOW_MIGRATED, 0, NR_NODES, 5), -EINVAL);
	assert_int_equal(feed_flow(model, 7, FLOW_MIGRATED, 0, 1, MAX_PAGES + 1), -EINVAL);
	assert_int_equal(feed_flow(model, 7, FLOW_MIGRATED, 0, 1, UINT64_MAX), -EINVAL);
	rec.key.reason = NR_REASONS;
	assert_int_equal(feed(model, &rec), -EINVAL);
	rec.key.reason = NR_REASONS - 1;
	assert_int_equal(feed(model, &rec), 0);
	assert_int_equal(feed_flow(model, 7, FLOW_MIGRATED, 1, 1, MAX_PAGES), 0);
	for (__u32 i = 2; i < REC_MAX_NUMA_FLOWS; i++)
		assert_int_equal(feed_flow(model, 8, FLOW_HINT_FAULTS, 0, 1, 1), 0);
	assert_int_equal(feed_flow(model, 7, FLOW_HINT_FAULTS, 0, 1, 1), -EINVAL);
	end(model, 1);
	assert_int_equal(nr_flows(model, 7), 2);
	assert_int_equal(nr_flows(model, 8), REC_MAX_NUMA_FLOWS - 2);
	model_free(model);
}

/* --- residency -------------------------------------------------------------------------------- */

static void test_residency_is_that_of_the_last_reading(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);
	const struct rec_residency *rows;
	__u32 nr;

	assert_int_equal(feed_residency(model, 9, 0, 3), 0);
	assert_int_equal(feed_residency(model, 7, 1, 5), 0);
	assert_int_equal(feed_residency(model, 8, 0, 4), 0);
	assert_int_equal(feed_residency(model, 7, 0, 1), 0);
	assert_int_equal(nr_residencies(model, 7), 0);
	/* A snapshot does not end a reading. */
	begin(model, 1);
	end(model, 1);
	assert_int_equal(nr_residencies(model, 7), 0);
	assert_int_equal(feed_live_end(model, 64), 0);
	rows = residency_of(model, 7, &nr);
	assert_int_equal(nr, 2);
	assert_int_equal(rows[0].node, 0);
	assert_int_equal(rows[0].nr_pages, 1);
	assert_int_equal(rows[1].node, 1);
	assert_int_equal(rows[1].nr_pages, 5);
	assert_int_equal(nr_residencies(model, 8), 1);
	assert_int_equal(nr_residencies(model, 10), 0);
	/* It stays until the next one has ended. */
	assert_int_equal(feed_residency(model, 8, 1, 6), 0);
	begin(model, 2);
	end(model, 2);
	assert_int_equal(nr_residencies(model, 7), 2);
	assert_int_equal(feed_live_end(model, 64), 0);
	assert_int_equal(nr_residencies(model, 7), 0);
	assert_int_equal(residency_of(model, 8, &nr)->nr_pages, 6);
	assert_int_equal(nr, 1);
	model_free(model);
}

static void test_impossible_residency_is_refused(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);

	assert_int_equal(feed_residency(model, 7, NR_NODES, 1), -EINVAL);
	assert_int_equal(feed_residency(model, 7, 0, MAX_PAGES + 1), -EINVAL);
	assert_int_equal(feed_residency(model, 7, 0, UINT64_MAX), -EINVAL);
	assert_int_equal(feed_residency(model, 7, 0, MAX_PAGES), 0);
	/* All together are of one machine. */
	assert_int_equal(feed_residency(model, 7, 1, 1), -EINVAL);
	/* ... and each page stands for so many. */
	assert_int_equal(feed_live_end(model, 2), -EINVAL);
	assert_int_equal(nr_residencies(model, 7), 0);
	assert_int_equal(feed_live_end(model, 1), 0);
	assert_int_equal(nr_residencies(model, 7), 1);
	/* What the next one may have begins again. */
	for (__u32 i = 0; i < REC_MAX_RESIDENCIES; i++)
		assert_int_equal(feed_residency(model, i, 0, 1), 0);
	assert_int_equal(feed_residency(model, 7, 0, 1), -EINVAL);
	assert_int_equal(feed_live_end(model, 64), 0);
	assert_int_equal(feed_residency(model, 7, 0, 1), 0);
	model_free(model);
}

/* --- places ----------------------------------------------------------------------------------- */

static void feed_place(struct model *model, __u32 pid, __u64 allowed_nodes, __u32 cpu_node, __u32 policy)
{
	struct rec_task rec = { .h = HEADER(REC_TASK, struct rec_task, 1),
				.id = identity(42, pid, 4200, "worker", 0),
				.place = { allowed_nodes, cpu_node, policy } };

	assert_int_equal(feed(model, &rec), 0);
}

/* CPUs are those of all threads; policy and cpuset the leader's, whoever comes first. */
static void test_places_of_a_process(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);
	const struct process *process;

	for (__u64 leader_at = 0; leader_at < 3; leader_at++) {
		begin(model, leader_at + 1);
		for (__u32 i = 0; i < 3; i++) {
			if (i == leader_at)
				feed_place(model, 42, 3, 0, 2);
			else
				feed_place(model, 43 + i, 1, 5, 3);
		}
		end(model, leader_at + 1);
		process = model_find_process(model, 42);
		assert_int_equal(process->allowed_nodes, 3);
		assert_int_equal(process->policy, 2);
		assert_int_equal(process->cpu_nodes, 1 << 0 | 1 << 5);
	}
	/* Where threads were before is not where they are. */
	begin(model, 4);
	feed_place(model, 42, 7, 2, 0);
	end(model, 4);
	process = model_find_process(model, 42);
	assert_int_equal(process->allowed_nodes, 7);
	assert_int_equal(process->policy, 0);
	assert_int_equal(process->cpu_nodes, 1 << 2);
	model_free(model);
}

/* On one node only, a task has no place; and a node beyond the last bit has none either. */
static void test_places_that_are_none(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);

	begin(model, 1);
	feed_place(model, 42, 0, 0, 0);
	end(model, 1);
	assert_int_equal(model_find_process(model, 42)->cpu_nodes, 0);
	begin(model, 2);
	feed_place(model, 42, UINT64_MAX, 64, 0);
	feed_place(model, 43, UINT64_MAX, UINT32_MAX, 0);
	feed_place(model, 44, UINT64_MAX, 63, 0);
	end(model, 2);
	assert_true(model_find_process(model, 42)->cpu_nodes == 1ULL << 63);
	model_free(model);
}

/* --- the kernel's own counts ------------------------------------------------------------------ */

static void feed_cell(struct model *model, enum metric metric, __u32 cell, __u64 value)
{
	struct rec_cells rec = { .h = { .kind = REC_CELLS, .size = offsetof(struct rec_cells, cells) + 8 },
				 .first = model_cube(model, metric)->base + cell,
				 .nr = 1,
				 .cells = { value } };

	assert_int_equal(feed(model, &rec), 0);
}

static void expect_held_against(const struct model *model, enum vmstat_item item, __u64 counted,
				__u64 remainder)
{
	struct model_status status;

	model_status(model, &status);
	assert_int_equal(status.quiet_counted[item], counted);
	assert_int_equal(model_cells(model, METRIC_VMSTAT_REMAINDER)[item], remainder);
}

/* Hint faults are of all nodes; the local ones and what was migrated are what tasks have, gone ones too. */
static void test_counts_are_held_against_the_kernels(void **state UNUSED)
{
	struct rec_vmstat vmstat = { .h = HEADER(REC_VMSTAT, struct rec_vmstat, 1) };
	struct model *model = model_with(4, 100, NULL);
	const struct task_identity id = identity(42, 42, 4200, "worker", 0);
	struct ledger_counts counts = {};

	vmstat.value[VMSTAT_NUMA_HINT_FAULTS] = 1000;
	vmstat.value[VMSTAT_NUMA_HINT_FAULTS_LOCAL] = 100;
	vmstat.value[VMSTAT_NUMA_PAGES_MIGRATED] = 50;
	begin(model, 1);
	for (__u32 cell = 0; cell < NR_NODES * NR_NODES; cell++)
		feed_cell(model, METRIC_NUMA_HINT_FAULTS, cell, 100 << cell);
	assert_int_equal(feed(model, &vmstat), 0);
	counts.v[LEDGER_NUMA_LOCAL_FAULTS] = 60;
	counts.v[LEDGER_NUMA_MIGRATED] = 30;
	assert_int_equal(feed_task(model, REC_TASK, &id, &counts), 0);
	counts.v[LEDGER_NUMA_LOCAL_FAULTS] = 31;
	counts.v[LEDGER_NUMA_MIGRATED] = 12;
	assert_int_equal(feed_account(model, ACCOUNT_EXITED, &counts), 0);
	end(model, 1);
	expect_held_against(model, VMSTAT_NUMA_HINT_FAULTS, 1500, (__u64)-500);
	expect_held_against(model, VMSTAT_NUMA_HINT_FAULTS_LOCAL, 91, 9);
	expect_held_against(model, VMSTAT_NUMA_PAGES_MIGRATED, 42, 8);
	model_free(model);
}

/* Those with memory or a CPU, of all that there may be. */
static void test_nodes(void **state UNUSED)
{
	struct model_options options = { .max_groups = 4, .max_processes = 10, .max_events = 1 };
	struct rec_zone zone = { .h = HEADER(REC_ZONE, struct rec_zone, 1), .present_pages = 8 };
	struct rec_machine machine = stream_machine();
	struct model *model = model_new(&options);
	struct rec_cells cells = { .h = { .kind = REC_CELLS, .size = offsetof(struct rec_cells, cells) + 8 },
				   .nr = 1,
				   .cells = { 2 } };

	assert_non_null(model);
	assert_int_equal(model_nr_nodes(model), 1);
	machine.nr_nodes = 4;
	assert_int_equal(feed(model, &machine), 0);
	assert_int_equal(model_nr_nodes(model), 1);
	assert_int_equal(feed_begin(model, 1, NSEC_PER_SEC), 0);
	assert_int_equal(feed(model, &zone), 0);
	zone.node = 1;
	zone.managed_pages = 7;
	assert_int_equal(feed(model, &zone), 0);
	cells.first = model_cube(model, METRIC_NODE_CPUS)->base + 3;
	assert_int_equal(feed(model, &cells), 0);
	assert_int_equal(feed_end(model, NSEC_PER_SEC, true), 0);
	assert_int_equal(model_nr_nodes(model), 2);
	assert_false(model_has_node(model, 0));
	assert_true(model_has_node(model, 1));
	assert_false(model_has_node(model, 2));
	assert_true(model_has_node(model, 3));
	assert_false(model_has_node(model, 4));
	model_free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flows_of_a_process_among_others),
		cmocka_unit_test(test_flows_are_in_order),
		cmocka_unit_test(test_a_pid_that_is_used_again_has_flows_of_its_own),
		cmocka_unit_test(test_flows_are_those_of_the_last_snapshot),
		cmocka_unit_test(test_impossible_flows_are_refused),
		cmocka_unit_test(test_residency_is_that_of_the_last_reading),
		cmocka_unit_test(test_impossible_residency_is_refused),
		cmocka_unit_test(test_places_of_a_process),
		cmocka_unit_test(test_places_that_are_none),
		cmocka_unit_test(test_counts_are_held_against_the_kernels),
		cmocka_unit_test(test_nodes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
