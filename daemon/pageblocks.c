// SPDX-License-Identifier: GPL-2.0-or-later
/* Zones, struct pages and the flags of pages; see pageblocks.h. */
#include "pageblocks.h"

#include <errno.h>
#include <string.h>

#include "../bpf/abi/live.h"

/* --- zones ------------------------------------------------------------------------------------ */

/* A number that must not wrap when it becomes an address. */
#define MAX_PFN (1ULL << 46)

/* Takes one line about the zone that the last "Node" line named. */
static void take_zone_line(const char *line, struct zone_range *zone)
{
	unsigned long long value;

	if (sscanf(line, " spanned %llu", &value) == 1)
		zone->nr_spanned = value;
	else if (sscanf(line, " start_pfn: %llu", &value) == 1)
		zone->start_pfn = value;
}

/* Keeps the zone that ends; one that spans nothing is none. */
static int keep_zone(struct zones *zones, const struct zone_range *zone)
{
	if (!zone->nr_spanned)
		return 0;
	if (zone->start_pfn > MAX_PFN || zone->nr_spanned > MAX_PFN)
		return -EINVAL;
	if (zones->nr == MAX_ZONES)
		return -E2BIG;
	zones->all[zones->nr++] = *zone;
	return 0;
}

int zones_read(FILE *file, struct zones *ret)
{
	struct zone_range zone = { 0 };
	bool has_begun = false;
	char line[256];
	int err = 0;

	ret->nr = 0;
	while (!err && fgets(line, sizeof(line), file)) {
		unsigned int node;

		if (sscanf(line, "Node %u, zone", &node) != 1) {
			if (has_begun)
				take_zone_line(line, &zone);
			continue;
		}
		err = keep_zone(ret, &zone);
		/* All zones of a node are there, also those without memory. */
		zone = (struct zone_range){ .node = node,
					    .zone = has_begun && zone.node == node ? zone.zone + 1 : 0 };
		has_begun = true;
	}
	if (!err)
		err = keep_zone(ret, &zone);
	return err ? err : ret->nr ? 0 : -EINVAL;
}

const struct zone_range *zones_find(const struct zones *zones, __u32 node, __u32 zone)
{
	for (__u32 i = 0; i < zones->nr; i++)
		if (zones->all[i].node == node && zones->all[i].zone == zone)
			return &zones->all[i];
	return NULL;
}

/* --- where the struct pages are --------------------------------------------------------------- */

#define BASE_ALIGNMENT (1ULL << 30)

void page_base_see(struct page_base *base, const struct zones *zones, __u64 page, __u32 node, __u32 zone)
{
	const struct zone_range *range = zones_find(zones, node, zone);
	__u64 low, high;

	if (!range || page < (range->start_pfn + range->nr_spanned) << LIVE_PAGE_SHIFT) {
		base->is_wrong = true;
		return;
	}
	high = page - (range->start_pfn << LIVE_PAGE_SHIFT);
	low = page - ((range->start_pfn + range->nr_spanned - 1) << LIVE_PAGE_SHIFT);
	if (low > base->low)
		base->low = low;
	if (high < base->high)
		base->high = high;
}

int page_base_get(const struct page_base *base, __u64 *ret)
{
	__u64 first;

	if (base->is_wrong || base->low > base->high)
		return -ENOENT;
	/* Nothing was seen. */
	if (!base->low)
		return -EAGAIN;
	first = (base->low + BASE_ALIGNMENT - 1) & ~(BASE_ALIGNMENT - 1);
	if (first < base->low || first > base->high)
		return -ENOENT;
	if (base->high - first >= BASE_ALIGNMENT)
		return -EAGAIN;
	*ret = first;
	return 0;
}

/* --- one block -------------------------------------------------------------------------------- */

#define KPF(bit) (1ULL << (bit))
#define KPF_LRU KPF(5)
#define KPF_BUDDY KPF(10)
#define KPF_MMAP KPF(11)
#define KPF_ANON KPF(12)
#define KPF_SWAPCACHE KPF(13)
#define KPF_SWAPBACKED KPF(14)
#define KPF_HUGE KPF(17)
#define KPF_HWPOISON KPF(19)
#define KPF_NOPAGE KPF(20)
#define KPF_KSM KPF(21)
#define KPF_THP KPF(22)
#define KPF_OFFLINE KPF(23)
#define KPF_ZERO_PAGE KPF(24)

#define KPF_ANY_ABSENT (KPF_HWPOISON | KPF_NOPAGE | KPF_OFFLINE)
/* The zero page is mapped and cannot be moved. */
#define KPF_ANY_MOVABLE \
	(KPF_LRU | KPF_MMAP | KPF_ANON | KPF_SWAPCACHE | KPF_SWAPBACKED | KPF_HUGE | KPF_KSM | KPF_THP)

enum page_class page_class(__u64 kpageflags, __u32 refcount)
{
	if (kpageflags & KPF_ANY_ABSENT)
		return PAGE_IS_ABSENT;
	if (kpageflags & KPF_BUDDY || (!kpageflags && !refcount))
		return PAGE_IS_FREE;
	if (kpageflags & KPF_ANY_MOVABLE && !(kpageflags & KPF_ZERO_PAGE))
		return PAGE_IS_MOVABLE;
	return PAGE_IS_UNMOVABLE;
}

void pageblock_add_up(const __u64 kpageflags[PAGEBLOCK_PAGES], const __u32 refcounts[PAGEBLOCK_PAGES],
		      struct pageblock *ret)
{
	__u32 nr[PAGE_IS_UNMOVABLE + 1] = { 0 };
	__u64 any = 0;

	for (__u32 i = 0; i < PAGEBLOCK_PAGES; i++) {
		any |= kpageflags[i];
		nr[page_class(kpageflags[i], refcounts[i])]++;
	}
	*ret = (struct pageblock){ 0 };
	if (!any)
		return;
	ret->nr_free = nr[PAGE_IS_FREE];
	ret->nr_movable = nr[PAGE_IS_MOVABLE];
	ret->nr_unmovable = nr[PAGE_IS_UNMOVABLE];
}

bool pageblock_is_spoiled(const struct pageblock *block)
{
	return block->nr_unmovable && block->nr_unmovable < PAGEBLOCK_PAGES / 2;
}
