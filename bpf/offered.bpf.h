/* SPDX-License-Identifier: GPL-2.0-only */
/* The arguments of probes that a program offers (USDT), from where its notes say that they are. */
#ifndef MEMOIR_OFFERED_BPF_H
#define MEMOIR_OFFERED_BPF_H

#include "vmlinux.h"

#include <bpf/bpf_helpers.h>

#include "abi/heap.h"

/* Set before load; the cookie of a probe is its index. */
const volatile struct heap_offered heap_offers[MAX_HEAP_OFFERS];

/* 0 where it cannot be read. */
static __always_inline __u64 offered_argument(struct pt_regs *ctx,
					      const volatile struct heap_argument *argument)
{
	__u32 word = argument->word, unused_bits = 64 - 8 * (__u32)argument->size;
	__u64 value = (__u64)argument->value, base = 0;

	if (argument->kind != HEAP_CONSTANT) {
		/* The verifier wants a bound, and no program reads its context at a place that varies. */
		if (word >= NR_HEAP_WORDS ||
		    bpf_probe_read_kernel(&base, sizeof(base), (void *)ctx + word * sizeof(base)))
			return 0;
	}
	if (argument->kind == HEAP_IN_REGISTER)
		value = base;
	if (argument->kind == HEAP_IN_MEMORY &&
	    bpf_probe_read_user(&value, sizeof(value), (void *)(base + value)))
		return 0;
	value <<= unused_bits & 63;
	return argument->is_signed ? (__u64)((__s64)value >> (unused_bits & 63))
				   : value >> (unused_bits & 63);
}

#endif
