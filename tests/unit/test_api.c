/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The JSON API as docs/api.md describes it: every reply is read by a JSON parser, numbers are exact,
 * hostile names arrive harmless, errors are errors. What whole replies look like is shown by tests/replay.
 */
#include "model_stream.h"

#include <jansson.h>

#include "../../exporters/api.h"

static const char *const paths[] = { "/v1/status", "/v1/probes", "/v1/processes", "/v1/groups",
				     "/v1/faults", "/v1/stalls", "/v1/events",    "/v1/fragmentation" };
#define NR_PATHS (sizeof(paths) / sizeof(paths[0]))

/* The reply as text, checked to be one JSON object on one line. Free with text_free(). */
static struct text reply_text(const struct model *model, const char *path, const struct api_query *query,
			      enum api_status expected)
{
	const struct api_context context = { .model = model,
					     .now_ns = 10 * NSEC_PER_SEC,
					     .started_ns = 4 * NSEC_PER_SEC,
					     .daemon_cpu_ns = 1,
					     .daemon_rss_bytes = 2,
					     .restarts_survived = 3 };
	const struct api_query none = {};
	struct text text = {};
	json_error_t error;
	json_t *json;

	assert_int_equal(api_reply(&context, path, query ? query : &none, &text), expected);
	assert_false(text.is_failed);
	assert_ptr_equal(strchr(text.data, '\n'), text.data + text.len - 1);
	/* Integers beyond 63 bits are more than this parser holds, not more than JSON does. */
	json = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &error);
	if (!json_is_object(json))
		fail_msg("%s: %s at %d: %s", path, error.text, error.position, text.data);
	json_decref(json);
	return text;
}

/* The reply as a value that the caller releases with json_decref(). */
static json_t *reply(const struct model *model, const char *path, const struct api_query *query)
{
	struct text text = reply_text(model, path, query, API_OK);
	json_t *json = json_loadb(text.data, text.len, 0, NULL);

	assert_non_null(json);
	text_free(&text);
	return json;
}

/* A value by keys and indices: at(json, "groups/0/comm"). */
static const json_t *at(const json_t *json, const char *path)
{
	char *copy = strdup(path), *save = NULL;

	assert_non_null(copy);
	for (char *key = strtok_r(copy, "/", &save); key; key = strtok_r(NULL, "/", &save)) {
		json = json_is_array(json) ? json_array_get(json, (size_t)atoi(key))
					   : json_object_get(json, key);
		if (!json)
			fail_msg("nothing at %s", path);
	}
	free(copy);
	return json;
}

static void has_integer(const json_t *json, const char *path, json_int_t expected)
{
	assert_true(json_is_integer(at(json, path)));
	assert_int_equal(json_integer_value(at(json, path)), expected);
}

static void has_string(const json_t *json, const char *path, const char *expected)
{
	assert_true(json_is_string(at(json, path)));
	assert_string_equal(json_string_value(at(json, path)), expected);
}

/* One process with this name in every ledger row has value; sequence 2 of two, a second apart. */
static struct model *model_of(const char *comm, const char *unit, __u64 first, __u64 second)
{
	struct task_identity id = identity(42, 42, 100, comm, 7);
	struct model *model = model_with(4, 100, NULL);

	assert_int_equal(feed_cgroup(model, 7, unit), 0);
	for (__u64 sequence = 1; sequence <= 2; sequence++) {
		struct ledger_counts counts;

		for (__u32 row = 0; row < NR_LEDGER; row++)
			counts.v[row] = sequence == 1 ? first : second;
		assert_int_equal(feed_begin(model, sequence, sequence * NSEC_PER_SEC), 0);
		assert_int_equal(feed_task(model, REC_TASK, &id, &counts), 0);
		assert_int_equal(feed_end(model, sequence * NSEC_PER_SEC, true), 0);
	}
	return model;
}

static void test_before_the_first_snapshot(void **state UNUSED)
{
	struct model_options options = { .max_groups = 4, .max_processes = 100, .max_events = 4 };
	struct model *model = model_new(&options);
	struct text text;

	assert_non_null(model);
	for (size_t i = 0; i < NR_PATHS; i++) {
		text = reply_text(model, paths[i], NULL, API_UNAVAILABLE);
		assert_string_equal(text.data, "{\"error\":\"there is no snapshot yet\"}\n");
		text_free(&text);
	}
	text_free(&text);
	model_free(model);
	model = model_with(4, 100, NULL); /* a machine and nothing else */
	for (size_t i = 0; i < NR_PATHS; i++) {
		text = reply_text(model, paths[i], NULL, API_OK);
		text_free(&text);
	}
	model_free(model);
}

static void test_errors(void **state UNUSED)
{
	static const char *const unknown[] = { "/v1/nothing", "/v1/", "/v1/status/",
					       "/v1/statusx", "",     "/v1/stat" };
	const struct api_query no_such = { .v = { [API_PID] = 43 } };
	struct model *model = model_of("worker", "", 1, 2);
	struct text text;

	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		text = reply_text(model, unknown[i], NULL, API_NOT_FOUND);
		assert_non_null(strstr(text.data, "{\"error\":"));
		text_free(&text);
	}
	text = reply_text(model, "/v1/process", &no_such, API_NOT_FOUND);
	assert_string_equal(text.data, "{\"error\":\"no such process at the last snapshot\"}\n");
	text_free(&text);
	model_free(model);
}

static void test_status(void **state UNUSED)
{
	struct model *model = model_of("worker", "", 1, 2);
	json_t *json = reply(model, "/v1/status", NULL);

	has_string(json, "kernel", "6.18.0");
	has_integer(json, "uptime_ns", 6 * (json_int_t)NSEC_PER_SEC);
	has_integer(json, "restarts_survived", 3);
	has_integer(json, "snapshot/sequence", 2);
	has_integer(json, "snapshot/age_ns", 8 * (json_int_t)NSEC_PER_SEC);
	has_integer(json, "processes", 1);
	assert_true(json_is_null(at(json, "agreement/age_ns"))); /* no vmstat was seen */
	has_integer(json, "lost/ring_full", 0);
	json_decref(json);
	model_free(model);
}

static void test_agreement(void **state UNUSED)
{
	struct rec_vmstat vmstat = { .h = HEADER(REC_VMSTAT, struct rec_vmstat, 1) };
	struct model *model = model_with(4, 100, NULL);
	struct rec_machine machine = stream_machine();
	json_t *json;

	machine.vmstat_base[VMSTAT_PGFREE] = 100;
	machine.vmstat_known = 1u << VMSTAT_PGFREE | 1u << VMSTAT_PGFAULT;
	assert_int_equal(feed(model, &machine), 0);
	vmstat.value[VMSTAT_PGFREE] = 90;
	vmstat.value[VMSTAT_PGFAULT] = 7;
	assert_int_equal(feed_begin(model, 1, NSEC_PER_SEC), 0);
	vmstat.value[VMSTAT_PGFREE] = 130;
	assert_int_equal(feed(model, &vmstat), 0);
	assert_int_equal(feed_end(model, NSEC_PER_SEC, true), 0);
	json = reply(model, "/v1/status", NULL);
	assert_int_equal(json_array_size(at(json, "agreement/items")), 2);
	has_integer(json, "agreement/age_ns", 9 * (json_int_t)NSEC_PER_SEC);
	has_string(json, "agreement/items/0/item", "pgfree");
	has_integer(json, "agreement/items/0/kernel", 30);
	has_integer(json, "agreement/items/0/memoir", 0);
	has_integer(json, "agreement/items/0/remainder", 30);
	json_decref(json);
	model_free(model);
}

static void test_rates_of_0_are_left_out(void **state UNUSED)
{
	const struct api_query query = { .v = { [API_PID] = 42 } };
	struct model *model = model_of("worker", "web.service", 3000, 3000);
	json_t *json = reply(model, "/v1/process", &query);

	has_integer(json, "process/minor_faults", 3000);
	assert_int_equal(json_object_size(at(json, "process/rate")), 0);
	json_decref(json);
	model_free(model);
}

static void test_what_shrinks_has_a_rate_below_0(void **state UNUSED)
{
	const struct api_query query = { .v = { [API_PID] = 42 } };
	struct model *model = model_of("worker", "web.service", 3000, 1000);
	json_t *json = reply(model, "/v1/process", &query);

	has_integer(json, "process/swap_bytes", 1000 * 4096);
	assert_true(json_real_value(at(json, "process/rate/swap_bytes")) == -2000.0 * 4096);
	assert_int_equal(json_object_size(at(json, "process/rate")), 1 + NR_MM_COUNTERS);
	json_decref(json);
	model_free(model);
}

static void test_process(void **state UNUSED)
{
	const struct api_query query = { .v = { [API_PID] = 42 } };
	struct model *model = model_of("worker", "web.service", 1000, 3000);
	json_t *json = reply(model, "/v1/process", &query), *all = reply(model, "/v1/processes", NULL);
	json_t *groups = reply(model, "/v1/groups", NULL);

	has_string(json, "process/comm", "worker");
	has_string(json, "process/unit", "web.service");
	has_integer(json, "process/pid", 42);
	has_integer(json, "process/threads", 1);
	has_integer(json, "process/minor_faults", 3000);
	has_integer(json, "process/allocated_bytes", 3000 * 4096);
	has_integer(json, "process/direct_reclaim_stall_ns", 3000);
	has_integer(json, "process/rss_anon_bytes", 3000 * 4096);
	assert_true(json_real_value(at(json, "process/rate/minor_faults")) == 2000.0);
	assert_true(json_real_value(at(json, "process/rate/allocated_bytes")) == 2000.0 * 4096);
	assert_true(json_real_value(at(json, "process/rate/rss_anon_bytes")) == 2000.0 * 4096);
	assert_true(json_is_false(at(json, "process/kernel_thread")));
	assert_int_equal(json_array_size(at(all, "processes")), 1);
	assert_true(json_equal(at(all, "processes/0"), at(json, "process")));
	assert_int_equal(json_array_size(at(all, "owners")), NR_ACCOUNTS);
	has_string(groups, "groups/4/comm", "worker");
	has_integer(groups, "groups/4/minor_faults", 2000);
	has_integer(groups, "retired/minor_faults", 0);
	json_decref(json);
	json_decref(all);
	json_decref(groups);
	model_free(model);
}

/* Not 0: it cannot be known. */
static void test_what_is_not_seen_is_null(void **state UNUSED)
{
	const struct api_query query = { .v = { [API_PID] = 42 } };
	struct rec_machine machine = stream_machine();
	struct model *model = model_of("worker", "web.service", 1000, 3000);
	json_t *json, *processes, *groups;

	machine.ledger_unseen = 1ULL << LEDGER_SWAPPED_IN;
	assert_int_equal(feed(model, &machine), 0);
	json = reply(model, "/v1/process", &query);
	processes = reply(model, "/v1/processes", NULL);
	groups = reply(model, "/v1/groups", NULL);
	assert_true(json_is_null(at(json, "process/swapped_in_bytes")));
	assert_true(json_is_null(at(processes, "owners/0/swapped_in_bytes")));
	assert_true(json_is_null(at(groups, "groups/0/swapped_in_bytes")));
	assert_true(json_is_null(at(groups, "retired/swapped_in_bytes")));
	has_integer(json, "process/swap_bytes", 3000 * 4096);
	json_decref(json);
	json_decref(processes);
	json_decref(groups);
	model_free(model);
}

static void test_numbers_are_exact(void **state UNUSED)
{
	const struct api_query query = { .v = { [API_PID] = 42 } };
	struct rec_cells kills = { .h = { .kind = REC_CELLS, .size = offsetof(struct rec_cells, cells) + 8 },
				   .nr = 1 };
	struct model *model = model_of("worker", "", 0, INT64_MAX);
	json_t *json = reply(model, "/v1/faults", NULL);
	struct text text;

	has_integer(json, "faults/0/count", INT64_MAX);
	json_decref(json);
	model_free(model);
	model = model_of("worker", "", INT64_MAX, UINT64_MAX - 1);
	text = reply_text(model, "/v1/process", &query, API_OK);
	assert_non_null(strstr(text.data, "\"minor_faults\":18446744073709551614,"));
	assert_non_null(strstr(text.data, "\"direct_reclaim_stall_ns\":18446744073709551614,"));
	text_free(&text);
	kills.first = model_cube(model, METRIC_OOM_KILLS)->base;
	kills.cells[0] = UINT64_MAX;
	assert_int_equal(feed_begin(model, 3, 3 * NSEC_PER_SEC), 0);
	assert_int_equal(feed(model, &kills), 0);
	assert_int_equal(feed_end(model, 3 * NSEC_PER_SEC, false), 0);
	text = reply_text(model, "/v1/stalls", NULL, API_OK);
	assert_non_null(strstr(text.data, "\"oom_kills\":18446744073709551615}"));
	text_free(&text);
	model_free(model);
}

static void test_hostile_names(void **state UNUSED)
{
	const struct api_query query = { .v = { [API_PID] = 42 } };
	struct model *model = model_of("\"},{\\\n\x1b[2J\xff", "\"unit\"\xc2\x9b\xed\xa0\x80", 1, 2);
	json_t *json = reply(model, "/v1/process", &query);
	struct text text = reply_text(model, "/v1/groups", NULL, API_OK);

	has_string(json, "process/comm", "\"},{\\\n\x1b[2J\xef\xbf\xbd");
	has_string(json, "process/unit", "\"unit\"\xc2\x9b\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	for (size_t i = 0; i + 1 < text.len; i++) /* no terminal obeys the raw reply */
		assert_true((unsigned char)text.data[i] >= 0x20 && text.data[i] != 0x7f);
	assert_null(strstr(text.data, "\xc2\x9b"));
	json_decref(json);
	text_free(&text);
	model_free(model);
}

static void test_stalls(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);
	struct rec_cells cells = { .h = { .kind = REC_CELLS }, .nr = HIST_CELLS };
	json_t *json;

	cells.h.size = (__u32)(offsetof(struct rec_cells, cells) + HIST_CELLS * sizeof(__u64));
	cells.first = model_cube(model, METRIC_STALL)->base +
		      STALL_MEMCG_RECLAIM * model_cube(model, METRIC_STALL)->stride[0];
	cells.cells[2] = 5;
	cells.cells[HIST_BUCKETS - 1] = 1;
	cells.cells[HIST_SUM] = 777;
	assert_int_equal(feed_begin(model, 1, NSEC_PER_SEC), 0);
	assert_int_equal(feed(model, &cells), 0);
	assert_int_equal(feed_end(model, NSEC_PER_SEC, true), 0);
	json = reply(model, "/v1/stalls", NULL);
	assert_int_equal(json_array_size(at(json, "stalls")), 1);
	has_string(json, "stalls/0/kind", "memcg_reclaim");
	has_string(json, "stalls/0/node", "0");
	has_integer(json, "stalls/0/count", 6);
	has_integer(json, "stalls/0/total_ns", 777);
	has_integer(json, "stalls/0/buckets/2", 5);
	has_integer(json, "bounds_ns/0", 1024);
	assert_int_equal(json_array_size(at(json, "stalls/0/buckets")),
			 json_array_size(at(json, "bounds_ns")) + 1);
	json_decref(json);
	model_free(model);
}

/* --- events ----------------------------------------------------------------------------------- */

static void expect_events(const struct model *model, __u64 after, size_t nr, __u64 lost)
{
	const struct api_query query = { .v = { [API_AFTER] = after } };
	json_t *json = reply(model, "/v1/events", &query);

	assert_int_equal(json_array_size(at(json, "events")), nr);
	has_integer(json, "lost", (json_int_t)lost);
	has_integer(json, "first", 3);
	has_integer(json, "last", 6);
	for (size_t i = 0; i < nr; i++) {
		json_int_t number = json_integer_value(json_object_get(json_array_get(at(json, "events"), i),
								       "number"));

		assert_int_equal(number, (json_int_t)(7 - nr + i));
	}
	json_decref(json);
}

static void test_event_numbers(void **state UNUSED)
{
	struct rec_stall stall = { .h = HEADER(REC_STALL, struct rec_stall, 1) };
	struct model *model = model_with(4, 100, NULL); /* keeps four */

	for (int i = 0; i < 6; i++)
		assert_int_equal(feed(model, &stall), 0);
	expect_events(model, 0, 4, 2);
	expect_events(model, 1, 4, 1);
	expect_events(model, 2, 4, 0);
	expect_events(model, 3, 3, 0);
	expect_events(model, 5, 1, 0);
	expect_events(model, 6, 0, 0);
	expect_events(model, 7, 0, 0);
	expect_events(model, ~0ULL, 0, 0);
	model_free(model);
}

static void test_kinds_of_events(void **state UNUSED)
{
	struct rec_stall stall = { .h = HEADER(REC_STALL, struct rec_stall, 5),
				   .kind = STALL_DIRECT_COMPACTION,
				   .order = 9,
				   .total_ns = 100,
				   .self_ns = 60,
				   .reclaimed_pages = 2,
				   .node = ~0u,
				   .result = 3 };
	struct rec_oom_kill kill = { .h = HEADER(REC_OOM_KILL, struct rec_oom_kill, 6),
				     .victim_pid = 9,
				     .oom_score_adj = (__u32)-1000,
				     .anon_rss_kb = 3 };
	struct rec_alloc_failure failure = { .h = HEADER(REC_ALLOC_FAILURE, struct rec_alloc_failure, 7),
					     .order = 4,
					     .migratetype = ~0u,
					     .gfp_flags = 0xcc0,
					     .in_interrupt = 1 };
	struct rec_machine machine = stream_machine();
	struct model *model = model_with(4, 100, NULL);
	json_t *json;

	machine.wall_offset_ns = 1000;
	assert_int_equal(feed(model, &machine), 0);
	stall.id = identity(42, 43, 1, "AAAABBBBCCCCDDDD", 7);
	memset(kill.victim_comm, '"', sizeof(kill.victim_comm));
	assert_int_equal(feed_cgroup(model, 7, "web.service"), 0);
	assert_int_equal(feed(model, &stall), 0);
	stall.kind = STALL_DIRECT_RECLAIM;
	assert_int_equal(feed(model, &stall), 0);
	assert_int_equal(feed(model, &kill), 0);
	assert_int_equal(feed(model, &failure), 0);
	json = reply(model, "/v1/events", NULL);
	has_string(json, "events/0/event", "stall");
	has_string(json, "events/0/kind", "direct_compaction");
	has_string(json, "events/0/comm", "AAAABBBBCCCCDDD");
	has_string(json, "events/0/unit", "web.service");
	has_string(json, "events/0/result", "3"); /* no label said better */
	has_string(json, "events/0/node", "unknown");
	has_integer(json, "events/0/time_ns", 1005);
	has_integer(json, "events/0/pid", 43);
	has_integer(json, "events/0/tgid", 42);
	has_integer(json, "events/0/reclaimed_bytes", 8192);
	assert_true(json_is_null(at(json, "events/1/result")));
	has_string(json, "events/2/event", "oom_kill");
	has_string(json, "events/2/victim_comm", "\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"");
	has_integer(json, "events/2/oom_score_adj", -1000);
	has_integer(json, "events/2/anon_rss_bytes", 3072);
	has_string(json, "events/3/event", "alloc_failure");
	has_string(json, "events/3/migratetype", "unknown");
	has_integer(json, "events/3/gfp_flags", 0xcc0);
	assert_true(json_is_true(at(json, "events/3/in_interrupt")));
	json_decref(json);
	model_free(model);
}

/* A process has the name it has now, as long as it is the same one; others have the name they had. */
static void test_fallbacks_name_their_process(void **state UNUSED)
{
	struct rec_fallback fallback = { .h = HEADER(REC_FALLBACK, struct rec_fallback, 1), .count = 7 };
	struct task_identity id = identity(42, 42, 100, "now", 7);
	struct ledger_counts counts = { { 0 } };
	struct model *model = model_with(4, 100, NULL);
	json_t *json;

	assert_int_equal(feed_cgroup(model, 7, "web.service"), 0);
	assert_int_equal(feed_begin(model, 1, NSEC_PER_SEC), 0);
	assert_int_equal(feed_task(model, REC_TASK, &id, &counts), 0);
	fallback.id = identity(42, 42, 100, "before", 7);
	assert_int_equal(feed(model, &fallback), 0);
	fallback.id = identity(42, 42, 99, "earlier", 7);
	assert_int_equal(feed(model, &fallback), 0);
	fallback.id = (struct task_identity){ .tgid = 0 };
	fallback.fallback_migratetype = 1;
	assert_int_equal(feed(model, &fallback), 0);
	assert_int_equal(feed_end(model, NSEC_PER_SEC, true), 0);
	json = reply(model, "/v1/fragmentation", NULL);
	has_string(json, "fallback_stacks/0/comm", "now");
	has_string(json, "fallback_stacks/0/unit", "web.service");
	has_integer(json, "fallback_stacks/0/count", 7);
	has_integer(json, "fallback_stacks/1/pid", 42);
	has_string(json, "fallback_stacks/1/comm", "earlier");
	has_string(json, "fallback_stacks/1/unit", "web.service");
	has_integer(json, "fallback_stacks/2/pid", 0);
	has_string(json, "fallback_stacks/2/comm", "[interrupt]");
	has_string(json, "fallback_stacks/2/unit", "kernel");
	has_string(json, "fallback_stacks/2/fallback_migratetype", "1");
	assert_int_equal(json_array_size(at(json, "fallback_stacks/2/frames")), 0);
	json_decref(json);
	model_free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_before_the_first_snapshot),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_agreement),
		cmocka_unit_test(test_process),
		cmocka_unit_test(test_rates_of_0_are_left_out),
		cmocka_unit_test(test_what_shrinks_has_a_rate_below_0),
		cmocka_unit_test(test_what_is_not_seen_is_null),
		cmocka_unit_test(test_numbers_are_exact),
		cmocka_unit_test(test_hostile_names),
		cmocka_unit_test(test_stalls),
		cmocka_unit_test(test_event_numbers),
		cmocka_unit_test(test_kinds_of_events),
		cmocka_unit_test(test_fallbacks_name_their_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
