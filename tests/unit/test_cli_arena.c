/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What malloc keeps of its heaps, as bytes that were made by hand in the layouts of its versions. */
#include "cli_test.h"

#include "../../cli/arena.h"

#define PAGE 4096
#define ADDRESS 0x7f0000001000
#define HEAP 0x555500000000
#define NR_BINS 127

static uint8_t memory[2 * PAGE];

static void put(uint64_t offset, uint64_t word)
{
	memcpy(memory + offset, &word, sizeof(word));
}

static void put_32(uint64_t offset, uint32_t word)
{
	memcpy(memory + offset, &word, sizeof(word));
}

/* An arena at this offset, all of whose bins are empty. */
static void put_arena(uint64_t offset, uint64_t top_offset)
{
	uint64_t top = offset + top_offset;

	put(top, HEAP + 0x20);
	for (uint64_t bin = 0; bin < NR_BINS; bin++) {
		put(top + 16 + bin * 16, ADDRESS + top + bin * 16);
		put(top + 24 + bin * 16, ADDRESS + top + bin * 16);
	}
	put(top + 2064, ADDRESS + offset); /* next */
	put(top + 2088, 0x21000);          /* system_mem */
	put(top + 2096, 0x42000);
}

static int start(void **state UNUSED)
{
	memset(memory, 0, sizeof(memory));
	return 0;
}

static void test_layouts(void **state UNUSED)
{
	static const uint64_t top_offsets[] = { 8, 88, 96 };

	for (int i = 0; i < 3; i++) {
		uint64_t next, layout = top_offsets[i];
		struct arena arena;

		start(NULL);
		put_arena(0x40, layout);
		if (layout > 8)
			put(0x40 + layout - 80, HEAP + 0x1230);
		assert_int_equal(arena_find(memory, sizeof(memory), ADDRESS, &next), ADDRESS + 0x40 + layout);
		assert_int_equal(next, ADDRESS + 0x40);
		assert_true(arena_has_layout(layout));
		assert_true(arena_parse(memory + 0x40, sizeof(memory) - 0x40, next, 0, &arena));
		assert_int_equal(arena.top_offset, layout);
		assert_int_equal(arena.size, layout + 2104);
		assert_int_equal(arena.top, HEAP + 0x20);
		assert_int_equal(arena.next, ADDRESS + 0x40);
		assert_int_equal(arena.system_mem, 0x21000);
		assert_int_equal(arena.fast[0], layout > 8 ? HEAP + 0x1230 : 0);
		assert_true(arena_has_top(&arena));
		assert_true(arena_parse(memory + 0x40, sizeof(memory) - 0x40, next, layout, &arena));
		assert_false(arena_parse(memory + 0x40, sizeof(memory) - 0x40, next, 104 - layout, &arena));
	}
	assert_false(arena_has_layout(0));
	assert_false(arena_has_layout(80));
}

static void test_what_is_no_arena(void **state UNUSED)
{
	uint64_t next, top = 0x40 + 96;
	static const struct {
		uint64_t offset, word;
	} wrong[] = {
		{ 0, 0 },  /* top */
		{ 16, 0 }, /* a bin */
		{ 24, 0 },
		{ 16 + 126 * 16, HEAP + 8 },
		{ 24 + 126 * 16, 1 },
		{ 16 + 50 * 16, HEAP }, /* one of the two leads back */
		{ 2064, 0 },            /* next */
		{ 2088, 0x42001 },      /* more than ever */
	};

	assert_int_equal(arena_find(memory, sizeof(memory), ADDRESS, &next), 0);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		put_arena(0x40, 96);
		put(top + wrong[i].offset, wrong[i].word);
		assert_int_equal(arena_find(memory, sizeof(memory), ADDRESS, &next), 0);
	}
	/* The same bytes elsewhere do not lead to themselves. */
	put_arena(0x40, 96);
	assert_int_equal(arena_find(memory, sizeof(memory), ADDRESS + 16, &next), 0);
	/* Cut off. */
	assert_int_equal(arena_find(memory, top + 2104 - 1, ADDRESS, &next), 0);
	assert_true(arena_find(memory, top + 2104, ADDRESS, &next));
	memset(memory, 0xff, sizeof(memory));
	assert_int_equal(arena_find(memory, sizeof(memory), ADDRESS, &next), 0);
}

static void test_bins_that_are_not_empty(void **state UNUSED)
{
	uint64_t next, top = 0x40 + 96;

	put_arena(0x40, 96);
	put(top + 16, HEAP + 0x100);
	put(top + 24, HEAP + 0x200);
	assert_int_equal(arena_find(memory, sizeof(memory), ADDRESS, &next), ADDRESS + top);
}

static void test_an_arena_without_memory(void **state UNUSED)
{
	struct arena arena;

	put_arena(0, 88);
	put(88, ADDRESS + 88);
	assert_true(arena_parse(memory, sizeof(memory), ADDRESS, 0, &arena));
	assert_false(arena_has_top(&arena));
	put(88, HEAP);
	put(88 + 2088, 0);
	assert_true(arena_parse(memory, sizeof(memory), ADDRESS, 0, &arena));
	assert_false(arena_has_top(&arena));
}

static void test_heaps_of_threads(void **state UNUSED)
{
	struct thread_heap heap;

	put(0, ADDRESS + 0x30);
	put(8, THREAD_HEAP_BYTES * 7);
	put(16, 0x21000);
	put(24, 0x22000);
	assert_true(thread_heap_parse(memory, PAGE, &heap));
	assert_int_equal(heap.arena, ADDRESS + 0x30);
	assert_int_equal(heap.previous, THREAD_HEAP_BYTES * 7);
	assert_int_equal(heap.size, 0x21000);
	put(24, 0x20000); /* less than its size is accessible */
	assert_false(thread_heap_parse(memory, PAGE, &heap));
	put(24, UINT64_MAX);
	put(16, 0x21010);
	assert_false(thread_heap_parse(memory, PAGE, &heap));
	put(16, THREAD_HEAP_BYTES + PAGE);
	assert_false(thread_heap_parse(memory, PAGE, &heap));
	put(16, 0);
	assert_false(thread_heap_parse(memory, PAGE, &heap));
	put(16, THREAD_HEAP_BYTES);
	assert_true(thread_heap_parse(memory, PAGE, &heap));
	put(8, PAGE);
	assert_false(thread_heap_parse(memory, PAGE, &heap));
	put(8, 0);
	put(0, 0);
	assert_false(thread_heap_parse(memory, PAGE, &heap));
}

/* The counts of blocks with mappings, and the address of the heap's beginning at offset. */
static void put_counts(uint64_t offset, uint64_t before, uint32_t nr, uint64_t bytes)
{
	put_32(offset - before, nr);
	put_32(offset - before + 4, 65536);
	put_32(offset - before + 8, nr);
	put(offset - 16, bytes);
	put(offset - 8, bytes);
	put(offset, HEAP);
}

static void test_bytes_of_mapped_blocks(void **state UNUSED)
{
	uint64_t bytes;

	assert_false(arena_find_mapped(memory, sizeof(memory), HEAP, PAGE, &bytes));
	for (uint64_t before = 32; before <= 36; before += 4) {
		start(NULL);
		put_counts(0x100, before, 3, 5 * PAGE);
		assert_true(arena_find_mapped(memory, sizeof(memory), HEAP, PAGE, &bytes));
		assert_int_equal(bytes, 5 * PAGE);
		put_counts(0x100, before, 0, 0);
		assert_true(arena_find_mapped(memory, sizeof(memory), HEAP, PAGE, &bytes));
		assert_int_equal(bytes, 0);
		/* Bytes without blocks, and no whole pages. */
		put_counts(0x100, before, 0, PAGE);
		assert_false(arena_find_mapped(memory, sizeof(memory), HEAP, PAGE, &bytes));
		put_counts(0x100, before, 1, PAGE + 16);
		assert_false(arena_find_mapped(memory, sizeof(memory), HEAP, PAGE, &bytes));
	}
	/* What cannot be told apart is not known. */
	put_counts(0x100, 32, 3, 5 * PAGE);
	put_counts(0x200, 32, 1, PAGE);
	assert_false(arena_find_mapped(memory, sizeof(memory), HEAP, PAGE, &bytes));
}

static void test_mapped_blocks_without_a_heap(void **state UNUSED)
{
	uint64_t bytes;

	put_counts(0x100, 36, 2, 4 * PAGE);
	put(0x100, 0);
	assert_true(arena_find_mapped(memory, sizeof(memory), 0, PAGE, &bytes));
	assert_int_equal(bytes, 4 * PAGE);
	put_32(0x100 - 32, 65535);
	assert_false(arena_find_mapped(memory, sizeof(memory), 0, PAGE, &bytes));
	/* All zeroes are no count of none. */
	start(NULL);
	assert_false(arena_find_mapped(memory, sizeof(memory), 0, PAGE, &bytes));
}

static void test_a_mapped_block(void **state UNUSED)
{
	put(8, 5 * PAGE | 2);
	assert_int_equal(arena_mapped_block(memory, PAGE), 5 * PAGE);
	put(8, (5 * PAGE - 16) | 2); /* 2.43 */
	assert_int_equal(arena_mapped_block(memory, PAGE), 5 * PAGE);
	put(8, 5 * PAGE);
	assert_int_equal(arena_mapped_block(memory, PAGE), 0);
	put(8, 5 * PAGE | 3);
	assert_int_equal(arena_mapped_block(memory, PAGE), 0);
	put(8, 0);
	assert_int_equal(arena_mapped_block(memory, PAGE), 0);
	put(8, 2);
	assert_int_equal(arena_mapped_block(memory, PAGE), 0);
	put(8, UINT64_MAX);
	assert_int_equal(arena_mapped_block(memory, PAGE), 0);
	put(8, 5 * PAGE | 2);
	put(0, 1);
	assert_int_equal(arena_mapped_block(memory, PAGE), 0);
}

static void test_caches(void **state UNUSED)
{
	struct tcache tcache;

	/* Counts of one byte. */
	memory[3] = 7;
	put(64 + 3 * 8, HEAP + 0x40);
	assert_true(tcache_parse(memory, 0x250, &tcache));
	assert_int_equal(tcache.nr_bins, 64);
	assert_int_equal(tcache.nr[3], 7);
	assert_int_equal(tcache.entry[3], HEAP + 0x40);
	assert_false(tcache_parse(memory, 0x290, &tcache));
	/* Of two. */
	start(NULL);
	memory[2 * 63 + 1] = 1;
	put(128 + 63 * 8, HEAP + 0x40);
	assert_true(tcache_parse(memory, 0x290, &tcache));
	assert_int_equal(tcache.nr[63], 256);
	assert_int_equal(tcache.nr[62], 0);
	/* Blocks without an address, an address without blocks, one that cannot be. */
	put(128 + 63 * 8, 0);
	assert_false(tcache_parse(memory, 0x290, &tcache));
	memory[2 * 63 + 1] = 0;
	assert_true(tcache_parse(memory, 0x290, &tcache));
	put(128, HEAP);
	assert_false(tcache_parse(memory, 0x290, &tcache));
	memory[0] = 1;
	put(128, HEAP + 8);
	assert_false(tcache_parse(memory, 0x290, &tcache));
	assert_false(tcache_parse(memory, 0x2a0, &tcache));
}

static void test_caches_that_say_what_room_is_left(void **state UNUSED)
{
	struct tcache tcache;

	assert_false(tcache_parse(memory, 0x300, &tcache));
	for (int bin = 0; bin < 76; bin++)
		memory[2 * bin] = 16;
	assert_true(tcache_parse(memory, 0x300, &tcache));
	assert_int_equal(tcache.nr_bins, 76);
	memory[2 * 75] = 14;
	assert_false(tcache_parse(memory, 0x300, &tcache));
	put(152 + 75 * 8, HEAP + 0x40);
	assert_true(tcache_parse(memory, 0x300, &tcache));
	assert_int_equal(tcache.nr[75], 2);
	assert_int_equal(tcache.nr[0], 0);
}

static void test_lists(void **state UNUSED)
{
	assert_int_equal(tcache_chunk_size(0), 0x20);
	assert_int_equal(tcache_chunk_size(63), 0x410);
	assert_int_equal(tcache_chunk_size(64), 0);
	assert_int_equal(list_next(HEAP + 0x40, HEAP, false), HEAP + 0x40);
	assert_int_equal(list_next((HEAP + 0x40) ^ (HEAP + 0x990) >> 12, HEAP + 0x990, true), HEAP + 0x40);
	assert_int_equal(list_next((HEAP + 0x990) >> 12, HEAP + 0x990, true), 0);
}

#define TEST(function) cmocka_unit_test_setup(function, start)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_layouts),
		TEST(test_what_is_no_arena),
		TEST(test_bins_that_are_not_empty),
		TEST(test_an_arena_without_memory),
		TEST(test_heaps_of_threads),
		TEST(test_bytes_of_mapped_blocks),
		TEST(test_mapped_blocks_without_a_heap),
		TEST(test_a_mapped_block),
		TEST(test_caches),
		TEST(test_caches_that_say_what_room_is_left),
		TEST(test_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
