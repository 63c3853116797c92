/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What glibc's malloc keeps of its heaps, as bytes of a process's memory: arenas, heaps of threads, caches of
 * threads, blocks with mappings of their own. Layouts are those of 64-bit little-endian machines (glibc,
 * malloc/malloc.c and malloc/arena.c, 2.23 to 2.43), recognised by what is in them, not by a version: nothing
 * that the rest of memory holds looks like 127 lists whose empty ones point to themselves. Pure; trusts
 * nothing.
 */
#ifndef MEMOIR_ARENA_H
#define MEMOIR_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARENA_FASTBINS 10
/* An arena is smaller than that, with any layout. */
#define ARENA_MAX_BYTES 2304

/* struct malloc_state. */
struct arena {
	uint64_t address;
	uint64_t size;       /* of itself */
	uint64_t top_offset; /* 8, 88 or 96: which layout it has */
	uint64_t top;        /* its last chunk; where there is none, an address in the arena itself */
	uint64_t next;       /* arena of a ring, in which the main one is */
	uint64_t system_mem; /* bytes that it has from the kernel */
	uint64_t fast[ARENA_FASTBINS]; /* lists of small chunks that look used; 0: empty */
};

/*
 * Reads the arena that begins at address, of which bytes are what is there. top_offset: its layout, or 0 to
 * find out. False where there is none.
 */
bool arena_parse(const uint8_t *bytes, size_t size, uint64_t address, uint64_t top_offset, struct arena *ret);

/*
 * Looks for an arena in the C library's data, which lie at address. Where it begins is not to be seen there:
 * returns the address of its field top, or 0 where there is none; ret_next is the next one in the ring.
 */
uint64_t arena_find(const uint8_t *bytes, size_t size, uint64_t address, uint64_t *ret_next);

/* Whether an arena of this layout may begin so many bytes before its field top. */
bool arena_has_layout(uint64_t top_offset);

/* Whether the arena has memory at all. */
bool arena_has_top(const struct arena *arena);

/* struct heap_info: what memory of other arenas than the main one begins with, at a multiple of its size. */
#define THREAD_HEAP_BYTES (64ULL << 20)
#define THREAD_HEAP_INFO_BYTES 32

struct thread_heap {
	uint64_t arena;
	uint64_t previous; /* heap of the arena; 0: there is none */
	uint64_t size;
};

/* Reads THREAD_HEAP_INFO_BYTES. False for what cannot be one. */
bool thread_heap_parse(const uint8_t *bytes, uint64_t page_size, struct thread_heap *ret);

/*
 * Blocks with mappings of their own: how many bytes they are, by the count that malloc keeps beside the
 * address at which its heap began (struct malloc_par), or 0 where it has none. False where that cannot be
 * told.
 */
bool arena_find_mapped(const uint8_t *bytes, size_t size, uint64_t heap_start, uint64_t page_size,
		       uint64_t *ret);
/* The size of the mapping whose first CHUNK_HEADER_BYTES these are, if it is one of such a block; else 0. */
uint64_t arena_mapped_block(const uint8_t *bytes, uint64_t page_size);

/* The caches of threads: struct tcache_perthread_struct. */
#define TCACHE_MAX_BINS 76
#define TCACHE_MAX_BYTES 768

struct tcache {
	int nr_bins;
	uint64_t entry[TCACHE_MAX_BINS]; /* address of the first block, behind its chunk's header; 0: none */
	uint64_t nr[TCACHE_MAX_BINS];    /* blocks in the list */
};

/* Whether a chunk has the size of such a cache, in any version. */
bool tcache_has_size(uint64_t chunk_size);

/* Reads what is in such a chunk, behind its header. False for what cannot be a cache. */
bool tcache_parse(const uint8_t *bytes, uint64_t chunk_size, struct tcache *ret);

/* The size of the chunks in a list of a cache; 0: they differ. Of a fastbin it is the same. */
uint64_t tcache_chunk_size(int bin);

/*
 * The next of a list of free blocks, from the word that is at address. Since 2.32 these are mangled
 * (malloc/malloc.c: PROTECT_PTR()).
 */
uint64_t list_next(uint64_t word, uint64_t address, bool is_mangled);

#endif
