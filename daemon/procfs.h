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

/* Reads and parses an open /proc/vmstat from its start; a mask as above, or a negative errno. */
int vmstat_read(int fd, __u64 ret_value[NR_VMSTAT_ITEMS]);

/*
 * The value of a setting from the text of its file: the word in brackets where there is one, else the
 * first line; cut where it is too long. Padded with zeroes; ret is empty where the text is.
 */
void setting_parse(const char *text, size_t size, char ret[REC_NAME_LEN]);

#endif
