/* SPDX-License-Identifier: GPL-2.0-only */
/* A call of an allocator: what it is told when it begins, and what it gives when it returns. */
#ifndef MEMOIR_HEAPCALL_BPF_H
#define MEMOIR_HEAPCALL_BPF_H

#include "vmlinux.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "abi/heap.h"

/* What a call is told. */
struct heap_arguments {
	__u64 address; /* what is reallocated, or where posix_memalign() puts the address */
	__u64 size;
};

/* A call that has begun. */
struct heap_call_frame {
	__u64 cookie; /* of its probe */
	__u64 sp;
	struct heap_arguments told;
	struct heap_object old; /* what is reallocated, where it is known */
	__u64 p;                /* by which it was chosen, see HEAP_CERTAIN; 0: it was not */
	__u8 is_open, has_old;
};

/*
 * n * size. Where that is too large for a number, the call fails and its size is of no interest, but that it
 * is not 0.
 */
static __always_inline __u64 product(__u64 n, __u64 size)
{
	const __u64 bytes = n * size;

	return bytes || !n || !size ? bytes : 1;
}

static __always_inline struct heap_arguments read_arguments(struct pt_regs *ctx, __u64 cookie)
{
	/* Read before it is known which are needed: the verifier wants constant places. */
	__u64 first = PT_REGS_PARM1(ctx), second = PT_REGS_PARM2(ctx), third = PT_REGS_PARM3(ctx),
	      fourth = PT_REGS_PARM4(ctx);

	barrier_var(first);
	barrier_var(second);
	barrier_var(third);
	barrier_var(fourth);
	if (cookie & HEAP_OF_HEAP) {
		first = second;
		second = third;
		third = fourth;
	}
	switch (HEAP_COOKIE_CALL(cookie)) {
	case HEAP_MALLOC:
		return (struct heap_arguments){ .size = first };
	case HEAP_CALLOC:
		return (struct heap_arguments){ .size = product(first, second) };
	case HEAP_REALLOC:
	case HEAP_IN_PLACE:
		return (struct heap_arguments){ .address = first, .size = second };
	case HEAP_REALLOCARRAY:
		return (struct heap_arguments){ .address = first, .size = product(second, third) };
	case HEAP_MEMALIGN:
		return (struct heap_arguments){ .size = second };
	case HEAP_POSIX_MEMALIGN:
		return (struct heap_arguments){ .address = first, .size = third };
	default:
		return (struct heap_arguments){};
	}
}

static __always_inline bool is_realloc(const struct heap_call_frame *call)
{
	const __u32 kind = HEAP_COOKIE_CALL(call->cookie);

	return kind == HEAP_REALLOC || kind == HEAP_REALLOCARRAY || kind == HEAP_IN_PLACE;
}

/* The address that a call gave; 0: none. */
static __always_inline __u64 result(__u64 returned, const struct heap_call_frame *call)
{
	__u64 address = 0;

	switch (HEAP_COOKIE_CALL(call->cookie)) {
	case HEAP_IN_PLACE:
		return returned >= call->told.size ? call->told.address : 0;
	case HEAP_POSIX_MEMALIGN:
		if ((__u32)returned ||
		    bpf_probe_read_user(&address, sizeof(address), (void *)call->told.address))
			return 0;
		return address;
	default:
		return returned;
	}
}

/* Whether a call that returns at sp is the one that has begun, and not one of the same function within it. */
static __always_inline bool is_return_of(const struct heap_call_frame *call, __u64 sp)
{
#ifdef __TARGET_ARCH_x86
	/* What the call has pushed is off the stack again. */
	return sp > call->sp;
#else
	return sp >= call->sp;
#endif
}

#endif
