/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What pageblocks hold: which zones there are (/proc/zoneinfo), what the flags of a block's pages say
 * (/proc/kpageflags), and where in memory a struct page is about. Pure, but for the reading of a file.
 *
 * A page's number follows from its address alone: struct pages lie in one array that begins at an address
 * which is a multiple of 1 GiB (vmemmap_base of x86-64, arch/x86/mm/kaslr.c). That address is not told to
 * anybody. But every page must lie in its zone, and flags of the page say which that is; of pages all over
 * memory only one such multiple is compatible with all of them, or else nothing is said.
 */
#ifndef MEMOIR_PAGEBLOCKS_H
#define MEMOIR_PAGEBLOCKS_H

#include <stdbool.h>
#include <stddef.h>

#include "../bpf/abi/types.h"

/* x86-64 has no larger pageblock: what it is on this machine is in struct machine. */
#define PAGEBLOCK_MAX_ORDER 10u
#define PAGEBLOCK_MAX_PAGES (1u << PAGEBLOCK_MAX_ORDER)

/* --- zones ------------------------------------------------------------------------------------ */

#define MAX_ZONE_RANGES 320u /* of 64 nodes */

struct zone_range {
	__u32 node;
	__u32 zone; /* enum zone_type of the kernel's: its place among the node's */
	__u64 start_pfn, nr_spanned;
};

struct zone_ranges {
	struct zone_range all[MAX_ZONE_RANGES]; /* of the zones that have memory */
	__u32 nr;
};

/*
 * Reads /proc/zoneinfo from an open file. 0, -E2BIG for more than MAX_ZONE_RANGES, -EINVAL if it is
 * something else, or another negative errno.
 */
int zone_ranges_read(int fd, struct zone_ranges *ret);

/* The range of a node's zone, or NULL. */
const struct zone_range *zone_ranges_find(const struct zone_ranges *ranges, __u32 node, __u32 zone);

/* --- where the struct pages are --------------------------------------------------------------- */

/* Where the array of struct pages may begin, by all pages that were seen. */
struct page_base {
	__u64 low, high; /* both included */
	bool is_wrong;   /* a page was in no zone */
};

#define PAGE_BASE_ANY                    \
	{                                \
		.low = 0, .high = ~0ULL, \
	}

/* A page of this node and zone is at this address. */
void page_base_see(struct page_base *base, const struct zone_ranges *ranges, __u64 page, __u32 node,
		   __u32 zone);

/* The address where the array begins. 0, -ENOENT if there is none, -EAGAIN if it cannot be told yet. */
int page_base_get(const struct page_base *base, __u64 *ret);

/* --- one block -------------------------------------------------------------------------------- */

enum page_class {
	PAGE_IS_ABSENT,    /* no memory: a hole, offline, broken */
	PAGE_IS_FREE,      /* with the buddy allocator, or on the list of a CPU */
	PAGE_IS_MOVABLE,   /* of the page cache or a process */
	PAGE_IS_UNMOVABLE, /* the kernel's own: slab, page tables, and whatever has no flag */
};

/*
 * By the bits of /proc/kpageflags (Documentation/admin-guide/mm/pagemap.rst, fs/proc/page.c), and by the
 * page's reference count where there is none. So what the kernel allocated as a block without __GFP_COMP is
 * free but for its first page.
 */
enum page_class page_class(__u64 kpageflags, __u32 refcount);

struct pageblock {
	__u32 nr_pages; /* of the block, whether or not there is memory */
	__u32 nr_free, nr_movable, nr_unmovable;
};

/*
 * Adds up a block of so many pages. One without a single flag is as if it were not there: memory that a
 * hypervisor keeps looks like that.
 */
void pageblock_add_up(const __u64 *kpageflags, const __u32 *refcounts, __u32 nr_pages, struct pageblock *ret);

/* With unmovable pages, but less than half of it: without these it could be a huge page. */
bool pageblock_is_spoiled(const struct pageblock *block);

#endif
