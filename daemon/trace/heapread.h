/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads what a trace has counted from its tables, and makes estimates of samples; see heaptrace.h. */
#ifndef MEMOIR_TRACE_HEAPREAD_H
#define MEMOIR_TRACE_HEAPREAD_H

#include "heaptrace.h"

struct heapread_tables {
	int objects_fd, stacks_fd, counts_fd;
};

/* Adds up the numbers of the only entry of a table that is one for each CPU. 0 or a negative errno. */
int heapread_sum(int table_fd, __u64 *sum, size_t nr);

/* As records have it: what a program says of itself may be any number. */
__u64 heapread_number(double value);

/* Fills rows and counts. 0 or a negative errno; what is in *ret is the caller's to free in every case. */
int heapread(const struct heapread_tables *tables, struct heaptrace_result *ret);

#endif
