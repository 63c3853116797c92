/* SPDX-License-Identifier: GPL-2.0-only */
/* What goes from node to node for the running process (abi/numa.h). */
#ifndef MEMOIR_FLOW_BPF_H
#define MEMOIR_FLOW_BPF_H

#include "plane.bpf.h"

#include "abi/numa.h"

/* The daemon sets max_entries: 1 on a single node. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct numa_flow_key);
	__type(value, __u64);
} numa_flows __weak SEC(".maps");

/* The daemon sets max_entries, one for each CPU, and keeps the nodes of CPUs in it. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} cpu_nodes __weak SEC(".maps");

static __always_inline __u32 node_of_cpu(__u32 cpu)
{
	const __u32 *node = bpf_map_lookup_elem(&cpu_nodes, &cpu);

	return node ? *node : 0;
}

/* The row or column of a node in a matrix. */
static __always_inline __u32 matrix_node(__u32 node)
{
	return node < nr_matrix_nodes ? node : nr_matrix_nodes - 1;
}

/*
 * Adds nr to a flow of the running process, or of the one that it moves; of nobody in an interrupt, nor where
 * the node of a page cannot be told.
 */
static __always_inline void flow_add(enum numa_flow flow, __u32 reason, __u32 from, __u32 to, __u64 nr)
{
	struct task_struct *current = bpf_get_current_task_btf();
	struct numa_flow_key key = { .start_ns = current->group_leader->start_boottime,
				     .tgid = current->tgid,
				     .flow = flow,
				     .reason = reason,
				     .from = from,
				     .to = to };
	const struct task_struct *owner;
	__u64 *known;

	if (!nodes_are_many || in_interrupt(current))
		return;
	owner = owner_of_migrated();
	if (owner) {
		key.start_ns = BPF_CORE_READ(owner, start_boottime);
		key.tgid = BPF_CORE_READ(owner, tgid);
	}
	known = bpf_map_lookup_elem(&numa_flows, &key);
	if (!known) {
		if (!MAP_ERROR(bpf_map_update_elem(&numa_flows, &key, &nr, BPF_NOEXIST)))
			return;
		/* Another CPU was the first, or there is no room. */
		known = bpf_map_lookup_elem(&numa_flows, &key);
	}
	if (known)
		__sync_fetch_and_add(known, nr);
	else
		lost(LOSS_NUMA_FLOW);
}

#endif
