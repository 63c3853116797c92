/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where memory was allocated, in the JSON API: bytes with errors, growth, suspects first, and what is not
 * known.
 */
#include "api_test.h"

#define STEP_BYTES (64 * 4096LL)

static struct model *new_model(void)
{
	const struct model_options options = { .max_groups = 10, .max_processes = 10, .max_events = 10 };
	struct rec_machine machine = stream_machine();
	struct model *model = model_new(&options);

	assert_non_null(model);
	copy_text(machine.boot_id, "boot", sizeof(machine.boot_id));
	assert_int_equal(feed(model, &machine), 0);
	return model;
}

static void feed_site(struct model *model, __u32 tgid, __u64 nr_pages, __u64 nr_older, __u64 nr_minute)
{
	const struct rec_live_site rec = { .h = HEADER(REC_LIVE_SITE, struct rec_live_site, 1),
					   .start_ns = tgid,
					   .stack = 5,
					   .user_stack = tgid ? 6 : 0,
					   .nr_pages = nr_pages,
					   .age_sum_ms = nr_pages * 2000,
					   .oldest_ns = 1000 * NSEC_PER_SEC,
					   .youngest_ns = 1,
					   .nr_older = { (__u32)nr_older, (__u32)nr_minute },
					   .tgid = tgid,
					   .comm = "ho\"lder" };

	assert_int_equal(feed(model, &rec), 0);
}

static void feed_live(struct model *model, __u64 time_s, __u32 step_pages)
{
	const struct rec_live rec = { .h = HEADER(REC_LIVE, struct rec_live, time_s * NSEC_PER_SEC),
				      .nr_pages = 1000,
				      .step_pages = step_pages,
				      .least_site_pages = 3,
				      .why_not = "no" };

	assert_int_equal(feed(model, &rec), 0);
}

static json_t *reply(const struct model *model, __u64 now_s)
{
	const struct api_context context = { .model = model, .now_ns = now_s * NSEC_PER_SEC };

	return api_answer(&context, "/v1/leaks/stacks", NULL);
}

/* One place that leaks, one that is larger and does not, and the kernel's memory. */
static void test_suspects_come_first(void **state UNUSED)
{
	struct model *model = new_model();
	const struct rec_user_stack stack = { .h = HEADER(REC_USER_STACK, struct rec_user_stack, 1),
					      .stack = 6,
					      .tgid = 42,
					      .start_ns = 42,
					      .nr = 1,
					      .ip = { 0x401000 } };
	const json_t *stacks, *site, *growth, *frames;
	json_t *json;

	assert_int_equal(feed(model, &stack), 0);
	for (__u32 second = 0; second < 120; second += 5) {
		feed_site(model, 43, 1000, 1000, 1000);
		feed_site(model, 42, 20 + second, second < 10 ? 0 : second + 10,
			  second < 60 ? 0 : second - 40);
		feed_site(model, 0, 30, 30, 30);
		feed_live(model, 1000 + second, 64);
	}
	json = reply(model, 1116);
	assert_string_equal(string(json, "boot_id"), "boot");
	stacks = json_object_get(json, "stacks");
	assert_int_equal(json_array_size(stacks), 3);
	site = json_array_get(stacks, 0);
	assert_string_equal(string(site, "owner"), "process");
	assert_int_equal(integer(site, "pid"), 42);
	assert_int_equal(integer(site, "start_ns"), 42);
	assert_string_equal(string(site, "comm"), "ho\"lder");
	assert_true(json_is_true(json_object_get(site, "is_suspect")));
	assert_true(json_is_null(json_object_get(site, "memory")));
	assert_int_equal(integer(site, "bytes"), 135 * STEP_BYTES);
	assert_int_equal(integer(site, "bytes_error"), (long long)live_error_pages(135, 64) * 4096);
	assert_int_equal(integer(site, "mean_age_ns"), 2 * NSEC_PER_SEC);
	assert_int_equal(integer(json_array_get(json_object_get(site, "older"), 0), "bytes"),
			 125 * STEP_BYTES);
	growth = json_object_get(site, "growth");
	assert_int_equal(integer(growth, "window_ns"), 115 * NSEC_PER_SEC);
	assert_float_equal(json_real_value(json_object_get(growth, "bytes_per_hour")), 3600 * STEP_BYTES, 1);
	assert_int_equal(integer(growth, "kept_ns"), 60 * NSEC_PER_SEC);
	assert_float_equal(json_real_value(json_object_get(growth, "kept_share")), 1, 1e-9);
	frames = json_object_get(json_object_get(site, "user_stack"), "frames");
	assert_string_equal(string(json_array_get(frames, 0), "address"), "0x401000");

	site = json_array_get(stacks, 1);
	assert_int_equal(integer(site, "pid"), 43);
	assert_true(json_is_false(json_object_get(site, "is_suspect")));
	site = json_array_get(stacks, 2);
	assert_string_equal(string(site, "owner"), "kernel");
	assert_true(json_is_null(json_object_get(site, "pid")));
	assert_string_equal(string(site, "unit"), "kernel");
	assert_int_equal(json_array_size(json_object_get(json_object_get(site, "user_stack"), "frames")), 0);
	assert_int_equal(integer(json_object_get(json, "stacks_reading"), "age_ns"), NSEC_PER_SEC);
	assert_int_equal(integer(json_object_get(json, "stacks_reading"), "least_bytes"), 3 * STEP_BYTES);
	assert_int_equal(integer(json_object_get(json, "stacks_reading"), "not_shown"), 0);
	json_decref(json);
	model_free(model);
}

static void test_one_reading_tells_no_growth(void **state UNUSED)
{
	struct model *model = new_model();
	json_t *json;

	feed_site(model, 42, 20, 20, 20);
	feed_live(model, 1000, 64);
	json = reply(model, 1000);
	assert_true(json_is_null(json_object_get(json_array_get(json_object_get(json, "stacks"), 0),
						 "growth")));
	json_decref(json);
	model_free(model);
}

static void test_what_is_not_known_is_said(void **state UNUSED)
{
	struct model *model = new_model();
	json_t *json = reply(model, 1);

	assert_true(json_is_null(json_object_get(json, "stacks")));
	assert_string_not_equal(string(json, "stacks_reason"), "");
	json_decref(json);
	feed_live(model, 1, 0);
	json = reply(model, 1);
	assert_true(json_is_null(json_object_get(json, "stacks")));
	assert_string_equal(string(json, "stacks_reason"), "no");
	json_decref(json);
	model_free(model);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_suspects_come_first),
	cmocka_unit_test(test_one_reading_tells_no_growth),
	cmocka_unit_test(test_what_is_not_known_is_said),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
