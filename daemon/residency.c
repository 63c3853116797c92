// SPDX-License-Identifier: GPL-2.0-or-later
/* What each process holds on each node; see residency.h. */
#include "residency.h"

#include <stdbool.h>
#include <stdlib.h>

/* Rows of the table, one for each process and node; those beyond three quarters are left out. */
#define SLOTS 16384u

struct slot {
	struct rec_residency row; /* nr_pages 0: free */
	__u64 process_pages;      /* of all rows of its process, once all pages are known */
};

struct residency {
	__u32 nr_nodes, movable, nr;
	struct slot slots[SLOTS];
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
		row = &residency->slots[slot].row;
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

static int compare_processes(const struct rec_residency *a, const struct rec_residency *b)
{
	if (a->start_ns != b->start_ns)
		return a->start_ns < b->start_ns ? -1 : 1;
	return a->tgid < b->tgid ? -1 : a->tgid > b->tgid;
}

/* Free slots last. */
static int by_process(const void *a, const void *b)
{
	const struct slot *slot_a = a, *slot_b = b;
	bool is_used_a = slot_a->row.nr_pages, is_used_b = slot_b->row.nr_pages;

	return is_used_a != is_used_b ? is_used_b - is_used_a : compare_processes(&slot_a->row, &slot_b->row);
}

/* The heaviest process first, and its heaviest row; free slots last. */
static int by_weight(const void *a, const void *b)
{
	const struct slot *slot_a = a, *slot_b = b;
	int order = compare_processes(&slot_a->row, &slot_b->row);

	if (slot_a->process_pages != slot_b->process_pages)
		return slot_a->process_pages > slot_b->process_pages ? -1 : 1;
	if (order)
		return order;
	return slot_a->row.nr_pages > slot_b->row.nr_pages ? -1 : slot_a->row.nr_pages < slot_b->row.nr_pages;
}

/* How many slots, from this one on, are of one process; the next process begins behind them. */
static __u32 nr_rows(const struct residency *residency, __u32 first)
{
	__u32 end = first + 1;

	while (end < residency->nr &&
	       !compare_processes(&residency->slots[first].row, &residency->slots[end].row))
		end++;
	return end - first;
}

static void weigh_processes(struct residency *residency)
{
	qsort(residency->slots, SLOTS, sizeof(residency->slots[0]), by_process);
	for (__u32 first = 0, nr; first < residency->nr; first += nr) {
		__u64 nr_pages = 0;

		nr = nr_rows(residency, first);
		for (__u32 i = first; i < first + nr; i++)
			nr_pages += residency->slots[i].row.nr_pages;
		for (__u32 i = first; i < first + nr; i++)
			residency->slots[i].process_pages = nr_pages;
	}
}

/* A process of which a row is left out would seem to have all its memory on the other nodes. */
void residency_emit(struct residency *residency, void (*emit)(void *ctx, struct rec_residency *record),
		    void *ctx)
{
	if (!residency)
		return;
	weigh_processes(residency);
	qsort(residency->slots, residency->nr, sizeof(residency->slots[0]), by_weight);
	for (__u32 first = 0, nr; first < residency->nr; first += nr) {
		nr = nr_rows(residency, first);
		if (first + nr > REC_MAX_RESIDENCIES)
			return;
		for (__u32 i = first; i < first + nr; i++)
			emit(ctx, &residency->slots[i].row);
	}
}
