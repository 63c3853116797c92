/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs of physically adjacent pages, from entries of a pagemap that were made by hand. */
#include "cli_test.h"

#include "../../cli/contiguity.h"

#define HUGE_PAGES 512
#define PRESENT (1ULL << 63)
#define SWAPPED (1ULL << 62)
#define FILE_PAGE (1ULL << 61)
#define GUARD (1ULL << 58)
#define EXCLUSIVE (1ULL << 56)
#define SOFT_DIRTY (1ULL << 55)
#define KPF_ANON (1ULL << 12)
#define KPF_NOPAGE (1ULL << 20)
#define KPF_THP (1ULL << 22)
#define KPF_ZERO (1ULL << 24)

static struct contiguity contiguity;

static int start(void **state UNUSED)
{
	contiguity_init(&contiguity, HUGE_PAGES);
	return 0;
}

/* Pages of one mapping from page on, in nr frames from frame on. */
static void add(uint64_t page, uint64_t frame, uint64_t nr)
{
	for (uint64_t i = 0; i < nr; i++)
		contiguity_add(&contiguity, KIND_ANONYMOUS, page + i, frame + i, PAGE_ANONYMOUS);
}

static void expect_runs(uint64_t nr_runs, uint64_t nr_pages)
{
	struct contiguity_runs all;

	contiguity_end_mapping(&contiguity);
	contiguity_sum(&contiguity, &all);
	assert_int_equal(all.nr_runs, nr_runs);
	assert_int_equal(all.nr_pages, nr_pages);
}

static void expect_class(int class, uint64_t nr_runs, uint64_t nr_pages)
{
	struct contiguity_runs all;

	contiguity_sum(&contiguity, &all);
	assert_int_equal(all.runs[class], nr_runs);
	assert_int_equal(all.pages[class], nr_pages);
}

static void test_no_pages(void **state UNUSED)
{
	struct contiguity_runs all;

	expect_runs(0, 0);
	contiguity_sum(&contiguity, &all);
	assert_true(contiguity_mean(&all) == 0 && contiguity_mean_of_pages(&all) == 0);
	assert_int_equal(contiguity_pages_from(&all, 1), 0);
}

static void test_classes_are_powers_of_two(void **state UNUSED)
{
	/* A frame is left out behind each, so that none goes on with the one before. */
	add(100, 1000, 1);
	add(101, 2000, 2);
	add(103, 3000, 3);
	add(106, 4000, 4);
	add(110, 5000, 7);
	add(117, 6000, 8);
	expect_runs(6, 25);
	expect_class(0, 1, 1);
	expect_class(1, 2, 5);
	expect_class(2, 2, 11);
	expect_class(3, 1, 8);
}

static void test_means(void **state UNUSED)
{
	struct contiguity_runs all;

	/* Three pages by themselves and a run of nine: by pages, (3 * 1 + 9 * 9) / 12. */
	add(1, 10, 1);
	add(2, 20, 1);
	add(3, 30, 1);
	add(4, 40, 9);
	expect_runs(4, 12);
	contiguity_sum(&contiguity, &all);
	assert_true(contiguity_mean(&all) == 3);
	assert_true(contiguity_mean_of_pages(&all) == 7);
	assert_int_equal(contiguity_pages_from(&all, 8), 9);
	assert_int_equal(contiguity_pages_from(&all, 16), 0);
}

static void test_descending_frames_are_no_run(void **state UNUSED)
{
	for (uint64_t i = 0; i < 5; i++)
		add(100 + i, 1000 - i, 1);
	expect_runs(5, 5);
	expect_class(0, 5, 5);
}

static void test_one_frame_again_and_again_is_no_run(void **state UNUSED)
{
	for (uint64_t i = 0; i < 5; i++)
		add(100 + i, 1000, 1);
	expect_runs(5, 5);
}

static void test_pages_apart_are_no_run(void **state UNUSED)
{
	add(100, 1000, 3);
	add(104, 1003, 3); /* page 103 was left out */
	expect_runs(2, 6);
}

static void test_mapping_ends_run(void **state UNUSED)
{
	add(100, 1000, 3);
	contiguity_end_mapping(&contiguity);
	contiguity_add(&contiguity, KIND_FILE, 103, 1003, PAGE_FILE);
	expect_runs(2, 4);
	assert_int_equal(contiguity.kind[KIND_ANONYMOUS].nr_pages, 3);
	assert_int_equal(contiguity.kind[KIND_FILE].nr_pages, 1);
}

static void test_what_is_not_resident_ends_run(void **state UNUSED)
{
	static const enum contiguity_page breaks[] = { PAGE_NONE, PAGE_SWAPPED, PAGE_ZERO, PAGE_SPECIAL };
	uint64_t page = 100;

	for (int i = 0; i < 4; i++) {
		add(page, 1000 + page, 3);
		contiguity_add(&contiguity, KIND_ANONYMOUS, page + 3, 1000 + page + 3, breaks[i]);
		page += 4;
	}
	expect_runs(4, 12);
	assert_int_equal(contiguity.nr[PAGE_SWAPPED], 1);
	assert_int_equal(contiguity.nr[PAGE_ZERO], 1);
	assert_int_equal(contiguity.nr[PAGE_SPECIAL], 1);
	assert_int_equal(contiguity.nr[PAGE_ANONYMOUS], 12);
}

static void test_run_goes_on_over_huge_pages(void **state UNUSED)
{
	add(HUGE_PAGES, HUGE_PAGES * 8, HUGE_PAGES * 3);
	expect_runs(1, HUGE_PAGES * 3);
	expect_class(10, 1, HUGE_PAGES * 3);
	assert_int_equal(contiguity.nr_hugeable, HUGE_PAGES * 3);
}

static void test_hugeable_is_aligned_and_whole(void **state UNUSED)
{
	/* Long enough, but in memory it begins beside a multiple. */
	add(HUGE_PAGES, HUGE_PAGES * 8 + 1, HUGE_PAGES * 2);
	contiguity_end_mapping(&contiguity);
	assert_int_equal(contiguity.nr_hugeable, 0);
	/* Now in the address space. */
	add(HUGE_PAGES * 4 + 1, HUGE_PAGES * 16, HUGE_PAGES * 2);
	contiguity_end_mapping(&contiguity);
	assert_int_equal(contiguity.nr_hugeable, 0);
	/* A page is missing at the end, or at the beginning. */
	add(HUGE_PAGES * 8, HUGE_PAGES * 24, HUGE_PAGES - 1);
	contiguity_end_mapping(&contiguity);
	add(HUGE_PAGES * 9 + 1, HUGE_PAGES * 25 + 1, HUGE_PAGES - 1);
	contiguity_end_mapping(&contiguity);
	assert_int_equal(contiguity.nr_hugeable, 0);
	/* A mapping ends inside. */
	add(HUGE_PAGES * 10, HUGE_PAGES * 26, 100);
	contiguity_end_mapping(&contiguity);
	add(HUGE_PAGES * 10 + 100, HUGE_PAGES * 26 + 100, HUGE_PAGES - 100);
	contiguity_end_mapping(&contiguity);
	assert_int_equal(contiguity.nr_hugeable, 0);
	/* A longer run has one in its middle. */
	add(HUGE_PAGES * 12 - 5, HUGE_PAGES * 32 - 5, HUGE_PAGES + 10);
	contiguity_end_mapping(&contiguity);
	assert_int_equal(contiguity.nr_hugeable, HUGE_PAGES);
}

static void test_hugeable_is_anonymous(void **state UNUSED)
{
	static const uint64_t file_pages[] = { 0, 7, HUGE_PAGES - 1 };

	for (int n = 0; n < 3; n++) {
		for (uint64_t i = 0; i < HUGE_PAGES; i++)
			contiguity_add(&contiguity, KIND_FILE, HUGE_PAGES + i, HUGE_PAGES * 8 + i,
				       i == file_pages[n] ? PAGE_FILE : PAGE_ANONYMOUS);
		expect_runs((uint64_t)n + 1, HUGE_PAGES * ((uint64_t)n + 1));
		assert_int_equal(contiguity.nr_hugeable, 0);
	}
}

static void test_without_huge_pages(void **state UNUSED)
{
	contiguity_init(&contiguity, 0);
	add(HUGE_PAGES, HUGE_PAGES, HUGE_PAGES);
	expect_runs(1, HUGE_PAGES);
	assert_int_equal(contiguity.nr_hugeable, 0);
}

static void test_entries(void **state UNUSED)
{
	const uint64_t dirty = PRESENT | SOFT_DIRTY | 0x1234;

	assert_int_equal(contiguity_frame(dirty), 0x1234);
	assert_int_equal(contiguity_frame(SWAPPED | 0x1234), 0);
	assert_int_equal(contiguity_page(0, false, 0), PAGE_NONE);
	assert_int_equal(contiguity_page(SOFT_DIRTY, false, 0), PAGE_NONE);
	assert_int_equal(contiguity_page(SWAPPED | 0x9f, false, 0), PAGE_SWAPPED);
	assert_int_equal(contiguity_page(SWAPPED | GUARD | 0x9f, false, 0), PAGE_NONE);
	assert_int_equal(contiguity_page(SWAPPED | FILE_PAGE, true, 0), PAGE_SWAPPED);
	/* Mapped by one process alone: no question. */
	assert_false(contiguity_needs_flags(dirty | EXCLUSIVE, false));
	assert_int_equal(contiguity_page(dirty | EXCLUSIVE, false, 0), PAGE_ANONYMOUS);
	assert_int_equal(contiguity_page(dirty | EXCLUSIVE | FILE_PAGE, false, 0), PAGE_FILE);
	/* A file's page that others map too. */
	assert_false(contiguity_needs_flags(dirty | FILE_PAGE, true));
	assert_int_equal(contiguity_page(dirty | FILE_PAGE, true, 0), PAGE_FILE);
}

static void test_entries_that_need_flags(void **state UNUSED)
{
	const uint64_t here = PRESENT | 0x1234;

	for (int has_file = 0; has_file < 2; has_file++) {
		assert_true(contiguity_needs_flags(here, has_file));
		assert_int_equal(contiguity_page(here, has_file, KPF_ANON),
				 PAGE_ANONYMOUS); /* since a fork */
		assert_int_equal(contiguity_page(here, has_file, KPF_ZERO), PAGE_ZERO);
		assert_int_equal(contiguity_page(here, has_file, KPF_NOPAGE), PAGE_SPECIAL);
		assert_int_equal(contiguity_page(here, has_file, 0), PAGE_SPECIAL);
	}
	/* The huge page of zeroes, and the vdso. */
	assert_true(contiguity_needs_flags(here | FILE_PAGE, false));
	assert_int_equal(contiguity_page(here | FILE_PAGE, false, KPF_ZERO | KPF_THP), PAGE_ZERO);
	assert_int_equal(contiguity_page(here | FILE_PAGE, false, 0), PAGE_FILE);
}

#define TEST(function) cmocka_unit_test_setup(function, start)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_no_pages),
		TEST(test_classes_are_powers_of_two),
		TEST(test_means),
		TEST(test_descending_frames_are_no_run),
		TEST(test_one_frame_again_and_again_is_no_run),
		TEST(test_pages_apart_are_no_run),
		TEST(test_mapping_ends_run),
		TEST(test_what_is_not_resident_ends_run),
		TEST(test_run_goes_on_over_huge_pages),
		TEST(test_hugeable_is_aligned_and_whole),
		TEST(test_hugeable_is_anonymous),
		TEST(test_without_huge_pages),
		TEST(test_entries),
		TEST(test_entries_that_need_flags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
