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

static void *find(const struct recent *recent, __u64 key)
{
	__u32 hash = index_hash(0, &key, sizeof(key));
	__u32 entry, pos;

	index_for_each(&recent->index, hash, entry, pos)
	{
		if (key_of(element_at(recent, entry)) == key)
			return element_at(recent, entry);
	}
	return NULL;
}

const void *recent_find(const struct recent *recent, __u64 key)
{
	return find(recent, key);
}

static int grow(struct recent *recent)
{
	__u32 capacity = recent->capacity ? recent->capacity * 2 : MIN_CAPACITY;
	unsigned char *all;

	if (capacity > recent->max)
		capacity = recent->max;
	all = realloc(recent->all, capacity * recent->element_size);
	if (!all)
		return -ENOMEM;
	recent->all = all;
	recent->capacity = capacity;
	return 0;
}

/* A place for a new key, with its index entry made. */
static int add(struct recent *recent, __u64 key, void **ret)
{
	__u32 hash = index_hash(0, &key, sizeof(key));
	bool is_full = recent->nr == recent->max;
	__u32 entry = is_full ? recent->oldest : recent->nr;
	int err = entry == recent->capacity ? grow(recent) : 0;

	if (!err)
		err = index_insert(&recent->index, hash, entry);
	if (err)
		return err;
	if (is_full) {
		__u64 old = key_of(element_at(recent, entry));

		index_remove(&recent->index, index_hash(0, &old, sizeof(old)), entry);
		recent->oldest = (recent->oldest + 1) % recent->max;
	} else {
		recent->nr++;
	}
	*ret = element_at(recent, entry);
	return 0;
}

int recent_put(struct recent *recent, const void *element)
{
	__u64 key = key_of(element);
	void *place = find(recent, key);
	int err = place ? 0 : add(recent, key, &place);

	if (!err)
		memcpy(place, element, recent->element_size);
	return err;
}
