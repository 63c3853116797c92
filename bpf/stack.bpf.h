/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stacks of the kernel, and of processes: each different one is kept once, under a hash of its frames, and
 * whoever has met it keeps the hash. The daemon removes those that nobody refers to any more. Not
 * BPF_MAP_TYPE_STACK_TRACE, whose 32-bit keys collide, so that a stack is lost or taken for another one.
 */
#ifndef MEMOIR_STACK_BPF_H
#define MEMOIR_STACK_BPF_H

#include "plane.bpf.h"

#include "abi/live.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_STACKS);
	__type(key, __u64);
	__type(value, struct kernel_stack);
} stacks __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_USER_STACKS);
	__type(key, __u64);
	__type(value, struct user_stack);
} user_stacks __weak SEC(".maps");

#define EEXIST 17

/* key is 0 or a hash of something else. */
static __always_inline __u64 hash_add(__u64 key, __u64 value)
{
	return (key ^ value) * 0x9e3779b97f4a7c15ULL;
}

/* A hash of the frames that bpf_get_stack() returned the size of, 0 without any; and how many they are. */
static __always_inline __u64 hash_frames(const __u64 *ip, __u32 max, long size, __u32 *ret_nr)
{
	__u64 key = 0;

	*ret_nr = 0;
	for (__u32 i = 0; i < max; i++) {
		if (i * (long)sizeof(ip[0]) >= size)
			break;
		key = hash_add(key, ip[i]);
		*ret_nr = i + 1;
	}
	return key;
}

/* Keeps a stack under its key, unless it is there. The key; 0, and counted, without a place. */
static __always_inline __u64 keep_stack(void *map, __u64 key, const void *stack, enum loss cause)
{
	int err = MAP_ERROR(bpf_map_update_elem(map, &key, stack, BPF_NOEXIST));

	if (!err || err == -EEXIST)
		return key;
	lost(cause);
	return 0;
}

/*
 * The key of the stack that this program was called from; 0 where it cannot be kept (counted). It begins
 * with the frames of the program and of its tracepoint. ctx is the program's own. A function of its own, as
 * the one below, because a program has 512 bytes for all its variables, and that is too few for both.
 */
static __noinline __attribute__((unused)) __u64 stack_now(void *ctx)
{
	struct kernel_stack stack = {}, *known;
	long size = bpf_get_stack(ctx, stack.ip, sizeof(stack.ip), 0);
	__u64 key = hash_frames(stack.ip, STACK_MAX_FRAMES, size, &stack.nr);

	stack.used_ns = bpf_ktime_get_boot_ns();
	if (!key) {
		lost(LOSS_STACK);
		return 0;
	}
	known = bpf_map_lookup_elem(&stacks, &key);
	if (known) {
		known->used_ns = stack.used_ns;
		return key;
	}
	return keep_stack(&stacks, key, &stack, LOSS_STACK);
}

/* The key of the running process's stack in user space, likewise. */
static __noinline __attribute__((unused)) __u64 user_stack_now(void *ctx)
{
	struct task_struct *current = bpf_get_current_task_btf();
	struct user_stack stack = {}, *known;
	long size = bpf_get_stack(ctx, stack.ip, sizeof(stack.ip), BPF_F_USER_STACK);
	__u64 key = hash_frames(stack.ip, LIVE_USER_FRAMES, size, &stack.nr);

	stack.used_ns = bpf_ktime_get_boot_ns();
	stack.start_ns = current->group_leader->start_boottime;
	stack.tgid = current->tgid;
	key = hash_add(hash_add(key, stack.start_ns), stack.tgid);
	if (!stack.nr || !key) {
		lost(LOSS_USER_STACK);
		return 0;
	}
	known = bpf_map_lookup_elem(&user_stacks, &key);
	if (known) {
		known->used_ns = stack.used_ns;
		return key;
	}
	return keep_stack(&user_stacks, key, &stack, LOSS_USER_STACK);
}

#endif
