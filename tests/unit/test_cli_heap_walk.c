/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The walk over a heap's chunks, on heaps that were made by hand. */
#include "cli_test.h"

#include "../../cli/heap_walk.h"

#define PAGE 4096
#define START 0x100000
#define MAX_PAGES 64
#define P 1u /* the chunk before is used */
#define MMAPPED 2u
#define THREAD 4u

static uint8_t memory[MAX_PAGES * PAGE];
static enum contiguity_page pages[MAX_PAGES];
static struct heap_walk walk;
static uint64_t fast_chunks[16], cache_chunks[4];
static struct heap_chunks fast, caches;
static struct heap_range range;

static int start(void **state UNUSED)
{
	memset(memory, 0, sizeof(memory));
	for (int i = 0; i < MAX_PAGES; i++)
		pages[i] = PAGE_ANONYMOUS;
	fast = (struct heap_chunks){ .address = fast_chunks, .max = 16 };
	caches = (struct heap_chunks){ .address = cache_chunks, .max = 4 };
	range = (struct heap_range){ .start = START, .first = START, .is_main = true, .has_top = true };
	return 0;
}

/* Where the next chunk is to begin. */
static uint64_t at;

static void put(uint64_t offset, uint64_t word)
{
	memcpy(memory + offset, &word, sizeof(word));
}

/* A chunk of this size, behind one that is used or free. */
static void chunk(uint64_t size, unsigned int flags)
{
	put(at + 8, size | flags);
	at += size;
}

/* The same, and what is behind it learns how large it is. */
static void free_chunk(uint64_t size, unsigned int flags)
{
	chunk(size, flags);
	put(at, size);
}

static void run(uint64_t nr_pages)
{
	range.end = START + nr_pages * PAGE;
	assert_true(heap_walk_begin(&walk, &range, PAGE, &fast, &caches));
	for (uint64_t i = 0; i < nr_pages; i++) {
		const uint8_t *bytes = pages[i] == PAGE_ANONYMOUS ? memory + i * PAGE : NULL;

		heap_walk_add_page(&walk, pages[i], heap_walk_wants_page(&walk) ? bytes : NULL);
	}
	heap_walk_finish(&walk);
	at = 0;
}

static void expect(enum heap_walk_end end, uint64_t used, uint64_t free_bytes, uint64_t unknown)
{
	const struct heap_figures *figures = &walk.figures;

	assert_int_equal(walk.end, end);
	assert_int_equal(figures->used_bytes, used);
	assert_int_equal(figures->free_bytes, free_bytes);
	assert_int_equal(figures->unknown_bytes, unknown);
	assert_int_equal(used + free_bytes + unknown + figures->overhead_bytes, figures->bytes);
}

static void test_used_free_and_top(void **state UNUSED)
{
	chunk(0x100, P);
	free_chunk(0x200, P);
	chunk(0x40, 0);
	chunk(2 * PAGE - at, P);
	run(2);
	expect(HEAP_WALK_COMPLETE, 0x140, 2 * PAGE - 0x140, 0);
	assert_int_equal(walk.figures.nr_used, 2);
	assert_int_equal(walk.figures.top_bytes, 2 * PAGE - 0x340);
	assert_int_equal(walk.figures.runs[9].nr_runs, 1);
	assert_int_equal(walk.figures.runs[9].bytes, 0x200);
	assert_int_equal(walk.figures.runs[12].bytes, 2 * PAGE - 0x340);
	assert_int_equal(walk.figures.largest_run_bytes, 2 * PAGE - 0x340);
	assert_int_equal(walk.figures.resident_bytes, 2 * PAGE);
	assert_int_equal(walk.figures.whole_bytes, PAGE);
	assert_int_equal(walk.figures.nr_changed, 0);
}

static void test_top_alone(void **state UNUSED)
{
	chunk(PAGE, P);
	run(1);
	expect(HEAP_WALK_COMPLETE, 0, PAGE, 0);
	assert_int_equal(walk.figures.whole_bytes, 0);
	assert_int_equal(walk.figures.trimmable_bytes, 0);
}

static void test_small_top_has_no_whole_page(void **state UNUSED)
{
	/* What is before it has resident pages, which are none of it. */
	chunk(3 * PAGE - 0x20, P);
	chunk(0x20, P);
	run(3);
	expect(HEAP_WALK_COMPLETE, 3 * PAGE - 0x20, 0x20, 0);
	assert_int_equal(walk.figures.whole_bytes, 0);
}

/* A free chunk from offset on, and used ones around it; how much of it are whole pages. */
static uint64_t whole_of(uint64_t offset, uint64_t size)
{
	if (offset)
		chunk(offset, P);
	free_chunk(size, P);
	chunk(6 * PAGE - at - PAGE, 0);
	chunk(PAGE, P);
	run(6);
	assert_int_equal(walk.end, HEAP_WALK_COMPLETE);
	assert_int_equal(walk.figures.whole_bytes, walk.figures.trimmable_bytes);
	return walk.figures.whole_bytes;
}

static void test_whole_pages(void **state UNUSED)
{
	/* malloc keeps 48 bytes at the beginning. */
	assert_int_equal(whole_of(PAGE - 48, PAGE + 48), PAGE);
	assert_int_equal(whole_of(PAGE - 32, PAGE + 32), 0);
	assert_int_equal(whole_of(PAGE - 32, 2 * PAGE + 32), PAGE);
	assert_int_equal(whole_of(PAGE - 48, PAGE + 32), 0);
	assert_int_equal(whole_of(0, 3 * PAGE), 2 * PAGE);
	assert_int_equal(whole_of(PAGE + 16, 3 * PAGE), 2 * PAGE);
	assert_int_equal(whole_of(0x20, 0x200), 0);
}

static void test_only_resident_pages_count(void **state UNUSED)
{
	chunk(0x100, P);
	free_chunk(4 * PAGE, P);
	chunk(2 * PAGE - 0x100, 0);
	chunk(2 * PAGE, P);
	pages[1] = PAGE_NONE;
	pages[2] = PAGE_ZERO;
	pages[3] = PAGE_SWAPPED;
	run(8);
	expect(HEAP_WALK_COMPLETE, 2 * PAGE, 6 * PAGE, 0);
	assert_int_equal(walk.figures.resident_bytes, 5 * PAGE);
	assert_int_equal(walk.figures.swapped_bytes, PAGE);
	assert_int_equal(walk.figures.free_resident_bytes, PAGE - 0x100 + 0x100 + 2 * PAGE);
	assert_int_equal(walk.figures.used_resident_bytes, 2 * PAGE);
	assert_int_equal(walk.figures.whole_bytes, PAGE);
	assert_int_equal(walk.figures.trimmable_bytes, PAGE);
}

static void test_fastbins_join_runs(void **state UNUSED)
{
	fast_chunks[0] = START + 0x40;
	fast_chunks[1] = START + 0x60;
	fast_chunks[2] = START + 0x100;
	fast.nr = 3;
	chunk(0x40, P);
	chunk(0x20, P); /* fast */
	chunk(0x20, P); /* fast */
	free_chunk(0x80, P);
	chunk(0x20, 0); /* fast */
	chunk(PAGE - at, P);
	run(1);
	expect(HEAP_WALK_COMPLETE, 0x40, PAGE - 0x40, 0);
	assert_int_equal(walk.figures.fast_bytes, 0x60);
	/* All of it is one run, with the top. */
	assert_int_equal(walk.figures.largest_run_bytes, PAGE - 0x40);
	assert_int_equal(walk.figures.runs[11].nr_runs, 1);
}

static void test_fast_chunks_that_are_none(void **state UNUSED)
{
	fast_chunks[0] = START + 0x10;
	fast_chunks[1] = START + 0x48;
	fast_chunks[2] = START + 0x40;
	fast.nr = 2;
	chunk(0x40, P);
	chunk(0x40, P);
	chunk(PAGE - at, P);
	run(1);
	expect(HEAP_WALK_COMPLETE, 0x80, PAGE - 0x80, 0);
}

static void test_a_thread_keeps_its_top(void **state UNUSED)
{
	range.is_main = false;
	range.first = START + 0x8d0;
	at = 0x8d0;
	chunk(0x730, P | THREAD);
	free_chunk(2 * PAGE, P);
	chunk(PAGE, THREAD);
	chunk(4 * PAGE, P);
	run(8);
	expect(HEAP_WALK_COMPLETE, PAGE + 0x730, 6 * PAGE, 0);
	assert_int_equal(walk.figures.overhead_bytes, 0x8d0);
	assert_int_equal(walk.figures.whole_bytes, 4 * PAGE);
	assert_int_equal(walk.figures.trimmable_bytes, PAGE);
}

static void test_end_of_a_heap_that_is_not_the_last(void **state UNUSED)
{
	range.is_main = false;
	range.has_top = false;
	chunk(0x100, P | THREAD);
	free_chunk(PAGE - 0x120, P);
	chunk(0x10, 0);
	chunk(0, P);
	run(1);
	expect(HEAP_WALK_COMPLETE, 0x100, PAGE - 0x120, 0);
	assert_int_equal(walk.figures.overhead_bytes, 0x20);
	/* Of the main arena both have a size. */
	range.is_main = true;
	chunk(PAGE - 0x20, P);
	chunk(0x10, P);
	chunk(0x10, P);
	run(1);
	expect(HEAP_WALK_COMPLETE, PAGE - 0x20, 0, 0);
}

static void test_a_size_that_is_not_in_memory(void **state UNUSED)
{
	chunk(PAGE - 0x40, P);
	chunk(2 * PAGE, P);
	chunk(5 * PAGE + 0x40, P);
	pages[2] = PAGE_SWAPPED;
	run(8);
	/* The chunk before it is not known to be used. */
	expect(HEAP_WALK_ABSENT, PAGE - 0x40, 0, 7 * PAGE + 0x40);
	assert_int_equal(walk.figures.unknown_resident_bytes, 6 * PAGE + 0x40);
	assert_int_equal(walk.figures.resident_bytes, 7 * PAGE);
	assert_int_equal(walk.figures.swapped_bytes, PAGE);
}

static void test_sizes_that_cannot_be(void **state UNUSED)
{
	static const uint64_t heads[] = {
		0,
		P,
		0x10 | P,
		0x28 | P,
		2 * PAGE | P, /* beyond the end */
		0x100 | P | MMAPPED,
		0x100 | P | THREAD,
		UINT64_MAX,
		UINT64_MAX & ~(uint64_t)0xf,
		1ULL << 63 | P,
		(PAGE - 0x80 + 0x10) | P,
	};

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		chunk(0x40, P);
		chunk(0x40, P);
		put(at + 8, heads[i]);
		run(1);
		expect(HEAP_WALK_STRANGE, 0x40, 0, PAGE - 0x40);
	}
}

static void test_marks_of_the_end_only_at_the_end(void **state UNUSED)
{
	range.has_top = false;
	chunk(0x100, P);
	chunk(0x10, P);
	run(1);
	expect(HEAP_WALK_STRANGE, 0, 0, PAGE);
	/* A chunk that reaches the end would be a top. */
	chunk(0x100, P);
	chunk(PAGE - 0x100, P);
	run(1);
	expect(HEAP_WALK_STRANGE, 0, 0, PAGE);
}

static void test_a_chunk_that_changed(void **state UNUSED)
{
	chunk(0x40, P);
	free_chunk(0x100, P);
	put(at, 0x80); /* by then it was a smaller one that was free */
	chunk(0x40, 0);
	chunk(PAGE - at, P);
	run(1);
	expect(HEAP_WALK_COMPLETE, 0x180, PAGE - 0x180, 0);
	assert_int_equal(walk.figures.nr_changed, 1);
}

static void test_nobody_goes_on(void **state UNUSED)
{
	chunk(0x40, P);
	chunk(0x40, P);
	chunk(4 * PAGE - at, P);
	range.end = START + 4 * PAGE;
	assert_true(heap_walk_begin(&walk, &range, PAGE, &fast, &caches));
	heap_walk_add_page(&walk, PAGE_ANONYMOUS, memory);
	heap_walk_finish(&walk);
	expect(HEAP_WALK_CUT, 0x80, 0, 4 * PAGE - 0x80);
	assert_int_equal(walk.figures.unknown_resident_bytes, PAGE - 0x80);
	at = 0;
	/* Not even once. */
	assert_true(heap_walk_begin(&walk, &range, PAGE, &fast, &caches));
	heap_walk_finish(&walk);
	expect(HEAP_WALK_CUT, 0, 0, 4 * PAGE);
	/* Nothing is behind the end. */
	chunk(PAGE, P);
	run(1);
	heap_walk_add_page(&walk, PAGE_ANONYMOUS, memory);
	expect(HEAP_WALK_COMPLETE, 0, PAGE, 0);
}

static void test_caches_are_noted(void **state UNUSED)
{
	chunk(0x290, P);
	chunk(0x280, P);
	free_chunk(0x290, P);
	chunk(0x300, 0);
	for (int i = 0; i < 4; i++)
		chunk(0x250, P);
	chunk(2 * PAGE - at, P);
	run(2);
	assert_int_equal(caches.nr, 4);
	assert_int_equal(cache_chunks[0], START);
	assert_int_equal(cache_chunks[1], START + 0x290 + 0x280 + 0x290);
	assert_int_equal(cache_chunks[3], START + 0x290 + 0x280 + 0x290 + 0x300 + 0x250);
}

static void test_ranges_that_are_none(void **state UNUSED)
{
	static const struct heap_range ranges[] = {
		{ .start = START, .first = START, .end = START },
		{ .start = START, .first = START, .end = START - PAGE },
		{ .start = START + 16, .first = START + 16, .end = START + PAGE },
		{ .start = START, .first = START, .end = START + PAGE + 16 },
		{ .start = START, .first = START + 8, .end = START + PAGE },
		{ .start = START, .first = START + PAGE, .end = START + PAGE },
		{ .start = START, .first = START - 16, .end = START + PAGE },
		{ .start = START, .first = START, .end = ~0ULL / PAGE * PAGE },
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		assert_false(heap_walk_begin(&walk, &ranges[i], PAGE, &fast, &caches));
}

static void test_sum(void **state UNUSED)
{
	struct heap_figures sum = {};

	chunk(0x40, P);
	chunk(PAGE - at, P);
	run(1);
	heap_figures_add(&sum, &walk.figures);
	chunk(0x100, P);
	chunk(2 * PAGE - at, P);
	run(2);
	heap_figures_add(&sum, &walk.figures);
	assert_int_equal(sum.bytes, 3 * PAGE);
	assert_int_equal(sum.nr_used, 2);
	assert_int_equal(sum.used_bytes, 0x140);
	assert_int_equal(sum.free_bytes, 3 * PAGE - 0x140);
	assert_int_equal(sum.largest_run_bytes, 2 * PAGE - 0x100);
	assert_int_equal(sum.runs[11].nr_runs, 1);
	assert_int_equal(sum.runs[12].nr_runs, 1);
}

#define TEST(function) cmocka_unit_test_setup(function, start)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_used_free_and_top),
		TEST(test_top_alone),
		TEST(test_small_top_has_no_whole_page),
		TEST(test_whole_pages),
		TEST(test_only_resident_pages_count),
		TEST(test_fastbins_join_runs),
		TEST(test_fast_chunks_that_are_none),
		TEST(test_a_thread_keeps_its_top),
		TEST(test_end_of_a_heap_that_is_not_the_last),
		TEST(test_a_size_that_is_not_in_memory),
		TEST(test_sizes_that_cannot_be),
		TEST(test_marks_of_the_end_only_at_the_end),
		TEST(test_a_chunk_that_changed),
		TEST(test_nobody_goes_on),
		TEST(test_caches_are_noted),
		TEST(test_ranges_that_are_none),
		TEST(test_sum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
