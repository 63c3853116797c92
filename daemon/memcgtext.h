/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the memory controller say of a cgroup, of both versions of cgroups. Pure. */
#ifndef MEMOIR_MEMCGTEXT_H
#define MEMOIR_MEMCGTEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "../bpf/abi/records.h"

enum memcg_version { MEMCG_V1, MEMCG_V2 };

/*
 * The one number of a file in bytes: "max", and what version 1 shows for no limit, are KERNEL_MEMORY_UNKNOWN.
 * False for anything else.
 */
bool memcg_value_parse(const char *text, size_t size, __u64 *ret);

/* Of a cgroup and all below it, by memory.stat, in bytes; KERNEL_MEMORY_UNKNOWN for what it does not say. */
struct memcg_stat {
	__u64 anon, file, shmem; /* file: shmem too */
	__u64 kernel;            /* all of it but sockets; of version 2 since Linux 5.18 */
	__u64 page_tables, slab_reclaimable, sockets;
};
#define MEMCG_STAT_UNKNOWN                                                                         \
	((struct memcg_stat){ KERNEL_MEMORY_UNKNOWN, KERNEL_MEMORY_UNKNOWN, KERNEL_MEMORY_UNKNOWN, \
			      KERNEL_MEMORY_UNKNOWN, KERNEL_MEMORY_UNKNOWN, KERNEL_MEMORY_UNKNOWN, \
			      KERNEL_MEMORY_UNKNOWN })

/* Takes a line of memory.stat. Whether it was one that is used. */
bool memcg_stat_take(enum memcg_version version, const char *line, size_t size, struct memcg_stat *ret);

/* What struct rec_cgroup_kernel tells; KERNEL_MEMORY_UNKNOWN where one of its terms is not known. */
__u64 memcg_stat_held(const struct memcg_stat *stat);

#endif
