/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bounded table of what was announced, by a 64-bit key: beyond its size, what was last announced the
 * longest ago is forgotten first. An element is a structure of the caller's that begins with its key.
 */
#ifndef MEMOIR_MODEL_RECENT_H
#define MEMOIR_MODEL_RECENT_H

#include "index.h"

/* Set element_size and max; zeroed otherwise it is empty and owns nothing. */
struct recent {
	size_t element_size;
	__u32 max;
	unsigned char *all;
	__u64 *announced; /* by entry: the number of its last announcement */
	__u64 nr_announced;
	__u32 nr, capacity;
	struct index index;
};

void recent_free(struct recent *recent);

/* The element with that key, or NULL. Valid until the next recent_put(). */
const void *recent_find(const struct recent *recent, __u64 key);

/* Copies the element in, in place of one with its key if there is one. 0 or -ENOMEM. */
int recent_put(struct recent *recent, const void *element);

#endif
