// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reclaim stalls: a task that is made to free memory itself, of the machine (direct reclaim), of
 * its memory cgroup, or of one NUMA node. Soft limit reclaim runs inside direct reclaim and is part
 * of its time. kswapd is nobody's stall and is not measured here.
 */
#include "stall.bpf.h"

/* Both are read, because the verifier wants a constant index. */
static __always_inline __u32 reclaim_order(const __u64 *ctx)
{
	__u64 first = ctx[0], second = ctx[1];

	barrier_var(first);
	barrier_var(second);
	return compat_reclaim_order_arg ? second : first;
}

SEC("raw_tp/mm_vmscan_direct_reclaim_begin")
int direct_reclaim_begin(__u64 *ctx)
{
	stall_begin(STALL_DIRECT_RECLAIM, reclaim_order(ctx));
	return 0;
}

SEC("raw_tp/mm_vmscan_direct_reclaim_end")
int direct_reclaim_end(__u64 *ctx)
{
	stall_end(STALL_DIRECT_RECLAIM, ctx[0], 0);
	return 0;
}

SEC("raw_tp/mm_vmscan_memcg_reclaim_begin")
int memcg_reclaim_begin(__u64 *ctx)
{
	stall_begin(STALL_MEMCG_RECLAIM, reclaim_order(ctx));
	return 0;
}

SEC("raw_tp/mm_vmscan_memcg_reclaim_end")
int memcg_reclaim_end(__u64 *ctx)
{
	stall_end(STALL_MEMCG_RECLAIM, ctx[0], 0);
	return 0;
}

SEC("raw_tp/mm_vmscan_node_reclaim_begin")
int node_reclaim_begin(__u64 *ctx)
{
	stall_begin(STALL_NODE_RECLAIM, ctx[1]);
	return 0;
}

SEC("raw_tp/mm_vmscan_node_reclaim_end")
int node_reclaim_end(__u64 *ctx)
{
	stall_end(STALL_NODE_RECLAIM, ctx[0], 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
