/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What has been sent already: a set of numbers of bounded size. When it is full it is emptied and learnt
 * anew, so that a receiver that keeps twice as many still has all that are in it.
 */
#ifndef MEMOIR_KNOWN_H
#define MEMOIR_KNOWN_H

#include <errno.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct known {
	__u64 *slots; /* twice as many as may be known; 0 is free */
	__u32 nr_slots, nr;
};

/* Room for max numbers. 0 or -ENOMEM. */
static inline int known_init(struct known *known, __u32 max)
{
	*known = (struct known){ .slots = calloc(2 * max, sizeof(__u64)), .nr_slots = 2 * max };
	return known->slots ? 0 : -ENOMEM;
}

static inline void known_free(struct known *known)
{
	free(known->slots);
	known->slots = NULL;
}

static inline void known_forget(struct known *known)
{
	memset(known->slots, 0, known->nr_slots * sizeof(known->slots[0]));
	known->nr = 0;
}

/* Whether the number, which is not 0, is new; it is known from now on. */
static inline bool known_learn(struct known *known, __u64 number)
{
	__u32 slot = (__u32)((number * 0x9e3779b97f4a7c15ULL) >> 32) % known->nr_slots;

	while (known->slots[slot] && known->slots[slot] != number)
		slot = (slot + 1) % known->nr_slots;
	if (known->slots[slot])
		return false;
	if (known->nr >= known->nr_slots / 2) {
		known_forget(known);
		return known_learn(known, number);
	}
	known->slots[slot] = number;
	known->nr++;
	return true;
}

#endif
