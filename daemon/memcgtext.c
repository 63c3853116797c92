// SPDX-License-Identifier: GPL-2.0-or-later
/* Files of the memory controller; see memcgtext.h. */
#include "memcgtext.h"

#include <string.h>

#include "procfs.h"
#include "util.h"

/* Version 1 has no word for it: the largest number of pages, in bytes. */
#define NO_LIMIT (1ULL << 62)

bool memcg_value_parse(const char *text, size_t size, __u64 *ret)
{
	if (size && text[size - 1] == '\n')
		size--;
	if (size == 3 && !memcmp(text, "max", 3)) {
		*ret = KERNEL_MEMORY_UNKNOWN;
		return true;
	}
	if (!parse_u64(text, text + size, ret))
		return false;
	if (*ret >= NO_LIMIT)
		*ret = KERNEL_MEMORY_UNKNOWN;
	return true;
}

/* Version 1 has what is below a cgroup under names of its own, and of the kernel's memory nothing. */
static const struct {
	const char *key[2];
	size_t offset;
} keys[] = {
	{ { [MEMCG_V1] = "total_rss", [MEMCG_V2] = "anon" }, offsetof(struct memcg_stat, anon) },
	{ { [MEMCG_V1] = "total_cache", [MEMCG_V2] = "file" }, offsetof(struct memcg_stat, file) },
	{ { [MEMCG_V1] = "total_shmem", [MEMCG_V2] = "shmem" }, offsetof(struct memcg_stat, shmem) },
	{ { [MEMCG_V1] = "", [MEMCG_V2] = "kernel" }, offsetof(struct memcg_stat, kernel) },
	{ { [MEMCG_V1] = "", [MEMCG_V2] = "pagetables" }, offsetof(struct memcg_stat, page_tables) },
	{ { [MEMCG_V1] = "", [MEMCG_V2] = "slab_reclaimable" },
	  offsetof(struct memcg_stat, slab_reclaimable) },
	{ { [MEMCG_V1] = "", [MEMCG_V2] = "sock" }, offsetof(struct memcg_stat, sockets) },
};

bool memcg_stat_take(enum memcg_version version, const char *line, size_t size, struct memcg_stat *ret)
{
	const char *blank = memchr(line, ' ', size);
	size_t len = blank ? (size_t)(blank - line) : 0;
	__u64 value;

	if (!len || !memcg_value_parse(blank + 1, size - len - 1, &value))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const char *key = keys[i].key[version];

		if (len != strlen(key) || memcmp(line, key, len) != 0)
			continue;
		memcpy((char *)ret + keys[i].offset, &value, sizeof(value));
		return true;
	}
	return false;
}

__u64 memcg_stat_held(const struct memcg_stat *stat)
{
	const __u64 apart = stat->page_tables + stat->slab_reclaimable;

	if (stat->kernel == KERNEL_MEMORY_UNKNOWN || stat->page_tables == KERNEL_MEMORY_UNKNOWN ||
	    stat->slab_reclaimable == KERNEL_MEMORY_UNKNOWN || stat->sockets == KERNEL_MEMORY_UNKNOWN)
		return KERNEL_MEMORY_UNKNOWN;
	/* Each counter is right for itself, at its moment. */
	return (stat->kernel > apart ? stat->kernel - apart : 0) + stat->sockets;
}
