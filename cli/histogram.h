/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Histograms as the API gives them: counts per bucket, and upper bounds of all buckets but the last. Pure. */
#ifndef MEMOIR_HISTOGRAM_H
#define MEMOIR_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

#include "reply.h"

#define HISTOGRAM_MAX_BUCKETS 64

struct histogram {
	size_t nr_buckets;
	uint64_t count[HISTOGRAM_MAX_BUCKETS];
	uint64_t bound_ns[HISTOGRAM_MAX_BUCKETS]; /* nr_buckets - 1 of them */
};

/* That of an object with the member "buckets", in a reply with "bounds_ns"; without buckets where they do not fit. */
void histogram_read(const json_t *reply, const json_t *object, struct histogram *ret);

/* Adds a histogram with the same bounds; an empty sum takes over the bounds. */
void histogram_add(struct histogram *sum, const struct histogram *other);

uint64_t histogram_total(const struct histogram *histogram);

/*
 * The index of the bucket that holds the observation at this fraction (0 to 1) of all in their order; its
 * bound is an upper bound of the percentile. nr_buckets where there is none.
 */
size_t histogram_percentile(const struct histogram *histogram, double fraction);

/* A bucket's range as text: "<= 2.05ms", "> 17.2s", or "-" for nr_buckets. */
void histogram_range(const struct histogram *histogram, size_t bucket, char *ret, size_t size);

/* Appends a bar of at most room columns, as long as count is of largest; what is there is seen. */
void histogram_bar(uint64_t count, uint64_t largest, size_t room, struct text *text);

/*
 * Appends one line per bucket from the first to the last that has counts, with a bar that fits width where
 * there is room for one.
 */
void histogram_draw(const struct histogram *histogram, size_t width, struct text *text);

#endif
