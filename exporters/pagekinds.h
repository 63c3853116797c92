/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the pages of a place are, by the functions of the kernel that asked for them: so that of memory that
 * grows a place of that same memory is named, and not whichever grows fastest. Pure.
 */
#ifndef MEMOIR_PAGEKINDS_H
#define MEMOIR_PAGEKINDS_H

#include "../daemon/model/growth.h"

enum page_kind {
	PAGES_UNKNOWN,
	PAGES_ANONYMOUS,
	PAGES_SHARED, /* of shared memory and tmpfs */
	PAGES_FILE,   /* page cache */
	PAGES_TABLES,
	PAGES_SLAB,
	PAGES_SLAB_RECLAIMABLE,
	PAGES_STACKS,
	PAGES_VMALLOC,
	PAGES_PERCPU,
	PAGES_SOCKETS,
	PAGES_OTHER, /* the kernel's, and none of these */
	NR_PAGE_KINDS
};

/* "page_tables"; NULL of what is not known. */
const char *page_kind_name(enum page_kind kind);

enum page_kind page_kind_of(const struct model *model, const struct rec_live_site *site);

/*
 * The fastest growing suspect place of the memory that grows, for model_live_site(): of that process, or of
 * the kernel's memory. False: none is known.
 */
bool find_suspect_site(const struct model *model, const struct grower *grower, __u32 *ret_index);

#endif
