/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is exported under a name of its own. A slot changes hands without a step in any series: the
 * newcomer starts at zero, "other" goes on as if nothing had happened, and what the group that left
 * had been exported with is retired.
 */
#include "internal.h"

#include <string.h>

#define MAX_REPLACEMENTS 4 /* a snapshot */
#define MIN_ADVANTAGE 2.0f /* times as active as the weakest slot */
#define MIN_STREAK 3u      /* snapshots in a row */

void slot_give(struct groups *groups, __u32 slot, __u32 group)
{
	groups->slots[slot] = (struct slot){ .group = group };
	groups->all[group].slot = slot;
	groups->all[group].pub.is_exported = true;
}

/* Until now the group's processes were live in "other". */
static void slot_admit(struct groups *groups, __u32 slot, __u32 entry)
{
	const struct ledger_counts *live = &groups->all[entry].live;
	struct group *group = &groups->all[entry].pub;
	struct group *other = &groups->all[GROUP_OTHER].pub;

	slot_give(groups, slot, entry);
	counters_add(&groups->slots[0].offset, live);
	counters_sub(&groups->slots[slot].offset, live);
	gauges_sub(&other->total, &group->total);
	other->nr_processes -= group->nr_processes;
	for_each_counter(row)
	{
		group->total.v[row] = 0;
		group->rate[row] = 0;
	}
}

/* From now on the group's processes are live in "other". */
static void slot_evict(struct groups *groups, __u32 slot)
{
	struct known_group *known = &groups->all[groups->slots[slot].group];
	struct group *group = &known->pub;
	struct group *other = &groups->all[GROUP_OTHER].pub;

	counters_add(&groups->retired, &group->total);
	counters_add(&groups->slots[0].offset, &groups->slots[slot].offset);
	counters_sub(&groups->slots[0].offset, &group->total);
	gauges_add(&other->total, &group->total);
	other->nr_processes += group->nr_processes;
	group->is_exported = false;
	group->total = known->live;
	known->slot = 0;
	known->streak = 0;
	groups->slots[slot].group = GROUP_OTHER;
}

static __u32 weakest_slot(const struct groups *groups)
{
	__u32 weakest = 1;

	for (__u32 i = 1; i <= groups->max_slots; i++) {
		if (groups->all[groups->slots[i].group].score <
		    groups->all[groups->slots[weakest].group].score)
			weakest = i;
	}
	return weakest;
}

static __u32 free_slot(const struct groups *groups)
{
	for (__u32 i = 1; i <= groups->max_slots; i++) {
		if (groups->slots[i].group == GROUP_OTHER)
			return i;
	}
	return 0;
}

void slot_give_free(struct groups *groups, __u32 entry)
{
	__u32 slot = free_slot(groups);

	if (slot)
		slot_give(groups, slot, entry);
}

/* The most active group without a slot whose streak is long enough, or GROUP_OTHER. */
static __u32 strongest_candidate(const struct groups *groups, __u32 min_streak)
{
	__u32 strongest = GROUP_OTHER;
	float score = 0;

	for (__u32 i = NR_FIXED_GROUPS; i < groups->nr; i++) {
		const struct known_group *group = &groups->all[i];

		if (!group->slot && group->streak >= min_streak && group->score > score) {
			strongest = i;
			score = group->score;
		}
	}
	return strongest;
}

static void update_streaks(struct groups *groups)
{
	float threshold = MIN_ADVANTAGE * groups->all[groups->slots[weakest_slot(groups)].group].score;

	for (__u32 i = NR_FIXED_GROUPS; i < groups->nr; i++) {
		struct known_group *group = &groups->all[i];

		group->streak = !group->slot && group->score > threshold ? group->streak + 1 : 0;
	}
}

static void fill_free_slots(struct groups *groups)
{
	for (;;) {
		__u32 slot = free_slot(groups);
		__u32 candidate = slot ? strongest_candidate(groups, 0) : GROUP_OTHER;

		if (candidate == GROUP_OTHER)
			return;
		slot_admit(groups, slot, candidate);
	}
}

void slots_assign(struct groups *groups)
{
	fill_free_slots(groups);
	if (free_slot(groups))
		return;
	update_streaks(groups);
	for (int i = 0; i < MAX_REPLACEMENTS; i++) {
		__u32 candidate = strongest_candidate(groups, MIN_STREAK);
		__u32 slot = weakest_slot(groups);

		if (candidate == GROUP_OTHER ||
		    groups->all[candidate].score <=
			    MIN_ADVANTAGE * groups->all[groups->slots[slot].group].score)
			return;
		slot_evict(groups, slot);
		slot_admit(groups, slot, candidate);
	}
}
