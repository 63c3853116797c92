/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How many allocations are looked at: the period holds the rate, whatever their sizes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "../../daemon/trace/heaprate.h"
#include "../../daemon/util.h"

#define UNUSED __attribute__((unused))
#define SECOND 1000000000ULL

static void add(struct heap_sizes *sizes, __u64 size, __u64 nr)
{
	sizes->nr[heap_class(size) / 16] += nr;
}

/* The smallest size that has the same number as this one, and the one above all that have. */
static double begin_of(__u64 size)
{
	return (double)heap_class_begin(heap_class(size) / 16 * 16);
}

static double end_of(__u64 size)
{
	return (double)heap_class_begin(heap_class(size) / 16 * 16 + 16);
}

static double looked_at(double size, double nr, __u32 every_bytes)
{
	return nr * -expm1(-size / every_bytes);
}

static void test_few_are_all_looked_at(void **state UNUSED)
{
	struct heap_sizes sizes = {};

	assert_int_equal(heaprate_every_bytes(&sizes, SECOND, 1000), 0);
	add(&sizes, 64, 600);
	add(&sizes, 1 << 20, 400);
	assert_int_equal(heaprate_every_bytes(&sizes, SECOND, 1000), 0);
	add(&sizes, 64, 1);
	assert_int_not_equal(heaprate_every_bytes(&sizes, SECOND, 1000), 0);
	/* It is a rate. */
	assert_int_equal(heaprate_every_bytes(&sizes, 2 * SECOND, 1000), 0);
	assert_int_not_equal(heaprate_every_bytes(&sizes, SECOND / 2, 1000), 0);
}

/* The true number lies between those of the smallest and the largest size that are counted together. */
static void test_period_holds_the_rate(void **state UNUSED)
{
	static const __u64 each[] = { 8, 100, 1000, 4096, 100000, 1 << 20 };

	for (size_t i = 0; i < sizeof(each) / sizeof(each[0]); i++) {
		for (double nr = 2000; nr < 1e7; nr *= 3) {
			struct heap_sizes sizes = {};
			__u32 period;

			add(&sizes, each[i], (__u64)nr);
			period = heaprate_every_bytes(&sizes, SECOND, 1000);
			assert_in_range(period, 1, MAX_HEAP_EVERY_BYTES);
			if (looked_at(begin_of(each[i]), nr, period) > 1000 && period < MAX_HEAP_EVERY_BYTES)
				fail_msg("%.0f of %llu are too many with %u", nr, each[i], period);
			if (period > 1 && looked_at(end_of(each[i]), nr, period - 1) < 1000)
				fail_msg("%.0f of %llu are too few with %u", nr, each[i], period);
		}
	}
}

/* A few large ones, which are looked at in any case, do not hide the small ones. */
static void test_large_ones_do_not_hide_small_ones(void **state UNUSED)
{
	struct heap_sizes sizes = {};
	__u32 alone;

	add(&sizes, 64, 100000);
	alone = heaprate_every_bytes(&sizes, SECOND, 10000);
	add(&sizes, 100 << 20, 1000);
	assert_in_range(heaprate_every_bytes(&sizes, SECOND, 10000), alone, alone * 5 / 4);
}

static void test_chances(void **state UNUSED)
{
	for (__u32 class = 0; class < NR_HEAP_CLASSES; class ++) {
		__u64 p = heaprate_chance(class, 4096);

		assert_int_equal(heaprate_chance(class, 0), HEAP_CERTAIN);
		assert_in_range(p, class ? heaprate_chance(class - 1, 4096) : 0, HEAP_CERTAIN);
		if (p)
			assert_true(heap_weighted_bytes(heap_class_begin(class), p, 0) >=
				    heap_class_begin(class));
	}
	/* One of 32 bytes stands for 4,112, and one of 64 KiB for itself. */
	assert_in_range(heap_weighted_bytes(32, heaprate_chance(heap_class(32), 4096), 0), 4111, 4113);
	assert_int_equal(heap_weighted_nr(HEAP_CERTAIN), 1 << 16);
	assert_in_range(heap_weighted_bytes(65536, heaprate_chance(heap_class(65536), 4096), 0), 65536,
			65537);
}

/* On average what it is one of is right to a hundredth of a percent, also where that is a few bytes. */
static void test_weights_are_unbiased(void **state UNUSED)
{
	static const __u32 periods[] = { 2, 23, 64, 4096 }, sizes[] = { 1, 16, 24, 40, 1000 };
	const __u32 nr = 100000;

	for (size_t i = 0; i < ARRAY_SIZE(periods) * ARRAY_SIZE(sizes); i++) {
		__u32 size = sizes[i % ARRAY_SIZE(sizes)], period = periods[i / ARRAY_SIZE(sizes)];
		__u64 p = heaprate_chance(heap_class(size), period), sum = 0;
		double mean, truth = (double)size * HEAP_CERTAIN / (double)p;

		for (__u32 j = 0; j < nr; j++)
			sum += heap_weighted_bytes(size, p, (__u32)(((__u64)j << 32) / nr));
		mean = (double)sum / nr;
		if (fabs(mean - truth) > truth / 10000)
			fail_msg("%u bytes, of one in %u: %f on average and not %f", size, period, mean,
				 truth);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_few_are_all_looked_at),
		cmocka_unit_test(test_period_holds_the_rate),
		cmocka_unit_test(test_large_ones_do_not_hide_small_ones),
		cmocka_unit_test(test_chances),
		cmocka_unit_test(test_weights_are_unbiased),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
