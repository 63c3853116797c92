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

/* Takes a line of memory.stat into the members of a record. Whether it was one that is used. */
bool memcg_stat_take(enum memcg_version version, const char *line, size_t size,
		     struct rec_cgroup_memory *ret);

#endif
