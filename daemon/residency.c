// SPDX-License-Identifier: GPL-2.0-or-later
/* What each process holds on each node; see residency.h. */
#include "residency.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

/* Of the table at first, a row for each process and node; it grows when three quarters are in use. */
#define FIRST_SLOTS 1024u

struct slot {
	struct rec_residency row; /* nr_pages 0: free */
	__u64 process_pages;      /* of all rows of its process, once all pages are known */
};

struct residency {
	__u32 nr_nodes, movable, nr;
	int err; /* -ENOMEM: a row found no room */
	__u32 nr_slots;
	struct slot *slots;
};

struct residency *residency_new(__u32 nr_nodes, __u32 movable)
{
	struct residency *residency = calloc(1, sizeof(*residency));

	if (!residency)
		return NULL;
	residency->nr_nodes = nr_nodes;
	residency->movable = movable;
	residency->nr_slots = FIRST_SLOTS;
	residency->slots = calloc(FIRST_SLOTS, sizeof(residency->slots[0]));
	if (!residency->slots) {
		free(residency);
		return NULL;
	}
	return residency;
}

void residency_free(struct residency *residency)
{
	if (!residency)
		return;
	free(residency->slots);
	free(residency);
}

/* The slot of a row with this process and node, or the free one where it belongs. */
static struct slot *find_slot(const struct residency *residency, __u64 start_ns, __u32 tgid, __u32 node)
{
	__u64 hash = (start_ns ^ (__u64)tgid << 32 ^ node) * 0x9e3779b97f4a7c15ULL;
	__u32 mask = residency->nr_slots - 1;

	for (__u32 i = (__u32)(hash >> 32) & mask;; i = (i + 1) & mask) {
		const struct rec_residency *row = &residency->slots[i].row;

		if (!row->nr_pages || (row->start_ns == start_ns && row->tgid == tgid && row->node == node))
			return &residency->slots[i];
	}
}

static void grow(struct residency *residency)
{
	struct residency larger = { .nr_slots = residency->nr_slots * 2 };

	larger.slots = calloc(larger.nr_slots, sizeof(larger.slots[0]));
	if (!larger.slots) {
		residency->err = -ENOMEM;
		return;
	}
	for (__u32 i = 0; i < residency->nr_slots; i++) {
		const struct slot *slot = &residency->slots[i];

		if (slot->row.nr_pages)
			*find_slot(&larger, slot->row.start_ns, slot->row.tgid, slot->row.node) = *slot;
	}
	free(residency->slots);
	residency->slots = larger.slots;
	residency->nr_slots = larger.nr_slots;
}

void residency_add(struct residency *residency, const struct live_page *page)
{
	struct slot *slot;

	if (!residency || residency->err || page->owner != LIVE_PROCESS ||
	    page->migratetype != residency->movable || page->node >= residency->nr_nodes)
		return;
	slot = find_slot(residency, page->start_ns, page->tgid, page->node);
	if (slot->row.nr_pages++)
		return;
	slot->row = (struct rec_residency){ .h = { REC_RESIDENCY, sizeof(slot->row), 0 },
					    .start_ns = page->start_ns,
					    .tgid = page->tgid,
					    .node = page->node,
					    .nr_pages = 1 };
	if (++residency->nr > residency->nr_slots / 4 * 3)
		grow(residency);
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

/* The heaviest process first, and its heaviest row. */
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
	qsort(residency->slots, residency->nr_slots, sizeof(residency->slots[0]), by_process);
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
int residency_emit(struct residency *residency, void (*emit)(void *ctx, struct rec_residency *record),
		   void *ctx)
{
	if (!residency)
		return 0;
	if (residency->err)
		return residency->err;
	weigh_processes(residency);
	qsort(residency->slots, residency->nr, sizeof(residency->slots[0]), by_weight);
	for (__u32 first = 0, nr; first < residency->nr; first += nr) {
		nr = nr_rows(residency, first);
		if (first + nr > REC_MAX_RESIDENCIES)
			return 0;
		for (__u32 i = first; i < first + nr; i++)
			emit(ctx, &residency->slots[i].row);
	}
	return 0;
}
