// SPDX-License-Identifier: GPL-2.0-or-later
/* Zones, struct pages and the flags of pages; see pageblocks.h. */
#include "pageblocks.h"

#include <errno.h>

#include "../bpf/abi/live.h"
#include "procfs.h"
#include "zonetext.h"

/* --- zones ------------------------------------------------------------------------------------ */

/* A number that must not wrap when it becomes an address. */
#define MAX_PFN (1ULL << 46)

struct reading {
	struct zone_ranges *ranges;
	struct zoneinfo info;
	int err;
};

static void take_line(void *ctx, const char *line, size_t size)
{
	struct reading *reading = ctx;
	const struct zoneinfo *info = &reading->info;
	struct zone_ranges *ranges = reading->ranges;

	if (zoneinfo_take(&reading->info, line, size) != ZONEINFO_START || reading->err)
		return;
	if (!info->spanned_pages || info->start_pfn > MAX_PFN || info->spanned_pages > MAX_PFN)
		reading->err = -EINVAL;
	else if (ranges->nr == MAX_ZONE_RANGES)
		reading->err = -E2BIG;
	else
		ranges->all[ranges->nr++] = (struct zone_range){ .node = info->zone.node,
								 .zone = info->place,
								 .start_pfn = info->start_pfn,
								 .nr_spanned = info->spanned_pages };
}

int zone_ranges_read(int fd, struct zone_ranges *ret)
{
	struct reading reading = { .ranges = ret };
	int err;

	ret->nr = 0;
	err = lines_read(fd, take_line, &reading);
	if (!err)
		err = reading.err;
	return err ? err : ret->nr ? 0 : -EINVAL;
}

const struct zone_range *zone_ranges_find(const struct zone_ranges *ranges, __u32 node, __u32 zone)
{
	for (__u32 i = 0; i < ranges->nr; i++)
		if (ranges->all[i].node == node && ranges->all[i].zone == zone)
			return &ranges->all[i];
	return NULL;
}

/* --- where the struct pages are --------------------------------------------------------------- */

#define BASE_ALIGNMENT (1ULL << 30)

void page_base_see(struct page_base *base, const struct zone_ranges *ranges, __u64 page, __u32 node,
		   __u32 zone)
{
	const struct zone_range *range = zone_ranges_find(ranges, node, zone);
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

void pageblock_add_up(const __u64 *kpageflags, const __u32 *refcounts, __u32 nr_pages, struct pageblock *ret)
{
	__u32 nr[PAGE_IS_UNMOVABLE + 1] = { 0 };
	__u64 any = 0;

	for (__u32 i = 0; i < nr_pages; i++) {
		any |= kpageflags[i];
		nr[page_class(kpageflags[i], refcounts[i])]++;
	}
	*ret = (struct pageblock){ .nr_pages = nr_pages };
	if (!any)
		return;
	ret->nr_free = nr[PAGE_IS_FREE];
	ret->nr_movable = nr[PAGE_IS_MOVABLE];
	ret->nr_unmovable = nr[PAGE_IS_UNMOVABLE];
}

bool pageblock_is_spoiled(const struct pageblock *block)
{
	return block->nr_unmovable && block->nr_unmovable < block->nr_pages / 2;
}
