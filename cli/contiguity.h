/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Physical contiguity of a process: how long the runs are in which pages that are neighbours in its address
 * space are neighbours in physical memory too. Fed with the entries of /proc/PID/pagemap in order. Pure.
 *
 * A run is what B. Pham and others, "CoLT: Coalesced Large-Reach TLBs" (MICRO 2012), call contiguity: virtual
 * pages v, v+1, ... v+n-1 that lie in the frames f, f+1, ... f+n-1. Here a run also ends with its mapping,
 * because pages of different mappings differ in their rights.
 */
#ifndef MEMOIR_CONTIGUITY_H
#define MEMOIR_CONTIGUITY_H

#include <stdbool.h>
#include <stdint.h>

#include "../daemon/mappings.h"

extern const char *const contiguity_kind_names[NR_KINDS];

/* What a virtual page holds. */
enum contiguity_page {
	PAGE_NONE,
	PAGE_SWAPPED, /* or on its way to another frame */
	PAGE_ANONYMOUS,
	PAGE_FILE,    /* shared memory too */
	PAGE_ZERO,    /* the frame of zeroes that all processes share; counts nowhere as resident */
	PAGE_SPECIAL, /* memory of a device or of the kernel; counts nowhere as resident */
	NR_PAGES,
};

/* Runs by length: class c holds those of 2^c to 2^(c+1)-1 pages; the last is open. */
#define CONTIGUITY_CLASSES 32

struct contiguity_runs {
	uint64_t nr_runs, nr_pages;
	double sum_squares; /* of the lengths in pages */
	uint64_t runs[CONTIGUITY_CLASSES], pages[CONTIGUITY_CLASSES];
};

struct contiguity {
	uint64_t huge_pages; /* that a huge page consists of; 0: unknown */
	struct contiguity_runs kind[NR_KINDS];
	uint64_t nr[NR_PAGES]; /* pages seen */
	/*
	 * Pages of blocks that one huge page could map: huge_pages of them, all anonymous, in one mapping and
	 * in one run, that begin at a multiple of huge_pages in the address space and in memory.
	 */
	uint64_t nr_hugeable;
	/* The run and the block that are open, and the last page fed. */
	uint64_t run, block, last_page, last_frame;
	enum mapping_kind run_kind;
};

void contiguity_init(struct contiguity *contiguity, uint64_t huge_pages);

/* An entry's frame, where it is present; 0 for who may not see it. */
uint64_t contiguity_frame(uint64_t entry);

/*
 * Whether contiguity_page() needs what /proc/kpageflags has of the entry's frame. has_file: the mapping is
 * shared or of a file.
 */
bool contiguity_needs_flags(uint64_t entry, bool has_file);

/*
 * What an entry of pagemap stands for. flags are those of its frame, and are looked at only where they are
 * needed. Documentation/admin-guide/mm/pagemap.rst; fs/proc/task_mmu.c: pte_to_pagemap_entry().
 */
enum contiguity_page contiguity_page(uint64_t entry, bool has_file, uint64_t flags);

/* The next page of the mapping in ascending order; pages that are absent may be left out. */
void contiguity_add(struct contiguity *contiguity, enum mapping_kind kind, uint64_t page, uint64_t frame,
		    enum contiguity_page what);

/* The mapping ends here, and so does a run. Call it before anything is read out. */
void contiguity_end_mapping(struct contiguity *contiguity);

/* Adds up kinds. */
void contiguity_sum(const struct contiguity *contiguity, struct contiguity_runs *ret);

/* The pages in runs of at least this many pages, a power of two. */
uint64_t contiguity_pages_from(const struct contiguity_runs *runs, uint64_t length);

/* Pages by runs: how far an entry of an ideal coalescing TLB would reach. 0 without pages. */
double contiguity_mean(const struct contiguity_runs *runs);

/*
 * The mean over pages of the length of the run that a page lies in, the sum of squared lengths by the sum of
 * lengths: what an access to any page meets. 0 without pages.
 */
double contiguity_mean_of_pages(const struct contiguity_runs *runs);

#endif
