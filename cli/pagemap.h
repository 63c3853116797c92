/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads /proc/PID/pagemap of one process from end to end, within a limit, and says how contiguous its memory
 * is. The reader needs CAP_SYS_ADMIN: to others the kernel shows no frames.
 */
#ifndef MEMOIR_PAGEMAP_H
#define MEMOIR_PAGEMAP_H

#include "address_space.h"
#include "contiguity.h"

/* What the kernel itself counts, in bytes, by smaps_rollup. */
struct smaps {
	uint64_t rss;       /* without hugetlb */
	uint64_t anon_huge; /* mapped by huge pages */
	uint64_t hugetlb;
};

struct pagemap {
	struct contiguity contiguity;
	enum space_end end;
	uint64_t page_size;
	uint64_t mapped_bytes, seen_bytes; /* of address space */
	uint64_t cpu_ns;
	/* What follows is known of a complete reading only. */
	bool is_changed; /* the process mapped or unmapped memory meanwhile */
	bool has_smaps;
	struct smaps smaps;
	char problem[256]; /* after an error: one line, what and why */
};

/*
 * Reads the pagemap of the process pid that started at start_ns (CLOCK_BOOTTIME), with at most max_cpu_ns
 * of this program's CPU time, or until interrupted, as of interrupt.h. Shows how far it is on standard error
 * where that is a terminal. 0, or a negative errno with ret->problem.
 *
 * Mappings are read from the smallest to the largest, so that a reservation of terabytes, as sanitizers make,
 * does not keep the rest from being seen.
 */
int pagemap_read(pid_t pid, uint64_t start_ns, uint64_t max_cpu_ns, struct pagemap *ret);

#endif
