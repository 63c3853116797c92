/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page faults in the JSON API and in /metrics: what is counted has its numbers, and what this kernel does not
 * let a program count is null with a reason, and has no series.
 */
#include "api_test.h"

#include "../../exporters/prometheus.h"

#define UNSEEN (1ULL << METRIC_PAGE_FAULT | 1ULL << METRIC_FAULT_ERRORS | 1ULL << METRIC_STORAGE_FAULTS)

static void feed_probe(struct model *model, __u32 index, const char *name, __u32 state, const char *reason)
{
	struct rec_probe rec = { .h = HEADER(REC_PROBE, struct rec_probe, 1),
				 .index = index,
				 .state = state };

	copy_text(rec.name, name, sizeof(rec.name));
	copy_text(rec.reason, reason, sizeof(rec.reason));
	assert_int_equal(feed(model, &rec), 0);
}

static void feed_cell(struct model *model, enum metric metric, __u32 cell, __u64 value)
{
	struct rec_cells rec = { .h = { .kind = REC_CELLS, .size = offsetof(struct rec_cells, cells) + 8 },
				 .first = model_cube(model, metric)->base + cell,
				 .nr = 1,
				 .cells = { value } };

	assert_int_equal(feed(model, &rec), 0);
}

/* A machine on which three faults on swap were timed, and one failed. */
static struct model *model_of_faults(__u32 stacks_state, __u64 metrics_unseen)
{
	struct rec_machine machine = stream_machine();
	struct rec_fault_mapping mapping = { .h = HEADER(REC_FAULT_MAPPING, struct rec_fault_mapping, 1),
					     .id = identity(42, 42, 100, "before", 0),
					     .count = 64,
					     .total_ns = 5000,
					     .longest_ns = 400,
					     .ino = 77,
					     .dev = 8 << 20 | 17,
					     .cause = FAULT_FILE,
					     .name = "a\nb" };
	struct rec_fault_stack stack = { .h = HEADER(REC_FAULT_STACK, struct rec_fault_stack, 1),
					 .id = identity(42, 42, 100, "before", 0),
					 .count = FAULT_STACK_SAMPLE,
					 .address = UINT64_MAX,
					 .access = FAULT_WRITE,
					 .nr = 2,
					 .ip = { 0x401000, UINT64_MAX } };
	struct rec_user_symbol symbol = { .h = HEADER(REC_USER_SYMBOL, struct rec_user_symbol, 1),
					  .start_ns = stack.id.start_ns,
					  .tgid = 42,
					  .ip = 0x401000,
					  .text = "parse+0x1a",
					  .module = "server" };
	struct model *model = model_with(4, 100, NULL);
	const struct cube *cube = model_cube(model, METRIC_PAGE_FAULT);
	__u32 swap = FAULT_SWAP * cube->stride[0] + FAULT_MAJOR * cube->stride[1];

	machine.metrics_unseen = metrics_unseen;
	assert_int_equal(feed(model, &machine), 0);
	feed_probe(model, 0, "fault_end", PROBE_OPTIONAL, "not possible");
	feed_probe(model, 1, "page_fault_user", stacks_state, "");
	assert_int_equal(feed_begin(model, 1, NSEC_PER_SEC), 0);
	feed_cell(model, METRIC_PAGE_FAULT, swap, 2);
	feed_cell(model, METRIC_PAGE_FAULT, swap + 3, 1);
	feed_cell(model, METRIC_PAGE_FAULT, swap + HIST_SUM, 9000);
	feed_cell(model, METRIC_FAULT_ERRORS, FAULT_SIGBUS, 1);
	assert_int_equal(feed(model, &mapping), 0);
	mapping.id = (struct task_identity){ 0 };
	mapping.area = AREA_OTHERS;
	mapping.count = INT64_MAX;
	mapping.nr_major = 7;
	assert_int_equal(feed(model, &mapping), 0);
	assert_int_equal(feed(model, &stack), 0);
	assert_int_equal(feed(model, &symbol), 0);
	/* An earlier process of that number. */
	symbol.start_ns--;
	symbol.ip = stack.ip[1];
	assert_int_equal(feed(model, &symbol), 0);
	assert_int_equal(feed_end(model, NSEC_PER_SEC, true), 0);
	return model;
}

static json_t *reply(const struct model *model)
{
	const struct api_context context = { .model = model, .now_ns = 1000 };

	return api_answer(&context, "/v1/faults", NULL);
}

static void test_what_is_seen(void **state UNUSED)
{
	struct model *model = model_of_faults(PROBE_ATTACHED, 0);
	json_t *json = reply(model), *causes = json_object_get(json, "causes");
	json_t *cause = json_array_get(causes, 0);
	json_t *mapping = json_array_get(json_object_get(json, "mappings"), 0);
	json_t *stack = json_array_get(json_object_get(json, "stacks"), 0), *others, *frame;

	assert_int_equal(json_array_size(causes), 1);
	assert_string_equal(string(cause, "kind"), "swap");
	assert_string_equal(string(cause, "severity"), "major");
	assert_true(json_is_false(json_object_get(cause, "estimated")));
	assert_int_equal(integer(cause, "count"), 3);
	assert_int_equal(integer(cause, "error"), 0);
	assert_int_equal(integer(cause, "total_ns"), 9000);
	assert_int_equal(json_array_size(json_object_get(cause, "buckets")),
			 json_array_size(json_object_get(json, "bounds_ns")) + 1);
	assert_true(json_is_null(json_object_get(json, "why_not")));
	assert_int_equal(integer(json_array_get(json_object_get(json, "errors"), FAULT_SIGBUS), "count"), 1);
	assert_string_equal(string(mapping, "comm"), "before");
	others = json_array_get(json_object_get(json, "mappings"), 1);
	assert_true(json_is_null(json_object_get(others, "pid")));
	assert_string_equal(string(others, "comm"), "[others]");
	assert_string_equal(string(others, "area"), "others");
	/* However many a record has. */
	assert_int_equal(integer(others, "error"), UINT32_MAX);
	assert_string_equal(string(mapping, "name"), "a\nb");
	assert_int_equal(integer(mapping, "device_major"), 8);
	assert_int_equal(integer(mapping, "device_minor"), 17);
	assert_true(json_is_true(json_object_get(mapping, "estimated")));
	/* Two of 32 faults each, 32 * sqrt(2); one of 4096. */
	assert_int_equal(integer(mapping, "error"), 45);
	assert_int_equal(integer(stack, "error"), 4096);
	/* Whatever a record says, every reader can hold it. */
	assert_string_equal(string(stack, "address"), "0xffffffffffffffff");
	assert_string_equal(string(stack, "access"), "write");
	assert_int_equal(json_array_size(json_object_get(stack, "frames")), 2);
	frame = json_array_get(json_object_get(stack, "frames"), 0);
	assert_string_equal(string(frame, "address"), "0x401000");
	assert_string_equal(string(frame, "name"), "parse+0x1a");
	assert_string_equal(string(frame, "module"), "server");
	assert_true(json_is_null(json_object_get(frame, "file")));
	assert_true(json_is_null(json_object_get(frame, "line")));
	frame = json_array_get(json_object_get(stack, "frames"), 1);
	assert_true(json_is_null(json_object_get(frame, "name")));
	json_decref(json);
	model_free(model);
}

static void test_what_is_not_seen_is_null(void **state UNUSED)
{
	struct model *model = model_of_faults(PROBE_ABSENT, UNSEEN);
	json_t *json = reply(model);

	assert_true(json_is_null(json_object_get(json, "causes")));
	assert_true(json_is_null(json_object_get(json, "errors")));
	assert_true(json_is_null(json_object_get(json, "mappings")));
	assert_true(json_is_null(json_object_get(json, "stacks")));
	assert_string_equal(string(json, "why_not"), "not possible");
	json_decref(json);
	model_free(model);
}

static bool has_line(const struct text *text, const char *series)
{
	return strstr(text->data, series);
}

static void test_series(void **state UNUSED)
{
	for (int is_unseen = 0; is_unseen < 2; is_unseen++) {
		struct model *model = model_of_faults(PROBE_ATTACHED, is_unseen ? UNSEEN : 0);
		struct text text = {};

		prometheus_write(model, PROMETHEUS_TEXT, &text);
		assert_false(text.is_failed);
		assert_int_equal(
			has_line(&text,
				 "memoir_page_fault_seconds_count{kind=\"swap\",severity=\"major\"} 3"),
			!is_unseen);
		assert_int_equal(has_line(&text, "memoir_page_fault_seconds"), !is_unseen);
		assert_int_equal(has_line(&text, "memoir_storage_faults_total"), !is_unseen);
		assert_int_equal(has_line(&text, "memoir_fault_errors_total{error=\"sigbus\"} 1"),
				 !is_unseen);
		/* Others stay. */
		assert_true(has_line(&text, "memoir_page_faults_total{kind=\"minor\"}"));
		text_free(&text);
		model_free(model);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_seen),
		cmocka_unit_test(test_what_is_not_seen_is_null),
		cmocka_unit_test(test_series),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
