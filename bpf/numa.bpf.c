// SPDX-License-Identifier: GPL-2.0-only
/*
 * NUMA balancing: the kernel takes away the access to some pages now and then, so that the next access to
 * each is a fault, a hint, of which CPU uses memory of which node; and moves page or task if that
 * helps. Hints are samples of accesses, taken from processes without a memory policy only.
 *
 * No tracepoint tells of a hint fault, so these programs look at functions of its way, and are
 * optional.
 */
#include "fault.bpf.h"
#include "flow.bpf.h"
#include "plane.bpf.h"

/* Where the kernel counts numa_hint_faults: one of a fault, whatever the size of what it is about. */
static __always_inline int hint_fault(__u64 page)
{
	__u32 cpu_node = bpf_get_numa_node_id(), memory_node = page_node(page);
	struct ledger_counts *counts = counts_now();

	fault_is(FAULT_NUMA_HINT);
	count(METRIC_NUMA_HINT_FAULTS, matrix_node(cpu_node), matrix_node(memory_node), 0, 1);
	if (counts && cpu_node == memory_node)
		counts->v[LEDGER_NUMA_LOCAL_FAULTS]++;
	else if (counts)
		counts->v[LEDGER_NUMA_REMOTE_FAULTS]++;
	flow_add(FLOW_HINT_FAULTS, 0, cpu_node, memory_node, 1);
	return 0;
}

SEC("fexit/numa_migrate_check")
int numa_hint_fault(__u64 *ctx)
{
	return hint_fault(ctx[0]);
}

/* The same before 6.12. */
SEC("fexit/numa_migrate_prep")
int numa_hint_fault_page(__u64 *ctx)
{
	return hint_fault(ctx[0]);
}

/* include/linux/sched/numa_balancing.h */
#define TNF_MIGRATE_FAIL 0x10

/*
 * The arguments are last_cpupid, mem_node, pages, flags; a page that could not be moved is where it was. At
 * the begin, because the function may move the task to another node.
 */
SEC("fentry/task_numa_fault")
int numa_refused(__u64 *ctx)
{
	__u32 memory_node = ctx[1], nr_pages = ctx[2], flags = ctx[3];
	struct ledger_counts *counts;

	if (!(flags & TNF_MIGRATE_FAIL))
		return 0;
	count(METRIC_NUMA_REFUSED, matrix_node(memory_node), matrix_node(bpf_get_numa_node_id()), 0,
	      nr_pages);
	counts = counts_now();
	if (counts)
		counts->v[LEDGER_NUMA_REFUSED] += nr_pages;
	return 0;
}

/* The task is the running one. dst_cpu is -1 where no CPU was found. */
static __always_inline int task_move(enum task_move move, __u32 src_cpu, __s32 dst_cpu)
{
	__u32 from = node_of_cpu(src_cpu), to = dst_cpu < 0 ? from : node_of_cpu(dst_cpu);
	struct ledger_counts *counts;

	count_shared(METRIC_NUMA_TASK_MOVES, move, matrix_node(from), matrix_node(to), 1);
	if (move == TASK_STAYED || from == to)
		return 0;
	counts = counts_now();
	if (counts)
		counts->v[LEDGER_NUMA_TASK_MOVES]++;
	flow_add(FLOW_TASK_MOVES, 0, from, to, 1);
	return 0;
}

SEC("raw_tp/sched_move_numa")
int task_moved(__u64 *ctx)
{
	return task_move(TASK_MOVED, ctx[1], ctx[2]);
}

SEC("raw_tp/sched_swap_numa")
int task_swapped(__u64 *ctx)
{
	return task_move(TASK_SWAPPED, ctx[1], ctx[3]);
}

SEC("raw_tp/sched_stick_numa")
int task_stayed(__u64 *ctx)
{
	return task_move(TASK_STAYED, ctx[1], ctx[3]);
}

char LICENSE[] SEC("license") = "GPL";
