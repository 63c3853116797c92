// SPDX-License-Identifier: GPL-2.0-or-later
/* What each process holds on each node; see residency.h. */
#include "residency.h"

#include <stdlib.h>
#include <string.h>

/* Rows of the table, one for each process and node; those beyond three quarters are left out. */
#define SLOTS 16384u

struct residency {
	__u32 nr_nodes, movable, nr;
	struct rec_residency slots[SLOTS]; /* nr_pages 0: free */
};

struct residency *residency_new(__u32 nr_nodes, __u32 movable)
{
	struct residency *residency = calloc(1, sizeof(*residency));

	if (!residency)
		return NULL;
	residency->nr_nodes = nr_nodes;
	residency->movable = movable;
	return residency;
}

void residency_free(struct residency *residency)
{
	free(residency);
}

void residency_add(struct residency *residency, const struct live_page *page)
{
	struct rec_residency *row;
	__u64 hash;
	__u32 slot;

	if (!residency || page->owner != LIVE_PROCESS || page->migratetype != residency->movable ||
	    page->node >= residency->nr_nodes)
		return;
	hash = (page->start_ns ^ (__u64)page->tgid << 32 ^ page->node) * 0x9e3779b97f4a7c15ULL;
	slot = (__u32)(hash >> 32) % SLOTS;
	for (;; slot = (slot + 1) % SLOTS) {
		row = &residency->slots[slot];
		if (!row->nr_pages ||
		    (row->start_ns == page->start_ns && row->tgid == page->tgid && row->node == page->node))
			break;
	}
	if (!row->nr_pages) {
		if (residency->nr == SLOTS / 4 * 3)
			return;
		residency->nr++;
		*row = (struct rec_residency){ .h = { REC_RESIDENCY, sizeof(*row), 0 },
					       .start_ns = page->start_ns,
					       .tgid = page->tgid,
					       .node = page->node };
	}
	row->nr_pages++;
}

/* The heaviest first, and free slots last. */
static int compare(const void *a, const void *b)
{
	const struct rec_residency *row_a = a, *row_b = b;

	return row_a->nr_pages > row_b->nr_pages ? -1 : row_a->nr_pages < row_b->nr_pages;
}

void residency_emit(struct residency *residency, void (*emit)(void *ctx, struct rec_residency *record),
		    void *ctx)
{
	if (!residency)
		return;
	qsort(residency->slots, SLOTS, sizeof(residency->slots[0]), compare);
	for (__u32 i = 0; i < REC_MAX_RESIDENCIES && residency->slots[i].nr_pages; i++)
		emit(ctx, &residency->slots[i]);
}
