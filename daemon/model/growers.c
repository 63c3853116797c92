/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who of those that grow is to be judged first. A judgement costs a hundred times as much as a look at the
 * blocks of a window, and only what rises block by block can be a leak: so that what breathes, fills once or
 * can be taken back does not stand in the way of a leak, however slow that is.
 */
#include <stdint.h>

#include "floors.h"
#include "internal.h"
#include "leak.h"

/* So many growers are asked for their cgroups: those of many processes are one. */
#define MAX_LIMITED 128u

struct ranking {
	const struct model *model;
	struct grower *all;
	__u32 nr, max;
	__u32 nr_growers;
};

/* In all windows. */
static __u32 least_of(const struct growth *growth, const struct series *series)
{
	__u32 least = UINT32_MAX;

	for (int window = 0; window < NR_GROWTH_WINDOWS; window++) {
		__u32 next = growth->windows[window].next, first = series->first[window];

		for (__u32 i = next - first > GROWTH_POINTS ? next - GROWTH_POINTS : first; i != next; i++)
			if (series->value[window][i % GROWTH_POINTS] < least)
				least = series->value[window][i % GROWTH_POINTS];
	}
	return least;
}

/* How fast the floor rises, and whether it does so in each block; false where there are too few points. */
static bool look_at_window(const struct model *model, const struct grower *grower, enum growth_window window,
			   double *ret_rate, bool *ret_is_steady)
{
	struct trend_point points[GROWTH_POINTS];
	__u32 nr = floors_points(model, grower->series, window, points);
	struct blocks blocks;

	if (nr < floors_min_points(window) || !(points[nr - 1].t > 0))
		return false;
	floors_blocks(points, nr, &blocks);
	*ret_rate = blocks.mean * floors_per_second(&blocks, points, nr);
	*ret_is_steady = blocks.is_steady;
	return true;
}

/* Sets rank and rate. */
static void rank_of(const struct model *model, struct grower *grower)
{
	double rate[NR_GROWTH_WINDOWS] = { 0 };
	bool is_steady[NR_GROWTH_WINDOWS] = { false }, is_told[NR_GROWTH_WINDOWS];
	enum leak_limit limit;
	double hour;

	for (int window = 0; window < NR_GROWTH_WINDOWS; window++)
		is_told[window] = look_at_window(model, grower, (enum growth_window)window, &rate[window],
						 &is_steady[window]);
	/* The quarter hour alone tells no leak; but where there is nothing else, it tells who may be one. */
	if (is_told[WINDOW_TWO_HOURS])
		is_steady[WINDOW_QUARTER_HOUR] = false;
	hour = rate[WINDOW_QUARTER_HOUR] * PRESSING_SECONDS;
	grower->rank = GROWER_UNSTEADY;
	grower->rate = rate[is_told[WINDOW_TWO_HOURS] ? WINDOW_TWO_HOURS : WINDOW_QUARTER_HOUR];
	for (int window = 0; window < NR_GROWTH_WINDOWS; window++) {
		if (!is_steady[window])
			continue;
		if (grower->rank == GROWER_UNSTEADY || rate[window] > grower->rate)
			grower->rate = rate[window];
		grower->rank = GROWER_STEADY;
	}
	if (grower_is_given_back(grower))
		grower->rank = GROWER_GIVEN_BACK;
	else if (hour * model->shape.rec.page_size >= LEAK_MIN_BYTES &&
		 hour > leak_left_pages(model, grower, &limit))
		grower->rank = GROWER_PRESSING;
}

static bool comes_before(const struct grower *a, const struct grower *b)
{
	if (a->rank != b->rank)
		return a->rank > b->rank;
	if (a->rate != b->rate)
		return a->rate > b->rate;
	return a->grown_pages > b->grown_pages;
}

static void rank(struct ranking *ranking, const struct grower *candidate)
{
	struct grower grower = *candidate;
	__u32 place, least;

	if (!grower.series)
		return;
	least = least_of(&ranking->model->growth, grower.series);
	grower.grown_pages = grower.pages > least ? grower.pages - least : 0;
	if (grower.grown_pages < ranking->model->growth.noticeable_pages)
		return;
	ranking->nr_growers++;
	if (!ranking->max)
		return;
	rank_of(ranking->model, &grower);
	if (ranking->nr == ranking->max) {
		if (!comes_before(&grower, &ranking->all[ranking->max - 1]))
			return;
		ranking->nr--;
	}
	place = ranking->nr++;
	for (; place > 0 && comes_before(&grower, &ranking->all[place - 1]); place--)
		ranking->all[place] = ranking->all[place - 1];
	ranking->all[place] = grower;
}

static void rank_followed(struct ranking *ranking, const struct followed *followed, struct grower grower)
{
	if (!followed)
		return;
	grower.owner = followed->owner;
	for (__u32 kind = 0; kind < NR_GROWTH_KINDS; kind++) {
		grower.kind = kind;
		grower.pages = followed->now.pages[kind];
		grower.series = followed->series[kind];
		rank(ranking, &grower);
	}
}

static void rank_processes(struct ranking *ranking, const struct model *model)
{
	for (__u32 i = 0; i < model->processes.nr_alive; i++) {
		const struct process *process = &model->processes.all[i];
		const struct followed *followed = followed_by(&model->growth, OWNER_PROCESS, process->tgid,
							      process->start_ns, &process->footprint);

		rank_followed(ranking, followed,
			      (struct grower){ .process = process,
					       .group = process->group,
					       .cgroup_id = process->cgroup_id });
	}
}

static void rank_groups(struct ranking *ranking, const struct model *model)
{
	for (__u32 i = NR_FIXED_GROUPS; i < model->groups.nr_visible; i++) {
		const struct known_group *group = &model->groups.all[i];
		const struct followed *followed = followed_by(&model->growth, OWNER_GROUP, 0, group->hash,
							      &group->footprint);

		rank_followed(ranking, followed, (struct grower){ .group = i });
	}
}

static void rank_cgroups(struct ranking *ranking, const struct growth *growth)
{
	for (__u32 i = 0; i < growth->nr_cgroups; i++) {
		const struct cgroup_footprint *cgroup = &growth->cgroups[i];
		const struct followed *followed = followed_by(growth, OWNER_CGROUP, 0, cgroup->id,
							      &cgroup->footprint);

		rank_followed(ranking, followed, (struct grower){ .cgroup_id = cgroup->id });
	}
}

static void rank_kernel(struct ranking *ranking, const struct growth *growth)
{
	for (__u32 memory = 0; memory < NR_KERNEL_MEMORY; memory++) {
		const struct grower grower = { .owner = OWNER_KERNEL,
					       .kind = memory,
					       .pages = growth->kernel_memory.pages[memory],
					       .series = growth->kernel[memory] };

		if (grower.pages != KERNEL_MEMORY_UNKNOWN)
			rank(ranking, &grower);
	}
}

static void rank_all(struct ranking *ranking, enum growth_owner owner)
{
	const struct model *model = ranking->model;

	if (owner == OWNER_PROCESS)
		rank_processes(ranking, model);
	else if (owner == OWNER_GROUP)
		rank_groups(ranking, model);
	else if (owner == OWNER_CGROUP)
		rank_cgroups(ranking, &model->growth);
	else
		rank_kernel(ranking, &model->growth);
}

__u32 model_growers(const struct model *model, enum growth_owner owner, struct grower *ret, __u32 max)
{
	struct ranking ranking = { .model = model, .all = ret, .max = max };

	rank_all(&ranking, owner);
	return ranking.nr;
}

__u32 model_nr_growers(const struct model *model, enum growth_owner owner)
{
	struct ranking ranking = { .model = model };

	rank_all(&ranking, owner);
	return ranking.nr_growers;
}

static __u32 add_cgroups(const struct model *model, enum growth_owner owner, __u64 *ids, __u32 nr, __u32 max)
{
	struct grower growers[MAX_LIMITED];
	__u32 nr_growers = model_growers(model, owner, growers, MAX_LIMITED);

	for (__u32 i = 0; i < nr_growers && nr < max; i++) {
		__u32 known = 0;

		while (known < nr && ids[known] != growers[i].cgroup_id)
			known++;
		if (known == nr && growers[i].cgroup_id)
			ids[nr++] = growers[i].cgroup_id;
	}
	return nr;
}

__u32 model_limiting_cgroups(const struct model *model, __u64 *ret_ids, __u32 max)
{
	__u32 nr = add_cgroups(model, OWNER_PROCESS, ret_ids, 0, max / 2);

	return add_cgroups(model, OWNER_CGROUP, ret_ids, nr, max);
}

bool grower_is_given_back(const struct grower *grower)
{
	return grower->owner == OWNER_KERNEL ? grower->kind == KERNEL_SLAB_RECLAIMABLE
					     : grower->kind == GROWTH_FILE;
}
