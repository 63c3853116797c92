/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Percentiles as upper bounds of buckets, and the drawing. */
#include "cli_test.h"

#include "../../cli/histogram.h"

/* Buckets up to 1024, 2048 and 4096 ns, and above. */
static struct histogram with_counts(uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	return (struct histogram){ .nr_buckets = 4,
				   .count = { a, b, c, d },
				   .bound_ns = { 1024, 2048, 4096 } };
}

static void test_percentile(void **state UNUSED)
{
	struct histogram histogram = with_counts(0, 0, 0, 0);

	assert_int_equal(histogram_percentile(&histogram, 0.5), 4);
	histogram = with_counts(50, 49, 1, 0);
	assert_int_equal(histogram_percentile(&histogram, 0.50), 0);
	assert_int_equal(histogram_percentile(&histogram, 0.51), 1);
	assert_int_equal(histogram_percentile(&histogram, 0.99), 1);
	assert_int_equal(histogram_percentile(&histogram, 1), 2);
	histogram = with_counts(0, 0, 1, 0);
	assert_int_equal(histogram_percentile(&histogram, 0), 2);
	assert_int_equal(histogram_percentile(&histogram, 0.5), 2);
	histogram = with_counts(1, 0, 0, 1000);
	assert_int_equal(histogram_percentile(&histogram, 0.99), 3);
}

static void test_range(void **state UNUSED)
{
	struct histogram histogram = with_counts(1, 1, 1, 1), none = {};
	char range[32];

	histogram_range(&histogram, 1, range, sizeof(range));
	assert_string_equal(range, "<= 2.05us");
	histogram_range(&histogram, 3, range, sizeof(range));
	assert_string_equal(range, "> 4.10us");
	histogram_range(&histogram, 4, range, sizeof(range));
	assert_string_equal(range, "-");
	histogram_range(&none, 0, range, sizeof(range));
	assert_string_equal(range, "-");
}

static void test_add(void **state UNUSED)
{
	struct histogram sum = {}, one = with_counts(1, 2, 3, 4), none = {};

	histogram_add(&sum, &one);
	histogram_add(&sum, &one);
	histogram_add(&sum, &none);
	assert_int_equal(histogram_total(&sum), 20);
	assert_int_equal(sum.count[3], 8);
	assert_int_equal(sum.bound_ns[2], 4096);
}

static void test_draw(void **state UNUSED)
{
	struct histogram histogram = with_counts(0, 1, 0, 100);
	struct text text = {};

	histogram_draw(&histogram, 31, &text);
	expect_text(&text, "  <= 2.05us       1  #\n"
			   "  <= 4.10us       0\n"
			   "  > 4.10us      100  ##########\n");
	histogram = with_counts(0, 0, 0, 0);
	histogram_draw(&histogram, 31, &text);
	expect_text(&text, "");
	histogram = with_counts(7, 0, 0, 0);
	histogram_draw(&histogram, 10, &text);
	expect_text(&text, "  <= 1.02us       7\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_percentile),
		cmocka_unit_test(test_range),
		cmocka_unit_test(test_add),
		cmocka_unit_test(test_draw),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
