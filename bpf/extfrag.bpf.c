// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fallback allocations: the page allocator has no free pages of the migratetype that is wanted, and takes
 * some of another one. A movable allocation can be moved out again; an unmovable or reclaimable one among
 * movable pages stays, and keeps its pageblock from becoming one free piece: that is what fragments.
 */
#include "plane.bpf.h"
#include "stack.bpf.h"

#include "abi/fallbacks.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_FALLBACKS);
	__type(key, struct fallback_key);
	__type(value, struct fallback_count);
} fallbacks SEC(".maps");

/*
 * Whether the running task takes the block while it is freed to it by its own compaction
 * (compaction_capture), which on newer kernels is such an event too and changes the type of no pageblock.
 */
static __always_inline bool may_be_capture(__u32 alloc_order, __u32 fallback_order)
{
	const struct task_struct___capture *current = (const void *)bpf_get_current_task_btf();

	return alloc_order == fallback_order && bpf_core_field_exists(current->capture_control) &&
	       BPF_CORE_READ(current, capture_control);
}

/*
 * What the kernel decides by sizes alone: a free piece of a whole pageblock or more always changes its type
 * (steal_suitable_fallback, since 6.15 try_to_claim_block). A piece of less than half the order, for
 * movable pages, never changes that of its block (can_steal_fallback, should_try_claim_block). In between it
 * depends on what else is in the block, which the event does not say.
 */
static __always_inline enum stolen stolen(__u32 alloc_order, __u32 fallback_order, __u32 migratetype)
{
	if (fallback_order >= pageblock_order)
		return may_be_capture(alloc_order, fallback_order) ? STOLEN_UNKNOWN : STOLEN_YES;
	if (fallback_order < pageblock_order / 2 && migratetype == MIGRATETYPE(MOVABLE))
		return STOLEN_NO;
	return STOLEN_UNKNOWN;
}

/*
 * Counts it by process and stack. The daemon removes entries meanwhile, and one that is removed between the
 * look-up and the addition loses that one or gives it to another: the totals are elsewhere.
 */
static __always_inline void count_by_stack(void *ctx, __u32 migratetype, __u32 fallback)
{
	struct fallback_count first = { .count = 1 }, *known;
	struct fallback_key key = { .stack = stack_now(ctx),
				    .migratetype = migratetype,
				    .fallback_migratetype = fallback };

	identify_current(&first.id);
	key.start_ns = first.id.start_ns;
	key.tgid = first.id.tgid;
	known = bpf_map_lookup_elem(&fallbacks, &key);
	if (!known) {
		if (!MAP_ERROR(bpf_map_update_elem(&fallbacks, &key, &first, BPF_NOEXIST)))
			return;
		/* Another CPU was the first, or there is no room. */
		known = bpf_map_lookup_elem(&fallbacks, &key);
	}
	if (known)
		__sync_fetch_and_add(&known->count, 1);
	else
		lost(LOSS_FALLBACK);
}

SEC("raw_tp/mm_page_alloc_extfrag")
int fallback_allocation(__u64 *ctx)
{
	__u32 alloc_order = ctx[1], fallback_order = ctx[2], migratetype = ctx[3], fallback = ctx[4];
	struct ledger_counts *counts = counts_now();

	if (!count_4(METRIC_FALLBACK_ALLOCATIONS, page_node(ctx[0]), migratetype, fallback,
		     stolen(alloc_order, fallback_order, migratetype), 1))
		return 0;
	count_by_stack(ctx, migratetype, fallback);
	if (!counts)
		return 0;
	counts->v[LEDGER_FALLBACK_ALLOCATIONS]++;
	if (fallback == MIGRATETYPE(MOVABLE) &&
	    (migratetype == MIGRATETYPE(UNMOVABLE) || migratetype == MIGRATETYPE(RECLAIMABLE)))
		counts->v[LEDGER_SPOILING_ALLOCATIONS]++;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
