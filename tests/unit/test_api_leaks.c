/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Leaks in the JSON API and in the verdicts of the doctor: who it is, the figures and what stands for those
 * that cannot be known, the order, and the sentences.
 */
#include "api_test.h"
#include "memory_story.h"

#include "../../exporters/leaks.h"
#include "../../exporters/verdict.h"

static double stays(struct actor *actor UNUSED, double hour UNUSED)
{
	return 50;
}

static struct actor actors[] = {
	{ .mib = leaks_20, .comm = "slow" },
	{ .mib = fills_a_pool_slowly, .comm = "pool" },
	{ .mib = leaks_60, .comm = "le\x1b\"ak" },
	{ .mib = stays, .comm = "idle" },
};

static struct story story_of(double hours, __u64 available_pages)
{
	struct story story = { .model = model_with(16, 100, NULL), .actors = actors, .nr_actors = 4 };
	struct rec_kernel_memory memory = { .h = HEADER(REC_KERNEL_MEMORY, struct rec_kernel_memory, 1),
					    .total_pages = 4000000,
					    .available_pages = available_pages,
					    .swap_free_pages = 0,
					    .pages = { [KERNEL_PERCPU] = KERNEL_MEMORY_UNKNOWN } };

	assert_int_equal(feed_cgroup(story.model, 7, "web.service"), 0);
	if (available_pages) {
		assert_int_equal(feed_begin(story.model, 1, 1), 0);
		assert_int_equal(feed(story.model, &memory), 0);
		assert_int_equal(feed_end(story.model, 1, false), 0);
	}
	story_until(&story, hours);
	return story;
}

static json_t *reply(const struct story *story)
{
	const struct api_context context = { .model = story->model, .now_ns = story_now_ns(story) };

	return api_answer(&context, "/v1/leaks", NULL);
}

static double number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_number(value))
		fail_msg("there is no number %s", key);
	return json_number_value(value);
}

static const json_t *element(const json_t *json, const char *key, size_t index)
{
	return json_array_get(json_object_get(json, key), index);
}

static bool says(const json_t *suspect, const char *part)
{
	json_t *sentence;
	size_t i;

	json_array_foreach(json_object_get(suspect, "evidence"), i,
			   sentence) if (strstr(json_string_value(sentence), part)) return true;
	return false;
}

/* Leaks come first, the faster one before the other, whoever is larger. */
static void test_processes(void **state UNUSED)
{
	struct story story = story_of(1.6, 600 * PAGES_PER_MIB);
	json_t *json = reply(&story);
	const json_t *first = element(json, "processes", 0);

	assert_int_equal(json_array_size(json_object_get(json, "processes")), 3);
	assert_int_equal((int)number(first, "pid"), 3);
	assert_string_equal(string(first, "comm"), "le\x1b\"ak");
	assert_string_equal(string(first, "cgroup"), "web.service");
	assert_string_equal(string(first, "kind"), "anonymous");
	assert_string_equal(string(first, "verdict"), "leak");
	assert_in_range((__u64)(number(first, "bytes_per_hour") / (1 << 20)), 59, 60);
	assert_true(number(first, "low_bytes_per_hour") <= number(first, "bytes_per_hour"));
	assert_true(number(first, "high_bytes_per_hour") >= number(first, "bytes_per_hour"));
	assert_in_range((__u64)number(first, "bytes"), 145 << 20, 147 << 20);
	assert_in_range((__u64)number(first, "seconds_left"), 35900, 36100);
	assert_string_equal(string(first, "limit"), "machine");
	assert_in_range((__u64)(number(first, "since_age_ns") / 1e9 / 60), 90, 97);
	assert_true(number(first, "confidence") > 0.6 && number(first, "confidence") <= 1);
	assert_true(says(first, "In the last two hours its floor rose by 60.0MiB/h"));
	assert_true(says(first, "neither slows nor stops"));
	assert_true(says(first, "Slower growth than "));
	assert_string_equal(string(first, "next"), "memoir leaks --pid 3 --for 30s");
	assert_string_equal(string(element(json, "processes", 1), "comm"), "slow");
	assert_string_equal(string(element(json, "processes", 1), "verdict"), "leak");
	assert_string_equal(string(element(json, "processes", 2), "verdict"), "growing_working_set");
	json_decref(json);
	model_free(story.model);
}

static void test_groups_cgroups_and_windows(void **state UNUSED)
{
	struct story story = story_of(1.1, 600 * PAGES_PER_MIB);
	json_t *json = reply(&story);
	const json_t *cgroup = element(json, "cgroups", 0), *memory = json_object_get(json, "memory");

	assert_int_equal(json_array_size(json_object_get(json, "groups")), 3);
	assert_int_equal((int)number(element(json, "groups", 0), "processes"), 1);
	assert_int_equal((int)number(element(json, "groups", 0), "leaky_lives"), 0);
	assert_string_equal(string(cgroup, "cgroup"), "web.service");
	assert_string_equal(string(cgroup, "verdict"), "leak");
	assert_string_equal(string(cgroup, "next"), "memoir leaks --pid 2 --for 30s");
	assert_int_equal(json_array_size(json_object_get(json, "kernel")), 0);
	assert_int_equal((int)number(json, "not_followed"), 0);
	assert_int_equal((int)number(json, "not_judged"), 0);
	assert_int_equal(json_array_size(json_object_get(json, "windows")), 3);
	assert_int_equal((int)number(element(json, "windows", 1), "points"), 34);
	/* A MiB in 33 steps of two minutes. */
	assert_in_range((__u64)number(json, "detection_limit_bytes_per_hour"), 953000, 954000);
	assert_int_equal((int)number(memory, "available_bytes"), 600 << 20);
	assert_true(json_is_null(json_object_get(json_array_get(json_object_get(memory, "kernel"),
								KERNEL_PERCPU),
						 "bytes")));
	json_decref(json);
	model_free(story.model);
}

/* After a minute there is no rate yet, and without a word on memory no limit. */
static void test_what_is_not_known_is_null(void **state UNUSED)
{
	struct story story = story_of(0.02, 0);
	json_t *json = reply(&story);
	const json_t *first = element(json, "processes", 0);
	static const char *const keys[] = {
		"bytes_per_hour", "low_bytes_per_hour", "high_bytes_per_hour",
		"seconds_left",   "low_seconds_left",   "high_seconds_left",
		"limit",          "left_bytes",         "detection_limit_bytes_per_hour"
	};

	assert_string_equal(string(first, "verdict"), "cannot_tell_yet");
	assert_true(number(first, "confidence") == 0);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		assert_true(json_is_null(json_object_get(first, keys[i])));
	assert_true(json_is_null(json_object_get(json, "detection_limit_bytes_per_hour")));
	assert_true(json_is_null(json_object_get(json, "memory")));
	assert_true(says(first, "too short a time"));
	json_decref(json);
	model_free(story.model);
}

/* --- the doctor ------------------------------------------------------------------------------- */

static const struct verdict *find(const struct verdicts *verdicts)
{
	for (__u32 i = 0; i < verdicts->nr; i++)
		if (!strcmp(verdicts->verdict[i].subject, "leaks"))
			return &verdicts->verdict[i];
	return NULL;
}

static void test_the_doctor_names_the_worst(void **state UNUSED)
{
	struct story story = story_of(1.6, 600 * PAGES_PER_MIB);
	struct verdicts verdicts;
	const struct verdict *verdict;

	verdicts_judge(story.model, &verdicts);
	verdict = find(&verdicts);
	assert_non_null(verdict);
	assert_int_equal(verdict->severity, SEVERITY_WARNING);
	assert_non_null(strstr(verdict->finding.data, "Memory leaks: anonymous memory by 60.0MiB/h"));
	assert_non_null(strstr(verdict->finding.data, "the machine's memory is used up in 10h"));
	assert_non_null(strstr(verdict->evidence.data, "block"));
	assert_non_null(strstr(verdict->who.data, "Process 3, "));
	assert_non_null(strstr(verdict->remedy.data, "memoir leaks --pid 3 --for 30s"));
	assert_true(verdict->since_ns);
	verdicts_free(&verdicts);
	model_free(story.model);
}

/* Half an hour of memory left. */
static void test_what_hurts_soon_is_a_problem(void **state UNUSED)
{
	struct story story = story_of(1.6, 30 * PAGES_PER_MIB);
	struct verdicts verdicts;

	verdicts_judge(story.model, &verdicts);
	assert_non_null(find(&verdicts));
	assert_int_equal(find(&verdicts)->severity, SEVERITY_PROBLEM);
	verdicts_free(&verdicts);
	model_free(story.model);
}

/* Too early to tell; but where memory ends within minutes, it is said that it grows. */
static void test_what_is_not_sure_is_told_where_it_must_be(void **state UNUSED)
{
	struct story story = story_of(0.3, 600 * PAGES_PER_MIB);
	struct verdicts verdicts;

	verdicts_judge(story.model, &verdicts);
	assert_null(find(&verdicts));
	verdicts_free(&verdicts);
	model_free(story.model);
	story = story_of(0.3, 10 * PAGES_PER_MIB);
	verdicts_judge(story.model, &verdicts);
	assert_non_null(find(&verdicts));
	assert_non_null(strstr(find(&verdicts)->finding.data, "whether it is a leak cannot be told yet"));
	verdicts_free(&verdicts);
	model_free(story.model);
}

/* Readings of live pages in which one place of process 3 only grows. */
static void feed_places(struct story *story)
{
	const struct rec_user_stack stack = { .h = HEADER(REC_USER_STACK, struct rec_user_stack, 1),
					      .stack = 6,
					      .start_ns = 5,
					      .tgid = 3,
					      .nr = 2,
					      .ip = { 0x401000, 0x402000 } };
	const struct rec_user_symbol symbol = { .h = HEADER(REC_USER_SYMBOL, struct rec_user_symbol, 1),
						.start_ns = 5,
						.tgid = 3,
						.ip = 0x401000,
						.text = "grow<1>+0x1a" };
	const struct rec_stack kernel_stack = {
		.h = HEADER(REC_STACK, struct rec_stack, 1), .stack = 8, .nr = 1, .ip = { 0xffff }
	};
	const struct rec_symbol kernel_symbol = { .h = HEADER(REC_SYMBOL, struct rec_symbol, 1),
						  .ip = 0xffff,
						  .text = "do_anonymous_page+0x1/0x2" };
	const struct rec_label movable = { .h = HEADER(REC_LABEL, struct rec_label, 1),
					   .dim = DIM_MIGRATETYPE,
					   .index = 1,
					   .text = "movable" };

	assert_int_equal(feed(story->model, &stack), 0);
	assert_int_equal(feed(story->model, &symbol), 0);
	assert_int_equal(feed(story->model, &kernel_stack), 0);
	assert_int_equal(feed(story->model, &kernel_symbol), 0);
	assert_int_equal(feed(story->model, &movable), 0);
	for (__u32 minute = 0; minute < 30; minute++) {
		const struct rec_live live = { .h = HEADER(REC_LIVE, struct rec_live,
							   story_now_ns(story) + minute * 60 * NSEC_PER_SEC),
					       .step_pages = 64 };
		struct rec_live_site site = { .h = HEADER(REC_LIVE_SITE, struct rec_live_site, 1),
					      .start_ns = 5,
					      .stack = 8,
					      .user_stack = 6,
					      .nr_pages = 60 + 2 * minute,
					      .oldest_ns = 3600 * NSEC_PER_SEC,
					      .tgid = 3,
					      .migratetype = 1 };

		for (__u32 age = 0; age < NR_LIVE_AGES; age++) {
			__u32 minutes = (__u32)(live_age_ns(age) / 60 / NSEC_PER_SEC);

			site.nr_older[age] = minutes < minute ? 60 + 2 * (minute - minutes) : 0;
		}
		assert_int_equal(feed(story->model, &site), 0);
		assert_int_equal(feed(story->model, &live), 0);
	}
}

/* 2 pages that are followed, in a minute: 30 MiB in an hour. The place is of its process alone. */
static void test_place(void **state UNUSED)
{
	struct story story = story_of(2.2, 0);
	json_t *json;

	feed_places(&story);
	json = reply(&story);
	assert_string_equal(string(element(json, "processes", 0), "comm"), "le\x1b\"ak");
	assert_true(says(element(json, "processes", 0),
			 "Where it allocates pages that stay: grow<1>, 0x402000, 30.0MiB/h +- "));
	assert_true(says(element(json, "processes", 0), "100% of what was there 10m 0s ago still is."));
	assert_false(says(element(json, "processes", 1), "Where it allocates"));
	assert_int_equal(json_array_size(json_object_get(json, "stacks")), 1);
	assert_int_equal(json_array_size(json_object_get(json, "sizes")), 4);
	json_decref(json);
	model_free(story.model);
}

#define CROWD 200

/* One among a crowd of others, which are more than are judged; its judgement, if it is the worst of all. */
static struct leak_judgement judge_in_crowd(double (*mib)(struct actor *actor, double hour),
					    double (*others)(struct actor *actor, double hour), double hours,
					    __u64 available_pages)
{
	static struct actor crowd[CROWD + 1];
	struct story story = { .model = model_with(16, 1000, NULL), .actors = crowd, .nr_actors = CROWD + 1 };
	struct rec_kernel_memory memory = { .h = HEADER(REC_KERNEL_MEMORY, struct rec_kernel_memory, 1),
					    .total_pages = 4000000,
					    .available_pages = available_pages };
	const struct api_context context = { .model = story.model };
	struct suspect suspect;
	json_t *json;

	for (__u32 i = 0; i < CROWD; i++)
		crowd[i] = (struct actor){ .mib = others, .comm = "worker", .chance = { i } };
	crowd[CROWD] = (struct actor){ .mib = mib, .comm = "one" };
	assert_int_equal(feed_begin(story.model, 1, 1), 0);
	assert_int_equal(feed(story.model, &memory), 0);
	assert_int_equal(feed_end(story.model, 1, false), 0);
	story_until(&story, hours);
	assert_int_equal(suspects_find(story.model, OWNER_PROCESS, &suspect, 1), 1);
	assert_string_equal(suspect.grower.process->comm, "one");
	json = api_answer(&context, "/v1/leaks", NULL);
	assert_int_equal((int)number(json, "not_judged"), CROWD + 1 - 128);
	json_decref(json);
	model_free(story.model);
	return suspect.judgement;
}

static double leaks_slowly(struct actor *actor UNUSED, double hour)
{
	return 50 + hour;
}

/* Those that have warmed up grew more by far in a day. */
static double warms_up(struct actor *actor UNUSED, double hour)
{
	return 50 + 300 * (hour < 0.3 ? hour / 0.3 : 1);
}

/* All of them hold more than two hours ago, having given back all in between. */
static double breathes(struct actor *actor, double hour)
{
	double phase = hour / 1.7 + (double)(actor->chance.state % 10) / 200;

	return 50 + 100 * (phase - (double)(__u64)phase);
}

static void test_a_leak_among_many(void **state UNUSED)
{
	__u64 plenty = 4000 * PAGES_PER_MIB;

	assert_int_equal(judge_in_crowd(leaks_20, warms_up, 5, plenty).verdict, LEAK_CERTAIN);
	assert_int_equal(judge_in_crowd(leaks_slowly, breathes, 26, plenty).verdict, LEAK_CERTAIN);
}

/* In bursts, which tell no leak, but use up the 700 MiB that are left within minutes. */
static double takes_all(struct actor *actor UNUSED, double hour)
{
	return hour < 1.8 ? 50 : 50 + 300 * (double)(__u64)((hour - 1.8) * 20);
}

static void test_what_hurts_soon_among_many_leaks(void **state UNUSED)
{
	struct leak_judgement judgement = judge_in_crowd(takes_all, leaks_60, 2.1, 700 * PAGES_PER_MIB);

	assert_true(is_pressing(&judgement));
	assert_true(judgement.verdict != LEAK_CERTAIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_processes),
		cmocka_unit_test(test_groups_cgroups_and_windows),
		cmocka_unit_test(test_what_is_not_known_is_null),
		cmocka_unit_test(test_the_doctor_names_the_worst),
		cmocka_unit_test(test_what_hurts_soon_is_a_problem),
		cmocka_unit_test(test_a_leak_among_many),
		cmocka_unit_test(test_what_hurts_soon_among_many_leaks),
		cmocka_unit_test(test_place),
		cmocka_unit_test(test_what_is_not_sure_is_told_where_it_must_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
