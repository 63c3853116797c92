/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text that the kernel shows in /proc. Parsing is pure and takes bytes; reading takes an open file,
 * so that tests can give their own.
 */
#ifndef MEMOIR_PROCFS_H
#define MEMOIR_PROCFS_H

#include <stddef.h>

#include "../bpf/abi/records.h"

/*
 * Sums the lines of /proc/vmstat into ret_value by item. Returns a mask of the items that were
 * found (1 << enum vmstat_item); what was not found is 0 there and means that the kernel does not
 * have it. Lines that are not "name number" are passed over.
 */
__u32 vmstat_parse(const char *text, size_t size, __u64 ret_value[NR_VMSTAT_ITEMS]);

/*
 * A counter of the kernel's own that memoir shows as it is: a value of a metric whose source is KERNEL. A
 * kernel always writes the same lines in the same order, so that index tells a counter while it runs.
 */
struct kernel_counter {
	enum metric metric;
	enum dim dim;             /* the metric's only one */
	__u32 index;              /* in it, less than KERNEL_COUNTER_MAX_INDEX */
	__u64 value;              /* in the metric's unit */
	char label[REC_NAME_LEN]; /* the key less what all keys of the metric begin with */
};

#define KERNEL_COUNTER_MAX_INDEX 128u

typedef void (*kernel_counter_fn)(void *ctx, const struct kernel_counter *counter);

/* Calls on_counter for every line of /proc/vmstat that is such a counter. */
void kernel_counters_parse(const char *text, size_t size, kernel_counter_fn on_counter, void *ctx);

/*
 * Reads an open /proc/vmstat from its start and parses it both ways; on_counter may be NULL. A mask as of
 * vmstat_parse(), or a negative errno.
 */
int vmstat_read(int fd, __u64 ret_value[NR_VMSTAT_ITEMS], kernel_counter_fn on_counter, void *ctx);

/* The order that the text of /proc/pagetypeinfo gives for a pageblock, below REC_MAX_ORDERS, or -ENOENT. */
int pageblock_order_parse(const char *text, size_t size);

/*
 * The value of a setting from the text of its file: the word in brackets where there is one, else the
 * first line; cut where it is too long. Padded with zeroes; ret is empty where the text is.
 */
void setting_parse(const char *text, size_t size, char ret[REC_NAME_LEN]);

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
