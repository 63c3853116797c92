/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What many weigh, by a key each, in a table that does not grow: it is filled in one pass over live pages,
 * and the heaviest are chosen, whose pages are then kept apart in a second pass. Pure.
 */
#ifndef MEMOIR_WEIGHTS_H
#define MEMOIR_WEIGHTS_H

#include <linux/types.h>
#include <stdbool.h>

/* The most that can be chosen at once. */
#define WEIGHTS_MAX_CHOICE 1024u

struct weight {
	__u64 key; /* 0 is a free slot */
	__u32 nr_pages;
	float blocks;
};

struct weights {
	struct weight *slots;
	__u32 nr, nr_slots;
	__u64 nr_unplaced_pages; /* of keys for which there was no slot */
};

/* So many slots, of which three quarters are filled at most. False without memory. */
bool weights_make(struct weights *weights, __u32 nr_slots);
void weights_free(struct weights *weights);

/* Mixes a value into a key; seed is the key so far, or whatever nobody can guess. */
__u64 weights_mix(__u64 seed, __u64 value);

/* Adds to what the key, which is not 0, weighs; without a slot for it, to what has none. */
void weights_add(struct weights *weights, __u64 key, __u32 nr_pages, double blocks);

/* An order for weights_choose(). */
bool weight_holds_more(const struct weight *a, const struct weight *b);

/*
 * Chooses up to max of the heaviest that weigh more than nothing, the heaviest first, and gives them up, so
 * that the next choice is among the others; their number.
 */
__u32 weights_choose(struct weights *weights, __u32 max,
		     bool (*is_heavier)(const struct weight *a, const struct weight *b), __u64 *ret_keys);

#endif
