// SPDX-License-Identifier: GPL-2.0-or-later
/* How many allocations are looked at; see heaprate.h. */
#include "heaprate.h"

#include <math.h>

static double probability(__u64 size, __u32 every_bytes)
{
	return -expm1(-(double)size / every_bytes);
}

__u64 heaprate_chance(__u32 class, __u32 every_bytes)
{
	return every_bytes ? (__u64)(probability(heap_class_begin(class), every_bytes) * HEAP_CERTAIN)
			   : HEAP_CERTAIN;
}

/* How many of these would be looked at, the sizes of an octave taken for the one in its middle. */
static double nr_looked_at(const struct heap_sizes *sizes, __u32 every_bytes)
{
	double nr = 0;

	for (__u32 i = 0; i < NR_HEAP_OCTAVES; i++)
		nr += (double)sizes->nr[i] * probability(heap_class_begin(16 * i + 8), every_bytes);
	return nr;
}

__u32 heaprate_every_bytes(const struct heap_sizes *sizes, __u64 duration_ns, double max_rate)
{
	const double max = max_rate * (double)duration_ns / 1e9;
	__u32 low = 1, high = MAX_HEAP_EVERY_BYTES;
	double nr = 0;

	for (__u32 i = 0; i < NR_HEAP_OCTAVES; i++)
		nr += (double)sizes->nr[i];
	if (nr <= max)
		return 0;
	while (low < high) {
		__u32 middle = low + (high - low) / 2;

		if (nr_looked_at(sizes, middle) > max)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
