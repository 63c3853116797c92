// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Blocks with mappings of their own. malloc counts them but has no list, and the kernel joins mappings that
 * are neighbours: they are looked for at the beginnings of mappings and behind each other, and, where that
 * does not give as many bytes as malloc counts, on every page.
 */
#include "heap_reading.h"

static uint64_t resident_bytes(struct heap_reading *reading, uint64_t page, uint64_t nr_pages)
{
	struct address_space *space = reading->space;
	uint64_t nr = 0;

	while (nr_pages && !heap_must_end(reading)) {
		ssize_t n = space_read_entries(space, page, nr_pages);

		if (n <= 0)
			break;
		for (ssize_t i = 0; i < n; i++)
			nr += space_page(space, space->entries[i], false) == PAGE_ANONYMOUS;
		page += (uint64_t)n;
		nr_pages -= (uint64_t)n;
	}
	return nr * space->page_size;
}

/* The pages of the block that begins on this page, of which entry is the entry; 0: there is none. */
static uint64_t block_pages(struct heap_reading *reading, uint64_t page, uint64_t entry, uint64_t nr_left)
{
	struct address_space *space = reading->space;
	uint8_t header[CHUNK_HEADER_BYTES];
	uint64_t nr;

	if (space_page(space, entry, false) != PAGE_ANONYMOUS ||
	    space_read_memory(space, page * space->page_size, header, sizeof(header)))
		return 0;
	nr = arena_mapped_block(header, space->page_size) / space->page_size;
	return nr <= nr_left ? nr : 0;
}

static void add_block(struct heap_reading *reading, uint64_t page, uint64_t nr_pages)
{
	struct heap *result = reading->result;

	result->nr_mapped_found++;
	result->mapped_found_bytes += nr_pages * reading->space->page_size;
	result->mapped_resident_bytes += resident_bytes(reading, page, nr_pages);
}

static bool is_done(struct heap_reading *reading)
{
	return heap_must_end(reading) || reading->result->mapped_found_bytes >= reading->result->mapped_bytes;
}

static void search(struct heap_reading *reading, const struct mapping *mapping, bool is_every_page)
{
	struct address_space *space = reading->space;
	uint64_t page = mapping->start / space->page_size, end = mapping->end / space->page_size;

	while (page < end && !is_done(reading)) {
		ssize_t n = space_read_entries(space, page, is_every_page ? end - page : 1);
		uint64_t nr_block = 0;

		if (n <= 0)
			return;
		for (ssize_t i = 0; i < n && !nr_block; i++) {
			nr_block = block_pages(reading, page, space->entries[i], end - page);
			page += !nr_block;
		}
		if (nr_block)
			add_block(reading, page, nr_block);
		else if (!is_every_page)
			return;
		page += nr_block;
	}
}

static bool may_have_blocks(const struct heap_reading *reading, const struct mapping *mapping)
{
	return mapping->kind == KIND_ANONYMOUS && mapping->is_writable &&
	       !heap_chunks_has(&reading->thread_heaps,
				mapping->start / THREAD_HEAP_BYTES * THREAD_HEAP_BYTES);
}

void heap_find_mapped(struct heap_reading *reading)
{
	struct heap *result = reading->result;
	struct mappings *mappings = reading->mappings;

	mappings_sort_by_size(mappings);
	heap_chunks_sort(&reading->thread_heaps);
	for (int is_every_page = 0; is_every_page < 2 && !is_done(reading); is_every_page++) {
		result->nr_mapped_found = result->mapped_found_bytes = result->mapped_resident_bytes = 0;
		for (size_t i = 0; i < mappings->nr && !is_done(reading); i++)
			if (may_have_blocks(reading, &mappings->mapping[i]))
				search(reading, &mappings->mapping[i], is_every_page);
	}
}
