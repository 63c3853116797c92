/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A heap of any bytes, of which any pages are missing: every byte is used, free, malloc's own or unknown,
 * and none is two of them.
 */
#include <stdlib.h>
#include <string.h>

#include "../../cli/heap_walk.h"
#include "check.h"

#define PAGE 256
#define START 0x10000
#define MAX_CACHES 4
#define FAST_EVERY 96

static void check_runs(const struct heap_figures *figures)
{
	uint64_t bytes = 0, resident = 0;

	for (int class = 0; class < HEAP_CLASSES; class ++) {
		const struct heap_runs *runs = &figures->runs[class];

		must(!runs->nr_runs == !runs->bytes);
		must(runs->bytes >= runs->nr_runs << class);
		bytes += runs->bytes;
		resident += runs->resident_bytes;
	}
	must(bytes == figures->free_bytes && resident == figures->free_resident_bytes);
	must(figures->largest_run_bytes <= figures->free_bytes);
}

static void check_figures(const struct heap_walk *walk, uint64_t size, uint64_t resident)
{
	const struct heap_figures *figures = &walk->figures;

	must(walk->end < NR_HEAP_WALK_ENDS);
	must(figures->bytes == size && figures->resident_bytes == resident);
	must(figures->used_bytes + figures->free_bytes + figures->overhead_bytes + figures->unknown_bytes ==
	     size);
	must(figures->used_resident_bytes + figures->free_resident_bytes + figures->unknown_resident_bytes <=
	     resident);
	must(figures->used_resident_bytes <= figures->used_bytes);
	must(figures->fast_bytes + figures->top_bytes <= figures->free_bytes);
	must(figures->trimmable_bytes <= figures->whole_bytes);
	must(figures->whole_bytes <= figures->free_resident_bytes);
	must(figures->whole_bytes % PAGE == 0);
	must((walk->end == HEAP_WALK_COMPLETE) == !figures->unknown_bytes);
	check_runs(figures);
}

/* The first bytes are what the heap is and which pages are missing; the rest is on the pages. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t addresses[64], cache_addresses[MAX_CACHES], resident = 0;
	struct heap_chunks fast = { .address = addresses }, caches = { cache_addresses, 0, MAX_CACHES };
	size_t nr_pages = size / PAGE;
	struct heap_range range = { .start = START, .end = START + nr_pages * PAGE };
	uint8_t page[PAGE];
	struct heap_walk walk;

	if (size < PAGE)
		return 0;
	range.first = START + (data[0] & 0xf0);
	range.is_main = data[0] & 1;
	range.has_top = data[0] & 2;
	for (; data[0] & 4 && fast.nr < 64; fast.nr++)
		addresses[fast.nr] = START + fast.nr * FAST_EVERY;
	must(heap_walk_begin(&walk, &range, PAGE, &fast, &caches));
	for (size_t i = 0; i < nr_pages; i++) {
		enum contiguity_page what = data[i % PAGE] & 8 ? data[i % PAGE] % NR_PAGES : PAGE_ANONYMOUS;
		bool is_there = what == PAGE_ANONYMOUS || what == PAGE_FILE;

		/* The last pages may not be fed. */
		if (i && data[0] & 8 && i == data[1])
			break;
		memcpy(page, data + i * PAGE, PAGE);
		heap_walk_add_page(&walk, what, is_there && heap_walk_wants_page(&walk) ? page : NULL);
		resident += is_there ? PAGE : 0;
	}
	heap_walk_finish(&walk);
	check_figures(&walk, nr_pages * PAGE, resident);
	must(caches.nr <= MAX_CACHES);
	return 0;
}
