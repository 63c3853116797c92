/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Removes from a table of stacks those that nobody refers to. Their keys are hashes, and their values begin
 * with used_ns, when a program last met the stack.
 */
#ifndef MEMOIR_STACKSWEEP_H
#define MEMOIR_STACKSWEEP_H

#include "batch.h"
#include "marks.h"
#include "util.h"

#define STACKSWEEP_BATCH 32u

/* A stack that was met this lately may be referred to by what the daemon has not read yet. */
#define STACKSWEEP_KEEP_NS (120 * NSEC_PER_SEC)

/*
 * marks: nr_marks sets of keys, of which a stack may be in any. values: room for STACKSWEEP_BATCH values of
 * value_bytes each. Returns how many stacks are left.
 */
static inline __u32 stacksweep(int fd, void *values, size_t value_bytes, const struct marks *marks,
			       __u32 nr_marks, __u64 now_ns)
{
	__u64 keys[STACKSWEEP_BATCH];
	struct batch batch = { .fd = fd, .keys = keys, .values = values, .max = STACKSWEEP_BATCH };
	__u32 nr_left = 0;

	while (batch_next(&batch)) {
		for (__u32 i = 0; i < batch.nr; i++) {
			const __u64 *used_ns = (const void *)((const char *)values + i * value_bytes);
			bool is_kept = *used_ns + STACKSWEEP_KEEP_NS >= now_ns;

			for (__u32 set = 0; set < nr_marks && !is_kept; set++)
				is_kept = marks_has(&marks[set], keys[i]);
			if (is_kept)
				nr_left++;
			else
				bpf_map_delete_elem(fd, &keys[i]);
		}
	}
	return nr_left;
}

#endif
