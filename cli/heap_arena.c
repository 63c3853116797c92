// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading the heaps of one arena of a process that goes on running. Where that leaves a doubt, and the
 * arena is another one than before, it is read again, a few times.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "heap_reading.h"

#define TRIES 3
/* Pages whose entries are read at once, few, so that they are still true when the pages are read. */
#define WINDOW 512
#define MAX_AHEAD 16
/* Heaps of one thread's arena that are looked at: 4 TiB of them. */
#define MAX_HEAPS 65536
#define FLAGS 7u

struct heap_ranges {
	struct heap_range *range;
	size_t nr;
};

/* Pages that were read ahead of where the walk is. */
struct ahead {
	uint8_t *bytes;
	uint64_t first, nr; /* pages */
};

/* --- where the heaps are ---------------------------------------------------------------------- */

static int add_range(struct heap_ranges *ranges, const struct heap_range *range)
{
	struct heap_range *larger = reallocarray(ranges->range, ranges->nr + 1, sizeof(*larger));

	if (!larger)
		return -ENOMEM;
	ranges->range = larger;
	ranges->range[ranges->nr++] = *range;
	return 0;
}

static uint64_t align(uint64_t address, uint64_t alignment)
{
	return address / alignment * alignment;
}

/* What the size word of a chunk says; 0 where it cannot be read. */
static uint64_t chunk_size(struct address_space *space, uint64_t chunk)
{
	uint64_t header[2];

	if (chunk % CHUNK_ALIGNMENT || space_peek(space, chunk, false, header, sizeof(header)))
		return 0;
	return header[1] & ~(uint64_t)FLAGS;
}

/*
 * The heap of the main arena is as long as the arena says, and ends with the top. Where the break could not
 * be moved, the rest of it is in mappings that nothing leads to, with the top perhaps.
 */
static int find_main(struct heap_reading *reading, const struct arena *arena, const struct mapping *heap_area,
		     struct heap_ranges *ret)
{
	uint64_t page_size = reading->space->page_size, size = chunk_size(reading->space, arena->top);
	uint64_t end = arena->top + size, start = end - arena->system_mem;
	struct heap_range range = { .is_main = true };

	if (heap_area->start >= heap_area->end)
		return 0;
	range.has_top = arena->top >= heap_area->start && arena->top < heap_area->end;
	if (size && start >= heap_area->start && start < heap_area->end)
		range.has_top = true;
	else
		start = heap_area->start;
	reading->main_start = start;
	range.first = align(start + CHUNK_ALIGNMENT - 1, CHUNK_ALIGNMENT);
	range.start = align(start, page_size);
	range.end = range.has_top ? end : heap_area->end;
	return add_range(ret, &range);
}

static bool has_range(const struct heap_ranges *ranges, uint64_t start)
{
	for (size_t i = 0; i < ranges->nr; i++)
		if (ranges->range[i].start == start)
			return true;
	return false;
}

/*
 * The heaps of a thread's arena lead from the last one, which has the top, to the first, which has the
 * arena.
 */
static int find_thread_heaps(struct heap_reading *reading, const struct arena *arena, struct heap_ranges *ret)
{
	uint64_t info_bytes = arena->address % THREAD_HEAP_BYTES, next;
	uint8_t info[THREAD_HEAP_INFO_BYTES];

	for (uint64_t at = align(arena->top, THREAD_HEAP_BYTES); at; at = next) {
		struct heap_range range = { .start = at, .first = at + info_bytes, .has_top = !ret->nr };
		struct thread_heap heap;

		if (ret->nr == MAX_HEAPS || has_range(ret, at) || heap_must_end(reading) ||
		    space_peek(reading->space, at, false, info, sizeof(info)) ||
		    !thread_heap_parse(info, reading->space->page_size, &heap) ||
		    heap.arena != arena->address)
			break;
		range.end = at + heap.size;
		next = heap.previous;
		if (at == align(arena->address, THREAD_HEAP_BYTES)) {
			range.first = align(arena->address + arena->size + CHUNK_ALIGNMENT - 1,
					    CHUNK_ALIGNMENT);
			next = 0;
		}
		if (add_range(ret, &range))
			return -ENOMEM;
	}
	return 0;
}

/* --- the walk --------------------------------------------------------------------------------- */

/*
 * A page that the walk wants, the ith of those in space->entries. More than one is read where the one
 * before was wanted, too. NULL where it is not in memory.
 */
static const uint8_t *want_page(struct address_space *space, struct ahead *ahead, uint64_t page,
				const uint64_t *entries, size_t nr_left)
{
	size_t most = page == ahead->first + ahead->nr ? MAX_AHEAD : 1, nr = 0;

	if (page - ahead->first < ahead->nr)
		return ahead->bytes + (page - ahead->first) * space->page_size;
	while (nr < most && nr < nr_left && space_is_readable(space_page(space, entries[nr], false)))
		nr++;
	ahead->first = page;
	ahead->nr = nr;
	if (nr && space_read_memory(space, page * space->page_size, ahead->bytes, nr * space->page_size))
		ahead->nr = 0;
	return ahead->nr ? ahead->bytes : NULL;
}

static int walk_pages(struct heap_reading *reading, struct heap_walk *walk, struct ahead *ahead)
{
	struct address_space *space = reading->space;
	uint64_t page = walk->range.start / space->page_size, end = walk->range.end / space->page_size;

	ahead->nr = 0;
	while (page < end && !heap_must_end(reading)) {
		ssize_t nr = space_walk_entries(space, page, end - page < WINDOW ? end - page : WINDOW);

		if (nr <= 0)
			return (int)nr;
		for (size_t i = 0; i < (size_t)nr; i++, page++) {
			const uint64_t *entry = &space->entries[i];
			const uint8_t *bytes = NULL;

			if (heap_walk_wants_page(walk))
				bytes = want_page(space, ahead, page, entry, (size_t)nr - i);
			heap_walk_add_page(walk, space_page(space, *entry, false), bytes);
		}
		reading->done_bytes += (uint64_t)nr * space->page_size;
	}
	return 0;
}

/* Adds what the walk says. One that could not begin knows nothing. */
static void add_walk(const struct heap_walk *walk, struct heap_arena *ret)
{
	heap_figures_add(&ret->figures, &walk->figures);
	ret->nr_heaps++;
	if (walk->end > ret->end)
		ret->end = walk->end;
}

static int walk_range(struct heap_reading *reading, const struct heap_range *range,
		      const struct heap_chunks *fast, struct heap_arena *ret)
{
	struct address_space *space = reading->space;
	struct ahead ahead = { .bytes = malloc(MAX_AHEAD * space->page_size) };
	struct heap_walk walk;
	int err = 0;

	if (!ahead.bytes)
		return -ENOMEM;
	if (!heap_walk_begin(&walk, range, space->page_size, fast, &reading->caches)) {
		ret->end = HEAP_WALK_STRANGE;
	} else {
		err = walk_pages(reading, &walk, &ahead);
		heap_walk_finish(&walk);
		add_walk(&walk, ret);
	}
	free(ahead.bytes);
	return err;
}

/* --- an arena --------------------------------------------------------------------------------- */

/* The arena as it is now, and its bytes. False where it cannot be read, or is none. */
static bool read_again(struct heap_reading *reading, const struct arena *seen, bool has_file, uint8_t *bytes,
		       struct arena *ret)
{
	return !space_peek(reading->space, seen->address, has_file, bytes, seen->size) &&
	       arena_parse(bytes, seen->size, seen->address, seen->top_offset, ret);
}

static int walk_ranges(struct heap_reading *reading, const struct arena *arena,
		       const struct heap_ranges *ranges, const struct heap_chunks *fast,
		       struct heap_arena *ret)
{
	int err = 0;

	for (size_t i = 0; i < ranges->nr && !err; i++) {
		err = walk_range(reading, &ranges->range[i], fast, ret);
		if (!err && !ranges->range[i].is_main)
			err = heap_chunks_add(&reading->thread_heaps, ranges->range[i].start);
	}
	if (ret->figures.bytes < arena->system_mem)
		ret->unseen_bytes = arena->system_mem - ret->figures.bytes;
	return err;
}

static int try(struct heap_reading *reading, const struct arena *seen, const struct mapping *heap_area,
	       struct heap_arena *ret)
{
	uint8_t before[ARENA_MAX_BYTES], after[ARENA_MAX_BYTES];
	struct heap_ranges ranges = {};
	struct heap_chunks fast = {};
	struct arena arena, again;
	int err;

	*ret = (struct heap_arena){ .is_main = heap_area };
	if (!read_again(reading, seen, heap_area, before, &arena)) {
		ret->is_changed = true;
		ret->end = HEAP_WALK_STRANGE;
		ret->unseen_bytes = seen->system_mem;
		return 0;
	}
	err = heap_read_fastbins(reading, &arena, &fast);
	if (!err)
		err = heap_area ? find_main(reading, &arena, heap_area, &ranges)
				: find_thread_heaps(reading, &arena, &ranges);
	if (!err)
		err = walk_ranges(reading, &arena, &ranges, &fast, ret);
	ret->is_changed = !read_again(reading, seen, heap_area, after, &again) ||
			  memcmp(before, after, seen->size) != 0;
	free(ranges.range);
	free(fast.address);
	return err == -ENOMEM ? space_problem(reading->space, err, "out of memory") : err;
}

/* What is not known, or only by what contradicts itself. */
static uint64_t doubt(const struct heap_arena *arena)
{
	return arena->figures.unknown_bytes + arena->unseen_bytes + arena->figures.nr_changed;
}

int heap_read_arena(struct heap_reading *reading, const struct arena *arena, const struct mapping *heap_area,
		    struct heap_arena *ret)
{
	uint64_t done_bytes = reading->done_bytes;
	size_t nr_caches = reading->caches.nr, nr_thread_heaps = reading->thread_heaps.nr;
	int err = 0;

	for (int nr = 0; nr < TRIES && !err && (!nr || !heap_must_end(reading)); nr++) {
		struct heap_arena tried;

		reading->done_bytes = done_bytes;
		reading->caches.nr = nr_caches;
		reading->thread_heaps.nr = nr_thread_heaps;
		err = try(reading, arena, heap_area, &tried);
		if (!nr || doubt(&tried) < doubt(ret))
			*ret = tried;
		/* Only what changes can be otherwise another time. */
		if (!doubt(ret) || !ret->is_changed)
			break;
	}
	return err;
}
