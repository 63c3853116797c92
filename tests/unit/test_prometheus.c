/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Prometheus exposition: form, names, escaping, histograms; leaks are in test_prometheus_leaks.c. That
 * the whole of it stays as it is, number by number, is shown by tests/replay.
 */
#include "model_stream.h"

#include "../../exporters/describe.h"
#include "../../exporters/prometheus.h"
#include "exposition.h"

static void feed_cells(struct model *model, __u32 first, __u32 nr, const __u64 *values)
{
	struct rec_cells rec = { .h = { .kind = REC_CELLS }, .first = first, .nr = nr };

	rec.h.size = (__u32)(offsetof(struct rec_cells, cells) + nr * sizeof(rec.cells[0]));
	memcpy(rec.cells, values, nr * sizeof(rec.cells[0]));
	assert_int_equal(feed(model, &rec), 0);
}

/* One process of this name and unit, and whatever else the test feeds in between. */
static void feed_snapshot(struct model *model, __u64 sequence, const char *comm, __u64 value)
{
	struct task_identity id = identity(10, 10, 100, comm, 7);
	struct ledger_counts counts;

	for (__u32 row = 0; row < NR_LEDGER; row++)
		counts.v[row] = value;
	assert_int_equal(feed_begin(model, sequence, sequence * NSEC_PER_SEC), 0);
	assert_int_equal(feed_task(model, REC_TASK, &id, &counts), 0);
}

static void finish(struct model *model, __u64 sequence)
{
	assert_int_equal(feed_end(model, sequence * NSEC_PER_SEC, true), 0);
}

/* The exposition in a format, checked for its form. Free with text_free(). */
static struct text exposition(const struct model *model, enum prometheus_format format)
{
	struct text text = {};
	const char *error;
	char line[512];

	prometheus_write(model, format, &text);
	assert_false(text.is_failed);
	error = exposition_error(&text, format == PROMETHEUS_OPENMETRICS, line);
	if (error)
		fail_msg("%s: %s", error, line);
	return text;
}

static void expect_line(const struct text *text, const char *line)
{
	const char *at = strstr(text->data, line);

	if (!at || (at != text->data && at[-1] != '\n') || at[strlen(line)] != '\n')
		fail_msg("not in the exposition: %s", line);
}

static void test_empty_model(void **state UNUSED)
{
	struct model_options options = { .max_groups = 4, .max_processes = 100, .max_events = 4 };
	struct model *model = model_new(&options);
	struct text text = {};

	assert_non_null(model);
	prometheus_write(model, PROMETHEUS_TEXT, &text);
	assert_int_equal(text.len, 0);
	prometheus_write(model, PROMETHEUS_OPENMETRICS, &text);
	assert_string_equal(text.data, "# EOF\n");
	text_free(&text);
	model_free(model);
}

static void test_headers(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);
	struct text text = exposition(model, PROMETHEUS_TEXT);

	expect_line(&text, "# TYPE memoir_build_info gauge");
	expect_line(&text, "memoir_build_info{version=\"0.1.0\",kernel=\"6.18.0\"} 1");
	expect_line(&text, "# TYPE memoir_page_faults_total counter");
	expect_line(&text, "# HELP memoir_page_faults_total Page faults completed by tasks, from the "
			   "kernel's own count per task.");
	expect_line(&text, "memoir_page_faults_total{kind=\"minor\"} 0");
	expect_line(&text, "# TYPE memoir_stall_seconds histogram");
	assert_null(strstr(text.data, "# UNIT"));
	text_free(&text);
	text = exposition(model, PROMETHEUS_OPENMETRICS);
	expect_line(&text, "# TYPE memoir_page_faults counter");
	expect_line(&text, "memoir_page_faults_total{kind=\"minor\"} 0");
	expect_line(&text, "# TYPE memoir_stall_self_seconds counter");
	expect_line(&text, "# UNIT memoir_stall_self_seconds seconds");
	expect_line(&text, "# UNIT memoir_allocated_bytes bytes");
	text_free(&text);
	model_free(model);
}

/* Units: pages are shown in bytes, nanoseconds in seconds, events as they are; all of them exact. */
static void test_values(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);
	const __u64 pages = 1ULL << 50, ns = 18446744073709551615ULL, events = 18446744073709551615ULL;
	const struct cube *allocated = model_cube(model, METRIC_ALLOCATED);
	struct text text;

	feed_snapshot(model, 1, "worker", 1);
	feed_cells(model, allocated->base + allocated->stride[0] + 5 * allocated->stride[1] + 10, 1, &pages);
	feed_cells(model, model_cube(model, METRIC_STALL_SELF)->base, 1, &ns);
	feed_cells(model, model_cube(model, METRIC_OOM_KILLS)->base, 1, &events);
	finish(model, 1);
	text = exposition(model, PROMETHEUS_TEXT);
	expect_line(&text, "memoir_allocated_bytes_total{node=\"1\",migratetype=\"5\",order=\"10\"} "
			   "4611686018427387904");
	expect_line(
		&text,
		"memoir_stall_self_seconds_total{kind=\"direct_reclaim\",node=\"0\"} 18446744073.709551615");
	expect_line(&text, "memoir_oom_kills_total 18446744073709551615");
	expect_line(&text, "memoir_snapshot_duration_seconds 0.005");
	expect_line(&text, "memoir_probes_installed_time_seconds 1700000000");
	/* A large cube shows only what has counted. */
	assert_null(strstr(text.data, "memoir_allocated_bytes_total{node=\"0\""));
	text_free(&text);
	model_free(model);
}

static void test_gauges_may_be_negative(void **state UNUSED)
{
	struct rec_vmstat vmstat = { .h = HEADER(REC_VMSTAT, struct rec_vmstat, 1) };
	struct model *model = model_with(4, 100, NULL);
	const __u64 kills = 5;
	struct text text;

	feed_snapshot(model, 1, "worker", 0);
	feed_cells(model, model_cube(model, METRIC_OOM_KILLS)->base, 1, &kills);
	assert_int_equal(feed(model, &vmstat), 0);
	finish(model, 1);
	text = exposition(model, PROMETHEUS_TEXT);
	expect_line(&text, "memoir_vmstat_remainder{item=\"oom_kill\"} -5");
	text_free(&text);
	model_free(model);
}

/* In a large cube, too, 0 is a value of a gauge; what has no value has no series. */
static void test_gauges_may_have_no_value(void **state UNUSED)
{
	const struct rec_zone zone = {
		.h = HEADER(REC_ZONE, struct rec_zone, 1), .node = 1, .zone = 2, .nr_free = { 1 }
	};
	struct model *model = model_with(4, 100, NULL);
	struct text text;

	feed_snapshot(model, 1, "worker", 0);
	assert_int_equal(feed(model, &zone), 0);
	finish(model, 1);
	text = exposition(model, PROMETHEUS_OPENMETRICS);
	expect_line(&text, "memoir_free_blocks{node=\"1\",zone=\"2\",order=\"0\"} 1");
	expect_line(&text, "memoir_free_blocks{node=\"1\",zone=\"2\",order=\"10\"} 0");
	expect_line(&text, "memoir_unusable_free_ratio{node=\"1\",zone=\"2\",order=\"0\"} 0.000");
	expect_line(&text, "memoir_unusable_free_ratio{node=\"1\",zone=\"2\",order=\"1\"} 1.000");
	expect_line(&text, "memoir_fragmentation_index{node=\"1\",zone=\"2\",order=\"1\"} -0.500");
	expect_line(&text, "# UNIT memoir_unusable_free_ratio ratio");
	assert_null(strstr(text.data, "memoir_fragmentation_index{node=\"1\",zone=\"2\",order=\"0\"}"));
	assert_null(strstr(text.data, "memoir_free_blocks{node=\"0\""));
	assert_null(strstr(text.data, "memoir_pageblocks{"));
	assert_null(strstr(text.data, "# UNIT memoir_fragmentation_index"));
	text_free(&text);
	model_free(model);
}

static void test_histogram(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);
	__u64 cells[HIST_CELLS] = { [0] = 3, [1] = 2, [HIST_BUCKETS - 1] = 1, [HIST_SUM] = 1500000000 };
	struct text text;

	feed_snapshot(model, 1, "worker", 0);
	feed_cells(model, model_cube(model, METRIC_STALL)->base + model_cube(model, METRIC_STALL)->stride[1],
		   HIST_CELLS, cells);
	finish(model, 1);
	text = exposition(model, PROMETHEUS_TEXT);
#define LABELS "{kind=\"direct_reclaim\",node=\"1\""
	expect_line(&text, "memoir_stall_seconds_bucket" LABELS ",le=\"0.000001024\"} 3");
	expect_line(&text, "memoir_stall_seconds_bucket" LABELS ",le=\"0.000002048\"} 5");
	expect_line(&text, "memoir_stall_seconds_bucket" LABELS ",le=\"17.179869184\"} 5");
	expect_line(&text, "memoir_stall_seconds_bucket" LABELS ",le=\"+Inf\"} 6");
	expect_line(&text, "memoir_stall_seconds_sum" LABELS "} 1.5");
	expect_line(&text, "memoir_stall_seconds_count" LABELS "} 6");
	assert_null(strstr(text.data, "memoir_stall_seconds_count{kind=\"direct_reclaim\",node=\"0\"}"));
	text_free(&text);
	model_free(model);
}

static void test_groups(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);
	struct text text;

	assert_int_equal(feed_cgroup(model, 7, "web.service"), 0);
	for (__u64 sequence = 1; sequence <= 2; sequence++) {
		feed_snapshot(model, sequence, "server", 1000 * sequence);
		finish(model, sequence);
	}
	text = exposition(model, PROMETHEUS_TEXT);
#define SERVER "{comm=\"server\",unit=\"web.service\"}"
	expect_line(&text, "memoir_group_processes" SERVER " 1");
	expect_line(&text,
		    "memoir_group_minor_faults_total" SERVER " 1000"); /* its first thousand is in "other" */
	expect_line(&text, "memoir_group_allocated_bytes_total" SERVER " 4096000");
	expect_line(&text, "memoir_group_direct_reclaim_stall_seconds_total" SERVER " 0.000001");
	expect_line(&text, "memoir_group_rss_anon_bytes" SERVER " 8192000");
	expect_line(&text, "memoir_group_minor_faults_total{comm=\"other\",unit=\"other\"} 1000");
	expect_line(&text, "memoir_group_minor_faults_total{comm=\"[exited]\",unit=\"other\"} 0");
	expect_line(&text, "memoir_retired_groups_minor_faults 0");
	expect_line(&text, "# TYPE memoir_retired_groups_allocated_bytes gauge");
	assert_null(strstr(text.data, "memoir_retired_groups_rss"));
	text_free(&text);
	model_free(model);
}

static void test_groups_without_a_series_are_not_shown(void **state UNUSED)
{
	struct model *model = model_with(1, 100, NULL);
	struct ledger_counts counts = { .v = { [LEDGER_MINOR_FAULTS] = 5 } };
	struct task_identity id = identity(20, 20, 20, "quiet", 0);
	struct text text;

	feed_snapshot(model, 1, "loud", 1000);
	assert_int_equal(feed_task(model, REC_TASK, &id, &counts), 0);
	finish(model, 1);
	text = exposition(model, PROMETHEUS_TEXT);
	assert_non_null(strstr(text.data, "comm=\"loud\""));
	assert_null(strstr(text.data, "comm=\"quiet\""));
	text_free(&text);
	model_free(model);
}

static void test_what_is_not_seen_has_no_series(void **state UNUSED)
{
	struct rec_machine machine = stream_machine();
	struct model *model = model_with(4, 100, NULL);
	struct text text;

	feed_snapshot(model, 1, "worker", 5);
	finish(model, 1);
	text = exposition(model, PROMETHEUS_TEXT);
	expect_line(&text, "memoir_group_swapped_in_bytes_total{comm=\"worker\",unit=\"\"} 0");
	expect_line(&text, "memoir_retired_groups_swapped_in_bytes 0");
	text_free(&text);
	machine.ledger_unseen = 1ULL << LEDGER_SWAPPED_IN;
	assert_int_equal(feed(model, &machine), 0);
	text = exposition(model, PROMETHEUS_TEXT);
	assert_null(strstr(text.data, "swapped_in"));
	expect_line(&text, "memoir_group_swap_bytes{comm=\"worker\",unit=\"\"} 20480");
	text_free(&text);
	model_free(model);
}

static void test_hostile_names(void **state UNUSED)
{
	struct rec_probe probe = { .h = HEADER(REC_PROBE, struct rec_probe, 1),
				   .state = PROBE_REJECTED,
				   .name = "a\"b",
				   .reason = "line\nnext\\" };
	struct rec_label label = { .h = HEADER(REC_LABEL, struct rec_label, 1),
				   .dim = DIM_NODE,
				   .text = "\x1b[2J" };
	struct model *model = model_with(4, 100, NULL);
	struct text text;

	assert_int_equal(feed_cgroup(model, 7, "x\"} 1\nmemoir_fake 2\n"), 0);
	assert_int_equal(feed(model, &probe), 0);
	assert_int_equal(feed(model, &label), 0);
	feed_snapshot(model, 1, "\"\\\n\xff\xc3\xa9", 1);
	finish(model, 1);
	for (enum prometheus_format format = PROMETHEUS_TEXT; format <= PROMETHEUS_OPENMETRICS; format++) {
		text = exposition(model, format);
		expect_line(&text, "memoir_group_processes{comm=\"\\\"\\\\x5c\\\\x0a\\\\xff\xc3\xa9\","
				   "unit=\"x\\\"} 1\\\\x0amemoir_fake 2\\\\x0a\"} 1");
		expect_line(&text, "memoir_probe_up{probe=\"a\\\"b\",reason=\"line\\\\x0anext\\\\x5c\"} 0");
		assert_null(strstr(text.data, "\x1b"));
		assert_null(strstr(text.data, "\nmemoir_fake"));
		text_free(&text);
	}
	model_free(model);
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The series of an exposition, sorted; *ret_text is the text that they point into. */
static size_t series_of(const struct model *model, struct text *ret_text, char **ret, size_t max)
{
	char *save = NULL;
	size_t nr = 0;

	*ret_text = exposition(model, PROMETHEUS_TEXT);
	for (char *line = strtok_r(ret_text->data, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (*line == '#')
			continue;
		assert_true(nr < max);
		*strrchr(line, ' ') = '\0';
		ret[nr++] = line;
	}
	qsort(ret, nr, sizeof(*ret), compare_lines);
	return nr;
}

static void test_no_series_twice(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);
	__u32 nr_cells = model_cube(model, NR_METRICS - 1)->base + 1;
	const __u64 one = 1;
	char *series[5000];
	struct text text;
	size_t nr;

	feed_snapshot(model, 1, "worker", 1);
	for (__u32 cell = 0; cell < nr_cells; cell++)
		feed_cells(model, cell, 1, &one);
	finish(model, 1);
	nr = series_of(model, &text, series, 5000);
	assert_true(nr > 300);
	for (size_t i = 1; i < nr; i++)
		assert_string_not_equal(series[i - 1], series[i]);
	text_free(&text);
	model_free(model);
}

/* The reference names everything that is exported. */
static void test_all_families_are_described(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);
	struct text text = exposition(model, PROMETHEUS_TEXT), reference = {};
	char quoted[ROW_NAME_LEN + 4], name[ROW_NAME_LEN];

	metrics_describe(&reference);
	assert_false(reference.is_failed);
	for (const char *at = text.data; (at = strstr(at, "# TYPE ")); at++) {
		assert_int_equal(sscanf(at, "# TYPE %79s", name), 1);
		snprintf(quoted, sizeof(quoted), "`%s`", name);
		if (strncmp(name, "memoir_retired_groups_", strlen("memoir_retired_groups_")) != 0 &&
		    !strstr(reference.data, quoted))
			fail_msg("%s is not described", name);
	}
	text_free(&text);
	text_free(&reference);
	model_free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty_model),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_gauges_may_be_negative),
		cmocka_unit_test(test_gauges_may_have_no_value),
		cmocka_unit_test(test_histogram),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_groups_without_a_series_are_not_shown),
		cmocka_unit_test(test_what_is_not_seen_has_no_series),
		cmocka_unit_test(test_hostile_names),
		cmocka_unit_test(test_no_series_twice),
		cmocka_unit_test(test_all_families_are_described),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
