/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who holds memory, as the last reading of live pages tells. A reading's records are kept aside until the one
 * that ends it, and then take the place of the reading before.
 */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* No sum of ages is larger: four million followed pages for 30,000 years. */
#define MAX_AGE_SUM_MS (1ULL << 62)

const struct held_info held_rows[NR_HELD] = {
	[HELD_PAGES] = { "memoir_group_held_bytes", PAGES,
			 "Page memory that the group holds: an estimate like memoir_held_bytes. What processes hold that are gone, or that hold too little to be known one by one, is by the name and cgroup that they had at an allocation, and in the group other where hundreds of names and cgroups hold or spoil more." },
	[HELD_HUGE_PAGES] = { "memoir_group_held_huge_bytes", PAGES,
			      "Of it, what was allocated in blocks of a pageblock or more, and so lies together; the rest may lie anywhere." },
	[HELD_UNMOVABLE_PAGES] = { "memoir_group_held_unmovable_bytes", PAGES,
				   "Of memoir_group_held_bytes, what was not asked for as movable memory." },
	[HELD_SPOILED] = { "memoir_group_spoiled_pageblocks", INDEX,
			   "Pageblocks in which that memory keeps a huge page from being made, shared equally with others who do: an estimate." },
};

void holders_free(struct holders *holders)
{
	free(holders->shown.all);
	free(holders->pending.all);
}

/* Whether the pages are on average no older than the oldest of them. */
static bool is_age_possible(const struct rec_holder *rec)
{
	return !rec->age_sum_ms ||
	       (rec->nr_pages && rec->age_sum_ms / rec->nr_pages <= rec->oldest_ns / 1000000);
}

/* Who has no record of his own is not named by a process. */
static bool is_rest_possible(const struct rec_holder *rec)
{
	return rec->is_rest ? rec->is_rest == 1 && !rec->tgid : rec->owner < NR_LIVE_OWNERS;
}

int apply_holder(struct model *model, const struct rec_header *h)
{
	const struct rec_holder *rec = (const struct rec_holder *)h;
	struct holder_list *pending = &model->holders.pending;
	struct rec_holder *all, *holder;

	if (rec->owner > NR_LIVE_OWNERS || !is_rest_possible(rec) || pending->nr == MAX_HOLDERS ||
	    rec->nr_pages > MAX_PAGES - pending->nr_pages || rec->nr_huge > rec->nr_pages ||
	    rec->age_sum_ms > MAX_AGE_SUM_MS - pending->age_sum_ms || !is_age_possible(rec))
		return -EINVAL;
	all = rows_reserve(pending->all, sizeof(*all), pending->nr, &pending->capacity);
	if (!all)
		return -ENOMEM;
	pending->all = all;
	holder = &pending->all[pending->nr++];
	*holder = *rec;
	terminate(holder->comm);
	pending->nr_pages += rec->nr_pages;
	pending->age_sum_ms += rec->age_sum_ms;
	pending->spoiled_e6 += rec->spoiled_e6;
	pending->spoiled_error_e6 += rec->spoiled_error_e6;
	return 0;
}

int apply_census(struct model *model, const struct rec_header *h)
{
	const struct rec_census *rec = (const struct rec_census *)h;
	struct holder_list *pending = &model->holders.pending;

	if (pending->nr_censuses == MAX_CENSUSES || rec->node >= model->shape.sizes[DIM_NODE] ||
	    rec->nr_mixed > rec->nr_blocks || rec->nr_spoiled > rec->nr_blocks || !rec->block_pages)
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

void holders_clear_cells(struct shape *shape)
{
	metric_clear(shape, METRIC_HELD);
	metric_clear(shape, METRIC_HELD_ERROR);
	metric_clear(shape, METRIC_MIXED_PAGEBLOCKS);
	metric_clear(shape, METRIC_SPOILED_PAGEBLOCKS);
}

static void census_show_cells(struct model *model)
{
	const struct holder_list *shown = &model->holders.shown;

	for (__u32 i = 0; model->holders.rec.knows_blocks && i < shown->nr_censuses; i++) {
		const struct rec_census *census = &shown->censuses[i];

		set_share(&model->shape, METRIC_MIXED_PAGEBLOCKS, census->node, census->nr_mixed,
			  census->nr_blocks);
		set_share(&model->shape, METRIC_SPOILED_PAGEBLOCKS, census->node, census->nr_spoiled,
			  census->nr_blocks);
	}
}

static void show_held_cells(struct model *model)
{
	const struct holder_list *shown = &model->holders.shown;
	__u32 step_pages = model->holders.rec.step_pages, nr_types = model->shape.sizes[DIM_MIGRATETYPE];
	__u64 *held = metric_cells(&model->shape, METRIC_HELD);
	__u64 *error = metric_cells(&model->shape, METRIC_HELD_ERROR);

	if (!step_pages)
		return;
	/* Followed pages first. */
	memset(held, 0, nr_types * sizeof(*held));
	for (__u32 i = 0; i < shown->nr; i++)
		if (shown->all[i].migratetype < nr_types)
			held[shown->all[i].migratetype] += shown->all[i].nr_pages;
	for (__u32 type = 0; type < nr_types; type++) {
		error[type] = live_error_pages(held[type], step_pages);
		held[type] *= step_pages;
	}
}

static void held_add(struct held *to, const struct held *held)
{
	for (int row = 0; row < NR_HELD; row++)
		to->v[row] += held->v[row];
}

static void held_sub(struct held *from, const struct held *held)
{
	for (int row = 0; row < NR_HELD; row++)
		from->v[row] -= held->v[row];
}

/*
 * The group that a holder belongs to: that of the process, and once it is gone the one of its name.
 * GROUP_OTHER where it has none, or is none of those that are known.
 */
static __u32 group_of(const struct model *model, const struct rec_holder *holder)
{
	const struct process *process = model_holder_process(model, holder);
	struct group_key key;

	if (process)
		return process->group;
	if (holder->owner == LIVE_INTERRUPT)
		return GROUP_INTERRUPT;
	if (holder->owner == NR_LIVE_OWNERS)
		return GROUP_OTHER;
	group_key_make(&key, model, holder->comm, holder->cgroup_id, holder->owner == LIVE_KTHREAD);
	return groups_find(&model->groups, &key);
}

void holders_end(struct model *model)
{
	const struct holder_list *shown = &model->holders.shown;
	struct groups *groups = &model->groups;

	for (__u32 i = 0; i < groups->nr; i++)
		groups->all[i].held = (struct held){};
	model->holders.total = (struct held){};
	for (__u32 i = 0; i < shown->nr; i++) {
		const struct rec_holder *holder = &shown->all[i];
		const char *type = model_dim_label(model, DIM_MIGRATETYPE, holder->migratetype);
		__u64 nr_pages = holder->nr_pages * model->holders.rec.step_pages;
		const struct held held = { .v = {
						   [HELD_PAGES] = nr_pages,
						   [HELD_UNMOVABLE_PAGES] = strcmp(type, "movable") ? nr_pages
												    : 0,
						   [HELD_HUGE_PAGES] = holder->nr_huge *
								       model->holders.rec.step_pages,
						   [HELD_SPOILED] = holder->spoiled_e6 / 1000,
					   } };

		held_add(&groups->all[group_of(model, holder)].held, &held);
		held_add(&model->holders.total, &held);
	}
}

struct held model_group_held(const struct model *model, __u32 index)
{
	struct held held = model->holders.total;

	if (index != GROUP_OTHER)
		return model->groups.all[index].held;
	for (__u32 i = 0; i < model->groups.nr; i++) {
		const struct known_group *group = &model->groups.all[i];

		if (i != GROUP_OTHER && group->pub.is_exported)
			held_sub(&held, &group->held);
	}
	return held;
}

int apply_live(struct model *model, const struct rec_header *h)
{
	const struct rec_live *rec = (const struct rec_live *)h;
	struct holders *holders = &model->holders;
	struct holder_list shown = holders->shown;

	if (!is_possible(rec->nr_pages, rec->step_pages) ||
	    !is_possible(rec->nr_unplaced_site_pages, rec->step_pages) ||
	    !is_possible(rec->nr_unplaced_owner_pages, rec->step_pages) ||
	    !is_possible(holders->pending.nr_pages, rec->step_pages) ||
	    !numa_is_possible(&model->numa, rec->step_pages) ||
	    !live_sites_are_possible(&model->live_sites, rec->step_pages))
		return -EINVAL;
	holders->rec = *rec;
	terminate(holders->rec.why_not);
	terminate(holders->rec.why_no_blocks);
	holders->shown = holders->pending;
	holders->pending = shown;
	holders->pending.nr = 0;
	holders->pending.nr_pages = 0;
	holders->pending.age_sum_ms = 0;
	holders->pending.spoiled_e6 = 0;
	holders->pending.spoiled_error_e6 = 0;
	holders->pending.nr_censuses = 0;
	numa_live_end(&model->numa);
	live_sites_end(&model->live_sites, &holders->rec);
	holders_clear_cells(&model->shape);
	census_show_cells(model);
	show_held_cells(model);
	holders_end(model);
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
	       a->migratetype == b->migratetype && a->is_rest == b->is_rest &&
	       (!a->is_rest || (a->cgroup_id == b->cgroup_id && !strcmp(a->comm, b->comm)));
}

const struct process *model_holder_process(const struct model *model, const struct rec_holder *holder)
{
	return holder->tgid ? model_find_living(model, holder->tgid, holder->start_ns) : NULL;
}

bool model_holder_is_alive(const struct model *model, const struct rec_holder *holder)
{
	return holder->tgid && model_lives(model, holder->tgid, holder->start_ns);
}

__u32 model_nr_censuses(const struct model *model)
{
	return model->holders.shown.nr_censuses;
}

const struct rec_census *model_census(const struct model *model, __u32 index)
{
	return &model->holders.shown.censuses[index];
}

/* --- errors ----------------------------------------------------------------------------------- */

#define MORE_PAGES 3
#define MORE_BLOCKS 10

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
	return nr_pages < 1ULL << 40 ? square_root((nr_pages + MORE_PAGES) * 1000000) * step_pages / 1000
				     : square_root(nr_pages + MORE_PAGES) * step_pages;
}

static double spoiled_by_a_page(__u64 spoiled_e6, __u64 spoiled_error_e6)
{
	return spoiled_e6 ? (double)spoiled_error_e6 / (double)spoiled_e6 : 0;
}

__u64 live_error_spoiled_e3(const struct model *model, __u64 spoiled_e6, __u64 spoiled_error_e6)
{
	const struct holder_list *all = &model->holders.shown;
	double by_these = spoiled_by_a_page(spoiled_e6, spoiled_error_e6);
	double by_all = spoiled_by_a_page(all->spoiled_e6, all->spoiled_error_e6);
	double by_one = by_these > by_all ? by_these : by_all;
	double variance_e6 = (double)spoiled_error_e6 + MORE_PAGES * by_one * by_one * 1e6;

	return square_root(variance_e6 < 1e18 ? (__u64)variance_e6 : (__u64)1e18);
}

__u64 census_error_e6(double sum, double squares, __u32 nr)
{
	double mean = (sum + MORE_BLOCKS / 2.0) / ((double)nr + MORE_BLOCKS);
	double variance = (squares + MORE_BLOCKS / 2.0) / ((double)nr + MORE_BLOCKS) - mean * mean;
	double error_e12 = variance / nr * 1e12;

	return error_e12 > 0 && error_e12 < 1e18 ? square_root((__u64)error_e12) : 0;
}
