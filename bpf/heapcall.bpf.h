/* SPDX-License-Identifier: GPL-2.0-only */
/* A call of an allocator: what it is told when it begins, and what it gives when it returns. */
#ifndef MEMOIR_HEAPCALL_BPF_H
#define MEMOIR_HEAPCALL_BPF_H

#include "vmlinux.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "abi/heap.h"

/* A call that has begun. */
struct heap_call_frame {
	__u64 cookie; /* of its probe */
	__u64 sp;
	__u64 size;
	__u64 address;          /* what is reallocated, or where posix_memalign() puts the address */
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

static __always_inline void read_arguments(struct pt_regs *ctx, struct heap_call_frame *call)
{
	call->address = 0;
	switch (HEAP_COOKIE_CALL(call->cookie)) {
	case HEAP_MALLOC:
		call->size = PT_REGS_PARM1(ctx);
		break;
	case HEAP_CALLOC:
		call->size = product(PT_REGS_PARM1(ctx), PT_REGS_PARM2(ctx));
		break;
	case HEAP_REALLOC:
		call->address = PT_REGS_PARM1(ctx);
		call->size = PT_REGS_PARM2(ctx);
		break;
	case HEAP_REALLOCARRAY:
		call->address = PT_REGS_PARM1(ctx);
		call->size = product(PT_REGS_PARM2(ctx), PT_REGS_PARM3(ctx));
		break;
	case HEAP_MEMALIGN:
		call->size = PT_REGS_PARM2(ctx);
		break;
	case HEAP_POSIX_MEMALIGN:
		call->address = PT_REGS_PARM1(ctx);
		call->size = PT_REGS_PARM3(ctx);
		break;
	default:
		call->size = 0;
	}
}

static __always_inline bool is_realloc(const struct heap_call_frame *call)
{
	const __u32 kind = HEAP_COOKIE_CALL(call->cookie);

	return kind == HEAP_REALLOC || kind == HEAP_REALLOCARRAY;
}

/* The address that a call gave; 0: none. */
static __always_inline __u64 result(__u64 returned, const struct heap_call_frame *call)
{
	__u64 address = 0;

	if (HEAP_COOKIE_CALL(call->cookie) != HEAP_POSIX_MEMALIGN)
		return returned;
	if ((__u32)returned || bpf_probe_read_user(&address, sizeof(address), (void *)call->address))
		return 0;
	return address;
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
