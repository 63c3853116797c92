/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a kernel stack took a page for a slab. The names of functions tell it on all kernels; flags of the
 * page do not, where it was allocated but now. Pure.
 */
#ifndef MEMOIR_SLABFRAME_H
#define MEMOIR_SLABFRAME_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "probeframe.h"
#include "util.h"

enum slab_frame {
	SLAB_FRAME_NONE,
	SLAB_FRAME_ALLOCATOR,
	SLAB_FRAME_LARGE,      /* kmalloc() of pages that are no slab's */
	SLAB_FRAME_OTHERS_WORK /* reclaim, which a page was short of, and interrupts of whatever runs */
};

/* symbol: as "___slab_alloc+0x5a/0xb0" (mm/slub.c, mm/vmscan.c, kernel/softirq.c, arch/). */
static inline enum slab_frame slab_frame_of(const char *symbol)
{
	static const struct {
		const char *prefix;
		enum slab_frame frame;
	} known[] = {
		{ "allocate_slab", SLAB_FRAME_ALLOCATOR },
		{ "new_slab", SLAB_FRAME_ALLOCATOR },
		{ "alloc_from_new_slab", SLAB_FRAME_ALLOCATOR },
		{ "___slab_alloc", SLAB_FRAME_ALLOCATOR },
		{ "__slab_alloc", SLAB_FRAME_ALLOCATOR },
		{ "refill_objects", SLAB_FRAME_ALLOCATOR },
		{ "__refill_objects", SLAB_FRAME_ALLOCATOR },
		{ "kmem_cache_alloc", SLAB_FRAME_ALLOCATOR },
		{ "__kmem_cache_alloc", SLAB_FRAME_ALLOCATOR },
		{ "kmalloc", SLAB_FRAME_ALLOCATOR },
		{ "__kmalloc", SLAB_FRAME_ALLOCATOR },
		{ "try_to_free_", SLAB_FRAME_OTHERS_WORK },
		{ "node_reclaim", SLAB_FRAME_OTHERS_WORK },
		{ "__node_reclaim", SLAB_FRAME_OTHERS_WORK },
		{ "handle_softirqs", SLAB_FRAME_OTHERS_WORK },
		{ "__do_softirq", SLAB_FRAME_OTHERS_WORK },
		{ "asm_", SLAB_FRAME_OTHERS_WORK },
		{ "el1_interrupt", SLAB_FRAME_OTHERS_WORK },
	};

	if (strstr(symbol, "kmalloc_large"))
		return SLAB_FRAME_LARGE;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (symbol_begins_with(symbol, known[i].prefix))
			return known[i].frame;
	return SLAB_FRAME_NONE;
}

/* Frames of a stack at mm_page_alloc, the innermost first. Beyond the work of others nobody asked for it. */
static inline bool is_slab_page(const enum slab_frame *frames, __u32 nr)
{
	bool is_of_slab = false;

	for (__u32 i = 0; i < nr && frames[i] != SLAB_FRAME_OTHERS_WORK; i++) {
		if (frames[i] == SLAB_FRAME_LARGE)
			return false;
		is_of_slab |= frames[i] == SLAB_FRAME_ALLOCATOR;
	}
	return is_of_slab;
}

#endif
