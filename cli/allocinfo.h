/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of /proc/allocinfo (CONFIG_MEM_ALLOC_PROFILING): what the kernel holds, by the line that allocated
 * it. Pure.
 */
#ifndef MEMOIR_ALLOCINFO_H
#define MEMOIR_ALLOCINFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct allocinfo_site {
	uint64_t bytes, nr_calls; /* that are held, and the allocations that they are */
	char place[96];           /* "mm/slub.c:2259"; the end of it, where it is longer */
	char module[56];          /* "" for the kernel itself */
	char function[64];
};

/*
 * Parses a line, without its end, as alloc_tag_to_text() and codetag_to_text() of the kernel
 * (lib/alloc_tag.c, lib/codetag.c) write it: "BYTES CALLS FILE:LINE [MODULE] func:FUNCTION", and whatever
 * newer kernels add behind that. False for any other line, as those of its head.
 */
bool allocinfo_parse(const char *line, size_t size, struct allocinfo_site *ret);

#endif
