/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads what a trace has counted from its tables, and makes estimates of samples; see heaptrace.h. */
#ifndef MEMOIR_TRACE_HEAPREAD_H
#define MEMOIR_TRACE_HEAPREAD_H

#include "heaptrace.h"

struct heapread_tables {
	int objects_fd, stacks_fd, counts_fd;
};

/* Fills rows and counts. 0 or a negative errno; what is in *ret is the caller's to free in every case. */
int heapread(const struct heapread_tables *tables, struct heaptrace_result *ret);

#endif
