/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads a hash map of BPF from begin to end, some entries with each system call, while programs
 * write to it.
 */
#ifndef MEMOIR_BATCH_H
#define MEMOIR_BATCH_H

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/types.h>
#include <stdbool.h>

/* Set the first four, the rest is 0. */
struct batch {
	int fd;
	void *keys, *values; /* max of each; a bucket of the map must fit */
	__u32 max;
	__u32 nr; /* entries that were read */
	bool has_begun, has_ended;
	int err; /* why it ended before the end; 0 or a negative errno */
	__u64 place;
};

/* Reads some more entries; false when there are none. */
static inline bool batch_next(struct batch *batch)
{
	if (batch->has_ended)
		return false;
	batch->nr = batch->max;
	if (bpf_map_lookup_batch(batch->fd, batch->has_begun ? &batch->place : NULL, &batch->place,
				 batch->keys, batch->values, &batch->nr, NULL) < 0) {
		/* The last entries come with the word that there are no more. */
		batch->has_ended = true;
		batch->err = errno == ENOENT ? 0 : -errno;
		if (batch->err)
			batch->nr = 0;
	}
	batch->has_begun = true;
	return batch->nr > 0;
}

#endif
