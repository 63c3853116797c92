/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads struct pages from the kernel's memory: a program of BPF copies those of a pageblock at once. For what
 * /proc/kpageflags does not tell: a page on the list of a CPU has no flag, like one that the kernel uses, but
 * is free, and nobody has a reference to it.
 */
#ifndef MEMOIR_STRUCTPAGES_H
#define MEMOIR_STRUCTPAGES_H

#include <stdbool.h>

#include "pageblocks.h"

struct structpages;

/*
 * refcount_offset: of page->_refcount; order: of a pageblock, at most PAGEBLOCK_MAX_ORDER. 0 or a negative
 * errno.
 */
int structpages_new(__u32 refcount_offset, __u32 order, struct structpages **ret);
void structpages_free(struct structpages *pages);

/*
 * Reads the reference counts of a block's pages, whose first struct page is at this address. False where not
 * all of it can be read.
 */
bool structpages_read(struct structpages *pages, __u64 address, __u32 *ret_refcounts);

#endif
