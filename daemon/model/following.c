/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is followed, and the points of his memory. Nothing is kept of an owner whose memory stays as it is but
 * the least that it was; one that has grown noticeably gets a place in the table, and each kind of memory
 * that grows gets points. Where no place is free, one that grew little makes room for one that grew much
 * more.
 */
#include "internal.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MIN_PLACES 64u
#define MAX_SERIES 1024u
/* Who takes the place of another must have grown so many times as much, and only so many do at a look. */
#define EVICTION_FACTOR 2
#define MAX_EVICTIONS 8u

static const __u64 step_ns[NR_GROWTH_WINDOWS] = {
	[WINDOW_QUARTER_HOUR] = 15 * 1000000000ULL,
	[WINDOW_TWO_HOURS] = 120 * 1000000000ULL,
	[WINDOW_DAY] = 1440 * 1000000000ULL,
};

static const __u32 max_followed[NR_GROWTH_OWNERS] = {
	[OWNER_PROCESS] = 640,
	[OWNER_GROUP] = 256,
	[OWNER_CGROUP] = 128,
};

__u64 growth_step_ns(enum growth_window window)
{
	return step_ns[window];
}

/* --- memory ----------------------------------------------------------------------------------- */

static void followed_free(struct growth *growth, struct followed *followed)
{
	for (int kind = 0; kind < NR_GROWTH_KINDS; kind++) {
		growth->nr_series -= followed->series[kind] != NULL;
		free(followed->series[kind]);
	}
	growth->nr_of[followed->owner]--;
	*followed = (struct followed){ 0 };
}

static void followed_free_all(struct growth *growth)
{
	for (__u32 i = 0; i < growth->nr; i++)
		if (growth->all[i].look)
			followed_free(growth, &growth->all[i]);
	for (int memory = 0; memory < NR_KERNEL_MEMORY; memory++) {
		free(growth->kernel[memory]);
		growth->kernel[memory] = NULL;
	}
}

void growth_free(struct growth *growth)
{
	followed_free_all(growth);
	free(growth->all);
	free(growth->cgroups);
	index_free(&growth->cgroup_index);
}

void growth_restart(struct growth *growth)
{
	followed_free_all(growth);
	memset(growth->windows, 0, sizeof(growth->windows));
	growth->look_ns = 0;
}

/* --- one look --------------------------------------------------------------------------------- */

bool look_begin(struct growth *growth, __u64 time_ns)
{
	if (growth->look_ns > time_ns)
		growth_restart(growth);
	if (growth->look_ns && time_ns - growth->look_ns < step_ns[0])
		return false;
	for (int window = 0; window < NR_GROWTH_WINDOWS; window++) {
		struct window_clock *clock = &growth->windows[window];

		if (!growth->look_ns)
			clock->begin_ns = time_ns;
		growth->ends[window] = !window || time_ns - clock->begin_ns >= step_ns[window];
	}
	growth->look++;
	growth->look_ns = time_ns;
	growth->nr_evictions = 0;
	growth->nr_unfollowed = 0;
	memset(growth->weakest_growth, 0, sizeof(growth->weakest_growth));
	return true;
}

/* Those that this look has not met are gone. */
void look_end(struct growth *growth, __u64 time_ns)
{
	for (__u32 i = 0; i < growth->nr; i++)
		if (growth->all[i].look && growth->all[i].look != growth->look)
			followed_free(growth, &growth->all[i]);
	for (int window = 0; window < NR_GROWTH_WINDOWS; window++) {
		struct window_clock *clock = &growth->windows[window];

		if (!growth->ends[window])
			continue;
		clock->time_ns[clock->next++ % GROWTH_POINTS] = time_ns;
		clock->begin_ns = time_ns;
	}
	growth->nr_unfollowed_shown = growth->nr_unfollowed;
}

void look_at_series(struct growth *growth, struct series **series, __u64 pages)
{
	__u32 value = pages < UINT32_MAX ? (__u32)pages : UINT32_MAX - 1;

	if (!*series) {
		*series = malloc(sizeof(**series));
		if (!*series)
			return;
		for (int window = 0; window < NR_GROWTH_WINDOWS; window++) {
			(*series)->first[window] = growth->windows[window].next;
			(*series)->low[window] = UINT32_MAX;
		}
	}
	for (int window = 0; window < NR_GROWTH_WINDOWS; window++) {
		__u32 *low = &(*series)->low[window];

		if (value < *low)
			*low = value;
		if (!growth->ends[window])
			continue;
		(*series)->value[window][growth->windows[window].next % GROWTH_POINTS] = *low;
		*low = UINT32_MAX;
	}
}

/* What a place is worth: page cache is harmless. */
static __u64 growth_of(const struct followed *followed)
{
	__u64 pages = followed->grown_before;

	for (int kind = 0; kind < NR_GROWTH_KINDS; kind++)
		if (kind != GROWTH_FILE)
			pages += followed->now.pages[kind] - followed->base.pages[kind];
	return pages;
}

static struct followed *find_weakest(struct growth *growth, enum growth_owner owner)
{
	struct followed *weakest = NULL;

	for (__u32 i = 0; i < growth->nr; i++) {
		struct followed *followed = &growth->all[i];

		if (followed->look && followed->owner == owner &&
		    (!weakest || growth_of(followed) < growth_of(weakest)))
			weakest = followed;
	}
	return weakest;
}

static struct followed *evict(struct growth *growth, enum growth_owner owner, __u64 grown_pages)
{
	struct followed *weakest;

	if (growth->nr_evictions >= MAX_EVICTIONS ||
	    grown_pages <= EVICTION_FACTOR * growth->weakest_growth[owner])
		return NULL;
	weakest = find_weakest(growth, owner);
	if (!weakest)
		return NULL;
	growth->weakest_growth[owner] = growth_of(weakest);
	if (grown_pages <= EVICTION_FACTOR * growth->weakest_growth[owner])
		return NULL;
	growth->nr_evictions++;
	followed_free(growth, weakest);
	return weakest;
}

/* A place that is free, or becomes so; NULL where there is none. */
static struct followed *find_place(struct growth *growth, enum growth_owner owner, __u64 grown_pages)
{
	struct followed *all;

	if (growth->nr_of[owner] >= max_followed[owner])
		return evict(growth, owner, grown_pages);
	for (__u32 i = 0; i < growth->nr; i++)
		if (!growth->all[i].look)
			return &growth->all[i];
	all = rows_reserve(growth->all, sizeof(*all), growth->nr, &growth->capacity);
	if (!all)
		return NULL;
	growth->all = all;
	growth->all[growth->nr] = (struct followed){ 0 };
	return &growth->all[growth->nr++];
}

static struct followed *find_followed(const struct growth *growth, enum growth_owner owner, __u32 tgid,
				      __u64 id, const struct footprint *footprint)
{
	struct followed *followed;

	if (!footprint->followed || footprint->followed > growth->nr)
		return NULL;
	/* His place may have gone to another. */
	followed = &growth->all[footprint->followed - 1];
	return followed->look && followed->owner == owner && followed->tgid == tgid && followed->id == id
		       ? followed
		       : NULL;
}

const struct followed *followed_by(const struct growth *growth, enum growth_owner owner, __u32 tgid, __u64 id,
				   const struct footprint *footprint)
{
	return find_followed(growth, owner, tgid, id, footprint);
}

static void update(struct growth *growth, struct followed *followed, const struct footprints *now)
{
	followed->look = growth->look;
	followed->now = *now;
	for (int kind = 0; kind < NR_GROWTH_KINDS; kind++) {
		__u32 *base = &followed->base.pages[kind], pages = now->pages[kind];

		if (pages < *base)
			*base = pages;
		if (!followed->series[kind] && pages - *base >= growth->noticeable_pages) {
			if (growth->nr_series >= MAX_SERIES) {
				growth->nr_unfollowed++;
				continue;
			}
			look_at_series(growth, &followed->series[kind], pages);
			growth->nr_series += followed->series[kind] != NULL;
		} else if (followed->series[kind]) {
			look_at_series(growth, &followed->series[kind], pages);
		}
	}
}

/* Anonymous memory is what grows mostly: its points begin at once. */
static struct followed *follow(struct growth *growth, enum growth_owner owner, const struct footprints *now,
			       __u64 grown_pages)
{
	struct followed *followed = find_place(growth, owner, grown_pages);

	if (!followed) {
		growth->nr_unfollowed++;
		return NULL;
	}
	growth->nr_of[owner]++;
	followed->owner = owner;
	followed->base = *now;
	followed->grown_before = grown_pages;
	if (growth->nr_series < MAX_SERIES) {
		look_at_series(growth, &followed->series[GROWTH_ANONYMOUS], now->pages[GROWTH_ANONYMOUS]);
		growth->nr_series += followed->series[GROWTH_ANONYMOUS] != NULL;
	}
	return followed;
}

void look_learns(struct growth *growth, enum growth_owner owner, __u32 tgid, __u64 id, enum growth_kind kind,
		 __u64 pages, struct footprint *footprint)
{
	struct followed *followed = find_followed(growth, owner, tgid, id, footprint);
	const __u64 low = footprint->low_pages + pages;

	if (followed)
		followed->base.pages[kind] = pages < UINT32_MAX ? (__u32)pages : UINT32_MAX - 1;
	/* Also of one that is followed: it counts again when it is not any more. */
	if (footprint->low_pages)
		footprint->low_pages = low < UINT32_MAX ? (__u32)low : UINT32_MAX - 1;
}

void look_at(struct growth *growth, enum growth_owner owner, __u32 tgid, __u64 id,
	     const __u64 pages[NR_GROWTH_KINDS], struct footprint *footprint)
{
	struct followed *followed = find_followed(growth, owner, tgid, id, footprint);
	struct footprints now;
	__u64 sum = 0;

	for (int kind = 0; kind < NR_GROWTH_KINDS; kind++) {
		now.pages[kind] = pages[kind] < UINT32_MAX ? (__u32)pages[kind] : UINT32_MAX - 1;
		sum += now.pages[kind];
	}
	if (sum >= UINT32_MAX)
		sum = UINT32_MAX - 1;
	if (followed) {
		update(growth, followed, &now);
		return;
	}
	footprint->followed = 0;
	if (!footprint->low_pages || sum < footprint->low_pages)
		footprint->low_pages = (__u32)sum;
	if (sum - footprint->low_pages < growth->noticeable_pages)
		return;
	followed = follow(growth, owner, &now, sum - footprint->low_pages);
	if (!followed)
		return;
	followed->look = growth->look;
	followed->now = now;
	followed->tgid = tgid;
	followed->id = id;
	footprint->followed = (__u32)(followed - growth->all) + 1;
}
