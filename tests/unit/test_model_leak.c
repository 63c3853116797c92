/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Verdicts: every leak is found once there are enough points, with the right rate, and nothing that is
 * innocent is called a leak, of stories that are told and of many random ones.
 */
#include "memory_story.h"

/* From 0 to 1, again and again. */
static double saw(double periods)
{
	return periods - (double)(__u64)periods;
}

static double distance(double a, double b)
{
	return a > b ? a - b : b - a;
}

/* --- leaks ------------------------------------------------------------------------------------ */

static double leaks_1_an_hour(struct actor *actor UNUSED, double hour)
{
	return 50 + hour;
}

static double leaks_1_an_hour_and_varies(struct actor *actor, double hour)
{
	return 50 + hour + 0.3 * normal(&actor->chance);
}

/* The allocator asks the kernel for a MiB each time. */
static double leaks_in_chunks(struct actor *actor UNUSED, double hour)
{
	return 50 + (double)(__u64)(hour + 0.3);
}

static double leaks_under_load(struct actor *actor UNUSED, double hour)
{
	return 50 + 10 * hour + 100 * saw(6 * hour);
}

static double leaks_from_12_on(struct actor *actor UNUSED, double hour)
{
	return 50 + (hour > 12 ? 20 * (hour - 12) : 0);
}

static double leaks_faster_and_faster(struct actor *actor UNUSED, double hour)
{
	return 50 + hour * hour;
}

/* --- no leaks --------------------------------------------------------------------------------- */

static double stays(struct actor *actor UNUSED, double hour UNUSED)
{
	return 50;
}

static double shrinks(struct actor *actor UNUSED, double hour)
{
	return 200 - 2 * hour;
}

/* A part of what is missing to 200 MiB comes with each snapshot. */
static double warms_up_in_minutes(struct actor *actor, double hour UNUSED)
{
	actor->level += 12 * (200 - actor->level) / SNAPSHOTS_PER_HOUR;
	return 50 + actor->level;
}

static double warms_up_in_an_hour(struct actor *actor, double hour UNUSED)
{
	actor->level += (200 - actor->level) / SNAPSHOTS_PER_HOUR;
	return 50 + actor->level;
}

static double fills_a_pool(struct actor *actor UNUSED, double hour)
{
	return 50 + 200 * (hour < 0.5 ? 2 * hour : 1);
}

static double comes_and_goes_in_a_minute(struct actor *actor UNUSED, double hour)
{
	return 50 + 100 * saw(60 * hour);
}

static double comes_and_goes_in_10_minutes(struct actor *actor UNUSED, double hour)
{
	return 50 + 100 * saw(6 * hour);
}

static double swings_in_20_minutes(struct actor *actor UNUSED, double hour)
{
	return 50 + 200 * distance(saw(3 * hour), 0.5);
}

static double steps_once(struct actor *actor UNUSED, double hour)
{
	return hour > 5 ? 150 : 50;
}

static double steps_thrice(struct actor *actor UNUSED, double hour)
{
	return 50 + 100 * ((hour > 0.3) + (hour > 0.9) + (hour > 1.6));
}

static double has_peaks(struct actor *actor, double hour UNUSED)
{
	return 50 + (uniform(&actor->chance) < 0.02 ? 300 * uniform(&actor->chance) : 0);
}

static double varies(struct actor *actor, double hour UNUSED)
{
	return 50 + 5 * normal(&actor->chance);
}

/* --- stories ---------------------------------------------------------------------------------- */

static struct actor told[] = {
	{ .mib = leaks_60 },
	{ .mib = leaks_1_an_hour },
	{ .mib = leaks_1_an_hour_and_varies, .chance = { 1 } },
	{ .mib = leaks_in_chunks },
	{ .mib = leaks_under_load },
	{ .mib = leaks_from_12_on },
	{ .mib = leaks_faster_and_faster },
	{ .mib = stays },
	{ .mib = shrinks },
	{ .mib = warms_up_in_minutes },
	{ .mib = warms_up_in_an_hour },
	{ .mib = fills_a_pool },
	{ .mib = comes_and_goes_in_a_minute },
	{ .mib = comes_and_goes_in_10_minutes },
	{ .mib = swings_in_20_minutes },
	{ .mib = steps_once },
	{ .mib = steps_thrice },
	{ .mib = has_peaks, .chance = { 2 } },
	{ .mib = varies, .chance = { 3 } },
};

#define NR_TOLD (sizeof(told) / sizeof(told[0]))

/* For each: the hour from which on it must be called a leak, and its rate in MiB then; 0: never. */
static const struct {
	double hour, rate;
} wanted[NR_TOLD] = {
	{ 0.75, 60 }, { 1.5, 1 }, { 8, 1 }, { 12, 1 }, { 1.5, 10 }, { 13.5, 20 }, { 1.5, 2 },
};

static void test_stories(void **state UNUSED)
{
	static const double hours[] = {
		0.3, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, 4, 6, 8, 10, 12, 13.5, 16, 20, 24
	};
	struct story story = { .model = model_with(16, 100, NULL), .actors = told, .nr_actors = NR_TOLD };

	for (size_t h = 0; h < sizeof(hours) / sizeof(hours[0]); h++) {
		story_until(&story, hours[h]);
		for (__u32 i = 0; i < NR_TOLD; i++) {
			struct leak_judgement judgement = story_judge(&story, i);
			bool must = wanted[i].hour > 0 && hours[h] >= wanted[i].hour;
			double rate = judgement.pages_per_hour / PAGES_PER_MIB;

			if (wanted[i].hour > 0 ? must && judgement.verdict != LEAK_CERTAIN
					       : judgement.verdict == LEAK_CERTAIN)
				fail_msg("story %u after %g hours: %s", i, hours[h],
					 leak_verdict_name(judgement.verdict));
			if (must && hours[h] == wanted[i].hour &&
			    (rate < 0.7 * wanted[i].rate || rate > 1.3 * wanted[i].rate))
				fail_msg("story %u after %g hours: %g MiB an hour", i, hours[h], rate);
		}
	}
	model_free(story.model);
}

static struct leak_judgement judge_one(double (*mib)(struct actor *actor, double hour), double hour)
{
	struct actor actor = { .mib = mib, .chance = { 1 } };
	struct story story = { .model = model_with(16, 100, NULL), .actors = &actor, .nr_actors = 1 };
	struct leak_judgement judgement;

	story_until(&story, hour);
	judgement = story_judge(&story, 0);
	model_free(story.model);
	return judgement;
}

static double is_recycled(struct actor *actor UNUSED, double hour)
{
	return 20 + 50 * saw(hour / 2.5);
}

static double stops_after_3(struct actor *actor UNUSED, double hour)
{
	return 50 + 20 * (hour < 3 ? hour : 3);
}

static double keeps_uneven_steps(struct actor *actor UNUSED, double hour)
{
	return 50 + 100 * ((hour > 5) + (hour > 6) + (hour > 16));
}

static void test_why_it_is_no_leak(void **state UNUSED)
{
	struct leak_judgement judgement = judge_one(leaks_60, 0.3);

	assert_int_equal(judgement.verdict, LEAK_CANNOT_TELL);
	assert_int_equal(judgement.reason, LEAK_BECAUSE_TOO_SHORT);
	assert_true(judgement.confidence > 0 && judgement.confidence <= 0.4);
	judgement = judge_one(warms_up_in_an_hour, 2);
	assert_int_equal(judgement.verdict, LEAK_WORKING_SET);
	assert_int_equal(judgement.reason, LEAK_BECAUSE_SLOWING);
	assert_true(judgement.windows[WINDOW_TWO_HOURS].halves < 0.5);
	judgement = judge_one(stops_after_3, 3.4);
	assert_int_equal(judgement.verdict, LEAK_WORKING_SET);
	assert_int_equal(judgement.reason, LEAK_BECAUSE_STOPPED);
	judgement = judge_one(is_recycled, 4.9);
	assert_int_equal(judgement.verdict, LEAK_WORKING_SET);
	assert_int_equal(judgement.reason, LEAK_BECAUSE_RECURRING);
	judgement = judge_one(keeps_uneven_steps, 24);
	assert_int_not_equal(judgement.verdict, LEAK_CERTAIN);
	judgement = judge_one(warms_up_in_minutes, 8);
	assert_int_equal(judgement.verdict, LEAK_NONE);
	assert_int_equal(judgement.reason, LEAK_BECAUSE_SMALL);
}

/* --- figures ---------------------------------------------------------------------------------- */

static void feed_memory(struct model *model, __u64 available_pages)
{
	struct rec_kernel_memory rec = { .h = HEADER(REC_KERNEL_MEMORY, struct rec_kernel_memory, 1),
					 .total_pages = 2 * available_pages,
					 .available_pages = available_pages,
					 .swap_free_pages = KERNEL_MEMORY_UNKNOWN };

	assert_int_equal(feed_begin(model, 1, 1), 0);
	assert_int_equal(feed(model, &rec), 0);
	assert_int_equal(feed_end(model, 1, false), 0);
}

static void test_figures(void **state UNUSED)
{
	struct actor actor = { .mib = leaks_60 };
	struct story story = { .model = model_with(16, 100, NULL), .actors = &actor, .nr_actors = 1 };
	struct leak_judgement judgement;

	feed_memory(story.model, 600 * PAGES_PER_MIB);
	story_until(&story, 2);
	judgement = story_judge(&story, 0);
	assert_int_equal(judgement.verdict, LEAK_CERTAIN);
	assert_true(distance(judgement.pages_per_hour / PAGES_PER_MIB, 60) < 0.5);
	assert_true(judgement.low_per_hour <= judgement.pages_per_hour);
	assert_true(judgement.high_per_hour >= judgement.pages_per_hour);
	assert_int_equal(judgement.limit, LEAK_LIMIT_MACHINE);
	/* 600 MiB at 60 an hour. */
	assert_true(distance(judgement.seconds_left / 36000, 1) < 0.01);
	assert_true(judgement.seconds_left_low <= judgement.seconds_left);
	assert_true(judgement.seconds_left_high >= judgement.seconds_left);
	/* It was at its lowest when the story began. */
	assert_true(story_now_ns(&story) - judgement.since_ns > 110 * 60 * NSEC_PER_SEC);
	assert_true(judgement.confidence > 0.7);
	/* At least a MiB in nearly two hours. */
	assert_true(judgement.detection_limit_per_hour >= PAGES_PER_MIB / 2.0);
	assert_true(judgement.detection_limit_per_hour < judgement.pages_per_hour);
	model_free(story.model);
}

static double leaks_10_an_hour_and_varies(struct actor *actor, double hour)
{
	return 50 + 10 * hour + 5 * normal(&actor->chance);
}

/* What is too slow for the noise is not told, and the limit says so; after more time it is. */
static void test_detection_limit(void **state UNUSED)
{
	struct leak_judgement judgement = judge_one(leaks_10_an_hour_and_varies, 2);

	assert_int_not_equal(judgement.verdict, LEAK_CERTAIN);
	assert_true(judgement.detection_limit_per_hour > 10 * PAGES_PER_MIB);
	judgement = judge_one(leaks_10_an_hour_and_varies, 24);
	assert_int_equal(judgement.verdict, LEAK_CERTAIN);
	assert_true(judgement.detection_limit_per_hour < 10 * PAGES_PER_MIB);
	assert_true(judgement.low_per_hour < 10 * PAGES_PER_MIB &&
		    judgement.high_per_hour > 10 * PAGES_PER_MIB);
}

static void test_confidence_grows_with_time(void **state UNUSED)
{
	double last = 0;

	for (double hour = 0.75; hour < 4; hour *= 2) {
		struct leak_judgement judgement = judge_one(leaks_60, hour);

		assert_true(judgement.confidence > last && judgement.confidence <= 1);
		last = judgement.confidence;
	}
}

/* --- false alarms ----------------------------------------------------------------------------- */

static double is_independent(struct actor *actor, double hour UNUSED)
{
	return 50 + normal(&actor->chance);
}

static double remembers_09(struct actor *actor, double hour UNUSED)
{
	actor->level = 0.9 * actor->level + 0.5 * normal(&actor->chance);
	return 50 + actor->level;
}

static double remembers_099(struct actor *actor, double hour UNUSED)
{
	actor->level = 0.99 * actor->level + 0.5 * normal(&actor->chance);
	return 50 + actor->level;
}

static double walks(struct actor *actor, double hour UNUSED)
{
	actor->level += 0.3 * normal(&actor->chance);
	return 100 + actor->level;
}

#define NR_RANDOM 100u

/* How many of so many are called a leak at any of some moments of a day. */
static __u32 nr_false_alarms(const char *name, double (*mib)(struct actor *actor, double hour))
{
	static const double hours[] = { 0.75, 1.5, 2, 4, 8, 16, 24 };
	struct actor actors[NR_RANDOM] = {};
	struct story story = { .model = model_with(16, 1000, NULL),
			       .actors = actors,
			       .nr_actors = NR_RANDOM };
	bool is_alarm[NR_RANDOM] = {};
	__u32 nr = 0;

	for (__u32 i = 0; i < NR_RANDOM; i++)
		actors[i] = (struct actor){ .mib = mib, .chance = { 1000 + i } };
	for (size_t h = 0; h < sizeof(hours) / sizeof(hours[0]); h++) {
		story_until(&story, hours[h]);
		for (__u32 i = 0; i < NR_RANDOM; i++)
			is_alarm[i] |= story_judge(&story, i).verdict == LEAK_CERTAIN;
	}
	for (__u32 i = 0; i < NR_RANDOM; i++)
		nr += is_alarm[i];
	printf("%s: %u of %u were called a leak in the course of a day\n", name, nr, NR_RANDOM);
	model_free(story.model);
	return nr;
}

/* The last are not stationary: a random walk is what memory that is lost and found by chance does. */
static void test_false_alarms(void **state UNUSED)
{
	assert_int_equal(nr_false_alarms("independent readings", is_independent), 0);
	assert_int_equal(nr_false_alarms("each 0.9 of the one before", remembers_09), 0);
	assert_in_range(nr_false_alarms("each 0.99 of the one before", remembers_099), 0, 2);
	assert_in_range(nr_false_alarms("random walks", walks), 0, NR_RANDOM / 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stories),
		cmocka_unit_test(test_why_it_is_no_leak),
		cmocka_unit_test(test_figures),
		cmocka_unit_test(test_detection_limit),
		cmocka_unit_test(test_confidence_grows_with_time),
		cmocka_unit_test(test_false_alarms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
