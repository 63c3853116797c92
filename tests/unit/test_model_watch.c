/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The last hour of the totals: growth over a window, and since when something grows. */
#include "../../daemon/model/numa.h"
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

static void snapshot_of_nodes(struct model *model, __u64 second, __u64 foreign_0, __u64 foreign_1)
{
	const struct cube *cube = model_cube(model, METRIC_NUMASTAT);
	struct rec_cells cells = { .h = { .kind = REC_CELLS, .size = offsetof(struct rec_cells, cells) + 8 },
				   .first = cube->base + NUMASTAT_FOREIGN * cube->stride[1],
				   .nr = 1,
				   .cells = { foreign_0 } };

	begin(model, second);
	assert_int_equal(feed(model, &cells), 0);
	cells.first += cube->stride[0];
	cells.cells[0] = foreign_1;
	assert_int_equal(feed(model, &cells), 0);
	end(model, second);
}

static void expect_foreign(const struct model *model, __u32 node, __u64 since, __u64 growth,
			   __u64 really_since)
{
	__u64 since_ns;

	assert_int_equal(model_foreign_growth(model, node, since * NSEC_PER_SEC, &since_ns), growth);
	if (growth)
		assert_int_equal(since_ns, really_since * NSEC_PER_SEC);
}

/* Of what was wanted from a node and taken elsewhere, what was before memoir began says nothing. */
static void test_growth_of_foreign(void **state UNUSED)
{
	struct model *model = model_with(MAX_GROUPS, 10, NULL);

	expect_foreign(model, 0, 0, 0, 0);
	snapshot_of_nodes(model, 1000, 5000, 70);
	expect_foreign(model, 0, 0, 0, 0);
	for (__u64 second = 1005; second <= 1300; second += 5)
		snapshot_of_nodes(model, second, 5000, 70 + (second - 1000));
	expect_foreign(model, 0, 0, 0, 0);
	/* Points are 15 s apart. */
	expect_foreign(model, 1, 500, 300, 1000);
	expect_foreign(model, 1, 1000, 300, 1000);
	expect_foreign(model, 1, 1104, 210, 1090);
	expect_foreign(model, 1, 1300, 0, 0);
	expect_foreign(model, 2, 0, 0, 0);
	/* Between two points the present counts too. */
	snapshot_of_nodes(model, 1305, 5000, 1070);
	expect_foreign(model, 1, 1301, 700, 1300);
	model_free(model);
}

/* Of what was before the hour that is kept it is known how much it was in all: not what had begun by then. */
static void test_foreign_of_long_ago(void **state UNUSED)
{
	struct model *model = model_with(MAX_GROUPS, 10, NULL);

	for (__u64 second = 1000; second <= 9000; second += 15) {
		__u64 nr = second < 2000 ? second : 2000;

		snapshot_of_nodes(model, second, nr, nr + (second >= 8000));
	}
	expect_foreign(model, 0, 500, 1000, 1000);
	expect_foreign(model, 0, 1000, 1000, 1000);
	expect_foreign(model, 0, 1001, 0, 0);
	expect_foreign(model, 0, 2100, 0, 0);
	expect_foreign(model, 1, 500, 1001, 1000);
	/* Of the 240 points that are kept, this is the oldest. */
	expect_foreign(model, 1, 1001, 1, 5410);
	expect_foreign(model, 1, 5410, 1, 5410);
	expect_foreign(model, 1, 7010, 1, 7000);
	expect_foreign(model, 1, 8100, 0, 0);
	model_free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_is_known),  cmocka_unit_test(test_growth_over_a_window),
		cmocka_unit_test(test_since_when),        cmocka_unit_test(test_the_last_hour),
		cmocka_unit_test(test_growth_of_foreign), cmocka_unit_test(test_foreign_of_long_ago),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
