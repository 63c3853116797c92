/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One reclaim stall at a time: its time, bucket, ledger rows, order, and when it is worth a record. */
#include "stalls.h"

static const struct lab_config record_all = { .stall_record_min_ns = 0 };
static const struct lab_config order_comes_second = { .stall_record_min_ns = 0, .reclaim_order_arg = 1 };
static const struct lab_config record_from_one_second = { .stall_record_min_ns = NSEC_PER_SEC };

static void test_stall_is_counted_once_with_its_time(void **state)
{
	struct lab *lab = *state;

	for (int kind = 0; kind <= STALL_NODE_RECLAIM; kind++) {
		__u64 before_begin_ns = now_ns(CLOCK_BOOTTIME), after_begin_ns, before_end_ns;
		struct stall_times times;

		reclaim_begin(lab, (enum stall_kind)kind, 3);
		after_begin_ns = now_ns(CLOCK_BOOTTIME);
		lab_verify(lab);
		assert_int_equal(nr_open_stalls(lab), 1);
		before_end_ns = now_ns(CLOCK_BOOTTIME);
		reclaim_end(lab, (enum stall_kind)kind, 32);
		times = times_since(lab, (enum stall_kind)kind);

		assert_in_range(times.total_ns, before_end_ns - after_begin_ns,
				now_ns(CLOCK_BOOTTIME) - before_begin_ns);
		assert_int_equal(times.self_ns, times.total_ns);
		times.order = 3;
		expect_stall(lab, (enum stall_kind)kind, times);
		expect_cell(lab, METRIC_RECLAIMED, (__u32)kind, 0, 0, 32);
		lab_verify(lab);
		assert_int_equal(nr_open_stalls(lab), 0);
	}
}

/* Stalls that began so long ago that their times fall into every bucket but the first. */
static void test_time_is_put_into_its_bucket(void **state)
{
	struct lab *lab = *state;
	__u32 max_bucket = 0;

	for (int shift = 10; shift <= 35; shift++) {
		struct open_stall open = { STALL_MEMCG_RECLAIM,
					   now_ns(CLOCK_BOOTTIME) - (1ULL << shift) - (1ULL << (shift - 2)) };
		struct stall_times times;

		set_open_stalls(lab, &open, 1);
		reclaim_end(lab, STALL_MEMCG_RECLAIM, 1);
		times = times_since(lab, STALL_MEMCG_RECLAIM);
		assert_true(times.total_ns > 1ULL << shift);
		expect_stall(lab, STALL_MEMCG_RECLAIM, times);
		expect_cell(lab, METRIC_RECLAIMED, STALL_MEMCG_RECLAIM, 0, 0, 1);
		lab_verify(lab);
		max_bucket = bucket_of(times.total_ns);
	}
	assert_int_equal(max_bucket, HIST_BUCKETS - 1);
}

static void expect_record(struct lab *lab, enum stall_kind kind, __u32 order, __u64 reclaimed_pages)
{
	const struct rec_stall *record = &lab_only_record(lab, REC_STALL, sizeof(*record))->stall;
	struct stall_times times = times_since(lab, kind);

	assert_int_equal(record->kind, kind);
	assert_int_equal(record->order, order);
	assert_int_equal(record->reclaimed_pages, reclaimed_pages);
	assert_int_equal(record->total_ns, times.total_ns);
	assert_int_equal(record->self_ns, times.self_ns);
	assert_int_equal(record->node, lab->node);
	assert_int_equal(record->result, 0);
	assert_int_equal(record->id.tgid, getpid());
	assert_int_equal(record->id.pid, syscall(SYS_gettid));
	times.order = order;
	expect_stall(lab, kind, times);
	expect_cell(lab, METRIC_RECLAIMED, kind, 0, 0, reclaimed_pages);
	lab_verify(lab);
}

static void test_record_says_what_the_stall_was(void **state)
{
	struct lab *lab = *state;

	for (int kind = 0; kind <= STALL_NODE_RECLAIM; kind++) {
		reclaim_begin(lab, (enum stall_kind)kind, 5 + (__u32)kind);
		reclaim_end(lab, (enum stall_kind)kind, 100 + (__u32)kind);
		expect_record(lab, (enum stall_kind)kind, 5 + (__u32)kind, 100 + (__u32)kind);
	}
}

static void test_order_is_the_second_argument_on_newer_kernels(void **state)
{
	struct lab *lab = *state;

	RUN(lab, direct_reclaim_begin, GFP_KERNEL, 6, 0);
	reclaim_end(lab, STALL_DIRECT_RECLAIM, 1);
	expect_record(lab, STALL_DIRECT_RECLAIM, 6, 1);
	RUN(lab, memcg_reclaim_begin, GFP_KERNEL, 7, 0);
	reclaim_end(lab, STALL_MEMCG_RECLAIM, 2);
	expect_record(lab, STALL_MEMCG_RECLAIM, 7, 2);
	RUN(lab, node_reclaim_begin, 1, 8, GFP_KERNEL);
	reclaim_end(lab, STALL_NODE_RECLAIM, 3);
	expect_record(lab, STALL_NODE_RECLAIM, 8, 3);
}

static void test_only_long_stalls_are_recorded(void **state)
{
	struct lab *lab = *state;
	struct open_stall open = { STALL_DIRECT_RECLAIM, now_ns(CLOCK_BOOTTIME) - NSEC_PER_SEC };

	reclaim_begin(lab, STALL_DIRECT_RECLAIM, 0);
	reclaim_end(lab, STALL_DIRECT_RECLAIM, 0);
	assert_true(times_since(lab, STALL_DIRECT_RECLAIM).total_ns < NSEC_PER_SEC);
	expect_stall(lab, STALL_DIRECT_RECLAIM, times_since(lab, STALL_DIRECT_RECLAIM));
	lab_verify(lab);
	lab_drain(lab);
	assert_int_equal(lab->nr_records, 0);

	set_open_stalls(lab, &open, 1);
	reclaim_end(lab, STALL_DIRECT_RECLAIM, 9);
	expect_record(lab, STALL_DIRECT_RECLAIM, 0, 9);
}

/* An order that no cell is for is a loss, and the stall is counted all the same. */
static void test_stall_of_an_order_out_of_range(void **state)
{
	struct lab *lab = *state;

	reclaim_begin(lab, STALL_DIRECT_RECLAIM, LAB_ORDERS);
	reclaim_end(lab, STALL_DIRECT_RECLAIM, 0);
	lab_read(lab);
	assert_int_equal(lab->counted.ledger.v[LEDGER_DIRECT_RECLAIMS], 1);
	assert_int_equal(lab_cell(lab, METRIC_LOST, LOSS_OUT_OF_RANGE, 0, 0), 2);
}

static void test_full_ring_loses_records_and_no_counts(void **state)
{
	struct lab *lab = *state;
	const __u32 nr = 10000; /* of at least 112 bytes each, for a ring of 1 MiB */
	__u64 nr_stalls = 0;

	for (__u32 i = 0; i < nr; i++) {
		reclaim_begin(lab, STALL_DIRECT_RECLAIM, 0);
		reclaim_end(lab, STALL_DIRECT_RECLAIM, 2);
	}
	lab_drain(lab);
	lab_read(lab);
	for (__u32 bucket = 0; bucket < HIST_BUCKETS; bucket++)
		nr_stalls +=
			lab->counted.cells[lab_index(lab, METRIC_STALL, STALL_DIRECT_RECLAIM, lab->node, 0) +
					   bucket];
	assert_int_equal(nr_stalls, nr);
	assert_int_equal(lab->counted.ledger.v[LEDGER_DIRECT_RECLAIMS], nr);
	assert_int_equal(lab_cell(lab, METRIC_RECLAIMED, STALL_DIRECT_RECLAIM, 0, 0), 2 * nr);
	assert_in_range(lab->nr_records, 1, nr - 1);
	assert_int_equal(lab_cell(lab, METRIC_LOST, LOSS_RING_FULL, 0, 0), nr - lab->nr_records);
}

static void test_without_a_ledger_it_is_only_counted_as_lost(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(bpf_map_delete_elem(bpf_map__fd(lab->skeleton->maps.ledgers), &lab->pidfd), 0);
	reclaim_begin(lab, STALL_DIRECT_RECLAIM, 0);
	reclaim_end(lab, STALL_DIRECT_RECLAIM, 7);
	expect_lost(lab, LOSS_STORAGE_MISSING, 2);
	lab_verify(lab);
}

static const struct CMUnitTest tests[] = {
	LAB_TEST(test_stall_is_counted_once_with_its_time),
	LAB_TEST(test_time_is_put_into_its_bucket),
	LAB_TEST_WITH(test_record_says_what_the_stall_was, &record_all),
	LAB_TEST_WITH(test_order_is_the_second_argument_on_newer_kernels, &order_comes_second),
	LAB_TEST_WITH(test_only_long_stalls_are_recorded, &record_from_one_second),
	LAB_TEST(test_stall_of_an_order_out_of_range),
	LAB_TEST_WITH(test_full_ring_loses_records_and_no_counts, &record_all),
	LAB_TEST(test_without_a_ledger_it_is_only_counted_as_lost),
};

LAB_MAIN(tests)
