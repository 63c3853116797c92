/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A bounded table by key; see recent.h. */
#include "recent.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MIN_CAPACITY 64u

void recent_free(struct recent *recent)
{
	free(recent->all);
	free(recent->announced);
	index_free(&recent->index);
}

static void *element_at(const struct recent *recent, __u32 entry)
{
	return recent->all + entry * recent->element_size;
}

static __u64 key_of(const void *element)
{
	__u64 key;

	memcpy(&key, element, sizeof(key));
	return key;
}

/* The entry with that key, or INDEX_NONE. */
static __u32 find(const struct recent *recent, __u64 key)
{
	__u32 hash = index_hash(0, &key, sizeof(key));
	__u32 entry, pos;

	index_for_each(&recent->index, hash, entry, pos)
	{
		if (key_of(element_at(recent, entry)) == key)
			return entry;
	}
	return INDEX_NONE;
}

const void *recent_find(const struct recent *recent, __u64 key)
{
	__u32 entry = find(recent, key);

	return entry == INDEX_NONE ? NULL : element_at(recent, entry);
}

static int grow(struct recent *recent)
{
	__u32 capacity = recent->capacity ? recent->capacity * 2 : MIN_CAPACITY;
	unsigned char *all;
	__u64 *announced;

	if (capacity > recent->max)
		capacity = recent->max;
	all = realloc(recent->all, capacity * recent->element_size);
	if (all)
		recent->all = all;
	announced = realloc(recent->announced, capacity * sizeof(*announced));
	if (announced)
		recent->announced = announced;
	if (!all || !announced)
		return -ENOMEM;
	recent->capacity = capacity;
	return 0;
}

static __u32 find_oldest(const struct recent *recent)
{
	__u32 oldest = 0;

	for (__u32 entry = 1; entry < recent->nr; entry++)
		if (recent->announced[entry] < recent->announced[oldest])
			oldest = entry;
	return oldest;
}

/* A place for a new key, with its index entry made. */
static int add(struct recent *recent, __u64 key, __u32 *ret)
{
	__u32 hash = index_hash(0, &key, sizeof(key));
	bool is_full = recent->nr == recent->max;
	__u32 entry = is_full ? find_oldest(recent) : recent->nr;
	int err = entry == recent->capacity ? grow(recent) : 0;

	if (!err)
		err = index_insert(&recent->index, hash, entry);
	if (err)
		return err;
	if (is_full) {
		__u64 old = key_of(element_at(recent, entry));

		index_remove(&recent->index, index_hash(0, &old, sizeof(old)), entry);
	} else {
		recent->nr++;
	}
	*ret = entry;
	return 0;
}

int recent_put(struct recent *recent, const void *element)
{
	__u64 key = key_of(element);
	__u32 entry = find(recent, key);
	int err = entry == INDEX_NONE ? add(recent, key, &entry) : 0;

	if (err)
		return err;
	memcpy(element_at(recent, entry), element, recent->element_size);
	recent->announced[entry] = ++recent->nr_announced;
	return 0;
}
