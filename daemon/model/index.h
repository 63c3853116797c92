/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hash index: finds entries of somebody else's array by hash. It knows no keys: the caller hashes,
 * walks the candidates and compares. Open addressing with linear probing; removal closes the gap,
 * so there are no tombstones.
 *
 *	index_for_each(ix, hash, entry, pos)
 *		if (array[entry] is the one)
 *			...
 */
#ifndef MEMOIR_MODEL_INDEX_H
#define MEMOIR_MODEL_INDEX_H

#include <linux/types.h>
#include <stddef.h>

#define INDEX_NONE 0xffffffffu

struct index_slot {
	__u32 hash;
	__u32 entry; /* INDEX_NONE: empty */
};

/* Zeroed is empty and owns nothing. */
struct index {
	struct index_slot *slots;
	__u32 nr_slots; /* a power of two, or 0 */
	__u32 nr_used;
};

void index_free(struct index *ix);
void index_clear(struct index *ix);

/* Adds an entry; 0 or -ENOMEM. */
int index_insert(struct index *ix, __u32 hash, __u32 entry);

/* The entry must be there with that hash. */
void index_remove(struct index *ix, __u32 hash, __u32 entry);
void index_renumber(struct index *ix, __u32 hash, __u32 entry, __u32 new_entry);

/* The first candidate at or after *pos, or INDEX_NONE. */
__u32 index_next(const struct index *ix, __u32 hash, __u32 *pos);

#define index_for_each(ix, hash, entry, pos) \
	for ((pos) = (hash); ((entry) = index_next(ix, hash, &(pos))) != INDEX_NONE; (pos)++)

/* Hashes bytes; chain calls by passing the last result as seed. Deterministic on purpose. */
__u32 index_hash(__u32 seed, const void *bytes, size_t size);

#endif
