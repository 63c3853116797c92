/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The shape of every latency histogram: buckets whose upper bounds are powers of two in
 * nanoseconds. Bucket i counts observations of at most hist_bound_ns(i); an exact power of two
 * belongs to the lower bucket, as Prometheus' `le` wants it. The last bucket has no bound.
 * One cell after the buckets holds the sum, so a histogram takes HIST_CELLS cells.
 */
#ifndef MEMOIR_ABI_HIST_H
#define MEMOIR_ABI_HIST_H

#include "types.h"

#define HIST_MIN_SHIFT 10 /* first bound: 1.024 us */
#define HIST_MAX_SHIFT 34 /* last bound: 17.18 s */
#define HIST_BOUNDS (HIST_MAX_SHIFT - HIST_MIN_SHIFT + 1)
#define HIST_BUCKETS (HIST_BOUNDS + 1)
#define HIST_SUM HIST_BUCKETS
#define HIST_CELLS (HIST_BUCKETS + 1)

/* The upper bound of bucket i < HIST_BOUNDS, in nanoseconds. */
static inline __u64 hist_bound_ns(__u32 i)
{
	return 1ULL << (HIST_MIN_SHIFT + i);
}

/* The bucket of an observation: the smallest i with ns <= hist_bound_ns(i), else the last. */
static inline __u32 hist_bucket(__u64 ns)
{
	__u64 above = ns ? ns - 1 : 0;
	__u32 log2 = 0;

	/* Branches that both clang and the verifier keep bounded: a binary search for the top bit. */
	if (above >> 32) {
		above >>= 32;
		log2 += 32;
	}
	if (above >> 16) {
		above >>= 16;
		log2 += 16;
	}
	if (above >> 8) {
		above >>= 8;
		log2 += 8;
	}
	if (above >> 4) {
		above >>= 4;
		log2 += 4;
	}
	if (above >> 2) {
		above >>= 2;
		log2 += 2;
	}
	if (above >> 1) {
		above >>= 1;
		log2 += 1;
	}
	log2 += (__u32)above; /* the number of bits in ns - 1 */

	if (log2 <= HIST_MIN_SHIFT)
		return 0;
	if (log2 > HIST_MAX_SHIFT)
		return HIST_BUCKETS - 1;
	return log2 - HIST_MIN_SHIFT;
}

/* How many observations a histogram's cells have. */
static inline __u64 hist_count(const __u64 *cells)
{
	__u64 count = 0;

	for (__u32 i = 0; i < HIST_BUCKETS; i++)
		count += cells[i];
	return count;
}

#endif
