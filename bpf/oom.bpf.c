// SPDX-License-Identifier: GPL-2.0-only
/*
 * OOM kills: who was chosen, how large it was, and in whose context. The classic tracepoint, because
 * its fields are matched by name, while the raw argument is a pid or a task, kernel by kernel.
 * Other processes that share the victim's memory are marked too, and count.
 */
#include "plane.bpf.h"

SEC("tp/oom/mark_victim")
int oom_victim(struct trace_event_raw_mark_victim___sizes *ctx)
{
	struct rec_oom_kill *record;

	count(METRIC_OOM_KILLS, 0, 0, 0, 1);
	record = record_reserve(REC_OOM_KILL, sizeof(*record));
	if (!record)
		return 0;
	identify(&record->id, bpf_get_current_task_btf());
	record->victim_pid = ctx->pid;
	__builtin_memset(record->victim_comm, 0, sizeof(record->victim_comm));
	record->oom_score_adj = 0;
	record->total_vm_kb = record->anon_rss_kb = record->file_rss_kb = 0;
	record->shmem_rss_kb = record->pgtables_kb = 0;
	if (bpf_core_field_exists(ctx->total_vm)) {
		bpf_probe_read_kernel_str(record->victim_comm, sizeof(record->victim_comm),
					  (void *)ctx + (ctx->__data_loc_comm & 0xffff));
		record->oom_score_adj = ctx->oom_score_adj;
		record->total_vm_kb = ctx->total_vm;
		record->anon_rss_kb = ctx->anon_rss;
		record->file_rss_kb = ctx->file_rss;
		record->shmem_rss_kb = ctx->shmem_rss;
		record->pgtables_kb = ctx->pgtables;
	}
	record_submit(record, true);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
