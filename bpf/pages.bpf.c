// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page allocation and free: the hottest programs of all. They add to two cells and one ledger and leave;
 * of one page in many they note who holds it (live.bpf.h). mm_page_free_batched is a subset of mm_page_free
 * and is not used. Pages handed out by the bulk allocator are counted in /proc/vmstat but not traced by some
 * kernels; the difference shows in memoir_vmstat_remainder.
 *
 * raw_tp and not tp_btf: mm_page_alloc passes NULL when it fails, and kernels disagree on whether a
 * typed argument may be tested for that; a raw argument is a number.
 */
#include "flow.bpf.h"
#include "live.bpf.h"
#include "plane.bpf.h"

static __always_inline void record_failure(__u32 order, __u64 gfp, __u32 migratetype)
{
	struct rec_alloc_failure *record = record_reserve(REC_ALLOC_FAILURE, sizeof(*record));
	struct task_struct *current = bpf_get_current_task_btf();

	if (!record)
		return;
	identify(&record->id, current);
	record->gfp_flags = gfp;
	record->order = order;
	record->migratetype = migratetype;
	record->in_interrupt = in_interrupt(current);
	record->pad = 0;
	record_submit(record, true);
}

#define GFP_NOWARN 0x2000u

/* Who asked for a huge page and gets none takes small pages; for other sizes there is no such way out. */
static __always_inline void charge_failure(struct ledger_counts *counts, __u32 order)
{
	counts->v[LEDGER_ALLOCATION_FAILURES]++;
	if (order == huge_page_order)
		counts->v[LEDGER_HUGE_PAGE_FALLBACKS]++;
	else if (order > 0)
		counts->v[LEDGER_HIGH_ORDER_FAILURES]++;
}

/* Seldom, where memory is where it is wanted, and never on a single node. */
static __always_inline void charge_remote(struct ledger_counts *counts, __u32 node, __u32 order)
{
	__u32 cpu_node = bpf_get_numa_node_id();

	if (node == cpu_node)
		return;
	if (counts)
		counts->v[LEDGER_ALLOCATED_REMOTE] += 1ULL << order;
	flow_add(FLOW_ALLOCATED, 0, cpu_node, node, 1ULL << order);
}

SEC("raw_tp/mm_page_alloc")
int page_alloc(__u64 *ctx)
{
	__u64 page = ctx[0], gfp = ctx[2];
	__u32 order = ctx[1], migratetype = ctx[3], node;
	struct ledger_counts *counts = counts_now();

	if (!page) {
		if (count(METRIC_ALLOCATION_FAILURES, migratetype, order, 0, 1) && counts)
			charge_failure(counts, order);
		if (!(gfp & GFP_NOWARN))
			record_failure(order, gfp, migratetype);
		return 0;
	}
	node = page_node(page);
	if (!count(METRIC_ALLOCATED, node, migratetype, order, 1ULL << order))
		return 0;
	if (counts) {
		counts->v[LEDGER_ALLOCATED] += 1ULL << order;
		if (order == huge_page_order)
			counts->v[LEDGER_HUGE_PAGES]++;
	}
	if (nodes_are_many)
		charge_remote(counts, node, order);
	live_allocated(ctx, page, order, migratetype, node);
	return 0;
}

SEC("raw_tp/mm_page_free")
int page_free(__u64 *ctx)
{
	__u32 order = ctx[1];
	struct ledger_counts *counts = counts_now();

	if (!count(METRIC_FREED, page_node(ctx[0]), order, 0, 1ULL << order))
		return 0;
	if (counts)
		counts->v[LEDGER_FREED] += 1ULL << order;
	live_freed(ctx[0], order);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
