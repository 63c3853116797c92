/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What /proc/meminfo and /proc/net/sockstat say of the memory of the machine and the kernel, line by line.
 * Pure. Lines come without their end; what is not understood is passed over.
 */
#ifndef MEMOIR_MEMINFOTEXT_H
#define MEMOIR_MEMINFOTEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "../bpf/abi/records.h"

/* Lines that are used, all of them in kB. */
enum meminfo_line {
	MEMINFO_TOTAL,
	MEMINFO_FREE,
	MEMINFO_AVAILABLE,
	MEMINFO_ACTIVE,
	MEMINFO_INACTIVE,
	MEMINFO_UNEVICTABLE,
	MEMINFO_SWAP_FREE,
	MEMINFO_SHMEM,
	MEMINFO_SLAB_RECLAIMABLE,
	MEMINFO_SLAB_UNRECLAIMABLE,
	MEMINFO_KERNEL_STACK,
	MEMINFO_PAGE_TABLES,
	MEMINFO_SECONDARY_PAGE_TABLES,
	MEMINFO_VMALLOC_USED,
	MEMINFO_PERCPU,
	MEMINFO_HUGETLB,
	MEMINFO_BALLOON,
	NR_MEMINFO_LINES
};

/* Start with {}. */
struct meminfo {
	__u64 kb[NR_MEMINFO_LINES];
	__u32 found; /* bit per line that there was */
	__u64 socket_pages;
	bool has_sockets;
};

/* Takes a line of /proc/meminfo. Whether it was one that is used. */
bool meminfo_take(struct meminfo *info, const char *line, size_t size);

/* Takes a line of /proc/net/sockstat: "TCP: inuse 1 ... mem 208" is in pages. Whether it was one of those. */
bool sockstat_take(struct meminfo *info, const char *line, size_t size);

/*
 * Fills all but the header. What the lines do not tell is KERNEL_MEMORY_UNKNOWN. Unaccounted is
 *
 *	total - free - lists of pages that can be reclaimed or are locked - slab - page tables - vmalloc - per
 *	CPU - huge pages of hugetlbfs - balloon
 *
 * and so has what drivers, pipes and others take from the page allocator directly, free pages on the lists of
 * CPUs, and kernel stacks where these are not mapped; 0 where that is below 0.
 */
void meminfo_tell(const struct meminfo *info, __u32 page_size, struct rec_kernel_memory *ret);

#endif
