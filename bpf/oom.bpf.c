// SPDX-License-Identifier: GPL-2.0-only
/*
 * OOM kills: who was chosen, how large it was, and in whose context. Other processes that share the
 * victim's memory are marked too, and count.
 *
 * The raw tracepoint, because the classic one is a perf event, which Debian's kernels let nobody open
 * without CAP_SYS_ADMIN (kernel.perf_event_paranoid = 3).
 */
#include "plane.bpf.h"

static __always_inline __u64 pages_to_kb(__u64 nr_pages)
{
	return nr_pages * page_kb;
}

/* As oom_kill.c says it in the kernel log. */
static __always_inline void record_sizes(struct rec_oom_kill *record, const struct task_struct *victim)
{
	const struct mm_struct *mm = BPF_CORE_READ(victim, mm);
	const struct mm_struct___sizes *sizes = (const void *)mm;

	bpf_probe_read_kernel_str(record->victim_comm, sizeof(record->victim_comm), victim->comm);
	record->oom_score_adj = BPF_CORE_READ(victim, signal, oom_score_adj);
	record->total_vm_kb = pages_to_kb(BPF_CORE_READ(sizes, total_vm));
	record->file_rss_kb = pages_to_kb(MM_COUNTER_PAGES(mm, 0));
	record->anon_rss_kb = pages_to_kb(MM_COUNTER_PAGES(mm, 1));
	record->shmem_rss_kb = pages_to_kb(MM_COUNTER_PAGES(mm, 3));
	record->pgtables_kb = (__u64)BPF_CORE_READ(sizes, pgtables_bytes.counter) >> 10;
}

SEC("raw_tp/mark_victim")
int oom_victim(__u64 *ctx)
{
	const struct task_struct *victim = oom_victim_task(ctx[0]);
	struct rec_oom_kill *record;

	count(METRIC_OOM_KILLS, 0, 0, 0, 1);
	record = record_reserve(REC_OOM_KILL, sizeof(*record));
	if (!record)
		return 0;
	identify(&record->id, bpf_get_current_task_btf());
	record->victim_pid = victim ? (__u32)BPF_CORE_READ(victim, pid) : (__u32)ctx[0];
	__builtin_memset(record->victim_comm, 0, sizeof(record->victim_comm));
	record->oom_score_adj = 0;
	record->total_vm_kb = record->anon_rss_kb = record->file_rss_kb = 0;
	record->shmem_rss_kb = record->pgtables_kb = 0;
	if (victim)
		record_sizes(record, victim);
	record_submit(record, true);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
