// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a ledger: created at fork, read by an iterator over all tasks, and taken for the last
 * time when the task is freed. The counts go to ACCOUNT_EXITED always, and to the ring with a name
 * if there is room, so that totals are exact whoever reads the ring or does not.
 *
 * The name is taken at exit, while the thread group leader is sure to be there; the counts at
 * sched_process_free, because a dying task frees its memory after sched_process_exit.
 */
#include "flow.bpf.h"
#include "plane.bpf.h"

/* The one definition of what the daemon sets before load (see plane.bpf.h, live.bpf.h, compat.bpf.h). */
const volatile struct cube cubes[NR_METRICS] = {};
const volatile __u32 page_node_shift = 0;
const volatile __u32 page_node_fixed = 0;
const volatile __u32 nr_matrix_nodes = 1;
const volatile bool nodes_are_many = false;
const volatile __u32 pageblock_order = 0;
const volatile __u32 huge_page_order = 0;
const volatile __u32 chunks_per_cpu = 0;
const volatile __u32 page_kb = 0;
const volatile __u64 stall_record_min_ns = 0;
const volatile bool compact_results_are_seen = false;
const volatile __u32 live_step_shift = 0;
const volatile __u64 live_settled_ns = 0;
const volatile __u32 page_zone_shift = 0;
const volatile __u32 page_zone_mask = 0;
const volatile __u32 compat_reclaim_order_arg = 0;
const volatile __u32 compat_migrate_reason_arg = 0;
const volatile __u32 compat_scan_status_arg = 0;
const volatile bool compat_deferred_is_no_stall = false;
const volatile bool compat_zswap_load_tells_bool = false;
const volatile __s64 compat_preempt_count_from_rq = 0;
const volatile bool compat_counts_interrupt_disabling = false;

static __always_inline enum task_kind task_kind(const struct task_struct *task)
{
	return task->pid == task->tgid ? TASK_PROCESS : TASK_THREAD;
}

static __always_inline enum task_kind exit_kind(const struct task_identity *exit_id)
{
	return exit_id->flags & TASK_IS_LEADER ? TASK_PROCESS : TASK_THREAD;
}

/* Typed arguments, because task storage of another task wants a pointer that the verifier trusts. */
SEC("tp_btf/sched_process_fork")
int BPF_PROG(task_fork, struct task_struct *parent, struct task_struct *child)
{
	count(METRIC_TASKS_STARTED, task_kind(child), 0, 0, 1);
	if (!bpf_task_storage_get(&ledgers, child, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE))
		lost(LOSS_STORAGE_CREATE);
	return 0;
}

SEC("raw_tp/sched_process_exit")
int task_exit(__u64 *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_ledger *ledger = bpf_task_storage_get(&ledgers, task, NULL,
							  BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!ledger) {
		lost(LOSS_STORAGE_CREATE);
		return 0;
	}
	identify(&ledger->exit_id, task);
	count(METRIC_TASKS_EXITED, task_kind(task), 0, 0, 1);
	return 0;
}

static __always_inline void task_record(struct task_struct *task, const struct task_ledger *ledger)
{
	struct rec_task_exit *record = record_reserve(REC_TASK_EXIT, sizeof(*record));

	if (!record) {
		lost(LOSS_EXIT_NAME);
		return;
	}
	if (ledger->exit_id.tgid)
		record->id = ledger->exit_id;
	else
		identify(&record->id, task);
	__builtin_memset(&record->place, 0, sizeof(record->place));
	record->counts = ledger->counts;
	record_submit(record, false);
}

/*
 * A task without a ledger had left the task list before the probes looked at it for the first time,
 * and what it did is before their time; or its ledger could not be created, which is counted.
 */
SEC("tp_btf/sched_process_free")
int BPF_PROG(task_free, struct task_struct *task)
{
	struct task_ledger *ledger = bpf_task_storage_get(&ledgers, task, NULL, 0);
	struct ledger_counts *exited = account(ACCOUNT_EXITED);

	if (!ledger)
		return 0;
	ledger->counts.v[LEDGER_MINOR_FAULTS] = task->min_flt;
	ledger->counts.v[LEDGER_MAJOR_FAULTS] = task->maj_flt;
	/*
	 * Only what was seen to exit, and as what it exited, so that exited less reaped are those in between:
	 * a leader whose thread called exec() gives its pid to that thread after it exited.
	 */
	if (ledger->exit_id.tgid)
		count(METRIC_TASKS_REAPED, exit_kind(&ledger->exit_id), 0, 0, 1);
	if (exited)
		for (int row = 0; row < NR_LEDGER; row++)
			exited->v[row] += ledger->counts.v[row];
	task_record(task, ledger);
	return 0;
}

/* The rows of an address space: its page tables, and behind them resident memory. */
#define NR_MEMORY_ROWS (1 + NR_MM_COUNTERS)
_Static_assert(LEDGER_PAGE_TABLES + 1 == LEDGER_RSS_FIRST, "a record is written in this order");

static __always_inline void read_memory(__u64 pages[NR_MEMORY_ROWS], struct mm_struct *mm)
{
	struct mm_struct___sizes *sizes = (void *)mm;

	pages[0] = (__u64)BPF_CORE_READ(sizes, pgtables_bytes.counter) / (page_kb * 1024ULL);
	pages[1] = MM_COUNTER_PAGES(mm, 0);
	pages[2] = MM_COUNTER_PAGES(mm, 1);
	pages[3] = MM_COUNTER_PAGES(mm, 2);
	pages[4] = MM_COUNTER_PAGES(mm, 3);
}

static __always_inline void read_place(struct task_place *place, struct task_struct *task)
{
	const struct task_struct___numa *numa = (const void *)task;

	place->cpu_node = node_of_cpu(task_cpu(task));
	if (bpf_core_field_exists(numa->mems_allowed))
		place->allowed_nodes = BPF_CORE_READ(numa, mems_allowed.bits[0]);
	/* A task without a policy has none to read from, and is read as 0. */
	if (bpf_core_field_exists(numa->mempolicy))
		place->policy = BPF_CORE_READ(numa, mempolicy, mode);
}

/* The rows that the kernel counts itself: faults are the first of all, and those of memory the last. */
#define NR_OWN_ROWS (NR_LEDGER - NR_FAULT_KINDS - NR_MEMORY_ROWS)

static const __u64 nothing[NR_OWN_ROWS];

/* By include/linux/sched.h. */
#define EXIT_DEAD 16

/*
 * Writes one REC_TASK for every task, in three pieces, because as a whole it is too large for a program's
 * stack. A task that began before the probes gets its ledger here.
 */
SEC("iter/task")
int task_snapshot(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct {
		struct rec_header h;
		struct task_identity id;
		struct task_place place;
		__u64 faults[NR_FAULT_KINDS];
	} record = { .h = { REC_TASK, sizeof(struct rec_task), 0 } };
	struct {
		__u64 memory[NR_MEMORY_ROWS];
		__u64 ended_faults[NR_FAULT_KINDS];
	} end = {};
	struct task_ledger *ledger;

	if (!task)
		return 0;
	ledger = bpf_task_storage_get(&ledgers, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	identify(&record.id, task);
	if (ledger && ledger->exit_id.tgid)
		record.id.flags |= TASK_HAS_EXITED;
	if (nodes_are_many)
		read_place(&record.place, task);
	/*
	 * First the sum, and then what this task would add to it if it left the list now: not twice. It adds
	 * that before it leaves (__exit_signal()), and is dead before either.
	 */
	end.ended_faults[FAULT_MINOR] = task->signal->min_flt;
	end.ended_faults[FAULT_MAJOR] = task->signal->maj_flt;
	barrier();
	if (task->exit_state & EXIT_DEAD)
		record.id.flags |= TASK_IS_DEAD;
	record.faults[FAULT_MINOR] = task->min_flt;
	record.faults[FAULT_MAJOR] = task->maj_flt;
	if (task->mm)
		read_memory(end.memory, task->mm);
	bpf_seq_write(ctx->meta->seq, &record, sizeof(record));
	if (ledger)
		bpf_seq_write(ctx->meta->seq, &ledger->counts.v[NR_FAULT_KINDS], sizeof(nothing));
	else
		bpf_seq_write(ctx->meta->seq, nothing, sizeof(nothing));
	bpf_seq_write(ctx->meta->seq, &end, sizeof(end));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
