/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NUMA in the JSON API: nodes, matrices and processes with exact numbers, what is not seen is null, and the
 * processes whose memory is most remote come first.
 */
#include "api_test.h"

#define LIVE_NS 5000
#define NOW_NS 7000

/* --- a machine of two nodes ------------------------------------------------------------------- */

static void feed_cell(struct model *model, enum metric metric, __u32 cell, __u64 value)
{
	struct rec_cells rec = { .h = { .kind = REC_CELLS, .size = offsetof(struct rec_cells, cells) + 8 },
				 .first = model_cube(model, metric)->base + cell,
				 .nr = 1,
				 .cells = { value } };

	assert_int_equal(feed(model, &rec), 0);
}

static void feed_label(struct model *model, __u32 dim, __u32 index, const char *text)
{
	struct rec_label rec = { .h = HEADER(REC_LABEL, struct rec_label, 1), .dim = dim, .index = index };

	copy_text(rec.text, text, sizeof(rec.text));
	assert_int_equal(feed(model, &rec), 0);
}

static void feed_setting(struct model *model, const char *text)
{
	struct rec_setting rec = { .h = HEADER(REC_SETTING, struct rec_setting, 1),
				   .setting = SETTING_NUMA_BALANCING };

	copy_text(rec.text, text, sizeof(rec.text));
	assert_int_equal(feed(model, &rec), 0);
}

static void feed_flow(struct model *model, __u32 flow, __u32 reason, __u32 from, __u32 to, __u64 nr)
{
	const struct rec_numa_flow rec = { .h = HEADER(REC_NUMA_FLOW, struct rec_numa_flow, 1),
					   .key = { .start_ns = 100,
						    .tgid = 42,
						    .flow = (__u16)flow,
						    .reason = (__u16)reason,
						    .from = (__u16)from,
						    .to = (__u16)to },
					   .nr = nr };

	assert_int_equal(feed(model, &rec), 0);
}

/* On node 0, with so much of what was allocated being elsewhere. */
static void feed_process(struct model *model, __u32 pid, const char *comm, __u64 rss, __u64 allocated_remote)
{
	struct rec_task rec = { .h = HEADER(REC_TASK, struct rec_task, 1),
				.id = identity(pid, pid, 100, comm, 0),
				.place = { .allowed_nodes = 3 } };

	rec.counts.v[LEDGER_RSS_ANON] = rss;
	rec.counts.v[LEDGER_ALLOCATED] = 1000;
	rec.counts.v[LEDGER_ALLOCATED_REMOTE] = allocated_remote;
	assert_int_equal(feed(model, &rec), 0);
}

static void feed_residency(struct model *model)
{
	const struct rec_live live = { .h = HEADER(REC_LIVE, struct rec_live, LIVE_NS), .step_pages = 64 };
	struct rec_residency rec = { .h = HEADER(REC_RESIDENCY, struct rec_residency, 1),
				     .start_ns = 100,
				     .tgid = 42,
				     .node = 1,
				     .nr_pages = 22 };

	assert_int_equal(feed(model, &rec), 0);
	assert_int_equal(feed(model, &live), 0);
}

/* Node 1 has memory and no CPU. */
static void feed_nodes(struct model *model)
{
	const struct cube *numastat = model_cube(model, METRIC_NUMASTAT);
	const struct cube *stall = model_cube(model, METRIC_STALL);
	struct rec_zone zone = { .h = HEADER(REC_ZONE, struct rec_zone, 1),
				 .zone = 1,
				 .present_pages = 100,
				 .managed_pages = 90,
				 .nr_free = { 5 } };
	__u32 migration = STALL_NUMA_MIGRATION * stall->stride[0];

	assert_int_equal(feed(model, &zone), 0);
	zone.zone = 2;
	assert_int_equal(feed(model, &zone), 0);
	zone.node = 1;
	zone.nr_free[1] = 1;
	assert_int_equal(feed(model, &zone), 0);
	feed_cell(model, METRIC_NODE_CPUS, 0, 2);
	for (__u32 item = 0; item < NR_NUMASTAT_ITEMS; item++)
		feed_cell(model, METRIC_NUMASTAT, numastat->stride[0] + item, 10 + item);
	feed_cell(model, METRIC_NUMA_HINT_FAULTS, 1, 7); /* from node 0 to 1 */
	feed_cell(model, METRIC_NUMA_ALLOCATED, 2, 3);   /* from node 1 to 0 */
	feed_cell(model, METRIC_NUMA_ALLOCATIONS, 2, 2);
	feed_cell(model, METRIC_NUMA_REFUSED, 2, 4);
	feed_cell(model, METRIC_MIGRATED, 6 * 4 + 1, 5); /* for the reason 6, from node 0 to 1 */
	feed_cell(model, METRIC_NUMA_TASK_MOVES, TASK_SWAPPED * 4 + 2, 9);
	feed_cell(model, METRIC_STALL, migration + 3, 2);
	feed_cell(model, METRIC_STALL, migration + stall->stride[1] + HIST_BUCKETS - 1, 1);
	feed_cell(model, METRIC_STALL, migration + HIST_SUM, 600);
	feed_cell(model, METRIC_STALL, migration + stall->stride[1] + HIST_SUM, 60);
}

static struct model *model_of_nodes(__u64 metrics_unseen, __u64 ledger_unseen)
{
	struct rec_machine machine = stream_machine();
	struct model *model = model_with(4, 200, NULL);

	machine.metrics_unseen = metrics_unseen;
	machine.ledger_unseen = ledger_unseen;
	assert_int_equal(feed(model, &machine), 0);
	feed_label(model, DIM_MIGRATE_REASON, 6, "numa_misplaced");
	feed_setting(model, "1");
	return model;
}

static void feed_snapshot(struct model *model)
{
	assert_int_equal(feed_begin(model, 1, 6000), 0);
	feed_nodes(model);
	feed_process(model, 42, "da\x1b\"ta", 50, 500);
	feed_flow(model, FLOW_HINT_FAULTS, 0, 0, 1, 7);
	feed_flow(model, FLOW_ALLOCATED, 0, 0, 1, 500);
	feed_flow(model, FLOW_MIGRATED, 6, 1, 0, 3);
	feed_flow(model, FLOW_TASK_MOVES, 0, 1, 0, 2);
	assert_int_equal(feed_end(model, 6000, true), 0);
}

/* --- replies ---------------------------------------------------------------------------------- */

static json_t *reply(const struct model *model, const char *path, __u64 pid)
{
	const struct api_query query = { .v = { [API_PID] = pid } };
	const struct api_context context = { .model = model, .now_ns = NOW_NS };

	return api_answer(&context, path, &query);
}

static void test_the_machine(void **state UNUSED)
{
	struct model *model = model_of_nodes(0, 0);
	json_t *json;

	feed_residency(model);
	feed_snapshot(model);
	json = reply(model, "/v1/numa", 0);
	has(json, "balancing", "\"1\"");
	has(json, "page_nodes_known", "true");
	has(json, "hint_faults",
	    "[{\"cpu_node\":\"0\",\"memory_node\":\"1\",\"count\":7,\"recent_count\":0}]");
	has(json, "allocated",
	    "[{\"cpu_node\":\"1\",\"memory_node\":\"0\",\"bytes\":12288,\"recent_bytes\":0}]");
	has(json, "recent_ns", "0");
	has(json, "allocations", "[{\"cpu_node\":\"1\",\"memory_node\":\"0\",\"count\":2}]");
	has(json, "migrated",
	    "[{\"reason\":\"numa_misplaced\",\"from_node\":\"0\",\"to_node\":\"1\",\"bytes\":20480}]");
	has(json, "refused", "[{\"from_node\":\"1\",\"to_node\":\"0\",\"bytes\":16384}]");
	has(json, "task_moves",
	    "[{\"decision\":\"swapped\",\"from_node\":\"1\",\"to_node\":\"0\",\"count\":9}]");
	has(json, "migration_stall", "{\"count\":3,\"sum_ns\":660}");
	has(json, "live_age_ns", "2000");
	json_decref(json);
	model_free(model);
}

/* A snapshot at this second with so many hint faults on either node, and pages from node 1 to 0. */
static void feed_matrices(struct model *model, __u64 second, __u64 local, __u64 remote, __u64 pages)
{
	__u64 time_ns = second * NSEC_PER_SEC;

	assert_int_equal(feed_begin(model, second, time_ns), 0);
	feed_cell(model, METRIC_NUMA_HINT_FAULTS, 0, local);
	feed_cell(model, METRIC_NUMA_HINT_FAULTS, 1, remote);
	feed_cell(model, METRIC_NUMA_ALLOCATED, 2, pages);
	assert_int_equal(feed_end(model, time_ns, true), 0);
}

/* What was remote for an hour, and is no longer, shows in the whole and not in what is recent. */
static void test_what_is_recent(void **state UNUSED)
{
	struct model *model = model_of_nodes(0, 0);
	json_t *json;

	for (__u64 second = 0; second <= 3600; second += 15)
		feed_matrices(model, second + 1, 5, second, 0);
	for (__u64 second = 3615; second <= 4800; second += 15)
		feed_matrices(model, second + 1, 5 + second - 3600, 3600, second - 3600);
	json = reply(model, "/v1/numa", 0);
	has(json, "recent_ns", "600000000000");
	has(json, "hint_faults",
	    "[{\"cpu_node\":\"0\",\"memory_node\":\"0\",\"count\":1205,\"recent_count\":600},"
	    "{\"cpu_node\":\"0\",\"memory_node\":\"1\",\"count\":3600,\"recent_count\":0}]");
	has(json, "allocated",
	    "[{\"cpu_node\":\"1\",\"memory_node\":\"0\",\"bytes\":4915200,\"recent_bytes\":2457600}]");
	json_decref(json);
	/* Between two points the present counts too. */
	feed_matrices(model, 4831, 1305, 3607, 1300);
	json = reply(model, "/v1/numa", 0);
	has(json, "recent_ns", "630000000000");
	has(json_array_get(json_object_get(json, "hint_faults"), 1), "recent_count", "7");
	json_decref(json);
	model_free(model);
}

static void expect_recent(const struct model *model, const char *recent_ns, const char *nr_local)
{
	json_t *json = reply(model, "/v1/numa", 0);

	has(json, "recent_ns", recent_ns);
	has(json_array_get(json_object_get(json, "hint_faults"), 0), "recent_count", nr_local);
	json_decref(json);
}

/* However far apart snapshots are, what is recent is no older than that, or of one interval. */
static void test_what_is_recent_where_snapshots_are_rare(void **state UNUSED)
{
	struct model *model = model_of_nodes(0, 0);

	feed_matrices(model, 1, 5, 0, 0);
	feed_matrices(model, 3601, 3605, 0, 0);
	expect_recent(model, "3600000000000", "3600");
	for (__u64 second = 3901; second <= 7201; second += 300)
		feed_matrices(model, second, 4 + second, 0, 0);
	expect_recent(model, "600000000000", "600");
	feed_matrices(model, 10801, 10805, 0, 0);
	expect_recent(model, "3600000000000", "3600");
	model_free(model);
}

static void test_nodes(void **state UNUSED)
{
	struct model *model = model_of_nodes(0, 0);
	const json_t *nodes, *node;
	json_t *json;

	feed_snapshot(model);
	json = reply(model, "/v1/numa", 0);
	nodes = json_object_get(json, "nodes");
	assert_int_equal(json_array_size(nodes), 2);
	node = json_array_get(nodes, 0);
	has(node, "node", "\"0\"");
	has(node, "cpus", "2");
	has(node, "managed_bytes", "737280");
	has(node, "free_bytes", "40960");
	node = json_array_get(nodes, 1);
	has(node, "cpus", "0");
	has(node, "managed_bytes", "368640");
	has(node, "free_bytes", "28672");
	has(node, "numastat",
	    "{\"hit\":10,\"miss\":11,\"foreign\":12,\"interleave\":13,\"local\":14,\"other\":15}");
	json_decref(json);
	model_free(model);
}

/* One that may be added some day is not there. */
static void test_a_node_of_nothing(void **state UNUSED)
{
	struct model *model = model_of_nodes(0, 0);
	json_t *json;

	assert_int_equal(feed_begin(model, 1, 6000), 0);
	feed_cell(model, METRIC_NODE_CPUS, 1, 1);
	assert_int_equal(feed_end(model, 6000, true), 0);
	json = reply(model, "/v1/numa", 0);
	assert_int_equal(json_array_size(json_object_get(json, "nodes")), 1);
	has(json_array_get(json_object_get(json, "nodes"), 0), "node", "\"1\"");
	json_decref(json);
	model_free(model);
}

static void expect_process(const json_t *process)
{
	has(process, "cpu_nodes", "[\"0\"]");
	has(process, "policy", "\"default\"");
	has(process, "allowed_nodes", "[\"0\",\"1\"]");
	has(process, "allocated_bytes", "4096000");
	has(process, "allocated_remote_bytes", "2048000");
	has(process, "resident", "[{\"node\":\"1\",\"bytes\":5767168,\"error_bytes\":1310720}]");
	has(process, "hint_faults", "[{\"cpu_node\":\"0\",\"memory_node\":\"1\",\"count\":7}]");
	has(process, "allocated", "[{\"cpu_node\":\"0\",\"memory_node\":\"1\",\"bytes\":2048000}]");
	has(process, "migrated",
	    "[{\"reason\":\"numa_misplaced\",\"from_node\":\"1\",\"to_node\":\"0\",\"bytes\":12288}]");
	has(process, "task_moves", "[{\"from_node\":\"1\",\"to_node\":\"0\",\"count\":2}]");
	has(process, "remote_share", "1.0");
	has(process, "basis", "\"residency\"");
	has(process, "cause", "\"unknown\"");
	assert_non_null(strstr(json_string_value(json_object_get(process, "cause_text")),
			       "process 42 --numa"));
	has(process, "remedy", "\"\"");
}

/* The same of it in both places; a name is what the process chose. */
static void test_a_process(void **state UNUSED)
{
	struct model *model = model_of_nodes(0, 0);
	const json_t *process;
	json_t *json;

	feed_residency(model);
	feed_snapshot(model);
	json = reply(model, "/v1/numa", 0);
	assert_int_equal(json_array_size(json_object_get(json, "processes")), 1);
	process = json_array_get(json_object_get(json, "processes"), 0);
	has(process, "pid", "42");
	has(process, "comm", "\"da\\u001B\\\"ta\"");
	has(process, "unit", "\"\"");
	has(process, "threads", "1");
	expect_process(process);
	json_decref(json);
	json = reply(model, "/v1/process", 42);
	expect_process(json_object_get(json, "numa"));
	json_decref(json);
	model_free(model);
}

static void test_what_is_not_seen_is_null(void **state UNUSED)
{
	struct model *model = model_of_nodes(1ULL << METRIC_NUMA_HINT_FAULTS | 1ULL << METRIC_MIGRATED |
						     1ULL << METRIC_NUMA_REFUSED,
					     1ULL << LEDGER_NUMA_REMOTE_FAULTS |
						     1ULL << LEDGER_ALLOCATED_REMOTE);
	json_t *json, *process;

	feed_snapshot(model);
	json = reply(model, "/v1/numa", 0);
	has(json, "page_nodes_known", "false");
	has(json, "hint_faults", "null");
	has(json, "migrated", "null");
	has(json, "refused", "null");
	has(json, "live_age_ns", "null");
	assert_int_equal(json_array_size(json_object_get(json, "allocated")), 1);
	process = json_array_get(json_object_get(json, "processes"), 0);
	has(process, "numa_remote_faults", "null");
	has(process, "numa_local_faults", "0");
	has(process, "allocated_remote_bytes", "null");
	has(process, "resident", "[]");
	json_decref(json);
	model_free(model);
}

/* Of whom nothing can be said is not listed, but may be asked for. */
static void test_a_process_of_which_nothing_is_known(void **state UNUSED)
{
	struct rec_task rec = { .h = HEADER(REC_TASK, struct rec_task, 1),
				.id = identity(42, 42, 100, "new", 0),
				.place = { .allowed_nodes = 3 } };
	struct model *model = model_of_nodes(0, 0);
	json_t *json;

	assert_int_equal(feed_begin(model, 1, 6000), 0);
	feed_nodes(model);
	assert_int_equal(feed(model, &rec), 0);
	assert_int_equal(feed_end(model, 6000, true), 0);
	json = reply(model, "/v1/numa", 0);
	has(json, "processes", "[]");
	json_decref(json);
	json = reply(model, "/v1/process", 42);
	has(json_object_get(json, "numa"), "remote_share", "null");
	has(json_object_get(json, "numa"), "basis", "\"none\"");
	json_decref(json);
	model_free(model);
}

static void expect_no_numa(__u32 nr_possible)
{
	struct model_options options = { .max_groups = 4, .max_processes = 10, .max_events = 1 };
	struct rec_machine machine = stream_machine();
	struct model *model = model_new(&options);
	struct rec_zone zone = { .h = HEADER(REC_ZONE, struct rec_zone, 1), .managed_pages = 90 };
	json_t *json;

	machine.nr_nodes = nr_possible;
	machine.nr_matrix_nodes = nr_possible;
	assert_int_equal(feed(model, &machine), 0);
	/* Before the first snapshot nothing is known of nodes. */
	json = reply(model, "/v1/status", 0);
	has(json, "nodes", "1");
	json_decref(json);
	assert_int_equal(feed_begin(model, 1, 6000), 0);
	assert_int_equal(feed(model, &zone), 0);
	feed_cell(model, METRIC_NODE_CPUS, 0, 2);
	feed_process(model, 42, "x", 50, 500);
	assert_int_equal(feed_end(model, 6000, true), 0);
	json = reply(model, "/v1/process", 42);
	assert_null(json_object_get(json, "numa"));
	json_decref(json);
	json = reply(model, "/v1/status", 0);
	has(json, "nodes", "1");
	json_decref(json);
	model_free(model);
}

static void test_one_node_has_no_numa(void **state UNUSED)
{
	expect_no_numa(1);
	/* Others may be added some day. */
	expect_no_numa(4);
}

/*
 * Half of each one's memory is remote, so that who has more is worse; they come in an order that has none.
 * One of them is large, and all of it local.
 */
static void test_the_worst_come_first(void **state UNUSED)
{
	struct model *model = model_of_nodes(0, 0);
	const json_t *processes;
	json_t *json;

	assert_int_equal(feed_begin(model, 1, 6000), 0);
	feed_process(model, 5000, "local", 1000000, 0);
	for (__u32 i = 0; i < 61; i++)
		feed_process(model, 100 + i * 7 % 61, "x", 1000 + i * 7 % 61, 500);
	assert_int_equal(feed_end(model, 6000, true), 0);
	json = reply(model, "/v1/numa", 0);
	processes = json_object_get(json, "processes");
	assert_int_equal(json_array_size(processes), 50);
	for (size_t i = 0; i < 50; i++)
		assert_int_equal(json_integer_value(json_object_get(json_array_get(processes, i), "pid")),
				 160 - i);
	json_decref(json);
	model_free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_machine),
		cmocka_unit_test(test_what_is_recent),
		cmocka_unit_test(test_what_is_recent_where_snapshots_are_rare),
		cmocka_unit_test(test_nodes),
		cmocka_unit_test(test_a_node_of_nothing),
		cmocka_unit_test(test_a_process),
		cmocka_unit_test(test_what_is_not_seen_is_null),
		cmocka_unit_test(test_a_process_of_which_nothing_is_known),
		cmocka_unit_test(test_one_node_has_no_numa),
		cmocka_unit_test(test_the_worst_come_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
