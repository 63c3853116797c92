/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trends: a published example, small ones computed by hand, ties, dependence, what is no series at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "../../daemon/model/trend.h"

#define UNUSED __attribute__((unused))
#define NR(array) ((__u32)(sizeof(array) / sizeof((array)[0])))

/* Values at 0, 1, 2, ... unless times are given. */
static struct trend trend_of(const double *values, const double *times, __u32 nr)
{
	struct trend_point points[TREND_MAX_POINTS];
	struct trend trend;

	for (__u32 i = 0; i < nr; i++)
		points[i] = (struct trend_point){ times ? times[i] : i, values[i] };
	assert_true(trend_estimate(points, nr, &trend));
	return trend;
}

static void expect_near(double value, double wanted)
{
	double off = value - wanted;

	if (off > 1e-9 || off < -1e-9)
		fail_msg("%.12f, not %.12f", value, wanted);
}

/*
 * Hollander and Wolfe, "Nonparametric Statistical Methods", example of Theil's slope: rainfall in a seeded
 * area over that in another, five years (Smith 1967). S is -6, the slope -0.05625; five years say little.
 */
static void test_published(void **state UNUSED)
{
	static const double ratio[] = { 1.26, 1.27, 1.12, 1.16, 1.03 };
	struct trend trend = trend_of(ratio, NULL, NR(ratio));

	expect_near(trend.slope, -0.05625);
	assert_false(trend.is_significant);
	assert_true(trend.low == -__builtin_inf() && trend.high == __builtin_inf());
}

/* S = 45 of 45 pairs, var S = 125: z = 3.94. */
static void test_line(void **state UNUSED)
{
	double values[10];
	struct trend trend;

	for (int i = 0; i < 10; i++)
		values[i] = 100 - 7 * i;
	trend = trend_of(values, NULL, NR(values));
	expect_near(trend.slope, -7);
	expect_near(trend.low, -7);
	expect_near(trend.high, -7);
	assert_true(trend.is_significant);
}

/*
 * Three pairs of ties: S = -63, var S = (12*11*29 - 3*2*1*9) / 18 = 209.67, z = -4.28. Of 66 slopes 14 lie on
 * either side of the interval: (66 - 2.5758 * 14.48) / 2 = 14.35.
 */
static void test_ties(void **state UNUSED)
{
	static const double values[] = { 100, 98, 98, 95, 94, 91, 91, 88, 85, 85, 82, 80 };
	struct trend trend = trend_of(values, NULL, NR(values));

	expect_near(trend.slope, (-20.0 / 11 - 11.0 / 6) / 2);
	expect_near(trend.low, -2);
	expect_near(trend.high, -1.5);
	assert_true(trend.is_significant);
}

/* Three groups of three ties, and irregular times: S = -36, var S = (10*9*25 - 3*3*2*11) / 18 = 114. */
static void test_irregular_times(void **state UNUSED)
{
	static const double values[] = { 10, 9, 9, 9, 8, 8, 8, 7, 7, 7 };
	static const double times[] = { 0, 1, 2, 4, 7, 8, 11, 12, 13, 17 };
	struct trend trend = trend_of(values, times, NR(values));

	expect_near(trend.slope, -1.0 / 6);
	expect_near(trend.low, -0.25);
	expect_near(trend.high, 0);
	assert_true(trend.is_significant);
}

/* S = 25, var S = 207, z = 1.67: a slope, and no trend. */
static void test_no_trend(void **state UNUSED)
{
	static const double values[] = { 3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8 };
	struct trend trend = trend_of(values, NULL, NR(values));

	expect_near(trend.slope, 11.0 / 30);
	expect_near(trend.low, -0.4);
	expect_near(trend.high, 1.2);
	assert_false(trend.is_significant);
}

static void test_constant(void **state UNUSED)
{
	double values[TREND_MAX_POINTS];
	struct trend trend;

	for (__u32 i = 0; i < NR(values); i++)
		values[i] = 4711;
	trend = trend_of(values, NULL, NR(values));
	expect_near(trend.slope, 0);
	expect_near(trend.low, 0);
	expect_near(trend.high, 0);
	assert_false(trend.is_significant);
}

/*
 * One half falls and the other rises: without the correction 60 readings of a wave that is cut before its
 * end would be a trend.
 */
static void test_dependent_readings(void **state UNUSED)
{
	double wave[TREND_MAX_POINTS], noise[TREND_MAX_POINTS];
	struct trend trend;

	for (__u32 i = 0; i < NR(wave); i++) {
		double t = (i + 10) % 60;

		wave[i] = t < 30 ? 60 - 2 * t : 2 * t - 60;
		noise[i] = (i * 37) % 60 - 0.5 * i;
	}
	trend = trend_of(wave, NULL, NR(wave));
	assert_false(trend.is_significant);
	assert_true(trend.low < 0 && trend.high > 0);
	/* The same number of readings, none of which says anything of the next. */
	trend = trend_of(noise, NULL, NR(noise));
	assert_true(trend.is_significant);
	assert_true(trend.low < -0.5 && trend.high > -0.5 && trend.high < 0);
}

static void test_order_statistics_of_all_sizes(void **state UNUSED)
{
	double values[TREND_MAX_POINTS];

	srand48(1);
	for (__u32 nr = TREND_MIN_POINTS; nr <= TREND_MAX_POINTS; nr++) {
		for (int round = 0; round < 20; round++) {
			struct trend trend;

			for (__u32 i = 0; i < nr; i++)
				values[i] = (double)(lrand48() % (1 + round));
			trend = trend_of(values, NULL, nr);
			assert_true(trend.low <= trend.slope && trend.slope <= trend.high);
			if (trend.is_significant && trend.slope < 0)
				assert_true(trend.low < 0);
		}
	}
}

static void test_what_is_no_series(void **state UNUSED)
{
	struct trend_point points[TREND_MAX_POINTS + 1] = { { 0, 0 } };
	struct trend trend;

	for (__u32 i = 0; i < NR(points); i++)
		points[i] = (struct trend_point){ i, i };
	assert_false(trend_estimate(points, 0, &trend));
	assert_false(trend_estimate(points, TREND_MIN_POINTS - 1, &trend));
	assert_true(trend_estimate(points, TREND_MIN_POINTS, &trend));
	assert_true(trend_estimate(points, TREND_MAX_POINTS, &trend));
	assert_false(trend_estimate(points, TREND_MAX_POINTS + 1, &trend));
	points[3].t = points[2].t;
	assert_false(trend_estimate(points, 10, &trend));
	points[3].t = points[2].t - 0.5;
	assert_false(trend_estimate(points, 10, &trend));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_published),
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_ties),
		cmocka_unit_test(test_irregular_times),
		cmocka_unit_test(test_no_trend),
		cmocka_unit_test(test_constant),
		cmocka_unit_test(test_dependent_readings),
		cmocka_unit_test(test_order_statistics_of_all_sizes),
		cmocka_unit_test(test_what_is_no_series),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
