/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who holds memory, as the last reading of live pages tells. A reading's records are kept aside until the one
 * that ends it, and then take the place of the reading before.
 */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MIN_HOLDERS 64u

void holders_free(struct holders *holders)
{
	free(holders->shown.all);
	free(holders->pending.all);
}

int apply_holder(struct model *model, const struct rec_header *h)
{
	const struct rec_holder *rec = (const struct rec_holder *)h;
	struct holder_list *pending = &model->holders.pending;
	struct rec_holder *holder;

	if (rec->owner > NR_LIVE_OWNERS || pending->nr == MAX_HOLDERS ||
	    rec->nr_pages > MAX_PAGES - pending->nr_pages || rec->nr_huge > rec->nr_pages)
		return -EINVAL;
	if (pending->nr == pending->capacity) {
		__u32 capacity = pending->capacity ? pending->capacity * 2 : MIN_HOLDERS;
		struct rec_holder *all = realloc(pending->all, capacity * sizeof(*all));

		if (!all)
			return -ENOMEM;
		pending->all = all;
		pending->capacity = capacity;
	}
	holder = &pending->all[pending->nr++];
	*holder = *rec;
	terminate(holder->comm);
	pending->nr_pages += rec->nr_pages;
	return 0;
}

int apply_census(struct model *model, const struct rec_header *h)
{
	const struct rec_census *rec = (const struct rec_census *)h;
	struct holder_list *pending = &model->holders.pending;

	if (pending->nr_censuses == MAX_CENSUSES || rec->node >= model->shape.sizes[DIM_NODE] ||
	    rec->nr_mixed > rec->nr_blocks || rec->nr_spoiled > rec->nr_blocks)
		return -EINVAL;
	pending->censuses[pending->nr_censuses++] = *rec;
	return 0;
}

/* The share of a node's blocks, in thousandths, as the cell of a RATIO; no value where no block was read. */
static void set_share(struct shape *shape, enum metric metric, __u32 node, __u64 nr, __u64 of)
{
	__u64 *cell = metric_cells(shape, metric) + node * shape->cubes[metric].stride[0];

	*cell = of ? (nr * 1000 + of / 2) / of : CELL_NONE;
}

/* Whether so many followed pages can stand for what a machine has. */
static bool is_possible(__u64 nr_pages, __u32 step_pages)
{
	return !step_pages || nr_pages <= MAX_PAGES / step_pages;
}

void census_clear_cells(struct shape *shape)
{
	metric_clear(shape, METRIC_MIXED_PAGEBLOCKS);
	metric_clear(shape, METRIC_SPOILED_PAGEBLOCKS);
}

static void census_show_cells(struct model *model)
{
	const struct holder_list *shown = &model->holders.shown;

	census_clear_cells(&model->shape);
	for (__u32 i = 0; model->holders.rec.knows_blocks && i < shown->nr_censuses; i++) {
		const struct rec_census *census = &shown->censuses[i];

		set_share(&model->shape, METRIC_MIXED_PAGEBLOCKS, census->node, census->nr_mixed,
			  census->nr_blocks);
		set_share(&model->shape, METRIC_SPOILED_PAGEBLOCKS, census->node, census->nr_spoiled,
			  census->nr_blocks);
	}
}

int apply_live(struct model *model, const struct rec_header *h)
{
	const struct rec_live *rec = (const struct rec_live *)h;
	struct holders *holders = &model->holders;
	struct holder_list shown = holders->shown;

	if (!is_possible(rec->nr_pages, rec->step_pages) ||
	    !is_possible(holders->pending.nr_pages, rec->step_pages))
		return -EINVAL;
	holders->rec = *rec;
	terminate(holders->rec.why_not);
	terminate(holders->rec.why_no_blocks);
	holders->shown = holders->pending;
	holders->pending = shown;
	holders->pending.nr = 0;
	holders->pending.nr_pages = 0;
	holders->pending.nr_censuses = 0;
	census_show_cells(model);
	return 0;
}

const struct rec_live *model_live(const struct model *model)
{
	return model->holders.rec.h.size ? &model->holders.rec : NULL;
}

__u32 model_nr_holders(const struct model *model)
{
	return model->holders.shown.nr;
}

const struct rec_holder *model_holder(const struct model *model, __u32 index)
{
	return &model->holders.shown.all[index];
}

bool holder_is_of_same(const struct rec_holder *a, const struct rec_holder *b)
{
	return a->owner == b->owner && a->tgid == b->tgid && a->start_ns == b->start_ns &&
	       a->migratetype == b->migratetype;
}

__u32 model_nr_censuses(const struct model *model)
{
	return model->holders.shown.nr_censuses;
}

const struct rec_census *model_census(const struct model *model, __u32 index)
{
	return &model->holders.shown.censuses[index];
}

__u64 square_root(__u64 square)
{
	__u64 root = 0;

	for (__u64 bit = 1ULL << 31; bit; bit >>= 1)
		if ((root | bit) * (root | bit) <= square)
			root |= bit;
	return root;
}

__u64 live_error_pages(__u64 nr_pages, __u32 step_pages)
{
	/* To a thousandth of a step, without leaving 64 bits for what a machine can have. */
	return nr_pages < 1ULL << 40 ? square_root(nr_pages * 1000000) * step_pages / 1000
				     : square_root(nr_pages) * step_pages;
}
