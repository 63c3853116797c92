/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The last hour of the totals: growth over a window, and since when something grows. */
#include "model_groups.h"

#define MINUTE (60 * NSEC_PER_SEC)

/* A snapshot at this second in which a process of that many faults lives. */
static void snapshot(struct model *model, __u64 second, __u64 nr_faults)
{
	begin(model, second);
	task(model, REC_TASK, 1, "a", nr_faults);
	end(model, second);
}

static void expect_growth(const struct model *model, __u64 window_ns, __u64 growth, __u64 covered_ns)
{
	__u64 covered;

	assert_int_equal(model_growth(model, FAULTS, window_ns, &covered), growth);
	assert_int_equal(covered, covered_ns);
}

static void test_nothing_is_known(void **state UNUSED)
{
	struct model *model = model_with(MAX_GROUPS, 10, NULL);

	expect_growth(model, MINUTE, 0, 0);
	assert_int_equal(model_growing_since(model, FAULTS), 0);
	snapshot(model, 100, 7);
	expect_growth(model, MINUTE, 0, 0);
	assert_int_equal(model_growing_since(model, FAULTS), 0);
	model_free(model);
}

static void test_growth_over_a_window(void **state UNUSED)
{
	struct model *model = model_with(MAX_GROUPS, 10, NULL);

	for (__u64 second = 1000; second <= 1300; second += 5)
		snapshot(model, second, second);
	/* Points are 15 s apart: at 1000, 1015, ... 1300. */
	expect_growth(model, MINUTE, 60, MINUTE);
	expect_growth(model, MINUTE + 10 * NSEC_PER_SEC, 60, MINUTE);
	expect_growth(model, 60 * MINUTE, 300, 5 * MINUTE);
	expect_growth(model, 0, 0, 0);
	/* Between two points the present counts too. */
	snapshot(model, 1305, 2000);
	expect_growth(model, 5 * NSEC_PER_SEC, 700, 5 * NSEC_PER_SEC);
	model_free(model);
}

static void test_since_when(void **state UNUSED)
{
	struct model *model = model_with(MAX_GROUPS, 10, NULL);
	__u64 nr_faults = 50;

	for (__u64 second = 1000; second <= 2500; second += 15) {
		/* It grows at first, rests for ten minutes, then grows again, with a pause of two. */
		if (second < 1300 || (second >= 1900 && second < 2200) || second >= 2320)
			nr_faults++;
		snapshot(model, second, nr_faults);
	}
	/* 1900 is no point: the growth of the step to 1915 began at 1885 or later, as far as is known. */
	assert_in_range(model_growing_since(model, FAULTS), 1885 * NSEC_PER_SEC, 1900 * NSEC_PER_SEC);
	/* Another row never grew. */
	assert_int_equal(model_growing_since(model, LEDGER_ALLOCATED), 0);
	for (__u64 second = 2515; second <= 2830; second += 15)
		snapshot(model, second, nr_faults);
	assert_int_equal(model_growing_since(model, FAULTS), 0);
	model_free(model);
}

/* Older than an hour is forgotten. */
static void test_the_last_hour(void **state UNUSED)
{
	struct model *model = model_with(MAX_GROUPS, 10, NULL);

	for (__u64 second = 1000; second <= 9000; second += 15)
		snapshot(model, second, second);
	expect_growth(model, 1000 * MINUTE, 239 * 15, 239 * 15 * NSEC_PER_SEC);
	model_free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_is_known),
		cmocka_unit_test(test_growth_over_a_window),
		cmocka_unit_test(test_since_when),
		cmocka_unit_test(test_the_last_hour),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
