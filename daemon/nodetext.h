/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What files in /sys/devices/system/node say. Parsing is pure; reading takes an open file. */
#ifndef MEMOIR_NODETEXT_H
#define MEMOIR_NODETEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "../bpf/abi/records.h"

/* Room for a list of every other one of 8,192 CPUs. */
#define NODE_TEXT_SIZE (32 * 1024)

/*
 * Reads the rest of an open file, which the kernel may hand out in pieces, and ends it with a 0. The bytes
 * read; 0 and an empty text for what cannot be read, does not end with a newline, or has no room.
 */
size_t node_text_read(int fd, char *ret, size_t size);

typedef void (*node_list_fn)(void *ctx, __u32 number);

/*
 * Calls take for each number below limit of a list such as "0-3,8" (lib/vsprintf.c, bitmap_list_string()),
 * in its order; up to the first thing that belongs in none.
 */
void node_list_parse(const char *list, __u32 limit, node_list_fn take, void *ctx);

/*
 * Takes a line of numastat such as "numa_hit 12" (drivers/base/node.c, node_read_numastat()). False, and
 * nothing written, for what is not understood.
 */
bool numastat_line_parse(const char *line, size_t size, __u64 ret[NR_NUMASTAT_ITEMS]);

#endif
