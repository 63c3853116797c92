/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hash index of index.h: slots, probing, growth. Not the entries, which belong to the caller.
 */
#include "index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../hash.h"

#define INDEX_MIN_SLOTS 64u

void index_free(struct index *ix)
{
	free(ix->slots);
	*ix = (struct index){ 0 };
}

void index_clear(struct index *ix)
{
	if (ix->slots)
		memset(ix->slots, 0xff, ix->nr_slots * sizeof(*ix->slots));
	ix->nr_used = 0;
}

static void index_place(struct index *ix, struct index_slot slot)
{
	__u32 mask = ix->nr_slots - 1;
	__u32 pos = slot.hash & mask;

	while (ix->slots[pos].entry != INDEX_NONE)
		pos = (pos + 1) & mask;
	ix->slots[pos] = slot;
	ix->nr_used++;
}

static int index_grow(struct index *ix)
{
	struct index grown = { .nr_slots = ix->nr_slots ? ix->nr_slots * 2 : INDEX_MIN_SLOTS };

	grown.slots = malloc(grown.nr_slots * sizeof(*grown.slots));
	if (!grown.slots)
		return -ENOMEM;
	index_clear(&grown);
	for (__u32 i = 0; i < ix->nr_slots; i++) {
		if (ix->slots[i].entry != INDEX_NONE)
			index_place(&grown, ix->slots[i]);
	}
	free(ix->slots);
	*ix = grown;
	return 0;
}

int index_insert(struct index *ix, __u32 hash, __u32 entry)
{
	if (ix->nr_used >= ix->nr_slots / 2) {
		int err = index_grow(ix);

		if (err)
			return err;
	}
	index_place(ix, (struct index_slot){ .hash = hash, .entry = entry });
	return 0;
}

static __u32 index_position(const struct index *ix, __u32 hash, __u32 entry)
{
	__u32 mask = ix->nr_slots - 1;
	__u32 pos = hash & mask;

	while (ix->slots[pos].entry != entry)
		pos = (pos + 1) & mask;
	return pos;
}

void index_renumber(struct index *ix, __u32 hash, __u32 entry, __u32 new_entry)
{
	ix->slots[index_position(ix, hash, entry)].entry = new_entry;
}

void index_remove(struct index *ix, __u32 hash, __u32 entry)
{
	__u32 mask = ix->nr_slots - 1;
	__u32 hole = index_position(ix, hash, entry);

	/* Pull back every follower whose probe sequence passes over the hole. */
	for (__u32 pos = (hole + 1) & mask; ix->slots[pos].entry != INDEX_NONE; pos = (pos + 1) & mask) {
		if (((pos - ix->slots[pos].hash) & mask) >= ((pos - hole) & mask)) {
			ix->slots[hole] = ix->slots[pos];
			hole = pos;
		}
	}
	ix->slots[hole].entry = INDEX_NONE;
	ix->nr_used--;
}

__u32 index_next(const struct index *ix, __u32 hash, __u32 *pos)
{
	__u32 mask = ix->nr_slots - 1;

	if (!ix->nr_slots)
		return INDEX_NONE;
	for (;; (*pos)++) {
		const struct index_slot *slot = &ix->slots[*pos & mask];

		if (slot->entry == INDEX_NONE || slot->hash == hash)
			return slot->entry;
	}
}

__u32 index_hash(__u32 seed, const void *bytes, size_t size)
{
	__u64 hash = fnv1a(FNV1A_START ^ seed, bytes, size);

	/* FNV leaves the low bits poor: finish with a multiply and take the high ones. */
	hash ^= hash >> 32;
	hash *= 0x9e3779b97f4a7c15ULL;
	return (__u32)(hash >> 32);
}
