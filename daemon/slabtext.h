/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What /proc/slabinfo says of a slab cache, line by line. Pure. */
#ifndef MEMOIR_SLABTEXT_H
#define MEMOIR_SLABTEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "../bpf/abi/records.h"

/*
 * Takes a line of version 2.1 apart (mm/slab_common.c, cache_show()) into the members of a record; its
 * header is the caller's. False for the two lines of the head, and for what is not understood: a number
 * that is none or does not fit, or objects that have no room in what is held.
 */
bool slab_line_parse(const char *line, size_t size, __u32 page_size, struct rec_slab_cache *ret);

#endif
