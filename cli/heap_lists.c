// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Free blocks that look used: those in the lists of fastbins and of threads' caches. A list that does not
 * lead from one chunk of its size to the next changed while it was read, or is none.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "heap_reading.h"

#define FLAGS 7u
#define IS_MMAPPED 2u
/* Blocks between two looks at the time. */
#define BLOCKS_PER_LOOK 1024
/* Blocks in fastbins that are remembered. */
#define MAX_FAST (1u << 24)

/* --- addresses -------------------------------------------------------------------------------- */

int heap_chunks_add(struct heap_chunks *chunks, uint64_t address)
{
	if (chunks->nr == chunks->max) {
		size_t max = chunks->max ? chunks->max * 2 : 64;
		uint64_t *larger = reallocarray(chunks->address, max, sizeof(*larger));

		if (!larger)
			return -ENOMEM;
		chunks->address = larger;
		chunks->max = max;
	}
	chunks->address[chunks->nr++] = address;
	return 0;
}

static int compare(const void *a, const void *b)
{
	const uint64_t *one = a, *other = b;

	return *one < *other ? -1 : *one > *other;
}

void heap_chunks_sort(struct heap_chunks *chunks)
{
	if (chunks->nr)
		qsort(chunks->address, chunks->nr, sizeof(chunks->address[0]), compare);
}

bool heap_chunks_has(const struct heap_chunks *sorted, uint64_t address)
{
	return sorted->nr &&
	       bsearch(&address, sorted->address, sorted->nr, sizeof(sorted->address[0]), compare);
}

/* --- lists ------------------------------------------------------------------------------------ */

/* Whether addresses in lists are mangled can be seen of most words, and is the same for all of a process. */
static uint64_t next_of(struct heap_reading *reading, uint64_t word, uint64_t at)
{
	uint64_t revealed = list_next(word, at, true);

	if (!reading->is_decided) {
		bool is_plain = !word || revealed % CHUNK_ALIGNMENT;

		reading->is_mangled = !is_plain;
		reading->is_decided = is_plain || !revealed || word % CHUNK_ALIGNMENT;
	}
	return list_next(word, at, reading->is_mangled);
}

/* Goes on from a block to the next, and says how large its chunk is. False where it is not one of a list. */
static bool follow(struct heap_reading *reading, uint64_t chunk, uint64_t *ret_size, uint64_t *ret_next)
{
	struct {
		uint64_t previous_size, head, next;
	} words;

	if (chunk % CHUNK_ALIGNMENT || chunk >> 62 ||
	    space_peek(reading->space, chunk, false, &words, sizeof(words)))
		return false;
	*ret_size = words.head & ~(uint64_t)FLAGS;
	*ret_next = next_of(reading, words.next, chunk + CHUNK_HEADER_BYTES);
	return !(words.head & IS_MMAPPED) && *ret_size % CHUNK_ALIGNMENT == 0 &&
	       *ret_next % CHUNK_ALIGNMENT == 0;
}

int heap_read_fastbins(struct heap_reading *reading, const struct arena *arena, struct heap_chunks *ret)
{
	for (int bin = 0; bin < ARENA_FASTBINS; bin++) {
		uint64_t wanted = tcache_chunk_size(bin), most = arena->system_mem / wanted;
		uint64_t chunk = arena->fast[bin], size, nr = 0;

		/* A list of more chunks than there is room for goes in a circle. */
		for (uint64_t next; chunk && nr < most && ret->nr < MAX_FAST; chunk = next, nr++) {
			if (nr % BLOCKS_PER_LOOK == 0 && heap_must_end(reading))
				break;
			if (!follow(reading, chunk, &size, &next) || size != wanted)
				break;
			if (heap_chunks_add(ret, chunk))
				return -ENOMEM;
		}
	}
	heap_chunks_sort(ret);
	return 0;
}

/* The bytes in one list of a cache; 0 where it changed, or is none. */
static uint64_t list_bytes(struct heap_reading *reading, uint64_t block, uint64_t nr, int bin)
{
	uint64_t wanted = tcache_chunk_size(bin), bytes = 0, size;

	while (nr-- && !heap_must_end(reading)) {
		if (block < CHUNK_HEADER_BYTES ||
		    !follow(reading, block - CHUNK_HEADER_BYTES, &size, &block) ||
		    (wanted ? size != wanted : size < tcache_chunk_size(0)))
			return 0;
		bytes += size;
	}
	return block ? 0 : bytes;
}

static void read_cache(struct heap_reading *reading, uint64_t chunk)
{
	struct {
		uint64_t previous_size, head;
		uint8_t bytes[TCACHE_MAX_BYTES];
	} memory = {};
	struct heap *result = reading->result;
	struct tcache tcache;
	bool is_cache = false;
	uint64_t size;

	if (space_peek(reading->space, chunk, false, &memory.previous_size, CHUNK_HEADER_BYTES))
		return;
	size = memory.head & ~(uint64_t)FLAGS;
	if (!tcache_has_size(size) || space_peek(reading->space, chunk + CHUNK_HEADER_BYTES, false,
						 memory.bytes, size - CHUNK_HEADER_BYTES / 2))
		return;
	if (!tcache_parse(memory.bytes, size, &tcache))
		return;
	for (int bin = 0; bin < tcache.nr_bins; bin++) {
		uint64_t bytes = list_bytes(reading, tcache.entry[bin], tcache.nr[bin], bin);

		if (!bytes)
			continue;
		result->cached_bytes += bytes;
		result->cached_blocks += tcache.nr[bin];
		is_cache = true;
	}
	result->nr_caches += is_cache;
}

void heap_read_caches(struct heap_reading *reading)
{
	for (size_t i = 0; i < reading->caches.nr && !heap_must_end(reading); i++)
		read_cache(reading, reading->caches.address[i]);
}
