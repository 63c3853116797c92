/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Page allocation and free: which cell, which ledger, what a failure leaves, and values out of range. */
#include <sys/prctl.h>

#include "book.h"
#include "kernel_memory.h"

#define PAGE 0x1000 /* any number but 0: with page_node_shift 0 nothing is read there */
#define GFP_KERNEL 0xcc0
#define GFP_NOWARN 0x2000

static const struct lab_config on_node_3 = { .page_node_fixed = 3 };
static const struct lab_config node_from_flags = { .page_node_shift = 54 };
static const struct lab_config on_absent_node = { .page_node_fixed = LAB_NODES };

static void test_allocation_goes_to_its_cell(void **state)
{
	struct lab *lab = *state;

	for (__u32 migratetype = 0; migratetype < LAB_MIGRATETYPES; migratetype++) {
		for (__u32 order = 0; order < LAB_ORDERS; order++) {
			RUN(lab, page_alloc, PAGE, order, GFP_KERNEL, migratetype);
			expect_cell(lab, METRIC_ALLOCATED, 3, migratetype, order, 1ULL << order);
			expect_ledger(lab, LEDGER_ALLOCATED, 1ULL << order);
			expect_ledger(lab, LEDGER_HUGE_PAGES, order == LAB_HUGE_PAGE_ORDER);
		}
	}
	lab_verify(lab);
	RUN(lab, page_alloc, PAGE, 2, GFP_KERNEL, 1);
	expect_cell(lab, METRIC_ALLOCATED, 3, 1, 2, 4);
	expect_ledger(lab, LEDGER_ALLOCATED, 4);
	lab_verify(lab);
	lab_drain(lab);
	assert_int_equal(lab->nr_records, 0);
}

static void test_free_goes_to_its_cell(void **state)
{
	struct lab *lab = *state;

	for (__u32 order = 0; order < LAB_ORDERS; order++) {
		RUN(lab, page_free, PAGE, order);
		expect_cell(lab, METRIC_FREED, 3, order, 0, 1ULL << order);
		expect_ledger(lab, LEDGER_FREED, 1ULL << order);
	}
	lab_verify(lab);
}

static void test_node_is_read_from_the_page(void **state)
{
	struct lab *lab = *state;
	struct lab_memory memory = lab_memory_new();
	__u64 page = memory.address - kernel_offset("page", "flags");

	for (__u64 node = 0; node < LAB_NODES; node++) {
		/* What lies below the node must not matter. */
		__u64 flags = node << 54 | 0x3fffffffffffffULL;

		lab_memory_put(&memory, 0, &flags, sizeof(flags));
		RUN(lab, page_alloc, page, 0, GFP_KERNEL, 2);
		RUN(lab, page_free, page, 1);
		expect_cell(lab, METRIC_ALLOCATED, (__u32)node, 2, 0, 1);
		expect_cell(lab, METRIC_FREED, (__u32)node, 1, 0, 2);
		expect_ledger(lab, LEDGER_ALLOCATED, 1);
		expect_ledger(lab, LEDGER_FREED, 2);
		lab_verify(lab);
	}
	lab_memory_free(&memory);
}

/* An allocation of the order that failed, in the ledger. */
static void expect_failure(struct lab *lab, __u32 order)
{
	expect_ledger(lab, LEDGER_ALLOCATION_FAILURES, 1);
	expect_ledger(lab, LEDGER_HUGE_PAGE_FALLBACKS, order == LAB_HUGE_PAGE_ORDER);
	expect_ledger(lab, LEDGER_HIGH_ORDER_FAILURES, order > 0 && order != LAB_HUGE_PAGE_ORDER);
}

static void test_failure_is_of_a_single_page_of_several_or_of_a_huge_one(void **state)
{
	struct lab *lab = *state;

	for (__u32 order = 0; order < LAB_ORDERS; order++) {
		RUN(lab, page_alloc, 0, order, GFP_KERNEL | GFP_NOWARN, 1);
		expect_cell(lab, METRIC_ALLOCATION_FAILURES, 1, order, 0, 1);
		expect_failure(lab, order);
		lab_verify(lab);
	}
}

static void test_failure_leaves_a_record(void **state)
{
	struct lab *lab = *state;
	__u64 before_ns = now_ns(CLOCK_BOOTTIME);
	const struct rec_alloc_failure *record;

	RUN(lab, page_alloc, 0, 9, GFP_KERNEL, 1);
	expect_cell(lab, METRIC_ALLOCATION_FAILURES, 1, 9, 0, 1);
	expect_failure(lab, 9);
	lab_verify(lab);

	record = &lab_only_record(lab, REC_ALLOC_FAILURE, sizeof(*record))->alloc_failure;
	assert_in_range(record->h.time_ns, before_ns, now_ns(CLOCK_BOOTTIME));
	assert_int_equal(record->order, 9);
	assert_int_equal(record->gfp_flags, GFP_KERNEL);
	assert_int_equal(record->migratetype, 1);
	assert_int_equal(record->in_interrupt, 0);
	assert_int_equal(record->pad, 0);
	assert_int_equal(record->id.tgid, getpid());
	assert_int_equal(record->id.pid, getpid());
	assert_int_equal(record->id.flags, TASK_IS_LEADER);
	assert_int_equal(record->id.pad, 0);
}

static void test_failure_that_wants_silence_leaves_none(void **state)
{
	struct lab *lab = *state;

	RUN(lab, page_alloc, 0, 0, GFP_KERNEL | GFP_NOWARN, 0);
	expect_cell(lab, METRIC_ALLOCATION_FAILURES, 0, 0, 0, 1);
	expect_failure(lab, 0);
	lab_verify(lab);
	lab_drain(lab);
	assert_int_equal(lab->nr_records, 0);
}

/* What cannot be placed in a cell must not be in a ledger either: their totals are held against each other.
 */
static void test_order_out_of_range_changes_nothing(void **state)
{
	struct lab *lab = *state;
	const __u64 orders[] = { LAB_ORDERS, 63, 64, 0x7fffffff, 0xffffffff };

	for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
		RUN(lab, page_alloc, PAGE, orders[i], GFP_KERNEL, 0);
		RUN(lab, page_free, PAGE, orders[i]);
		expect_lost(lab, LOSS_OUT_OF_RANGE, 2);
	}
	lab_verify(lab);
}

static void test_migratetype_out_of_range_changes_nothing(void **state)
{
	struct lab *lab = *state;

	RUN(lab, page_alloc, PAGE, 3, GFP_KERNEL, LAB_MIGRATETYPES);
	RUN(lab, page_alloc, PAGE, 3, GFP_KERNEL, 0xffffffff);
	expect_lost(lab, LOSS_OUT_OF_RANGE, 2);
	lab_verify(lab);
}

static void test_node_out_of_range_changes_nothing(void **state)
{
	struct lab *lab = *state;

	RUN(lab, page_alloc, PAGE, 3, GFP_KERNEL, 0);
	RUN(lab, page_free, PAGE, 3);
	expect_lost(lab, LOSS_OUT_OF_RANGE, 2);
	lab_verify(lab);
}

/* The failures of ledgers have no total in cells other than this one, so the same holds for them. */
static void test_failure_out_of_range_changes_nothing(void **state)
{
	struct lab *lab = *state;

	RUN(lab, page_alloc, 0, LAB_ORDERS, GFP_KERNEL | GFP_NOWARN, 0);
	RUN(lab, page_alloc, 0, 0, GFP_KERNEL | GFP_NOWARN, LAB_MIGRATETYPES);
	expect_lost(lab, LOSS_OUT_OF_RANGE, 2);
	lab_verify(lab);
}

static void test_without_a_ledger_the_account_stands_in(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(bpf_map_delete_elem(bpf_map__fd(lab->skeleton->maps.ledgers), &lab->pidfd), 0);
	RUN(lab, page_alloc, PAGE, 4, GFP_KERNEL, 0);
	RUN(lab, page_free, PAGE, 1);
	RUN(lab, page_alloc, 0, 1, GFP_NOWARN, 0);
	expect_cell(lab, METRIC_ALLOCATED, 3, 0, 4, 16);
	expect_cell(lab, METRIC_FREED, 3, 1, 0, 2);
	expect_cell(lab, METRIC_ALLOCATION_FAILURES, 0, 1, 0, 1);
	expect_account(lab, ACCOUNT_UNATTRIBUTED, LEDGER_ALLOCATED, 16);
	expect_account(lab, ACCOUNT_UNATTRIBUTED, LEDGER_FREED, 2);
	expect_account(lab, ACCOUNT_UNATTRIBUTED, LEDGER_ALLOCATION_FAILURES, 1);
	expect_account(lab, ACCOUNT_UNATTRIBUTED, LEDGER_HIGH_ORDER_FAILURES, 1);
	expect_lost(lab, LOSS_STORAGE_MISSING, 3);
	lab_verify(lab);
}

/* Nobody empties the ring: counts go on, and each record that found no room is counted. */
static void test_full_ring_loses_records_and_no_counts(void **state)
{
	struct lab *lab = *state;
	const __u32 nr = 12000; /* of more than 90 bytes each, for a ring of 1 MiB */

	for (__u32 i = 0; i < nr; i++)
		RUN(lab, page_alloc, 0, i % LAB_ORDERS, GFP_KERNEL, 1);
	lab_drain(lab);
	assert_in_range(lab->nr_records, (1 << 20) / (sizeof(struct rec_alloc_failure) + 16), nr - 1);
	for (__u32 i = 0; i < lab->nr_records; i++)
		assert_int_equal(lab->records[i].alloc_failure.order, i % LAB_ORDERS);
	for (__u32 i = 0; i < nr; i++) {
		expect_cell(lab, METRIC_ALLOCATION_FAILURES, 1, i % LAB_ORDERS, 0, 1);
		expect_failure(lab, i % LAB_ORDERS);
	}
	expect_lost(lab, LOSS_RING_FULL, nr - lab->nr_records);
	lab_verify(lab);

	RUN(lab, page_alloc, 0, 5, GFP_KERNEL, 1);
	assert_int_equal(lab_only_record(lab, REC_ALLOC_FAILURE, sizeof(struct rec_alloc_failure))
				 ->alloc_failure.order,
			 5);
}

/* The ring is used again and again, and a record file is to hold what happened and nothing else. */
static void test_record_holds_no_bytes_of_an_earlier_one(void **state)
{
	struct lab *lab = *state;
	const char short_name[MEMOIR_COMM_LEN] = "b";

	assert_int_equal(prctl(PR_SET_NAME, "aaaaaaaaaaaaaaa"), 0);
	for (__u32 i = 0; i < 12000; i++)
		RUN(lab, page_alloc, 0, 1, GFP_KERNEL, 1);
	lab_drain(lab);
	assert_int_equal(prctl(PR_SET_NAME, short_name), 0);
	for (__u32 i = 0; i < 100; i++)
		RUN(lab, page_alloc, 0, 1, GFP_KERNEL, 1);
	lab_drain(lab);
	assert_int_equal(lab->nr_records, 100);
	for (__u32 i = 0; i < lab->nr_records; i++)
		assert_memory_equal(lab->records[i].alloc_failure.id.comm, short_name, sizeof(short_name));
}

static const struct CMUnitTest tests[] = {
	LAB_TEST_WITH(test_allocation_goes_to_its_cell, &on_node_3),
	LAB_TEST_WITH(test_free_goes_to_its_cell, &on_node_3),
	LAB_TEST_WITH(test_node_is_read_from_the_page, &node_from_flags),
	LAB_TEST(test_failure_is_of_a_single_page_of_several_or_of_a_huge_one),
	LAB_TEST(test_failure_leaves_a_record),
	LAB_TEST(test_failure_that_wants_silence_leaves_none),
	LAB_TEST(test_order_out_of_range_changes_nothing),
	LAB_TEST(test_migratetype_out_of_range_changes_nothing),
	LAB_TEST_WITH(test_node_out_of_range_changes_nothing, &on_absent_node),
	LAB_TEST(test_failure_out_of_range_changes_nothing),
	LAB_TEST_WITH(test_without_a_ledger_the_account_stands_in, &on_node_3),
	LAB_TEST(test_full_ring_loses_records_and_no_counts),
	LAB_TEST(test_record_holds_no_bytes_of_an_earlier_one),
};

LAB_MAIN(tests)
