/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Traces of what is allocated: visible as a whole, bounded whatever a record says, and in the JSON API
 * with the one that goes on.
 */
#include "api_test.h"

static struct rec_trace_stack a_stack(__u64 key, __u64 live_bytes)
{
	struct rec_trace_stack rec = { .h = HEADER(REC_TRACE_STACK, struct rec_trace_stack, 400),
				       .stack = key,
				       .tgid = 7,
				       .nr = 3,
				       .bytes = live_bytes + 1,
				       .nr_live = 2,
				       .live_bytes = live_bytes,
				       .oldest_ns = 300 };

	memset(rec.comm, 'x', sizeof(rec.comm));
	return rec;
}

static struct rec_trace a_trace(__u64 time_ns)
{
	struct rec_trace rec = { .h = HEADER(REC_TRACE, struct rec_trace, time_ns),
				 .tgid = 7,
				 .live_bytes = 30,
				 .nr_copies_lost = 3 };

	memset(rec.comm, 'x', sizeof(rec.comm));
	memset(rec.allocators, 'y', sizeof(rec.allocators));
	memset(rec.why_not, 'z', sizeof(rec.why_not));
	return rec;
}

static int feed_stack(struct model *model, __u64 key, __u64 live_bytes)
{
	const struct rec_trace_stack rec = a_stack(key, live_bytes);

	return feed(model, &rec);
}

static int feed_trace(struct model *model, __u64 time_ns)
{
	const struct rec_trace rec = a_trace(time_ns);

	return feed(model, &rec);
}

static json_t *reply(const struct model *model, __u64 end_ns)
{
	const struct api_context context = { .model = model,
					     .now_ns = 1000,
					     .trace_end_ns = end_ns,
					     .trace_pid = 9,
					     .trace_has_begun = true };

	return api_answer(&context, "/v1/leaks/trace", NULL);
}

static void test_trace_is_visible_when_it_ends(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);

	assert_null(model_trace(model));
	assert_int_equal(feed_stack(model, 1, 20), 0);
	assert_int_equal(feed_stack(model, 2, 10), 0);
	assert_int_equal(model_nr_trace_stacks(model), 0);
	assert_int_equal(feed_trace(model, 400), 0);
	assert_int_equal(model_nr_trace_stacks(model), 2);
	/* The next one takes its place, and has none of its stacks. */
	assert_int_equal(feed_stack(model, 3, 5), 0);
	assert_int_equal(model_trace_stack(model, 0)->stack, 1);
	assert_int_equal(feed_trace(model, 500), 0);
	assert_int_equal(model_nr_trace_stacks(model), 1);
	assert_int_equal(model_trace_stack(model, 0)->stack, 3);
	assert_int_equal(model_trace(model)->h.time_ns, 500);
	model_free(model);
}

/* A tracer that dies leaves stacks behind, which are of no trace that is shown. */
static void test_trace_that_never_began_has_no_stacks(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);
	struct rec_trace trace = a_trace(400);

	assert_int_equal(feed_stack(model, 1, 20), 0);
	trace.ending = TRACE_NEVER_BEGAN;
	assert_int_equal(feed(model, &trace), 0);
	assert_int_equal(model_nr_trace_stacks(model), 0);
	assert_int_equal(feed_trace(model, 500), 0);
	assert_int_equal(model_nr_trace_stacks(model), 0);
	model_free(model);
}

/* Any number of a record that is too large for a reader of JSON makes it none. */
static void test_impossible_numbers_are_refused(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);
	struct rec_trace_stack stack = a_stack(1, 20);
	struct rec_trace trace = a_trace(400);

	for (__u64 *number = &stack.nr; number <= &stack.mean_age_ns; number++) {
		__u64 right = *number;

		*number = 1ULL << 62;
		assert_int_equal(feed(model, &stack), -EINVAL);
		*number = right;
	}
	for (__u64 *number = &trace.duration_ns; number <= &trace.nr_not_unwound; number++) {
		__u64 right = *number;

		*number = 1ULL << 62;
		assert_int_equal(feed(model, &trace), -EINVAL);
		*number = right;
	}
	trace.ending = NR_TRACE_ENDINGS;
	assert_int_equal(feed(model, &trace), -EINVAL);
	trace = a_trace(400);
	trace.every = MAX_LEAK_EVERY + 1;
	assert_int_equal(feed(model, &trace), -EINVAL);
	trace = a_trace(400);
	trace.is_kernel = 2;
	assert_int_equal(feed(model, &trace), -EINVAL);
	trace = a_trace(400);
	trace.misses_bulk = 2;
	assert_int_equal(feed(model, &trace), -EINVAL);
	trace = a_trace(400);
	trace.unseen_bytes = UINT64_MAX;
	assert_int_equal(feed(model, &trace), -EINVAL);
	stack.is_unseen = 2;
	assert_int_equal(feed(model, &stack), -EINVAL);
	stack.is_unseen = 0;
	stack.nr_reused = UINT64_MAX;
	assert_int_equal(feed(model, &stack), -EINVAL);
	stack.nr_reused = 0;
	stack.kind = NR_TRACE_KINDS;
	assert_int_equal(feed(model, &stack), -EINVAL);
	stack.kind = TRACE_USER_HEAP;
	assert_null(model_trace(model));
	for (int i = 0; i < 1024; i++)
		assert_int_equal(feed(model, &stack), 0);
	assert_int_equal(feed(model, &stack), -EINVAL);
	model_free(model);
}

/* The answer to a trace that was exact for so long, and then sampled. */
static json_t *reply_of_sampled(__u64 exact_ns, __u32 probes)
{
	struct model *model = model_with(4, 100, NULL);
	struct rec_trace trace = a_trace(400);
	json_t *json;

	trace.duration_ns = 300;
	trace.every_bytes = 64;
	trace.exact_ns = exact_ns;
	trace.probes = probes;
	if (feed(model, &trace)) {
		model_free(model);
		return NULL;
	}
	json = reply(model, 0);
	model_free(model);
	return json;
}

static void test_trace_says_whether_it_went_over_to_samples(void **state UNUSED)
{
	json_t *json = reply_of_sampled(200, TRACE_PROBES_FUNCTIONS), *trace = json_object_get(json, "trace");

	assert_int_equal(integer(trace, "exact_ns"), 200);
	assert_int_equal(integer(trace, "every_bytes"), 64);
	assert_int_equal(integer(trace, "stack_copies_lost"), 3);
	assert_true(json_is_null(json_object_get(trace, "frees_of_older")));
	assert_string_equal(json_string_value(json_object_get(trace, "probes")), "functions");
	json_decref(json);
	json = reply_of_sampled(0, TRACE_PROBES_SAMPLED);
	trace = json_object_get(json, "trace");
	assert_true(json_is_null(json_object_get(trace, "exact_ns")));
	assert_string_equal(json_string_value(json_object_get(trace, "probes")), "offered_samples");
	json_decref(json);
	assert_null(reply_of_sampled(301, TRACE_PROBES_FUNCTIONS));
	assert_null(reply_of_sampled(0, NR_TRACE_PROBES));
}

static void test_reply_has_the_last_and_the_running_one(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);
	json_t *json = reply(model, 0), *trace, *stack;

	assert_false(json_is_true(json_object_get(json, "is_running")));
	assert_true(json_is_null(json_object_get(json, "trace")));
	assert_true(json_is_null(json_object_get(json, "running_pid")));
	json_decref(json);
	feed_stack(model, 1, 30);
	feed_trace(model, 400);
	json = reply(model, 1500);
	assert_true(json_is_true(json_object_get(json, "is_running")));
	assert_int_equal(integer(json, "remaining_ns"), 500);
	assert_int_equal(integer(json, "running_pid"), 9);
	trace = json_object_get(json, "trace");
	assert_int_equal(integer(trace, "age_ns"), 600);
	assert_int_equal(integer(trace, "outstanding_bytes"), 30);
	assert_int_equal(strlen(json_string_value(json_object_get(trace, "reason"))), TRACE_TEXT_LEN - 1);
	stack = json_array_get(json_object_get(trace, "stacks"), 0);
	assert_int_equal(integer(stack, "outstanding_bytes"), 30);
	assert_int_equal(integer(stack, "oldest_ns"), 300);
	assert_int_equal(strlen(json_string_value(json_object_get(stack, "comm"))), MEMOIR_COMM_LEN - 1);
	json_decref(json);
	/* One whose time is over waits for the names of its stacks. */
	json = reply(model, 900);
	assert_true(json_is_true(json_object_get(json, "is_running")));
	assert_int_equal(integer(json, "remaining_ns"), 0);
	json_decref(json);
	model_free(model);
}

/* What was allocated is known where all objects were followed; what an interrupt allocated is nobody's. */
static void test_reply_has_a_trace_of_the_kernel(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);
	struct rec_trace trace = a_trace(400);
	struct rec_trace_stack stack = a_stack(1, 20);
	json_t *json, *row;

	trace.is_kernel = 1;
	trace.every = 1;
	trace.misses_bulk = 1;
	trace.unseen_bytes = 77;
	stack.kind = TRACE_CACHE;
	stack.nr_reused = 6;
	stack.is_unseen = 1;
	stack.tgid = 0;
	memset(stack.cache, 'c', sizeof(stack.cache));
	assert_int_equal(feed(model, &stack), 0);
	assert_int_equal(feed(model, &trace), 0);
	json = reply(model, 0);
	assert_true(json_is_true(json_object_get(json_object_get(json, "trace"), "is_kernel")));
	row = json_array_get(json_object_get(json_object_get(json, "trace"), "stacks"), 0);
	assert_string_equal(json_string_value(json_object_get(row, "kind")), "cache");
	assert_int_equal(strlen(json_string_value(json_object_get(row, "cache"))), SLAB_NAME_LEN - 1);
	assert_true(json_is_null(json_object_get(row, "pid")));
	assert_int_equal(integer(row, "reused"), 6);
	assert_true(json_is_false(json_object_get(row, "frees_are_seen")));
	assert_int_equal(integer(json_object_get(json, "trace"), "not_visible_bytes"), 77);
	assert_true(json_is_false(json_object_get(json_object_get(json, "trace"), "bulk_frees_are_seen")));
	assert_int_equal(integer(row, "allocated_bytes"), 21);
	assert_int_equal(integer(row, "outstanding_bytes"), 20);
	json_decref(json);
	trace.every = 8;
	assert_int_equal(feed(model, &stack), 0);
	assert_int_equal(feed(model, &trace), 0);
	json = reply(model, 0);
	row = json_array_get(json_object_get(json_object_get(json, "trace"), "stacks"), 0);
	assert_true(json_is_null(json_object_get(row, "allocated_bytes")));
	assert_true(json_is_null(json_object_get(json_object_get(json, "trace"), "allocated_bytes")));
	assert_int_equal(integer(row, "outstanding_bytes"), 20);
	json_decref(json);
	model_free(model);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trace_is_visible_when_it_ends),
		cmocka_unit_test(test_trace_that_never_began_has_no_stacks),
		cmocka_unit_test(test_impossible_numbers_are_refused),
		cmocka_unit_test(test_reply_has_a_trace_of_the_kernel),
		cmocka_unit_test(test_trace_says_whether_it_went_over_to_samples),
		cmocka_unit_test(test_reply_has_the_last_and_the_running_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
