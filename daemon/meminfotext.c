// SPDX-License-Identifier: GPL-2.0-or-later
/* The memory of the machine and the kernel; see meminfotext.h. */
#include "meminfotext.h"

#include <string.h>

#include "procfs.h"
#include "util.h"

/* More than any machine has; two of them are no more pages than the model takes. */
#define MAX_KB (1ULL << 45)
#define MAX_SOCKET_PAGES (1ULL << 43)

static const char *const keys[NR_MEMINFO_LINES] = {
	[MEMINFO_TOTAL] = "MemTotal",
	[MEMINFO_FREE] = "MemFree",
	[MEMINFO_AVAILABLE] = "MemAvailable",
	[MEMINFO_ACTIVE] = "Active",
	[MEMINFO_INACTIVE] = "Inactive",
	[MEMINFO_UNEVICTABLE] = "Unevictable",
	[MEMINFO_SWAP_FREE] = "SwapFree",
	[MEMINFO_SHMEM] = "Shmem",
	[MEMINFO_SLAB_RECLAIMABLE] = "SReclaimable",
	[MEMINFO_SLAB_UNRECLAIMABLE] = "SUnreclaim",
	[MEMINFO_KERNEL_STACK] = "KernelStack",
	[MEMINFO_PAGE_TABLES] = "PageTables",
	[MEMINFO_SECONDARY_PAGE_TABLES] = "SecPageTables",
	[MEMINFO_VMALLOC_USED] = "VmallocUsed",
	[MEMINFO_PERCPU] = "Percpu",
	[MEMINFO_HUGETLB] = "Hugetlb",
	[MEMINFO_BALLOON] = "Balloon",
};

/* The lines without which nothing can be said of what is not accounted for. */
static const __u32 needed = 1u << MEMINFO_TOTAL | 1u << MEMINFO_FREE | 1u << MEMINFO_ACTIVE |
			    1u << MEMINFO_INACTIVE | 1u << MEMINFO_UNEVICTABLE |
			    1u << MEMINFO_SLAB_RECLAIMABLE | 1u << MEMINFO_SLAB_UNRECLAIMABLE |
			    1u << MEMINFO_PAGE_TABLES | 1u << MEMINFO_VMALLOC_USED;

bool meminfo_take(struct meminfo *info, const char *line, size_t size)
{
	static const char unit[] = " kB";
	const char *colon = memchr(line, ':', size), *end = line + size, *number;
	size_t len = colon ? (size_t)(colon - line) : 0;
	__u64 value;

	if (!colon || (size_t)(end - colon) < sizeof(unit) ||
	    memcmp(end - (sizeof(unit) - 1), unit, sizeof(unit) - 1) != 0)
		return false;
	end -= sizeof(unit) - 1;
	for (number = colon + 1; number < end && *number == ' '; number++)
		;
	if (!parse_u64(number, end, &value) || value > MAX_KB)
		return false;
	for (__u32 i = 0; i < NR_MEMINFO_LINES; i++) {
		if (len != strlen(keys[i]) || memcmp(line, keys[i], len) != 0)
			continue;
		info->kb[i] = value;
		info->found |= 1u << i;
		return true;
	}
	return false;
}

/* The number behind " mem ". */
static bool find_mem(const char *line, size_t size, __u64 *ret)
{
	static const char key[] = " mem ";
	const char *at = memmem(line, size, key, sizeof(key) - 1), *end;

	if (!at)
		return false;
	at += sizeof(key) - 1;
	end = memchr(at, ' ', (size_t)(line + size - at));
	return parse_u64(at, end ? end : line + size, ret);
}

bool sockstat_take(struct meminfo *info, const char *line, size_t size)
{
	__u64 pages;

	if (size < 4 || (memcmp(line, "TCP:", 4) != 0 && memcmp(line, "UDP:", 4) != 0) ||
	    !find_mem(line, size, &pages) || pages > MAX_SOCKET_PAGES - info->socket_pages)
		return false;
	info->socket_pages += pages;
	info->has_sockets = true;
	return true;
}

static __u64 tell(const struct meminfo *info, __u32 page_size, enum meminfo_line line)
{
	return info->found & 1u << line ? info->kb[line] * 1024 / page_size : KERNEL_MEMORY_UNKNOWN;
}

static __u64 unaccounted_kb(const struct meminfo *info)
{
	static const enum meminfo_line parts[] = {
		MEMINFO_FREE,
		MEMINFO_ACTIVE,
		MEMINFO_INACTIVE,
		MEMINFO_UNEVICTABLE,
		MEMINFO_SLAB_RECLAIMABLE,
		MEMINFO_SLAB_UNRECLAIMABLE,
		MEMINFO_PAGE_TABLES,
		MEMINFO_SECONDARY_PAGE_TABLES,
		MEMINFO_VMALLOC_USED,
		MEMINFO_PERCPU,
		MEMINFO_HUGETLB,
		MEMINFO_BALLOON,
	};
	__u64 sum = 0;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		sum += info->kb[parts[i]];
	return info->kb[MEMINFO_TOTAL] > sum ? info->kb[MEMINFO_TOTAL] - sum : 0;
}

void meminfo_tell(const struct meminfo *info, __u32 page_size, struct rec_kernel_memory *ret)
{
	__u64 *pages = ret->pages;

	ret->total_pages = tell(info, page_size, MEMINFO_TOTAL);
	ret->available_pages = tell(info, page_size, MEMINFO_AVAILABLE);
	ret->swap_free_pages = tell(info, page_size, MEMINFO_SWAP_FREE);
	pages[KERNEL_SLAB] = tell(info, page_size, MEMINFO_SLAB_UNRECLAIMABLE);
	pages[KERNEL_SLAB_RECLAIMABLE] = tell(info, page_size, MEMINFO_SLAB_RECLAIMABLE);
	pages[KERNEL_STACKS] = tell(info, page_size, MEMINFO_KERNEL_STACK);
	pages[KERNEL_PAGE_TABLES] = tell(info, page_size, MEMINFO_PAGE_TABLES);
	if (info->found & 1u << MEMINFO_SECONDARY_PAGE_TABLES && info->found & 1u << MEMINFO_PAGE_TABLES)
		pages[KERNEL_PAGE_TABLES] += tell(info, page_size, MEMINFO_SECONDARY_PAGE_TABLES);
	pages[KERNEL_VMALLOC] = tell(info, page_size, MEMINFO_VMALLOC_USED);
	pages[KERNEL_PERCPU] = tell(info, page_size, MEMINFO_PERCPU);
	pages[KERNEL_SOCKETS] = info->has_sockets ? info->socket_pages : KERNEL_MEMORY_UNKNOWN;
	pages[KERNEL_SHARED] = tell(info, page_size, MEMINFO_SHMEM);
	pages[KERNEL_UNACCOUNTED] = (info->found & needed) == needed ? unaccounted_kb(info) * 1024 / page_size
								     : KERNEL_MEMORY_UNKNOWN;
}
