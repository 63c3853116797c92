/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which keys are referred to, in two bits for each key, which is a hash already. So one in some hundred may
 * be taken for marked that is not, which costs its place in a table and nothing else.
 */
#ifndef MEMOIR_MARKS_H
#define MEMOIR_MARKS_H

#include <linux/types.h>
#include <stdbool.h>
#include <string.h>

#define MARK_BITS (1u << 18)

struct marks {
	__u64 words[MARK_BITS / 64];
};

static inline void marks_clear(struct marks *marks)
{
	memset(marks->words, 0, sizeof(marks->words));
}

static inline __u32 mark_bit(__u64 key, int which)
{
	return (__u32)(key >> (which ? 40 : 16)) % MARK_BITS;
}

static inline void marks_set(struct marks *marks, __u64 key)
{
	for (int which = 0; which < 2; which++) {
		__u32 bit = mark_bit(key, which);

		marks->words[bit / 64] |= 1ULL << bit % 64;
	}
}

static inline bool marks_has(const struct marks *marks, __u64 key)
{
	for (int which = 0; which < 2; which++) {
		__u32 bit = mark_bit(key, which);

		if (!(marks->words[bit / 64] & 1ULL << bit % 64))
			return false;
	}
	return true;
}

#endif
