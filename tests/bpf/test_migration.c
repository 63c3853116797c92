/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Migration and the making of huge pages from small ones: both shapes of each event whose arguments moved,
 * and values that the machine did not announce.
 */
#include "stalls.h"

#define ANY 77           /* an argument that says nothing here */
#define NUMA_MISPLACED 5 /* enum migrate_reason */

static const struct lab_config reason_comes_seventh = { .migrate_reason_arg = 6, .scan_status_arg = 4 };
static const struct lab_config reason_comes_eighth = { .migrate_reason_arg = 7, .scan_status_arg = 5 };

/* What a hint fault moved is the running task's, who waited for it. */
static void expect_migrated(struct lab *lab, __u32 reason, __u64 nr_succeeded, __u64 nr_failed)
{
	if (reason == NUMA_MISPLACED) {
		expect_stall(lab, STALL_NUMA_MIGRATION, times_since(lab, STALL_NUMA_MIGRATION));
		expect_ledger(lab, LEDGER_NUMA_MIGRATED, nr_succeeded);
	}
	expect_cell(lab, METRIC_MIGRATED_PAGES, reason, MIGRATE_SUCCEEDED, 0, nr_succeeded);
	expect_cell(lab, METRIC_MIGRATED_PAGES, reason, MIGRATE_FAILED, 0, nr_failed);
}

static void test_migration_until_6_6(void **state)
{
	struct lab *lab = *state;

	for (__u32 reason = 0; reason < LAB_MIGRATE_REASONS; reason++) {
		RUN(lab, pages_to_migrate, ANY, reason);
		RUN(lab, pages_migrated, 100 + reason, reason, ANY, ANY, ANY, ANY, reason);
		expect_migrated(lab, reason, 100 + reason, reason);
		lab_verify(lab);
	}
}

static void test_migration_since_6_12(void **state)
{
	struct lab *lab = *state;

	for (__u32 reason = 0; reason < LAB_MIGRATE_REASONS; reason++) {
		RUN(lab, pages_to_migrate, ANY, reason);
		RUN(lab, pages_migrated, 100 + reason, reason, ANY, ANY, ANY, ANY, ANY, reason);
		expect_migrated(lab, reason, 100 + reason, reason);
		lab_verify(lab);
	}
}

static void test_reason_out_of_range_is_lost(void **state)
{
	struct lab *lab = *state;

	RUN(lab, pages_migrated, 1, 2, ANY, ANY, ANY, ANY, LAB_MIGRATE_REASONS);
	RUN(lab, pages_migrated, 1, 2, ANY, ANY, ANY, ANY, 0xffffffff);
	expect_lost(lab, LOSS_OUT_OF_RANGE, 4);
	lab_verify(lab);
}

/* Others may have begun before the program looked, or end while it does not. */
static void test_migration_without_begin_or_end(void **state)
{
	struct lab *lab = *state;

	RUN(lab, pages_migrated, 3, 0, ANY, ANY, ANY, ANY, NUMA_MISPLACED);
	expect_lost(lab, LOSS_STALL_BEGIN_MISSED, 1);
	expect_cell(lab, METRIC_MIGRATED_PAGES, NUMA_MISPLACED, MIGRATE_SUCCEEDED, 0, 3);
	expect_ledger(lab, LEDGER_NUMA_MIGRATED, 3);
	lab_verify(lab);
	for (int i = 0; i < 5; i++)
		RUN(lab, pages_to_migrate, ANY, 0);
	RUN(lab, pages_to_migrate, ANY, NUMA_MISPLACED);
	RUN(lab, pages_migrated, 1, 0, ANY, ANY, ANY, ANY, NUMA_MISPLACED);
	expect_migrated(lab, NUMA_MISPLACED, 1, 0);
	lab_verify(lab);
}

static void test_scan_until_6_17(void **state)
{
	struct lab *lab = *state;

	for (__u32 status = 0; status < LAB_SCAN_RESULTS; status++) {
		RUN(lab, khugepaged_scan, ANY, ANY, ANY, ANY, ANY, status, ANY);
		expect_cell(lab, METRIC_KHUGEPAGED_SCANS, status, 0, 0, 1);
		lab_verify(lab);
	}
}

static void test_scan_since_6_18(void **state)
{
	struct lab *lab = *state;

	for (__u32 status = 0; status < LAB_SCAN_RESULTS; status++) {
		RUN(lab, khugepaged_scan, ANY, ANY, ANY, ANY, status, ANY);
		expect_cell(lab, METRIC_KHUGEPAGED_SCANS, status, 0, 0, 1);
		lab_verify(lab);
	}
}

static void test_collapse_is_counted_by_its_result(void **state)
{
	struct lab *lab = *state;

	for (__u32 status = 0; status < LAB_SCAN_RESULTS; status++) {
		RUN(lab, huge_page_collapse, ANY, ANY, status);
		expect_cell(lab, METRIC_HUGE_PAGE_COLLAPSES, status, 0, 0, 1);
		lab_verify(lab);
	}
	RUN(lab, huge_page_collapse, ANY, ANY, LAB_SCAN_RESULTS);
	expect_lost(lab, LOSS_OUT_OF_RANGE, 1);
	lab_verify(lab);
}

static const struct CMUnitTest tests[] = {
	LAB_TEST_WITH(test_migration_until_6_6, &reason_comes_seventh),
	LAB_TEST_WITH(test_migration_since_6_12, &reason_comes_eighth),
	LAB_TEST_WITH(test_reason_out_of_range_is_lost, &reason_comes_seventh),
	LAB_TEST_WITH(test_migration_without_begin_or_end, &reason_comes_seventh),
	LAB_TEST_WITH(test_scan_until_6_17, &reason_comes_eighth),
	LAB_TEST_WITH(test_scan_since_6_18, &reason_comes_seventh),
	LAB_TEST_WITH(test_collapse_is_counted_by_its_result, &reason_comes_eighth),
};

LAB_MAIN(tests)
