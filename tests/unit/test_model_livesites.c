/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Growth of what was allocated at one place: what only grows is a suspect, what grows and shrinks, turns
 * over or has stopped growing is none, and rates are what the readings say, with an error that is right.
 */
#include <math.h>

#include "model_stream.h"

#define START_S 100000u
#define MINUTE 60u

/* A place whose pages are born at once in each second of births, and live for that long; 0: forever. */
struct story {
	__u32 (*nr_born)(__u32 second);
	__u32 lifetime_s;
};

static struct model *new_model(void)
{
	const struct model_options options = { .max_groups = 10, .max_processes = 10, .max_events = 10 };
	struct rec_machine machine = stream_machine();
	struct model *model = model_new(&options);

	assert_non_null(model);
	assert_int_equal(feed(model, &machine), 0);
	return model;
}

/* What is held after so many seconds. */
static struct rec_live_site site_of(const struct story *story, __u32 tgid, __u32 seconds)
{
	struct rec_live_site rec = { .h = HEADER(REC_LIVE_SITE, struct rec_live_site, 1),
				     .start_ns = 1,
				     .stack = 5,
				     .user_stack = 6,
				     .tgid = tgid,
				     .migratetype = 1,
				     .youngest_ns = UINT64_MAX };

	for (__u32 second = 0; second <= seconds; second++) {
		__u32 nr = story->nr_born(second), age_s = seconds - second;

		if (!nr || (story->lifetime_s && age_s >= story->lifetime_s))
			continue;
		rec.nr_pages += nr;
		rec.age_sum_ms += (__u64)nr * age_s * 1000;
		if (age_s * NSEC_PER_SEC > rec.oldest_ns)
			rec.oldest_ns = age_s * NSEC_PER_SEC;
		if (age_s * NSEC_PER_SEC < rec.youngest_ns)
			rec.youngest_ns = age_s * NSEC_PER_SEC;
		for (__u32 age = 0; age < NR_LIVE_AGES; age++)
			rec.nr_older[age] += age_s * NSEC_PER_SEC >= live_age_ns(age) ? nr : 0;
	}
	return rec;
}

static int feed_live(struct model *model, __u32 seconds, __u32 least)
{
	const struct rec_live live = { .h = HEADER(REC_LIVE, struct rec_live,
						   (START_S + seconds) * NSEC_PER_SEC),
				       .step_pages = 64,
				       .least_site_pages = least };

	return feed(model, &live);
}

/* Readings every step_s seconds up to that one; what the last one makes of it. */
static struct live_site_growth growth_of(const struct story *story, __u32 seconds, __u32 step_s)
{
	struct model *model = new_model();
	struct live_site_growth growth = {};

	for (__u32 second = step_s; second <= seconds; second += step_s) {
		const struct rec_live_site rec = site_of(story, 42, second);

		if (rec.nr_pages)
			assert_int_equal(feed(model, &rec), 0);
		assert_int_equal(feed_live(model, second, 0), 0);
	}
	if (model_nr_live_sites(model))
		growth = *model_live_site_growth(model, 0);
	model_free(model);
	return growth;
}

static __u32 every_minute(__u32 second)
{
	return !(second % MINUTE);
}

static __u32 two_a_second(__u32 second UNUSED)
{
	return 2;
}

/* More and more of what does not stay. */
static __u32 faster_and_faster(__u32 second)
{
	return 1 + second / MINUTE;
}

static __u32 every_fifth_minute(__u32 second)
{
	return !(second % (5 * MINUTE));
}

/* As many as a program has after its start, and no more. */
static __u32 at_the_start(__u32 second)
{
	return second < 5 * MINUTE ? 2 : 0;
}

/* Hours of nothing, then a leak. */
static __u32 late(__u32 second)
{
	return second < MINUTE ? 30 : second > 10 * 3600 ? !(second % 30) : 0;
}

/* A few at random: 0 to 2 a minute, a linear congruential generator (Knuth, TAOCP 3.3.4). */
static __u32 at_random(__u32 second)
{
	static __u32 seed = 1;

	if (!second)
		seed = 1;
	seed = seed * 1664525 + 1013904223;
	return second % MINUTE ? 0 : (seed >> 16) % 3;
}

static void test_leak_is_a_suspect(void **state UNUSED)
{
	const struct story leak = { .nr_born = every_minute };
	struct live_site_growth growth;
	double hours, variance;

	/* Too little to tell, in followed pages. */
	growth = growth_of(&leak, 8 * MINUTE, MINUTE);
	assert_false(growth.is_suspect);
	for (__u32 minutes = 30; minutes < 3000; minutes += 371) {
		growth = growth_of(&leak, minutes * MINUTE, MINUTE);
		assert_true(growth.is_suspect);
		assert_true(fabs(growth.per_hour - 60) < 2);
		assert_true(growth.kept == 1);
		/* The root of the pages that came in the window, and three. */
		hours = (double)growth.window_ns / 3600e9;
		variance = growth.per_hour_error * hours * growth.per_hour_error * hours;
		assert_true(fabs(variance / (growth.per_hour * hours + 3) - 1) < 0.01);
	}
}

static void test_random_leak_is_a_suspect(void **state UNUSED)
{
	const struct story leak = { .nr_born = at_random };

	for (__u32 minutes = 60; minutes < 1000; minutes += 97) {
		struct live_site_growth growth = growth_of(&leak, minutes * MINUTE, MINUTE);

		assert_true(growth.is_suspect);
		assert_true(fabs(growth.per_hour - 60) < 3 * growth.per_hour_error);
	}
}

/* On request readings are seconds apart: a fast leak is told in a minute or so, and not before. */
static void test_fast_leak_is_told_soon(void **state UNUSED)
{
	const struct story leak = { .nr_born = two_a_second };

	assert_false(growth_of(&leak, 59, 1).is_suspect);
	assert_true(growth_of(&leak, 75, 1).is_suspect);
	assert_true(growth_of(&leak, 75, 5).is_suspect);
}

/*
 * Nothing of what these hold grows for good. At no moment is one taken for a leak that lives long enough to
 * see.
 */
static void test_what_turns_over_is_no_suspect(void **state UNUSED)
{
	for (__u32 lifetime_s = 10; lifetime_s < 600; lifetime_s = lifetime_s * 3 / 2) {
		const struct story pool = { .nr_born = two_a_second, .lifetime_s = lifetime_s };

		for (__u32 minutes = 2 * lifetime_s / MINUTE + 2; minutes < 60; minutes += 7)
			assert_false(growth_of(&pool, minutes * MINUTE, MINUTE / 4).is_suspect);
	}
}

/* It grows all the time, but nothing of it is old. */
static void test_growth_of_what_turns_over_is_no_suspect(void **state UNUSED)
{
	const struct story pool = { .nr_born = faster_and_faster, .lifetime_s = 2 * MINUTE };

	for (__u32 minutes = 20; minutes < 200; minutes += 19) {
		struct live_site_growth growth = growth_of(&pool, minutes * MINUTE, MINUTE);

		assert_true(growth.per_hour > 3 * growth.per_hour_error || minutes < 30);
		assert_false(growth.is_suspect);
	}
}

/* A few pages are chance: 8 in 40 minutes are less than three errors, 20 in 100 are more. */
static void test_few_pages_are_no_suspect(void **state UNUSED)
{
	const struct story leak = { .nr_born = every_fifth_minute };

	assert_false(growth_of(&leak, 40 * MINUTE, MINUTE).is_suspect);
	assert_true(growth_of(&leak, 100 * MINUTE, MINUTE).is_suspect);
}

/* A quarter of it is given back in the middle, whatever comes after: it is not lost. */
static void test_fall_in_between_is_seen(void **state UNUSED)
{
	const struct story leak = { .nr_born = every_minute };

	for (__u32 percent = 75; percent <= 100; percent += 25) {
		struct model *model = new_model();

		for (__u32 minute = 1; minute <= 31; minute++) {
			struct rec_live_site rec = site_of(&leak, 42, minute * MINUTE);

			if (minute == 28) {
				rec.nr_pages = rec.nr_pages * percent / 100;
				for (__u32 age = 0; age < NR_LIVE_AGES; age++)
					if (rec.nr_older[age] > rec.nr_pages)
						rec.nr_older[age] = (__u32)rec.nr_pages;
				rec.age_sum_ms = rec.age_sum_ms * percent / 100;
			}
			assert_int_equal(feed(model, &rec), 0);
			assert_int_equal(feed_live(model, minute * MINUTE, 0), 0);
		}
		assert_int_equal(model_live_site_growth(model, 0)->is_suspect, percent == 100);
		model_free(model);
	}
}

static void test_start_that_has_ended_is_no_suspect(void **state UNUSED)
{
	const struct story start = { .nr_born = at_the_start };

	for (__u32 minutes = 10; minutes < 300; minutes += 23) {
		struct live_site_growth growth = growth_of(&start, minutes * MINUTE, MINUTE);

		assert_false(growth.is_suspect);
		assert_true(growth.kept == 1);
	}
}

/* Memory that is all given back now and then, and is not there at all in between. */
static void test_memory_that_comes_and_goes_is_no_suspect(void **state UNUSED)
{
	struct model *model = new_model();
	const struct story ramp = { .nr_born = two_a_second };

	for (__u32 round = 0; round < 10; round++) {
		for (__u32 minute = 1; minute <= 20; minute++) {
			const struct rec_live_site rec = site_of(&ramp, 42, minute * MINUTE);

			if (minute < 18)
				assert_int_equal(feed(model, &rec), 0);
			assert_int_equal(feed_live(model, (round * 20 + minute) * MINUTE, 0), 0);
			if (round > 0 && minute < 18)
				assert_false(model_live_site_growth(model, 0)->is_suspect);
		}
	}
	model_free(model);
}

static void test_late_leak_is_a_suspect(void **state UNUSED)
{
	const struct story story = { .nr_born = late };

	assert_false(growth_of(&story, 10 * 3600, MINUTE).is_suspect);
	for (__u32 minutes = 13 * 60; minutes < 30 * 60; minutes += 67)
		assert_true(growth_of(&story, minutes * MINUTE, MINUTE).is_suspect);
}

/* A place that falls out of a reading that is full held less than the least of it, not nothing. */
static void test_what_has_no_room_is_not_nothing(void **state UNUSED)
{
	for (int is_full = 0; is_full < 2; is_full++) {
		struct model *model = new_model();
		const struct story leak = { .nr_born = every_minute };

		for (__u32 minute = 1; minute <= 38; minute++) {
			const struct rec_live_site rec = site_of(&leak, 42, minute * MINUTE);

			if (minute != 30)
				assert_int_equal(feed(model, &rec), 0);
			assert_int_equal(feed_live(model, minute * MINUTE, is_full ? 30 : 0), 0);
		}
		assert_int_equal(model_live_site_growth(model, 0)->is_suspect, is_full);
		model_free(model);
	}
}

static void test_places_are_told_apart(void **state UNUSED)
{
	const struct story leak = { .nr_born = every_minute };
	struct model *model = new_model();

	for (__u32 minute = 1; minute <= 30; minute++) {
		for (__u32 place = 0; place < 4; place++) {
			/* Of another process, of no process, and at another stack: these do not grow. */
			struct rec_live_site rec = site_of(&leak,
							   place == 1   ? 43
							   : place == 2 ? 0
									: 42,
							   (place ? 5 : minute) * MINUTE);

			rec.user_stack += place == 3;
			assert_int_equal(feed(model, &rec), 0);
		}
		assert_int_equal(feed_live(model, minute * MINUTE, 0), 0);
	}
	assert_int_equal(model_nr_live_sites(model), 4);
	for (__u32 i = 0; i < 4; i++)
		assert_int_equal(model_live_site_growth(model, i)->is_suspect, !i);
	model_free(model);
}

static void test_impossible_records_are_refused(void **state UNUSED)
{
	const struct story leak = { .nr_born = every_minute };
	const struct rec_live_site good = site_of(&leak, 42, 3600);
	struct model *model = new_model();
	struct rec_live_site bad;

	bad = good;
	bad.nr_pages = 0;
	assert_int_equal(feed(model, &bad), -EINVAL);
	bad = good;
	bad.nr_pages = UINT64_MAX;
	assert_int_equal(feed(model, &bad), -EINVAL);
	bad = good;
	bad.nr_older[1] = bad.nr_older[0] + 1;
	assert_int_equal(feed(model, &bad), -EINVAL);
	bad = good;
	bad.youngest_ns = bad.oldest_ns + 1;
	assert_int_equal(feed(model, &bad), -EINVAL);
	bad = good;
	bad.age_sum_ms = UINT64_MAX;
	assert_int_equal(feed(model, &bad), -EINVAL);
	for (__u32 i = 0; i < REC_MAX_LIVE_SITES + REC_MAX_KERNEL_LIVE_SITES; i++)
		assert_int_equal(feed(model, &good), 0);
	assert_int_equal(feed(model, &good), -EINVAL);
	assert_int_equal(feed_live(model, 1, 0), 0);
	/* So many pages that their bytes would not be a number. */
	bad = good;
	bad.nr_pages = 1ULL << 44;
	assert_int_equal(feed(model, &bad), 0);
	assert_int_equal(feed_live(model, 2, 0), -EINVAL);
	model_free(model);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_leak_is_a_suspect),
	cmocka_unit_test(test_random_leak_is_a_suspect),
	cmocka_unit_test(test_fast_leak_is_told_soon),
	cmocka_unit_test(test_what_turns_over_is_no_suspect),
	cmocka_unit_test(test_growth_of_what_turns_over_is_no_suspect),
	cmocka_unit_test(test_few_pages_are_no_suspect),
	cmocka_unit_test(test_fall_in_between_is_seen),
	cmocka_unit_test(test_start_that_has_ended_is_no_suspect),
	cmocka_unit_test(test_memory_that_comes_and_goes_is_no_suspect),
	cmocka_unit_test(test_late_leak_is_a_suspect),
	cmocka_unit_test(test_what_has_no_room_is_not_nothing),
	cmocka_unit_test(test_places_are_told_apart),
	cmocka_unit_test(test_impossible_records_are_refused),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
