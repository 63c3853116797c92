// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compaction: every run over a zone by who ran it and how it ended, and the time that tasks spent in
 * it themselves. One direct compaction may run over several zones, or over none.
 *
 * compact_stall in /proc/vmstat counts a direct compaction unless every zone was skipped
 * (__alloc_pages_direct_compact), which is exactly what try_to_compact_pages returns. Kernels that let
 * no program look at the end of a function leave the tracepoints: the attempt, then a zone that is
 * compacted or deferred. A zone that turns out to have enough free memory in the meantime leaves no
 * event; a stall of only such zones is then in the vmstat remainder.
 */
#include "stall.bpf.h"

static __always_inline enum compact_mode compact_mode(const struct compact_control *cc)
{
	if (BPF_CORE_READ(cc, direct_compaction))
		return COMPACT_DIRECT;
	if (BPF_CORE_READ(cc, proactive_compaction))
		return COMPACT_PROACTIVE;
	return BPF_CORE_READ(bpf_get_current_task_btf(), flags) & PF_KTHREAD ? COMPACT_KCOMPACTD
									     : COMPACT_OTHER;
}

/* The first zone of a direct compaction that is not skipped makes it a stall. */
static __always_inline void compact_stall_seen(void)
{
	struct task_ledger *ledger = ledger_of_current();

	if (!ledger || !ledger->compaction_tried)
		return;
	ledger->compaction_tried = 0;
	count_shared(METRIC_COMPACT_STALLS, 0, 0, 0, 1);
}

/* Optional: where it is there, the tracepoints below leave the stalls to it. */
SEC("fexit/try_to_compact_pages")
int compaction_result(void *ctx)
{
	__u64 returned = 0;
	__u32 result;

	bpf_get_func_ret(ctx, &returned);
	result = (__u32)returned;
	if (result != bpf_core_enum_value(enum compact_result___no_stall, COMPACT_SKIPPED___no_stall) &&
	    !(compat_deferred_is_no_stall &&
	      result == bpf_core_enum_value(enum compact_result___no_stall, COMPACT_DEFERRED___no_stall)))
		count_shared(METRIC_COMPACT_STALLS, 0, 0, 0, 1);
	return 0;
}

SEC("raw_tp/mm_compaction_try_to_compact_pages")
int compaction_try(__u64 *ctx)
{
	struct task_ledger *ledger = ledger_of_current();

	count(METRIC_DIRECT_COMPACTIONS, ctx[0], 0, 0, 1);
	if (ledger)
		ledger->compaction_tried = !compact_results_are_seen;
	return 0;
}

SEC("raw_tp/mm_compaction_deferred")
int compaction_deferred(__u64 *ctx)
{
	if (!compat_deferred_is_no_stall)
		compact_stall_seen();
	return 0;
}

SEC("raw_tp/mm_compaction_begin")
int compaction_begin(__u64 *ctx)
{
	const struct compact_control *cc = (const void *)ctx[0];

	if (compact_mode(cc) != COMPACT_DIRECT)
		return 0;
	compact_stall_seen();
	stall_begin(STALL_DIRECT_COMPACTION, BPF_CORE_READ(cc, order));
	return 0;
}

SEC("raw_tp/mm_compaction_end")
int compaction_end(__u64 *ctx)
{
	const struct compact_control *cc = (const void *)ctx[0];
	enum compact_mode mode = compact_mode(cc);
	__u32 result = ctx[4];

	count(METRIC_COMPACTIONS, mode, result, BPF_CORE_READ(cc, zone, zone_pgdat, node_id), 1);
	if (mode == COMPACT_DIRECT)
		stall_end(STALL_DIRECT_COMPACTION, 0, result);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
