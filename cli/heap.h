/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads the heaps of glibc's malloc in one process that goes on running, within a limit, and says what malloc
 * has from the kernel, what it has handed out, and what it keeps. It reads no page that is not in memory. The
 * reader needs CAP_SYS_ADMIN and CAP_SYS_PTRACE.
 */
#ifndef MEMOIR_HEAP_H
#define MEMOIR_HEAP_H

#include "address_space.h"
#include "heap_walk.h"

/* The memory of one arena, which is one heap or, of threads, many. */
struct heap_arena {
	struct heap_figures figures;
	bool is_main;
	enum heap_walk_end end; /* of its heaps, the worst */
	size_t nr_heaps;
	bool is_changed;       /* it was used while it was read, so that figures are of no one moment */
	uint64_t unseen_bytes; /* that it has from the kernel, elsewhere or of an unknown form */
};

struct heap {
	struct heap_arena *arena; /* in the order of what they have resident, most first */
	size_t nr_arenas;
	bool has_all_arenas;
	enum space_end end;
	uint64_t page_size, cpu_ns;
	/* Blocks that wait in the caches of threads and look used: at least these. */
	size_t nr_caches;
	uint64_t cached_blocks, cached_bytes;
	/* Blocks with mappings of their own, by malloc's count, and as many of them as were found. */
	bool has_mapped;
	uint64_t mapped_bytes;
	uint64_t nr_mapped_found, mapped_found_bytes, mapped_resident_bytes;
	unsigned int other_allocators; /* that are mapped too, as of allocators.h */
	/* What follows is known of a complete reading only. */
	bool is_changed; /* the process mapped or unmapped memory meanwhile */
	bool has_anonymous;
	uint64_t anonymous_bytes; /* resident, of the whole process, by smaps_rollup */
	char problem[256];        /* after an error: one line, what and why */
};

/*
 * Reads the heaps of the process pid that started at start_ns (CLOCK_BOOTTIME), with at most max_cpu_ns of
 * this program's CPU time, or until interrupted, as of interrupt.h. Shows how far it is on standard error
 * where that is a terminal. 0, or a negative errno with ret->problem: -ENOTSUP where the allocator is not
 * glibc's. ret is the caller's to free in both cases.
 */
int heap_read(pid_t pid, uint64_t start_ns, uint64_t max_cpu_ns, struct heap *ret);
void heap_free(struct heap *heap);

/* Adds up the arenas. */
void heap_sum(const struct heap *heap, struct heap_figures *ret);

#endif
