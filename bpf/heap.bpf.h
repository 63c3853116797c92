/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The stacks of a heap that is traced: each different one is kept once, with what was allocated from
 * it; and the first time it is met, what is needed to unwind it goes to the tracer.
 */
#ifndef MEMOIR_HEAP_BPF_H
#define MEMOIR_HEAP_BPF_H

#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "abi/heap.h"
#include "compat.bpf.h"
#include "count.bpf.h"

/* Keys of whole stacks that there are. */
__u32 heap_nr_whole_stacks;

/* The daemon puts in the stack 0, which takes what has no place elsewhere. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_HEAP_STACKS);
	__type(key, __u64);
	__type(value, struct heap_stack);
} heap_stacks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct heap_counts);
} heap_counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 22);
} heap_copies SEC(".maps");

/* By the address of code: bytes from its frame to that of its caller, or HEAP_UP_VARIES. By the tracer. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_HEAP_UPS);
	__type(key, __u64);
	__type(value, __u32);
} heap_ups SEC(".maps");

#define COUNT(member) COUNT_IN(heap_counts, member)

/* No stack of a thread is larger, as far as frames are followed. */
#define MAX_STACK_BYTES (64ULL << 20)

/*
 * Follows the frame pointers from the caller on. Code without them has any value in their register,
 * most of which are no address further up the stack, and end the walk.
 */
static __always_inline void walk(struct pt_regs *ctx, struct heap_stack *stack)
{
	__u64 sp = PT_REGS_SP(ctx), frame[2], fp = PT_REGS_FP(ctx);

	stack->ip[0] = PT_REGS_IP(ctx);
	stack->nr_frames = 1;
	for (__u32 i = 1; i < HEAP_MAX_FRAMES; i++) {
		if (fp < sp || fp - sp > MAX_STACK_BYTES || fp % sizeof(frame[0]))
			break;
		if (bpf_probe_read_user(frame, sizeof(frame), (void *)fp) || !frame[1])
			break;
		stack->ip[i] = frame[1];
		stack->nr_frames = i + 1;
		sp = fp + sizeof(frame);
		fp = frame[0];
	}
}

/*
 * Where frame pointers tell nothing, different callers of one function have mostly different depths of
 * stack, and the same ones the same in every thread: a thread's stack begins at the same place in its
 * page.
 */
#define DEPTH_OF(sp) ((sp)&0xfff)
#define NO_DEPTH 0x1000 /* of a call site, whatever called it */

/* Each number is mixed before the next one comes, or a depth and an address may stand for another pair. */
static __always_inline __u64 mix(__u64 key, __u64 number)
{
	key = (key ^ number) * 0x9e3779b97f4a7c15ULL;
	return key ^ key >> 29;
}

static __always_inline __u64 stack_key(const struct heap_stack *stack, __u64 depth)
{
	__u64 key = mix(0, depth);

	for (__u32 i = 0; i < HEAP_MAX_FRAMES; i++) {
		if (i >= stack->nr_frames)
			break;
		key = mix(key, stack->ip[i]);
	}
	return key ?: 1;
}

/* Chains of frame pointers that are so long are some; shorter ones are often chance. */
#define NR_CERTAIN_FRAMES 4u

/* The same, with the callers that frame pointers do not tell: functions wrap allocators. */
static __always_inline __u64 key_with_callers(struct pt_regs *ctx, const struct heap_stack *stack)
{
	__u64 sp = PT_REGS_SP(ctx), ip = stack->ip[0], key = stack_key(stack, DEPTH_OF(sp));

	if (stack->nr_frames >= NR_CERTAIN_FRAMES)
		return key;
	for (__u32 i = 0; i < HEAP_KEY_CALLERS; i++) {
		const __u32 *up = bpf_map_lookup_elem(&heap_ups, &ip);

		if (!up || *up == HEAP_UP_VARIES)
			break;
		sp += *up;
		if (bpf_probe_read_user(&ip, sizeof(ip), (void *)(sp - sizeof(ip))))
			break;
		key = mix(key, ip);
	}
	return key ?: 1;
}

static __always_inline void copy_registers(struct pt_regs *ctx, struct heap_copy *copy)
{
#ifdef __TARGET_ARCH_x86
	copy->registers[0] = ctx->ax;
	copy->registers[1] = ctx->dx;
	copy->registers[2] = ctx->cx;
	copy->registers[3] = ctx->bx;
	copy->registers[4] = ctx->si;
	copy->registers[5] = ctx->di;
	copy->registers[6] = ctx->bp;
	copy->registers[7] = ctx->sp;
	copy->registers[8] = ctx->r8;
	copy->registers[9] = ctx->r9;
	copy->registers[10] = ctx->r10;
	copy->registers[11] = ctx->r11;
	copy->registers[12] = ctx->r12;
	copy->registers[13] = ctx->r13;
	copy->registers[14] = ctx->r14;
	copy->registers[15] = ctx->r15;
	copy->registers[16] = ctx->ip;
	copy->nr_registers = 17;
#else
	const struct user_pt_regs *regs = (const void *)ctx;

	for (__u32 i = 0; i < 31; i++)
		copy->registers[i] = regs->regs[i];
	copy->registers[31] = regs->sp;
	copy->registers[32] = regs->pc;
	copy->nr_registers = 33;
#endif
}

#define COPY_STEP 1024u
#define COPY_PIECE 64u

/*
 * What of a step is there. Pages of the stack that were never written to are not, as those of a large
 * buffer, and are full of zeroes, which is also what a read that fails leaves; what a caller has pushed is
 * above them.
 */
static __always_inline void copy_pieces(struct heap_copy *copy, __u32 at)
{
	for (__u32 piece = at; piece < at + COPY_STEP; piece += COPY_PIECE)
		bpf_probe_read_user(&copy->bytes[piece], COPY_PIECE, (void *)(copy->sp + piece));
}

/*
 * The copy goes to the tracer, which unwinds it by the tables that the program's files carry. Where the ring
 * is full the next allocation from this stack tries again.
 */
static __always_inline void copy_stack(struct pt_regs *ctx, __u64 key, struct heap_stack *stack)
{
	struct heap_copy *copy = bpf_ringbuf_reserve(&heap_copies, sizeof(*copy), 0);
	__u64 sp = PT_REGS_SP(ctx);

	if (!copy)
		return;
	stack->needs_copy = 0;
	copy->stack = key;
	copy->ip = PT_REGS_IP(ctx);
	copy->sp = sp;
	copy_registers(ctx, copy);
	copy->size = HEAP_COPY_BYTES;
	for (__u32 at = 0; at < HEAP_COPY_BYTES; at += COPY_STEP)
		if (bpf_probe_read_user(&copy->bytes[at], COPY_STEP, (void *)(sp + at)))
			copy_pieces(copy, at);
	bpf_ringbuf_submit(copy, 0);
}

static __always_inline struct heap_stack *known_stack(__u64 *key)
{
	return bpf_map_lookup_elem(&heap_stacks, key);
}

/* The stack of this key, which has `new` for its frames where it is met for the first time. */
static __always_inline struct heap_stack *meet_stack(__u64 *key, const struct heap_stack *new)
{
	if (!bpf_map_update_elem(&heap_stacks, key, new, BPF_NOEXIST) && !new->is_call_site)
		__sync_fetch_and_add(&heap_nr_whole_stacks, 1);
	return known_stack(key);
}

/* Where an allocation is counted that returns now, and the key of that. */
static __always_inline struct heap_stack *stack_now(struct pt_regs *ctx, struct heap_stack *new,
						    __u64 *ret_key)
{
	struct heap_stack *stack;

	new->is_call_site = 0;
	new->needs_copy = 1;
	walk(ctx, new);
	*ret_key = key_with_callers(ctx, new);
	stack = known_stack(ret_key);
	if (!stack && heap_nr_whole_stacks < MAX_HEAP_WHOLE_STACKS)
		stack = meet_stack(ret_key, new);
	if (stack) {
		if (stack->needs_copy)
			copy_stack(ctx, *ret_key, stack);
		return stack;
	}
	COUNT(nr_folded);
	new->nr_frames = 1;
	/* What many callers share, who are behind one call site, has no frames of theirs. */
	new->is_call_site = 1;
	new->needs_copy = 0;
	*ret_key = stack_key(new, NO_DEPTH);
	stack = known_stack(ret_key) ?: meet_stack(ret_key, new);
	if (stack)
		return stack;
	COUNT(nr_unplaced);
	*ret_key = 0;
	return known_stack(ret_key);
}

/* Empty; see NO_PRIVATE_STACK(). */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} no_programs __weak SEC(".maps");

#endif
