// SPDX-License-Identifier: GPL-2.0-or-later
/* What many weigh; see weights.h. */
#include "weights.h"

#include <stdlib.h>

bool weights_make(struct weights *weights, __u32 nr_slots)
{
	*weights = (struct weights){ .slots = calloc(nr_slots, sizeof(*weights->slots)),
				     .nr_slots = nr_slots };
	return weights->slots;
}

void weights_free(struct weights *weights)
{
	free(weights->slots);
	weights->slots = NULL;
}

__u64 weights_mix(__u64 seed, __u64 value)
{
	__u64 key = (seed * 0x9e3779b97f4a7c15ULL ^ value) * 0xbf58476d1ce4e5b9ULL;

	return key ^ key >> 32;
}

/* NULL without a place. */
static struct weight *weight_of(struct weights *weights, __u64 key)
{
	__u32 slot = (__u32)(key >> 32) % weights->nr_slots;

	while (weights->slots[slot].key && weights->slots[slot].key != key)
		slot = (slot + 1) % weights->nr_slots;
	if (!weights->slots[slot].key) {
		if (weights->nr >= weights->nr_slots / 4 * 3)
			return NULL;
		weights->nr++;
		weights->slots[slot].key = key;
	}
	return &weights->slots[slot];
}

void weights_add(struct weights *weights, __u64 key, __u32 nr_pages, double blocks)
{
	struct weight *weight = weight_of(weights, key);

	if (!weight) {
		weights->nr_unplaced_pages += nr_pages;
		return;
	}
	weight->nr_pages += nr_pages;
	weight->blocks += (float)blocks;
}

bool weight_holds_more(const struct weight *a, const struct weight *b)
{
	return a->nr_pages > b->nr_pages;
}

__u32 weights_choose(struct weights *weights, __u32 max,
		     bool (*is_heavier)(const struct weight *a, const struct weight *b), __u64 *ret_keys)
{
	const struct weight none = { 0 };
	__u32 best[WEIGHTS_MAX_CHOICE], nr = 0;

	if (!max)
		return 0;
	if (max > WEIGHTS_MAX_CHOICE)
		max = WEIGHTS_MAX_CHOICE;
	/* The best so far lie in order, so that nearly every candidate is compared once. */
	for (__u32 slot = 0; slot < weights->nr_slots; slot++) {
		const struct weight *weight = &weights->slots[slot];
		__u32 place = nr;

		if (!is_heavier(weight, &none) ||
		    (nr == max && !is_heavier(weight, &weights->slots[best[nr - 1]])))
			continue;
		if (nr == max)
			place = nr - 1;
		else
			nr++;
		for (; place > 0 && is_heavier(weight, &weights->slots[best[place - 1]]); place--)
			best[place] = best[place - 1];
		best[place] = slot;
	}
	for (__u32 i = 0; i < nr; i++) {
		struct weight *weight = &weights->slots[best[i]];

		ret_keys[i] = weight->key;
		weight->nr_pages = 0;
		weight->blocks = 0;
	}
	return nr;
}
