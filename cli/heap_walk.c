// SPDX-License-Identifier: GPL-2.0-or-later
/* A walk over the chunks of a heap; see heap_walk.h. */
#include "heap_walk.h"

#include <string.h>

#include "arena.h"

/* malloc/malloc.c: PREV_INUSE, IS_MMAPPED, NON_MAIN_ARENA, MINSIZE, struct malloc_chunk. */
#define PREV_INUSE 1u
#define IS_MMAPPED 2u
#define NON_MAIN_ARENA 4u
#define FLAGS 7u
#define MIN_CHUNK 32
/* What malloc keeps at the beginning of a free chunk, when it gives back the pages in it. */
#define KEPT_OF_FREE 48

static uint64_t round_up(uint64_t address, uint64_t page_size)
{
	return (address + page_size - 1) / page_size * page_size;
}

/* --- runs ------------------------------------------------------------------------------------- */

static void end_run(struct heap_walk *walk, uint64_t end, uint64_t nr_before, bool is_top)
{
	struct heap_figures *figures = &walk->figures;
	const struct heap_piece *run = &walk->run;
	uint64_t size = end - run->start, whole = 0;
	int class;

	if (!run->end)
		return;
	if (run->first_page < end / walk->page_size * walk->page_size)
		whole = (nr_before - run->nr_before_first) * walk->page_size;
	class = 63 - __builtin_clzll(size);
	if (class >= HEAP_CLASSES)
		class = HEAP_CLASSES - 1;
	figures->runs[class].nr_runs++;
	figures->runs[class].bytes += size;
	figures->runs[class].resident_bytes += run->resident_bytes;
	if (size > figures->largest_run_bytes)
		figures->largest_run_bytes = size;
	figures->whole_bytes += whole;
	if (!is_top || walk->range.is_main)
		figures->trimmable_bytes += whole;
	walk->run.end = 0;
}

static void add_free(struct heap_walk *walk)
{
	const struct heap_piece *piece = &walk->piece;

	walk->figures.free_bytes += piece->end - piece->start;
	walk->figures.free_resident_bytes += piece->resident_bytes;
	if (walk->run.end) {
		walk->run.end = piece->end;
		walk->run.resident_bytes += piece->resident_bytes;
	} else {
		walk->run = *piece;
	}
}

/* --- pieces ----------------------------------------------------------------------------------- */

static bool is_fast(struct heap_walk *walk, uint64_t chunk)
{
	const struct heap_chunks *fast = walk->fast;

	while (walk->next_fast < fast->nr && fast->address[walk->next_fast] < chunk)
		walk->next_fast++;
	return walk->next_fast < fast->nr && fast->address[walk->next_fast] == chunk;
}

static void add_used(struct heap_walk *walk)
{
	const struct heap_piece *piece = &walk->piece;
	uint64_t size = piece->end - piece->start;

	walk->figures.nr_used++;
	walk->figures.used_bytes += size;
	walk->figures.used_resident_bytes += piece->resident_bytes;
	if (tcache_has_size(size) && walk->caches->nr < walk->caches->max)
		walk->caches->address[walk->caches->nr++] = piece->start;
}

/* What is behind the piece says what it is. */
static void settle(struct heap_walk *walk, uint64_t previous_size, bool is_used)
{
	struct heap_figures *figures = &walk->figures;
	const struct heap_piece *piece = &walk->piece;
	uint64_t size = piece->end - piece->start;

	if (piece->kind == PIECE_CHUNK && is_used && is_fast(walk, piece->start)) {
		figures->fast_bytes += size;
		add_free(walk);
		return;
	}
	if (piece->kind == PIECE_CHUNK && !is_used && previous_size == size) {
		add_free(walk);
		return;
	}
	end_run(walk, piece->start, piece->nr_before, false);
	if (piece->kind == PIECE_OVERHEAD) {
		figures->overhead_bytes += size;
		return;
	}
	figures->nr_changed += !is_used;
	add_used(walk);
}

static void begin_piece(struct heap_walk *walk, uint64_t size, enum heap_piece_kind kind)
{
	walk->piece = (struct heap_piece){
		.start = walk->next,
		.end = walk->next + size,
		.nr_before = walk->nr_resident,
		.first_page = round_up(walk->next + KEPT_OF_FREE, walk->page_size),
		.kind = kind,
	};
	walk->next += size;
}

/* From the piece on nothing is known, because of what should be behind it. */
static void stop(struct heap_walk *walk, enum heap_walk_end why)
{
	end_run(walk, walk->piece.start, walk->piece.nr_before, false);
	walk->piece.end = walk->range.end;
	walk->piece.kind = PIECE_UNKNOWN;
	walk->next = walk->range.end;
	walk->end = why;
	walk->is_stopped = true;
}

/* --- sizes ------------------------------------------------------------------------------------ */

/*
 * Two chunks without room for anything mark the end of a heap that is not the last of its arena: of 16 bytes,
 * and then of 0 or 16 (malloc/malloc.c: sysmalloc()).
 */
static bool is_possible(const struct heap_walk *walk, uint64_t head)
{
	uint64_t size = head & ~(uint64_t)FLAGS, left = walk->range.end - walk->next;

	if (head & IS_MMAPPED || (head & NON_MAIN_ARENA && walk->range.is_main))
		return false;
	if (size < MIN_CHUNK)
		return !walk->range.has_top &&
		       (size == CHUNK_HEADER_BYTES ? left <= MIN_CHUNK : !size && left == CHUNK_HEADER_BYTES);
	return size % CHUNK_ALIGNMENT == 0 && size <= left && (size < left || walk->range.has_top);
}

static void take_header(struct heap_walk *walk, const uint8_t *header)
{
	uint64_t previous_size, head, size;

	if (!header) {
		stop(walk, HEAP_WALK_ABSENT);
		return;
	}
	memcpy(&previous_size, header, sizeof(previous_size));
	memcpy(&head, header + sizeof(previous_size), sizeof(head));
	if (!is_possible(walk, head)) {
		stop(walk, HEAP_WALK_STRANGE);
		return;
	}
	settle(walk, previous_size, head & PREV_INUSE);
	size = head & ~(uint64_t)FLAGS;
	begin_piece(walk, size ? size : CHUNK_HEADER_BYTES, size < MIN_CHUNK ? PIECE_OVERHEAD : PIECE_CHUNK);
}

/* --- pages ------------------------------------------------------------------------------------ */

bool heap_walk_begin(struct heap_walk *walk, const struct heap_range *range, uint64_t page_size,
		     const struct heap_chunks *fast, struct heap_chunks *caches)
{
	*walk = (struct heap_walk){ .end = HEAP_WALK_CUT, .range = *range, .page_size = page_size };
	walk->fast = fast;
	walk->caches = caches;
	walk->page = walk->at = walk->next = range->start;
	if (range->start % page_size || range->end % page_size || range->first % CHUNK_ALIGNMENT ||
	    range->first < range->start || range->first >= range->end || range->end >> 62)
		return false;
	begin_piece(walk, range->first - range->start, PIECE_OVERHEAD);
	return true;
}

bool heap_walk_wants_page(const struct heap_walk *walk)
{
	return walk->next < walk->page + walk->page_size && walk->next < walk->range.end;
}

/* What is between here and there is of the piece. */
static void pass(struct heap_walk *walk, uint64_t there, bool is_resident)
{
	if (is_resident)
		walk->piece.resident_bytes += there - walk->at;
	walk->at = there;
}

void heap_walk_add_page(struct heap_walk *walk, enum contiguity_page what, const uint8_t *bytes)
{
	uint64_t page = walk->page, page_end = page + walk->page_size;
	bool is_resident = what == PAGE_ANONYMOUS || what == PAGE_FILE;

	if (page >= walk->range.end)
		return;
	if (walk->piece.first_page == page)
		walk->piece.nr_before_first = walk->nr_resident;
	if (walk->run.first_page == page)
		walk->run.nr_before_first = walk->nr_resident;
	while (heap_walk_wants_page(walk)) {
		pass(walk, walk->next, is_resident);
		take_header(walk, bytes ? bytes + (walk->next - page) : NULL);
	}
	pass(walk, page_end, is_resident);
	walk->nr_resident += is_resident;
	walk->figures.resident_bytes += is_resident ? walk->page_size : 0;
	walk->figures.swapped_bytes += what == PAGE_SWAPPED ? walk->page_size : 0;
	walk->page = page_end;
}

void heap_walk_finish(struct heap_walk *walk)
{
	struct heap_figures *figures = &walk->figures;
	uint64_t end = walk->range.end;

	figures->bytes = end - walk->range.start;
	if (!walk->is_stopped && walk->page < end)
		stop(walk, HEAP_WALK_CUT);
	if (walk->is_stopped) {
		figures->unknown_bytes += end - walk->piece.start;
		figures->unknown_resident_bytes += walk->piece.resident_bytes;
		return;
	}
	walk->end = HEAP_WALK_COMPLETE;
	if (walk->piece.kind == PIECE_OVERHEAD) {
		settle(walk, 0, true);
		return;
	}
	figures->top_bytes += end - walk->piece.start;
	add_free(walk);
	end_run(walk, end, walk->nr_resident, true);
}

void heap_figures_add(struct heap_figures *sum, const struct heap_figures *one)
{
	sum->bytes += one->bytes;
	sum->resident_bytes += one->resident_bytes;
	sum->swapped_bytes += one->swapped_bytes;
	sum->nr_used += one->nr_used;
	sum->used_bytes += one->used_bytes;
	sum->used_resident_bytes += one->used_resident_bytes;
	sum->free_bytes += one->free_bytes;
	sum->free_resident_bytes += one->free_resident_bytes;
	sum->fast_bytes += one->fast_bytes;
	sum->top_bytes += one->top_bytes;
	sum->overhead_bytes += one->overhead_bytes;
	sum->unknown_bytes += one->unknown_bytes;
	sum->unknown_resident_bytes += one->unknown_resident_bytes;
	if (one->largest_run_bytes > sum->largest_run_bytes)
		sum->largest_run_bytes = one->largest_run_bytes;
	sum->whole_bytes += one->whole_bytes;
	sum->trimmable_bytes += one->trimmable_bytes;
	sum->nr_changed += one->nr_changed;
	for (int class = 0; class < HEAP_CLASSES; class ++) {
		sum->runs[class].nr_runs += one->runs[class].nr_runs;
		sum->runs[class].bytes += one->runs[class].bytes;
		sum->runs[class].resident_bytes += one->runs[class].resident_bytes;
	}
}
