/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A walk over the chunks of one heap of glibc's malloc, from one size to the next, which says what is
 * handed out and what is free inside. Fed with the heap's pages in order. Pure; trusts nothing that it is
 * fed.
 *
 * A chunk begins at a multiple of 16 with the size of the chunk before, where that one is free, and its own
 * size, whose lowest bits are flags (glibc, malloc/malloc.c: struct malloc_chunk). A chunk is free where
 * the flag PREV_INUSE of the next one is not set. Sizes here are those of chunks, so with 8 to 24 bytes for
 * malloc itself and for rounding.
 */
#ifndef MEMOIR_HEAP_WALK_H
#define MEMOIR_HEAP_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "contiguity.h"

/* Of a chunk, and what it begins with. */
#define CHUNK_ALIGNMENT 16
#define CHUNK_HEADER_BYTES 16

/* Free runs by size: class c holds those of 2^c to 2^(c+1)-1 bytes; the last is open. */
#define HEAP_CLASSES 40

struct heap_runs {
	uint64_t nr_runs, bytes, resident_bytes;
};

/* Sums of one heap or many. bytes are those used, free, overhead and unknown. */
struct heap_figures {
	uint64_t bytes, resident_bytes, swapped_bytes;
	/* Handed out, or waiting in a thread's cache, which looks the same. */
	uint64_t nr_used, used_bytes, used_resident_bytes;
	/* In malloc's lists, and the chunk at the end of the heap, the top. */
	uint64_t free_bytes, free_resident_bytes;
	uint64_t fast_bytes, top_bytes; /* of these: in fastbins, in tops */
	uint64_t overhead_bytes;        /* malloc's own */
	uint64_t unknown_bytes, unknown_resident_bytes;
	/*
	 * A run is what malloc would join to one free chunk: neighbours that are free or in fastbins. Whole
	 * pages in it that are resident, but for where it begins with what malloc needs itself; and those
	 * of them that malloc_trim(0) gives back: not what is at the end of a thread's heap
	 * (malloc/malloc.c: mtrim(), systrim()).
	 */
	uint64_t largest_run_bytes, whole_bytes, trimmable_bytes;
	uint64_t nr_changed; /* chunks that changed while they were read; counted as used */
	struct heap_runs runs[HEAP_CLASSES];
};

enum heap_walk_end {
	HEAP_WALK_COMPLETE, /* every size led to the next, and the last one to the end */
	HEAP_WALK_CUT,      /* nobody went on feeding it */
	HEAP_WALK_ABSENT,   /* a size is on a page that is not in memory */
	HEAP_WALK_STRANGE,  /* a size that cannot be one */
	NR_HEAP_WALK_ENDS,
};

/* Addresses of chunks. */
struct heap_chunks {
	uint64_t *address;
	size_t nr, max;
};

/* What one heap is. */
struct heap_range {
	uint64_t start; /* a multiple of the page size, and so is end */
	uint64_t first; /* its first chunk; before it is overhead */
	uint64_t end;
	bool is_main; /* of the main arena, whose chunks have no flag for that */
	bool has_top; /* it ends with the top; else with chunks that only mark its end */
};

enum heap_piece_kind { PIECE_CHUNK, PIECE_OVERHEAD, PIECE_UNKNOWN };

struct heap_walk {
	struct heap_figures figures;
	enum heap_walk_end end;
	/* The rest is its own. */
	struct heap_range range;
	uint64_t page_size, page, next, at, nr_resident;
	bool is_stopped;
	const struct heap_chunks *fast;
	size_t next_fast;
	struct heap_chunks *caches;
	struct heap_piece {
		uint64_t start, end, resident_bytes;
		uint64_t nr_before;                   /* resident pages before the page that it begins on */
		uint64_t first_page, nr_before_first; /* the first whole page in it, and the same of that */
		enum heap_piece_kind kind;
	} piece, run; /* what is not known to be used or free yet; and what is known to be free */
};

/*
 * Begins the walk. fast: the chunks that are known to be in fastbins, in ascending order. caches: receives
 * the used chunks that have the size of a thread's cache, as long as there is room. Both are borrowed.
 * False for a range that cannot be one.
 */
bool heap_walk_begin(struct heap_walk *walk, const struct heap_range *range, uint64_t page_size,
		     const struct heap_chunks *fast, struct heap_chunks *caches);

/* Whether it needs what is on the next page. */
bool heap_walk_wants_page(const struct heap_walk *walk);

/* Takes the next page of the range. bytes: what is on it, or NULL where that is not known or not wanted. */
void heap_walk_add_page(struct heap_walk *walk, enum contiguity_page what, const uint8_t *bytes);

/* Call it in the end; pages that were not fed are unknown. */
void heap_walk_finish(struct heap_walk *walk);

/* Adds the figures of one to those of sum. */
void heap_figures_add(struct heap_figures *sum, const struct heap_figures *one);

#endif
