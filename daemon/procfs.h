/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text that the kernel shows in /proc. Parsing is pure and takes bytes; reading takes an open file,
 * so that tests can give their own.
 */
#ifndef MEMOIR_PROCFS_H
#define MEMOIR_PROCFS_H

#include <stddef.h>

#include "../bpf/abi/metrics.h"

/*
 * Sums the lines of /proc/vmstat into ret_value by item. Returns a mask of the items that were
 * found (1 << enum vmstat_item); what was not found is 0 there and means that the kernel does not
 * have it. Lines that are not "name number" are passed over.
 */
__u32 vmstat_parse(const char *text, size_t size, __u64 ret_value[NR_VMSTAT_ITEMS]);

/* Reads and parses an open /proc/vmstat from its start; a mask as above, or a negative errno. */
int vmstat_read(int fd, __u64 ret_value[NR_VMSTAT_ITEMS]);

/* A decimal number that fills [text, end) and fits 64 bits; nothing else does. */
bool parse_u64(const char *text, const char *end, __u64 *ret);

/* Longer lines are passed over by lines_read(), and longer files are not read to their end. */
#define LINES_MAX 16384
#define FILE_MAX (64 << 20)

/* Gets a line without its end; the bytes are there until it returns. */
typedef void (*line_fn)(void *ctx, const char *line, size_t size);

/*
 * Reads an open file from its start and hands over line by line. 0 or a negative errno, -EFBIG for one that
 * is too long.
 */
int lines_read(int fd, line_fn take, void *ctx);

#endif
