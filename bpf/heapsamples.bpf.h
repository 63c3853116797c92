/* SPDX-License-Identifier: GPL-2.0-only */
/* Which allocations of a heap that is traced are looked at, and the sums of what they stand for. */
#ifndef MEMOIR_HEAPSAMPLES_BPF_H
#define MEMOIR_HEAPSAMPLES_BPF_H

#include "vmlinux.h"

#include <bpf/bpf_helpers.h>

#include "abi/heap.h"

/*
 * The tracer may set them while the trace goes on. Whatever is read here meanwhile is right: an allocation
 * has the weight of the p by which it was chosen.
 */
volatile __u32 heap_every_bytes;              /* 0: every allocation is looked at */
volatile __u64 heap_chances[NR_HEAP_CLASSES]; /* p of each class */

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct heap_sizes);
} heap_sizes SEC(".maps");

static __always_inline void count_size(__u32 class)
{
	const __u32 zero = 0, octave = class / 16;
	struct heap_sizes *sizes = bpf_map_lookup_elem(&heap_sizes, &zero);

	if (sizes && octave < NR_HEAP_OCTAVES)
		__sync_fetch_and_add(&sizes->nr[octave], 1);
}

/* The p by which an allocation of this size is to be looked at; 0: it is not. Once for each. */
static __always_inline __u64 choose(__u64 size)
{
	__u32 class = heap_class(size);
	__u64 p;

	count_size(class);
	if (!heap_every_bytes)
		return HEAP_CERTAIN;
	p = class < NR_HEAP_CLASSES ? heap_chances[class] : 0;
	return bpf_get_prandom_u32() < p ? p : 0;
}

/* The upper half of a product. */
static __always_inline __u64 product_high(__u64 a, __u64 b)
{
	const __u64 a_low = (__u32)a, a_high = a >> 32, b_low = (__u32)b, b_high = b >> 32;
	const __u64 one = a_low * b_high, other = a_high * b_low;
	const __u64 middle = (a_low * b_low >> 32) + (__u32)one + (__u32)other;

	return a_high * b_high + (one >> 32) + (other >> 32) + (middle >> 32);
}

/* Squares of large weights are soon too many for 64 bits. */
static __always_inline void add_product(struct heap_stack *stack, __u64 a, __u64 b)
{
	const __u64 low = a * b;
	__u64 high = product_high(a, b);

	if (__sync_fetch_and_add(&stack->variance_low, low) + low < low)
		high++;
	if (high)
		__sync_fetch_and_add(&stack->variance_high, high);
}

static __always_inline void add_sample(struct heap_stack *stack, const struct heap_object *object,
				       __u64 nr_weighted)
{
	const __u64 bytes = object->weighted_bytes;

	__sync_fetch_and_add(&stack->nr, 1);
	__sync_fetch_and_add(&stack->nr_weighted, nr_weighted);
	__sync_fetch_and_add(&stack->bytes_weighted, bytes);
	if (bytes > object->size)
		add_product(stack, bytes, bytes - object->size);
}

#endif
