/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as what malloc keeps of its heaps: what is recognised is where it was looked for, and adds up. */
#include <stdlib.h>
#include <string.h>

#include "../../cli/arena.h"
#include "check.h"

#define PAGE 4096
#define ADDRESS 0x7f0000001000

static void check_arena(const uint8_t *data, size_t size)
{
	uint64_t next, found = arena_find(data, size, ADDRESS, &next);
	struct arena arena;

	must(!found || (found >= ADDRESS && found < ADDRESS + size && next));
	for (uint64_t at = 0; at < size && at < 256; at += 8) {
		if (!arena_parse(data + at, size - at, ADDRESS + at, 0, &arena))
			continue;
		must(arena.size <= ARENA_MAX_BYTES && arena.size <= size - at);
		must(arena_has_layout(arena.top_offset) && arena.next);
		must(found && found <= ADDRESS + at + arena.top_offset);
		arena_has_top(&arena);
	}
}

static void check_tcache(const uint8_t *data, uint64_t chunk_size)
{
	struct tcache tcache;

	if (!tcache_parse(data, chunk_size, &tcache))
		return;
	must(tcache.nr_bins <= TCACHE_MAX_BINS);
	for (int bin = 0; bin < tcache.nr_bins; bin++)
		must(!tcache.entry[bin] == !tcache.nr[bin] && tcache.entry[bin] % 16 == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *exact = malloc(size ? size : 1), block[TCACHE_MAX_BYTES] = {};
	struct thread_heap heap;
	uint64_t bytes;

	must(exact);
	memcpy(exact, data, size);
	check_arena(exact, size);
	for (uint64_t start = 0; start <= ADDRESS; start += ADDRESS)
		if (arena_find_mapped(exact, size, start, PAGE, &bytes))
			must(bytes % PAGE == 0);
	memcpy(block, data, size < sizeof(block) ? size : sizeof(block));
	check_tcache(block, 0x250);
	check_tcache(block, 0x290);
	check_tcache(block, 0x300);
	must(arena_mapped_block(block, PAGE) % PAGE == 0);
	if (thread_heap_parse(block, PAGE, &heap))
		must(heap.size && heap.size <= THREAD_HEAP_BYTES && heap.previous % THREAD_HEAP_BYTES == 0);
	free(exact);
	return 0;
}
