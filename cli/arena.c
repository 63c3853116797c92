// SPDX-License-Identifier: GPL-2.0-or-later
/* What glibc's malloc keeps of its heaps; see arena.h. */
#include "arena.h"

#include <string.h>

#define WORD sizeof(uint64_t)
#define ALIGNMENT 16
#define USER_SPACE_END (1ULL << 62)
#define IS_MMAPPED 2u

/* Fields of struct malloc_state, from its field top on; the fastbins are before that. */
#define FASTBINS_BEFORE_TOP (ARENA_FASTBINS * WORD)
#define BINS 16
#define NR_BINS 127
#define NEXT 2064
#define SYSTEM_MEM 2088
#define MAX_SYSTEM_MEM 2096
#define TOP_TO_END 2104
/* Without fastbins (2.43), before have_fastchunks (2.27), and since. */
static const uint64_t top_offsets[] = { 8, 88, 96 };

/*
 * Fields of struct malloc_par before sbrk_base; n_mmaps, n_mmaps_max, max_n_mmaps and no_dyn_threshold lie
 * behind each other, since 2.35 with a hole between them and mmapped_mem.
 */
#define MMAPPED_MEM_BEFORE 16
#define MAX_MMAPPED_MEM_BEFORE 8
static const size_t n_mmaps_before[] = { 36, 32 };
#define DEFAULT_N_MMAPS_MAX 65536
#define FIRST_SBRK_BASE 40

/* The first list of a cache, and of the fastbins, has the smallest chunks. */
#define SMALLEST_CHUNK 32
#define TCACHE_SMALL_BINS 64

static uint64_t word_at(const uint8_t *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	return word;
}

static bool is_address(uint64_t word)
{
	return word && word % ALIGNMENT == 0 && word < USER_SPACE_END;
}

/* --- arenas ----------------------------------------------------------------------------------- */

/* bytes: TOP_TO_END of them, from its field top on, which is at address. */
static bool is_arena(const uint8_t *bytes, uint64_t address)
{
	for (size_t bin = 0; bin < NR_BINS; bin++) {
		const uint8_t *words = bytes + BINS + bin * 2 * WORD;
		uint64_t forward = word_at(words), back = word_at(words + WORD);
		/* A list begins at what would be a chunk if its two words were those behind a header. */
		bool is_empty = forward == address + bin * 2 * WORD && back == forward;

		if (!is_empty && (!is_address(forward) || !is_address(back) ||
				  forward - address < TOP_TO_END || back - address < TOP_TO_END))
			return false;
	}
	return is_address(word_at(bytes) & ~(uint64_t)(ALIGNMENT - 1)) && word_at(bytes + NEXT) % WORD == 0 &&
	       word_at(bytes + NEXT) && word_at(bytes + SYSTEM_MEM) <= word_at(bytes + MAX_SYSTEM_MEM);
}

uint64_t arena_find(const uint8_t *bytes, size_t size, uint64_t address, uint64_t *ret_next)
{
	for (size_t at = 0; at + TOP_TO_END <= size; at += WORD) {
		if (!is_arena(bytes + at, address + at))
			continue;
		*ret_next = word_at(bytes + at + NEXT);
		return address + at;
	}
	return 0;
}

bool arena_has_layout(uint64_t top_offset)
{
	for (size_t i = 0; i < sizeof(top_offsets) / sizeof(top_offsets[0]); i++)
		if (top_offset == top_offsets[i])
			return true;
	return false;
}

static void read_arena(const uint8_t *bytes, uint64_t address, uint64_t top_offset, struct arena *ret)
{
	const uint8_t *top = bytes + top_offset;

	*ret = (struct arena){ .address = address, .top_offset = top_offset };
	ret->size = top_offset + TOP_TO_END;
	ret->top = word_at(top);
	ret->next = word_at(top + NEXT);
	ret->system_mem = word_at(top + SYSTEM_MEM);
	if (top_offset < FASTBINS_BEFORE_TOP)
		return;
	for (size_t bin = 0; bin < ARENA_FASTBINS; bin++)
		ret->fast[bin] = word_at(top - FASTBINS_BEFORE_TOP + bin * WORD);
}

bool arena_parse(const uint8_t *bytes, size_t size, uint64_t address, uint64_t top_offset, struct arena *ret)
{
	for (size_t i = 0; i < sizeof(top_offsets) / sizeof(top_offsets[0]); i++) {
		uint64_t offset = top_offsets[i];

		if ((top_offset && top_offset != offset) || offset + TOP_TO_END > size ||
		    !is_arena(bytes + offset, address + offset))
			continue;
		read_arena(bytes, address, offset, ret);
		return true;
	}
	return false;
}

bool arena_has_top(const struct arena *arena)
{
	/* malloc/malloc.c: initial_top(), unsorted_chunks(). */
	return arena->system_mem && arena->top != arena->address + arena->top_offset;
}

/* --- heaps of threads ------------------------------------------------------------------------- */

bool thread_heap_parse(const uint8_t *bytes, uint64_t page_size, struct thread_heap *ret)
{
	*ret = (struct thread_heap){ .arena = word_at(bytes),
				     .previous = word_at(bytes + WORD),
				     .size = word_at(bytes + 2 * WORD) };
	return is_address(ret->arena) && ret->previous % THREAD_HEAP_BYTES == 0 &&
	       ret->previous < USER_SPACE_END && ret->size && ret->size % page_size == 0 &&
	       ret->size <= THREAD_HEAP_BYTES && word_at(bytes + 3 * WORD) >= ret->size;
}

/* --- blocks with mappings of their own -------------------------------------------------------- */

/* Whether numbers of blocks agree with their bytes. Who has no heap has the default for the most of them. */
static bool are_counts(const uint8_t *bytes, uint64_t heap_start, uint64_t mapped)
{
	struct {
		uint32_t nr, most, nr_ever, is_fixed;
	} counts;

	memcpy(&counts, bytes, sizeof(counts));
	return (counts.nr > 0) == (mapped > 0) && counts.nr <= counts.nr_ever && counts.is_fixed <= 1 &&
	       (heap_start ? counts.most > 0 : counts.nr && counts.most == DEFAULT_N_MMAPS_MAX);
}

bool arena_find_mapped(const uint8_t *bytes, size_t size, uint64_t heap_start, uint64_t page_size,
		       uint64_t *ret)
{
	int nr_found = 0;

	for (size_t at = FIRST_SBRK_BASE; at + WORD <= size; at += WORD) {
		uint64_t mapped = word_at(bytes + at - MMAPPED_MEM_BEFORE);
		uint64_t most = word_at(bytes + at - MAX_MMAPPED_MEM_BEFORE);

		if (word_at(bytes + at) != heap_start || mapped > most || most > USER_SPACE_END ||
		    mapped % page_size || most % page_size)
			continue;
		if (!are_counts(bytes + at - n_mmaps_before[0], heap_start, mapped) &&
		    !are_counts(bytes + at - n_mmaps_before[1], heap_start, mapped))
			continue;
		nr_found++;
		*ret = mapped;
	}
	return nr_found == 1;
}

uint64_t arena_mapped_block(const uint8_t *bytes, uint64_t page_size)
{
	uint64_t head = word_at(bytes + WORD), size = head - IS_MMAPPED;

	if (word_at(bytes) || head < IS_MMAPPED || size > USER_SPACE_END)
		return 0;
	/* Since 2.43 a header's size is left out. */
	if (size % page_size)
		size += ALIGNMENT;
	return size % page_size ? 0 : size;
}

/* --- caches of threads ------------------------------------------------------------------------ */

/*
 * With 64 lists: 64 counts, of one byte (2.26 to 2.29) or two (to 2.41), and 64 addresses. Then with 76:
 * first the room that is left in each, of two bytes.
 */
static const struct tcache_layout {
	uint64_t chunk_size;
	int nr_bins;
	size_t count_size;
	bool has_room;
} tcache_layouts[] = {
	{ 0x250, TCACHE_SMALL_BINS, 1, false },
	{ 0x290, TCACHE_SMALL_BINS, 2, false },
	{ 0x300, TCACHE_MAX_BINS, 2, true },
};

static const struct tcache_layout *tcache_layout(uint64_t chunk_size)
{
	for (size_t i = 0; i < sizeof(tcache_layouts) / sizeof(tcache_layouts[0]); i++)
		if (tcache_layouts[i].chunk_size == chunk_size)
			return &tcache_layouts[i];
	return NULL;
}

bool tcache_has_size(uint64_t chunk_size)
{
	return tcache_layout(chunk_size) != NULL;
}

/* What is room for becomes what is there: a list that is empty has most room. */
static bool count_from_room(struct tcache *tcache)
{
	uint64_t most = 0;

	for (int bin = 0; bin < tcache->nr_bins; bin++)
		if (tcache->nr[bin] > most)
			most = tcache->nr[bin];
	for (int bin = 0; bin < tcache->nr_bins; bin++)
		tcache->nr[bin] = most - tcache->nr[bin];
	return most;
}

bool tcache_parse(const uint8_t *bytes, uint64_t chunk_size, struct tcache *ret)
{
	const struct tcache_layout *layout = tcache_layout(chunk_size);
	const uint8_t *entries;

	if (!layout)
		return false;
	*ret = (struct tcache){ .nr_bins = layout->nr_bins };
	entries = bytes + (size_t)layout->nr_bins * layout->count_size;
	for (int bin = 0; bin < layout->nr_bins; bin++) {
		const uint8_t *count = bytes + (size_t)bin * layout->count_size;

		ret->nr[bin] = layout->count_size == 1 ? count[0] : count[0] | (uint64_t)count[1] << 8;
		ret->entry[bin] = word_at(entries + (size_t)bin * WORD);
	}
	if (layout->has_room && !count_from_room(ret))
		return false;
	for (int bin = 0; bin < layout->nr_bins; bin++)
		if (ret->nr[bin] ? !is_address(ret->entry[bin]) : ret->entry[bin] != 0)
			return false;
	return true;
}

uint64_t tcache_chunk_size(int bin)
{
	return bin < TCACHE_SMALL_BINS ? SMALLEST_CHUNK + (uint64_t)bin * ALIGNMENT : 0;
}

uint64_t list_next(uint64_t word, uint64_t address, bool is_mangled)
{
	return is_mangled ? word ^ address >> 12 : word;
}
