/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Zones: the kernel's formulas on numbers computed by hand, what a snapshot shows of them, the history and
 * the trend of what could be allocated, and records that no kernel writes.
 */
#include "model_stream.h"

#include "../../daemon/model/contig.h"

#define NR_ORDERS 11u
#define DMA 0u
#define NORMAL 2u
#define STEP_NS HISTORY_STEP_NS

/* --- the formulas ----------------------------------------------------------------------------- */

static void expect_indices(const __u64 *nr_free, __u32 nr_orders, __u32 order, __u64 available,
			   __u64 unusable, __u64 fragmentation)
{
	struct contig_page_info info;

	contig_page_info(nr_free, nr_orders, order, &info);
	assert_int_equal(info.free_blocks_suitable, available);
	assert_int_equal(contig_unusable(&info, order), unusable);
	assert_int_equal(contig_fragmentation(&info, order), fragmentation);
}

/* 21 pages in 6 blocks. Both indices are rounded down, as by the kernel. */
static void test_indices_where_all_succeed(void **state UNUSED)
{
	static const __u64 nr_free[] = { 3, 1, 0, 2 };
	struct contig_page_info info;

	contig_page_info(nr_free, 4, 0, &info);
	assert_int_equal(info.free_pages, 21);
	assert_int_equal(info.free_blocks_total, 6);
	expect_indices(nr_free, 4, 0, 21, 0, CELL_NONE);
	expect_indices(nr_free, 4, 1, 9, 142, CELL_NONE); /* 3000 / 21 */
	expect_indices(nr_free, 4, 2, 4, 238, CELL_NONE); /* 5000 / 21 */
	expect_indices(nr_free, 4, 3, 2, 238, CELL_NONE);
}

/* 5 pages in 4 blocks: 1000 - (1000 + 5000/4) / 4 = 438, 1000 - (1000 + 5000/8) / 4 = 594. */
static void test_indices_where_some_fail(void **state UNUSED)
{
	static const __u64 nr_free[] = { 3, 1, 0, 0 };

	expect_indices(nr_free, 4, 1, 1, 600, CELL_NONE);
	expect_indices(nr_free, 4, 2, 0, 1000, 438);
	expect_indices(nr_free, 4, 3, 0, 1000, 594);
}

static void test_indices_at_the_edges(void **state UNUSED)
{
	static const __u64 none[NR_ORDERS], one[NR_ORDERS] = { 1 }, half[NR_ORDERS] = { [9] = 1 };
	static const __u64 many[NR_ORDERS] = { 1000000 }, large[NR_ORDERS] = { [10] = 1ULL << 34 };

	for (__u32 order = 0; order < NR_ORDERS; order++)
		expect_indices(none, NR_ORDERS, order, 0, 1000, 0);
	/* With one block the index is below 0: 1000 - (1000 + 500) / 1. */
	expect_indices(one, NR_ORDERS, 0, 1, 0, CELL_NONE);
	expect_indices(one, NR_ORDERS, 1, 0, 1000, (__u64)-500);
	expect_indices(one, NR_ORDERS, 10, 0, 1000, 0);
	expect_indices(half, NR_ORDERS, 10, 0, 1000, (__u64)-500);
	expect_indices(half, NR_ORDERS, 9, 1, 0, CELL_NONE);
	expect_indices(many, NR_ORDERS, 10, 0, 1000, 1000);
	expect_indices(large, NR_ORDERS, 0, 1ULL << 44, 0, CELL_NONE);
	expect_indices(large, NR_ORDERS, 10, 1ULL << 34, 0, CELL_NONE);
}

/* --- snapshots -------------------------------------------------------------------------------- */

/* With nr blocks of order 0 and one of each order up to the highest that is given. */
static struct rec_zone zone_of(__u32 node, __u32 zone, __u64 nr, __u32 highest)
{
	struct rec_zone rec = {
		.h = HEADER(REC_ZONE, struct rec_zone, 1),
		.node = node,
		.zone = zone,
		.present_pages = 5000,
		.managed_pages = 4900,
		.min_pages = 10,
		.low_pages = 12,
		.high_pages = 14,
		.nr_free = { nr },
	};

	for (__u32 order = 1; order <= highest; order++)
		rec.nr_free[order] = 1;
	return rec;
}

static struct rec_pageblocks pageblocks_of(__u32 node, __u32 zone, __u64 nr, __u64 time_ns)
{
	return (struct rec_pageblocks){
		.h = HEADER(REC_PAGEBLOCKS, struct rec_pageblocks, time_ns),
		.node = node,
		.zone = zone,
		.pageblock_order = 9,
		.nr = { nr, 2 * nr },
	};
}

static __u64 cell(const struct model *model, enum metric metric, __u32 node, __u32 zone, __u32 last)
{
	const struct cube *cube = model_cube(model, metric);

	return model_cells(model,
			   metric)[node * cube->stride[0] + zone * cube->stride[1] + last * cube->stride[2]];
}

static const enum metric by_order[] = { METRIC_FREE_BLOCKS, METRIC_AVAILABLE_BLOCKS, METRIC_UNUSABLE_FREE,
					METRIC_FRAGMENTATION_INDEX };

static void expect_no_values(const struct model *model, __u32 node, __u32 zone)
{
	for (__u32 order = 0; order < NR_ORDERS; order++)
		for (size_t i = 0; i < sizeof(by_order) / sizeof(by_order[0]); i++)
			assert_true(cell(model, by_order[i], node, zone, order) == CELL_NONE);
	for (__u32 type = 0; type < 6; type++)
		assert_true(cell(model, METRIC_PAGEBLOCKS, node, zone, type) == CELL_NONE);
}

static void test_shows_when_the_snapshot_ends(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);
	struct rec_zone rec = zone_of(1, NORMAL, 3, 1);
	struct rec_pageblocks pageblocks = pageblocks_of(1, NORMAL, 7, 55);

	assert_int_equal(feed(model, &rec), -EINVAL);
	expect_no_values(model, 1, NORMAL);
	assert_int_equal(feed_begin(model, 1, 100), 0);
	assert_int_equal(feed(model, &rec), 0);
	assert_int_equal(feed(model, &pageblocks), 0);
	expect_no_values(model, 1, NORMAL);
	assert_int_equal(model_nr_zones(model), 0);
	assert_int_equal(feed_end(model, 101, false), 0);

	assert_int_equal(model_nr_zones(model), 1);
	assert_int_equal(model_zone(model, 0)->node, 1);
	assert_int_equal(model_zone(model, 0)->zone, NORMAL);
	assert_int_equal(model_zone(model, 0)->free_pages, 5);
	assert_int_equal(model_zone(model, 0)->managed_pages, 4900);
	assert_int_equal(model_zone(model, 0)->high_pages, 14);
	assert_int_equal(model_zone(model, 0)->pageblocks_time_ns, 55);
	assert_null(model_zone(model, 1));
	assert_int_equal(cell(model, METRIC_FREE_BLOCKS, 1, NORMAL, 0), 3);
	assert_int_equal(cell(model, METRIC_AVAILABLE_BLOCKS, 1, NORMAL, 0), 5);
	assert_int_equal(cell(model, METRIC_AVAILABLE_BLOCKS, 1, NORMAL, 2), 0);
	assert_int_equal(cell(model, METRIC_UNUSABLE_FREE, 1, NORMAL, 1), 600);
	assert_int_equal(cell(model, METRIC_FRAGMENTATION_INDEX, 1, NORMAL, 2), 438);
	assert_true(cell(model, METRIC_FRAGMENTATION_INDEX, 1, NORMAL, 1) == CELL_NONE);
	assert_int_equal(cell(model, METRIC_PAGEBLOCKS, 1, NORMAL, 1), 14);
	assert_int_equal(cell(model, METRIC_PAGEBLOCKS, 1, NORMAL, 5), 0);
	expect_no_values(model, 0, NORMAL);
	expect_no_values(model, 1, DMA);

	/* A snapshot without the zone: its memory is gone. Another without pageblocks: they are not known. */
	assert_int_equal(feed_begin(model, 2, 200), 0);
	assert_int_equal(feed_end(model, 201, false), 0);
	assert_int_equal(model_nr_zones(model), 0);
	expect_no_values(model, 1, NORMAL);
	assert_int_equal(feed_begin(model, 3, 300), 0);
	assert_int_equal(feed(model, &rec), 0);
	assert_int_equal(feed_end(model, 301, false), 0);
	assert_int_equal(cell(model, METRIC_FREE_BLOCKS, 1, NORMAL, 0), 3);
	assert_true(cell(model, METRIC_PAGEBLOCKS, 1, NORMAL, 0) == CELL_NONE);
	model_free(model);
}

/* A snapshot that never ended leaves nothing. */
static void test_discarded_snapshot(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);
	struct rec_zone rec = zone_of(0, DMA, 3, 1);

	assert_int_equal(feed_begin(model, 1, 100), 0);
	assert_int_equal(feed(model, &rec), 0);
	assert_int_equal(feed_begin(model, 2, 200), 0);
	assert_int_equal(feed_end(model, 201, false), 0);
	assert_int_equal(model_nr_zones(model), 0);
	model_free(model);
}

static void test_many_zones(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);

	for (__u64 snapshot = 1; snapshot < 4; snapshot++) {
		assert_int_equal(feed_begin(model, snapshot, snapshot * STEP_NS), 0);
		for (__u32 i = 0; i < 10; i++) {
			struct rec_zone rec = zone_of(i / 5, i % 5, i + snapshot, 3);

			assert_int_equal(feed(model, &rec), 0);
		}
		assert_int_equal(feed_end(model, snapshot * STEP_NS, false), 0);
		assert_int_equal(model_nr_zones(model), 10);
		for (__u32 i = 0; i < 10; i++)
			assert_int_equal(cell(model, METRIC_FREE_BLOCKS, i / 5, i % 5, 0), i + snapshot);
	}
	model_free(model);
}

static void expect_refused(struct model *model, struct rec_zone rec)
{
	assert_int_equal(feed(model, &rec), -EINVAL);
}

static void test_zones_are_checked(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);
	struct rec_zone good = zone_of(0, NORMAL, 3, 1), rec;
	struct rec_pageblocks pageblocks = pageblocks_of(0, NORMAL, 7, 5);

	assert_int_equal(feed_begin(model, 1, 100), 0);
	assert_int_equal(feed(model, &pageblocks), -EINVAL); /* no zone before it */
	expect_refused(model, zone_of(2, NORMAL, 3, 1));
	expect_refused(model, zone_of(0, 5, 3, 1));
	expect_refused(model, zone_of(0, DMA, (1ULL << 44) + 1, 1));
	expect_refused(model, zone_of(0, DMA, 3, NR_ORDERS)); /* there is no such order */
	rec = good;
	rec.nr_free[10] = (1ULL << 34) + 1;
	expect_refused(model, rec);
	rec = good;
	rec.nr_free[9] = rec.nr_free[10] = 1ULL << 34; /* too many together */
	expect_refused(model, rec);
	rec = good;
	rec.managed_pages = ~0ULL;
	expect_refused(model, rec);
	rec = good;
	rec.high_pages = ~0ULL;
	expect_refused(model, rec);
	assert_int_equal(feed(model, &good), 0);
	expect_refused(model, good); /* once, and in their order */
	expect_refused(model, zone_of(0, DMA, 3, 1));

	pageblocks.zone = DMA;
	assert_int_equal(feed(model, &pageblocks), -EINVAL);
	pageblocks = pageblocks_of(0, NORMAL, 7, 0);
	assert_int_equal(feed(model, &pageblocks), -EINVAL);
	pageblocks = pageblocks_of(0, NORMAL, 7, 5);
	pageblocks.pageblock_order = 32;
	assert_int_equal(feed(model, &pageblocks), -EINVAL);
	pageblocks = pageblocks_of(0, NORMAL, 7, 5);
	pageblocks.nr[6] = 1; /* there is no such migratetype */
	assert_int_equal(feed(model, &pageblocks), -EINVAL);
	pageblocks = pageblocks_of(0, NORMAL, 1ULL << 45, 5);
	assert_int_equal(feed(model, &pageblocks), -EINVAL);
	assert_int_equal(feed_end(model, 101, false), 0);
	assert_int_equal(model_nr_zones(model), 1);
	assert_int_equal(model_zone(model, 0)->pageblocks_time_ns, 0);
	model_free(model);
}

/* --- history ---------------------------------------------------------------------------------- */

/* A snapshot at this time; nr blocks of order 0 in zone DMA unless it is to be away. */
static void feed_point(struct model *model, __u64 sequence, __u64 time_ns, __u64 nr, bool is_away)
{
	struct rec_zone dma = zone_of(0, DMA, nr, 0), normal = zone_of(0, NORMAL, 5, 2);

	assert_int_equal(feed_begin(model, sequence, time_ns), 0);
	if (!is_away)
		assert_int_equal(feed(model, &dma), 0);
	assert_int_equal(feed(model, &normal), 0);
	assert_int_equal(feed_end(model, time_ns, false), 0);
}

static void test_points_keep_their_distance(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);
	__u64 time_ns = 1000;

	/* Every 4 s: each fourth is 16 s after the one before. */
	for (__u64 i = 1; i <= 41; i++, time_ns += 4 * NSEC_PER_SEC)
		feed_point(model, i, time_ns, i, false);
	assert_int_equal(model_nr_points(model), 11);
	for (__u32 point = 0; point < 11; point++) {
		assert_int_equal(model_point_time_ns(model, point), 1000 + point * 16 * NSEC_PER_SEC);
		assert_int_equal(model_point_free(model, point, model_zone(model, 0))[0], 1 + 4 * point);
		assert_int_equal(model_point_free(model, point, model_zone(model, 1))[2], 1);
	}
	assert_null(model_point_free(model, 11, model_zone(model, 0)));
	assert_int_equal(model_point_time_ns(model, 11), 0);
	model_free(model);
}

static void test_history_is_bounded(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);
	__u64 nr = HISTORY_POINTS + 100;

	for (__u64 i = 1; i <= nr; i++)
		feed_point(model, i, i * STEP_NS, i, false);
	assert_int_equal(model_nr_points(model), HISTORY_POINTS);
	assert_int_equal(model_point_time_ns(model, 0), 101 * STEP_NS);
	assert_int_equal(model_point_free(model, 0, model_zone(model, 0))[0], 101);
	assert_int_equal(model_point_free(model, HISTORY_POINTS - 1, model_zone(model, 0))[0], nr);
	model_free(model);
}

/* What a zone had before its memory was away is another zone's past. */
static void test_zone_that_was_away(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);

	for (__u64 i = 1; i <= 9; i++)
		feed_point(model, i, i * STEP_NS, 100 * i, i == 4);
	for (__u32 point = 0; point < 4; point++) {
		assert_null(model_point_free(model, point, model_zone(model, 0)));
		assert_non_null(model_point_free(model, point, model_zone(model, 1)));
	}
	assert_int_equal(model_point_free(model, 4, model_zone(model, 0))[0], 500);
	model_free(model);
}

static void test_clock_that_went_back(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);

	feed_point(model, 1, 100 * STEP_NS, 1, false);
	feed_point(model, 2, 101 * STEP_NS, 2, false);
	feed_point(model, 3, 50 * STEP_NS, 3, false);
	assert_int_equal(model_nr_points(model), 1);
	assert_int_equal(model_point_time_ns(model, 0), 50 * STEP_NS);
	assert_int_equal(model_point_free(model, 0, model_zone(model, 0))[0], 3);
	model_free(model);
}

/* --- trends ----------------------------------------------------------------------------------- */

static void expect_near(double value, double wanted)
{
	double off = value - wanted;

	if (off > 1e-6 || off < -1e-6)
		fail_msg("%.9f, not %.9f", value, wanted);
}

/* Ten pages fewer at every point: 2400 an hour, and 880 are left. */
static void test_trend_that_shrinks(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);
	struct zone_trend trend;

	for (__u64 i = 1; i <= 12; i++) {
		feed_point(model, i, i * STEP_NS, 1000 - 10 * i, false);
		assert_int_equal(model_zone_trend(model, model_zone(model, 0), 0, &trend), i >= 10);
	}
	assert_true(trend.is_significant);
	expect_near(trend.per_hour, -2400);
	expect_near(trend.seconds_left, 880 * 3600.0 / 2400);
	expect_near(trend.seconds_left_low, trend.seconds_left);
	expect_near(trend.seconds_left_high, trend.seconds_left);
	/* Of order 1 there is none, and none was; the other zone does not change. */
	assert_true(model_zone_trend(model, model_zone(model, 0), 1, &trend));
	expect_near(trend.per_hour, 0);
	assert_false(trend.is_significant);
	assert_true(trend.seconds_left == __builtin_inf());
	assert_true(model_zone_trend(model, model_zone(model, 1), 2, &trend));
	expect_near(trend.per_hour, 0);
	model_free(model);
}

static void test_trend_that_grows(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);
	struct zone_trend trend;

	for (__u64 i = 1; i <= 300; i++)
		feed_point(model, i, i * STEP_NS, i <= 240 ? 1000 - i : 10 * i, false);
	/* Only the last sixty points count. */
	assert_true(model_zone_trend(model, model_zone(model, 0), 0, &trend));
	assert_true(trend.is_significant);
	expect_near(trend.per_hour, 2400);
	assert_true(trend.seconds_left == __builtin_inf() && trend.seconds_left_low == __builtin_inf());
	model_free(model);
}

/* The available blocks of an order are also those of higher orders, split. */
static void test_trend_of_what_is_available(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);
	struct zone_trend trend;

	for (__u64 i = 1; i <= 10; i++) {
		struct rec_zone rec = zone_of(0, DMA, 0, 0);

		rec.nr_free[3] = 100 - i;
		assert_int_equal(feed_begin(model, i, i * STEP_NS), 0);
		assert_int_equal(feed(model, &rec), 0);
		assert_int_equal(feed_end(model, i * STEP_NS, false), 0);
	}
	assert_true(model_zone_trend(model, model_zone(model, 0), 1, &trend));
	expect_near(trend.per_hour, -4 * 240);
	expect_near(trend.seconds_left, 90 * 15);
	model_free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_indices_where_all_succeed),
		cmocka_unit_test(test_indices_where_some_fail),
		cmocka_unit_test(test_indices_at_the_edges),
		cmocka_unit_test(test_shows_when_the_snapshot_ends),
		cmocka_unit_test(test_discarded_snapshot),
		cmocka_unit_test(test_many_zones),
		cmocka_unit_test(test_zones_are_checked),
		cmocka_unit_test(test_points_keep_their_distance),
		cmocka_unit_test(test_history_is_bounded),
		cmocka_unit_test(test_zone_that_was_away),
		cmocka_unit_test(test_clock_that_went_back),
		cmocka_unit_test(test_trend_that_shrinks),
		cmocka_unit_test(test_trend_that_grows),
		cmocka_unit_test(test_trend_of_what_is_available),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
