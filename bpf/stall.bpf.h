/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stalls: time a task is blocked on memory work, from a begin event to its end event. Stalls nest
 * (compaction inside reclaim inside a fault), so each task has a small stack of open ones. The
 * inclusive time of a stall goes to its kind; its exclusive time is that less what was nested in it.
 * An end without a begin, and a begin whose end never came, are counted and not guessed.
 */
#ifndef MEMOIR_STALL_BPF_H
#define MEMOIR_STALL_BPF_H

#include "plane.bpf.h"

/* Drops open stalls above the innermost one of this kind. Its index, or -1 where there is none. */
static __always_inline int stall_find(struct task_ledger *ledger, enum stall_kind kind)
{
	int found = -1;

	for (int i = 0; i < STALL_MAX_DEPTH; i++)
		if (i < (int)ledger->depth && ledger->stalls[i].kind == kind)
			found = i;
	if (found < 0)
		return -1;
	for (int i = 0; i < STALL_MAX_DEPTH; i++)
		if (i > found && i < (int)ledger->depth)
			lost(LOSS_STALL_END_MISSED);
	ledger->depth = found;
	return found;
}

static __always_inline void stall_begin(enum stall_kind kind, __u32 order)
{
	struct task_ledger *ledger = ledger_of_current();
	struct stall_frame *frame;
	__u32 depth;

	if (!ledger)
		return;
	/* A kind does not nest in itself, so one that is open has ended unseen. */
	if (stall_find(ledger, kind) >= 0)
		lost(LOSS_STALL_END_MISSED);
	depth = ledger->depth;
	if (depth >= STALL_MAX_DEPTH) {
		lost(LOSS_STALL_NESTING);
		return;
	}
	frame = &ledger->stalls[depth];
	frame->start_ns = bpf_ktime_get_boot_ns();
	frame->nested_ns = 0;
	frame->kind = kind;
	frame->order = order;
	ledger->depth = depth + 1;
}

static __always_inline void stall_record(const struct stall_frame *frame, __u64 total_ns, __u64 self_ns,
					 __u64 reclaimed_pages, __u32 result)
{
	struct rec_stall *record;

	if (total_ns < stall_record_min_ns)
		return;
	record = record_reserve(REC_STALL, sizeof(*record));
	if (!record)
		return;
	identify(&record->id, bpf_get_current_task_btf());
	record->total_ns = total_ns;
	record->self_ns = self_ns;
	record->reclaimed_pages = reclaimed_pages;
	record->kind = frame->kind;
	record->order = frame->order;
	record->node = bpf_get_numa_node_id();
	record->result = result;
	record_submit(record, true);
}

/* How long the task had to wait: of the outermost stall only, because nested ones are no second wait. */
static __always_inline void charge_wait(struct ledger_counts *counts, __u64 total_ns)
{
	__u64 limit_ns = 1000000; /* 1 ms, and ten times that from row to row */

	for (int row = LEDGER_STALLS_OVER_1MS; row <= LEDGER_STALLS_OVER_1S; row++, limit_ns *= 10)
		if (total_ns > limit_ns)
			counts->v[row]++;
}

/* reclaimed_pages: what the task freed itself; result: enum compact_result for a compaction, else 0. */
static __always_inline void stall_end(enum stall_kind kind, __u64 reclaimed_pages, __u32 result)
{
	struct task_ledger *ledger = ledger_of_current();
	__u32 node = bpf_get_numa_node_id();
	__u64 total_ns, self_ns;
	struct stall_frame *frame;
	int index;

	if (!ledger)
		return;
	index = stall_find(ledger, kind);
	if (index < 0 || index >= STALL_MAX_DEPTH) {
		lost(LOSS_STALL_BEGIN_MISSED);
		return;
	}
	frame = &ledger->stalls[index];
	total_ns = bpf_ktime_get_boot_ns() - frame->start_ns;
	self_ns = total_ns > frame->nested_ns ? total_ns - frame->nested_ns : 0;
	if (index > 0 && index < STALL_MAX_DEPTH)
		ledger->stalls[index - 1].nested_ns += total_ns;

	ledger->counts.v[LEDGER_STALLS(kind)]++;
	ledger->counts.v[LEDGER_STALL_NS(kind)] += total_ns;
	ledger->counts.v[LEDGER_STALL_SELF_NS(kind)] += self_ns;
	if (index == 0)
		charge_wait(&ledger->counts, total_ns);
	if (kind == STALL_DIRECT_COMPACTION &&
	    result != bpf_core_enum_value(enum compact_result___success, COMPACT_SUCCESS___success))
		ledger->counts.v[LEDGER_FAILED_COMPACTIONS]++;
	observe(METRIC_STALL, kind, node, total_ns);
	count(METRIC_STALL_SELF, kind, node, 0, self_ns);
	count(METRIC_STALLS_BY_ORDER, kind, frame->order, 0, 1);
	count(METRIC_STALL_BY_ORDER, kind, frame->order, 0, total_ns);
	count(METRIC_RECLAIMED, kind, 0, 0, reclaimed_pages);
	stall_record(frame, total_ns, self_ns, reclaimed_pages, result);
}

#endif
