/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel stacks: each different one is kept once, under a hash of its frames, and whoever has met it
 * keeps the hash. The daemon removes those that nobody refers to any more. Not BPF_MAP_TYPE_STACK_TRACE,
 * whose 32-bit keys collide, so that a stack is lost or taken for another one.
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

#define EEXIST 17

/*
 * The key of the stack that this program was called from; 0 where it cannot be kept (counted). It begins
 * with the frames of the program and of its tracepoint. ctx is the program's own.
 */
static __always_inline __u64 stack_now(void *ctx)
{
	struct kernel_stack stack = {}, *known;
	long size = bpf_get_stack(ctx, stack.ip, sizeof(stack.ip), 0);
	__u64 key = 0;
	int err;

	stack.used_ns = bpf_ktime_get_boot_ns();
	for (int i = 0; i < STACK_MAX_FRAMES; i++) {
		if (i * (long)sizeof(stack.ip[0]) >= size)
			break;
		key = (key ^ stack.ip[i]) * 0x9e3779b97f4a7c15ULL;
		stack.nr = i + 1;
	}
	if (!key) {
		lost(LOSS_STACK);
		return 0;
	}
	known = bpf_map_lookup_elem(&stacks, &key);
	if (known) {
		known->used_ns = stack.used_ns;
		return key;
	}
	err = MAP_ERROR(bpf_map_update_elem(&stacks, &key, &stack, BPF_NOEXIST));
	if (!err || err == -EEXIST)
		return key;
	lost(LOSS_STACK);
	return 0;
}

#endif
