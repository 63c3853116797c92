/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of heap.c share: a reading of a process's heaps that is under way. */
#ifndef MEMOIR_HEAP_READING_H
#define MEMOIR_HEAP_READING_H

#include "arena.h"
#include "heap.h"

/* Chunks that may be caches of threads; a process with more of them is not asked about the rest. */
#define MAX_CACHES 65536

struct heap_reading {
	struct address_space *space;
	struct heap *result;
	struct mappings *mappings;
	uint64_t done_bytes, total_bytes; /* of heaps */
	uint64_t main_start;              /* where the main arena's heap began; 0: it has none */
	struct heap_chunks caches;        /* that may be some */
	struct heap_chunks thread_heaps;  /* addresses of those that were read */
	bool is_decided, is_mangled;      /* how lists of free blocks are written, once that is known */
};

/* As space_must_end(). */
bool heap_must_end(struct heap_reading *reading);

/* Appends an address; 0 or -ENOMEM. */
int heap_chunks_add(struct heap_chunks *chunks, uint64_t address);
/* Brings them in ascending order. */
void heap_chunks_sort(struct heap_chunks *chunks);
bool heap_chunks_has(const struct heap_chunks *sorted, uint64_t address);

/*
 * Appends the chunks that are in the arena's fastbins, in ascending order, as far as lists could be
 * followed. 0 or -ENOMEM.
 */
int heap_read_fastbins(struct heap_reading *reading, const struct arena *arena, struct heap_chunks *ret);

/* Adds up what waits in those of reading->caches that are some. */
void heap_read_caches(struct heap_reading *reading);

/*
 * Reads the arena that was seen at arena->address, its layout known. heap_area: the mapping [heap], or one
 * without size; NULL for the arena of a thread. 0, or a negative errno with the space's problem.
 */
int heap_read_arena(struct heap_reading *reading, const struct arena *arena, const struct mapping *heap_area,
		    struct heap_arena *ret);

/* Finds blocks with mappings of their own. Brings the mappings in the order of their sizes. */
void heap_find_mapped(struct heap_reading *reading);

#endif
