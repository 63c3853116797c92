/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The plane between kernel and daemon: the maps, and the only ways out of a BPF program:
 *
 *   count(), observe()   add to a cell of a system-wide metric
 *   ledger_of_current()  the numbers of whoever this work is charged to
 *   record_reserve(), record_submit()   a line that an operator would want to read
 *   lost()               what could not be kept, by cause
 *
 * Cells, accounts and ledgers are plain memory without atomics. That is sound because each one is
 * written by one program only, tracepoint programs do not migrate, and the kernel does not enter a
 * program again on a CPU where it runs (a skipped run shows in recursion_misses). Loss cells and
 * count_shared() are the exceptions, and so they use atomics.
 */
#ifndef MEMOIR_PLANE_BPF_H
#define MEMOIR_PLANE_BPF_H

#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "abi/hist.h"
#include "abi/ledger.h"
#include "abi/metrics.h"
#include "abi/records.h"
#include "compat.bpf.h"

/* Set by the daemon before load; defined in ledger.bpf.c. */
extern const volatile struct cube cubes[NR_METRICS];
extern const volatile __u32 page_node_shift; /* page->flags >> this is the node; 0: always page_node_fixed */
extern const volatile __u32 page_node_fixed;
extern const volatile __u32 nr_matrix_nodes; /* rows and columns of a matrix of nodes */
extern const volatile bool nodes_are_many;   /* and the node of a page can be told */
extern const volatile __u32 pageblock_order, huge_page_order;
extern const volatile __u32 chunks_per_cpu; /* of cells */
extern const volatile __u32 page_kb;        /* size of a page in KiB */
extern const volatile __u64 stall_record_min_ns;
extern const volatile bool compact_results_are_seen; /* compaction_result is among the programs */

/* A stall that has begun and not ended. */
struct stall_frame {
	__u64 start_ns;
	__u64 nested_ns; /* inclusive time of the stalls directly inside */
	__u32 kind;
	__u32 order;
};

#define STALL_MAX_DEPTH NR_STALL_KINDS
#define MIGRATION_MAX_DEPTH 2

/*
 * A page fault that has begun; see fault.bpf.h. What it is about is noted at its begin, because at its end
 * that may be gone.
 */
struct fault_frame {
	__u64 start_ns;
	__u64 page; /* number of the page that faulted */
	__u64 ino;
	__u64 dentry; /* of the file, to read its name from; 0: no file */
	__u32 dev;
	__u8 cause; /* enum fault_cause */
	__u8 area;  /* enum fault_area */
	__u8 state; /* FRAME_* */
	__u8 is_locked_by_vma;
};

struct task_ledger {
	struct ledger_counts counts;
	struct task_identity exit_id; /* who it was, taken at exit; tgid 0 before */
	__u32 depth;                  /* open stalls */
	__u32 compaction_tried;       /* a direct compaction began, and no zone was worth it so far */
	__u32 frontswap_loaded;       /* the page that it reads from swap came from memory */
	__u32 nr_migrations;          /* that have begun and not ended */
	__u32 migrations[MIGRATION_MAX_DEPTH]; /* their reasons, enum migrate_reason */
	__u64 migrated_mm;                     /* whose memory it moves to other nodes on request; else 0 */
	struct stall_frame stalls[STALL_MAX_DEPTH];
	struct fault_frame sampled;  /* a fault on a page that is looked at, as a whole */
	struct fault_frame slow;     /* the part of a fault that is timed each time */
	struct fault_frame handling; /* inside of that, the wait for a handler of faults */
};

/*
 * Cells and accounts: one CPU's after the other's; the daemon sets max_entries. They are no per-CPU maps,
 * because from an array the daemon reads without a system call: the lookup of a per-CPU value allocates
 * pages where there are more than a few CPUs, and so counts while it reads.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64[CELLS_PER_CHUNK]);
} cells __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cpu_accounts);
} accounts __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_ledger);
} ledgers __weak SEC(".maps");

#define RING_BYTES (1u << 20)
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RING_BYTES);
} ring __weak SEC(".maps");

/* --- cells ------------------------------------------------------------------------------------ */

static __always_inline __u64 *cell_at(__u32 index)
{
	__u32 chunk = bpf_get_smp_processor_id() * chunks_per_cpu + index / CELLS_PER_CHUNK;
	__u64 *cell = bpf_map_lookup_elem(&cells, &chunk);

	return cell ? cell + index % CELLS_PER_CHUNK : NULL;
}

static __always_inline void lost(enum loss cause)
{
	__u64 *cell = cell_at(cubes[METRIC_LOST].base + cause * cubes[METRIC_LOST].stride[0]);

	if (cell)
		__sync_fetch_and_add(cell, 1);
}

/* A dimension that the caller does not use is a constant 0, which costs nothing. */
#define DIM_IS_UNUSED(value) (__builtin_constant_p(value) && (value) == 0)

/* The first cell of (i, j, k, l) in the metric's cube; -1 for a value that the machine did not announce. */
static __always_inline __s64 cell_index(enum metric metric, __u32 i, __u32 j, __u32 k, __u32 l)
{
	const volatile struct cube *cube = &cubes[metric];
	__u32 index = cube->base;

	if ((!DIM_IS_UNUSED(i) && i >= cube->size[0]) || (!DIM_IS_UNUSED(j) && j >= cube->size[1]) ||
	    (!DIM_IS_UNUSED(k) && k >= cube->size[2]) || (!DIM_IS_UNUSED(l) && l >= cube->size[3])) {
		lost(LOSS_OUT_OF_RANGE);
		return -1;
	}
	if (!DIM_IS_UNUSED(i))
		index += i * cube->stride[0];
	if (!DIM_IS_UNUSED(j))
		index += j * cube->stride[1];
	if (!DIM_IS_UNUSED(k))
		index += k * cube->stride[2];
	if (!DIM_IS_UNUSED(l))
		index += l * cube->stride[3];
	return index;
}

/* Adds n to the cell of a metric with four dimensions. */
static __always_inline bool count_4(enum metric metric, __u32 i, __u32 j, __u32 k, __u32 l, __u64 n)
{
	__s64 index = cell_index(metric, i, j, k, l);
	__u64 *cell = index < 0 ? NULL : cell_at(index);

	if (cell)
		*cell += n;
	return cell;
}

/* Adds n to the cell of a metric with fewer; unused dimensions are 0. */
static __always_inline bool count(enum metric metric, __u32 i, __u32 j, __u32 k, __u64 n)
{
	return count_4(metric, i, j, k, 0, n);
}

/* The same for a cell that more than one program adds to. */
static __always_inline void count_shared(enum metric metric, __u32 i, __u32 j, __u32 k, __u64 n)
{
	__s64 index = cell_index(metric, i, j, k, 0);
	__u64 *cell = index < 0 ? NULL : cell_at(index);

	if (cell)
		__sync_fetch_and_add(cell, n);
}

/* The bucket and the sum that an observation of ns belongs to, in the histogram's cell (i, j). */
static __always_inline bool histogram_cells(enum metric metric, __u32 i, __u32 j, __u64 ns,
					    __u64 **ret_bucket, __u64 **ret_sum)
{
	__s64 index = cell_index(metric, i, j, 0, 0);

	if (index < 0)
		return false;
	*ret_bucket = cell_at(index + hist_bucket(ns));
	*ret_sum = cell_at(index + HIST_SUM);
	return *ret_bucket && *ret_sum;
}

/* Adds one observation to it. */
static __always_inline void observe(enum metric metric, __u32 i, __u32 j, __u64 ns)
{
	__u64 *bucket, *sum;

	if (!histogram_cells(metric, i, j, ns, &bucket, &sum))
		return;
	*bucket += 1;
	*sum += ns;
}

/* The same for n observations that took ns each, of a histogram that more than one program adds to. */
static __always_inline void observe_shared(enum metric metric, __u32 i, __u32 j, __u64 ns, __u64 n)
{
	__u64 *bucket, *sum;

	if (!histogram_cells(metric, i, j, ns, &bucket, &sum))
		return;
	__sync_fetch_and_add(bucket, n);
	__sync_fetch_and_add(sum, ns * n);
}

/* The node that a page lies on. */
static __always_inline __u32 page_node(__u64 page)
{
	return page_node_shift ? page_flags(page) >> page_node_shift : page_node_fixed;
}

/* --- ledger ----------------------------------------------------------------------------------- */

static __always_inline struct ledger_counts *account(enum account which)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct cpu_accounts *mine = bpf_map_lookup_elem(&accounts, &cpu);

	if (!mine)
		return NULL;
	/* Lest the compiler adds an offset to it before it is tested, which the verifier refuses. */
	barrier_var(mine);
	return &mine->of[which];
}

/* The ledger of the running task, or NULL: in an interrupt, or when it has none yet (counted). */
static __always_inline struct task_ledger *ledger_of_current(void)
{
	struct task_struct *current = bpf_get_current_task_btf();
	struct task_ledger *ledger;

	if (in_interrupt(current))
		return NULL;
	ledger = bpf_task_storage_get(&ledgers, current, NULL, 0);
	if (!ledger)
		lost(LOSS_STORAGE_MISSING);
	return ledger;
}

/* Where the work that happens now is counted: the task's ledger, or the account that stands in. */
static __always_inline struct ledger_counts *counts_now(void)
{
	struct task_struct *current = bpf_get_current_task_btf();
	struct task_ledger *ledger;

	if (in_interrupt(current))
		return account(ACCOUNT_INTERRUPT);
	ledger = bpf_task_storage_get(&ledgers, current, NULL, 0);
	if (ledger)
		return &ledger->counts;
	lost(LOSS_STORAGE_MISSING);
	return account(ACCOUNT_UNATTRIBUTED);
}

#define PF_KTHREAD 0x00200000

/* Who a task is. Reads only what stays valid while the task is hashed or current. */
static __always_inline void identify(struct task_identity *ret_id, struct task_struct *task)
{
	struct task_struct *leader = task->group_leader;

	ret_id->start_ns = leader->start_boottime;
	ret_id->cgroup_id = task->cgroups->dfl_cgrp->kn->id;
	ret_id->tgid = task->tgid;
	ret_id->pid = task->pid;
	ret_id->flags = (task->flags & PF_KTHREAD ? TASK_IS_KTHREAD : 0) |
			(ret_id->pid == ret_id->tgid ? TASK_IS_LEADER : 0);
	ret_id->pad = 0;
	__builtin_memcpy(ret_id->comm, leader->comm, sizeof(ret_id->comm));
}

/* The same of the running task; zeroes in an interrupt. The caller has set all to zero. */
static __always_inline void identify_current(struct task_identity *ret_id)
{
	struct task_struct *current = bpf_get_current_task_btf();

	if (!in_interrupt(current))
		identify(ret_id, current);
}

/*
 * The process whose memory the running task moves to other nodes on request, and for which it allocates; its
 * thread group leader, to be read from with care. NULL: it does no such thing, or the kernel does not say
 * whose it is.
 */
static __always_inline const struct task_struct *owner_of_migrated(void)
{
	struct task_ledger *ledger = bpf_task_storage_get(&ledgers, bpf_get_current_task_btf(), NULL, 0);
	const struct mm_struct___owner *mm;

	if (!ledger || !ledger->migrated_mm)
		return NULL;
	mm = (const void *)ledger->migrated_mm;
	return bpf_core_field_exists(mm->owner) ? BPF_CORE_READ(mm, owner, group_leader) : NULL;
}

/* --- records ---------------------------------------------------------------------------------- */

/*
 * A record of this kind in the ring, header filled and the rest zero where the caller does not fill
 * it; NULL when full (counted).
 */
static __always_inline void *record_reserve(enum record kind, __u32 size)
{
	struct rec_header *header = bpf_ringbuf_reserve(&ring, size, 0);

	if (!header) {
		lost(LOSS_RING_FULL);
		return NULL;
	}
	header->kind = kind;
	header->size = size;
	header->time_ns = bpf_ktime_get_boot_ns();
	return header;
}

/*
 * The daemon empties the ring at every snapshot. It is woken before that for an urgent record, and
 * when the ring is half full.
 */
static __always_inline void record_submit(void *record, bool is_urgent)
{
	__u64 waiting = bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA);
	bool wake = is_urgent || waiting >= RING_BYTES / 2;

	bpf_ringbuf_submit(record, wake ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);
}

#endif
