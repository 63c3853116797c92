/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every difference between kernels that the programs meet, one dated entry each; nothing else in
 * bpf/ knows a version. What a kernel has is read from its BTF, never from its version number,
 * because stable kernels back-port changes.
 *
 * Entry: what changed - first kernel - how it is told apart - when the entry may go.
 */
#ifndef MEMOIR_COMPAT_BPF_H
#define MEMOIR_COMPAT_BPF_H

#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

/*
 * Decided by the daemon from the shape of the tracepoints, before load.
 *
 * compat_reclaim_order_arg: which argument of mm_vmscan_{direct,memcg}_reclaim_begin is the order.
 * (order, gfp) became (gfp, order, memcg) - 7.1 - number of arguments - when the floor passes 7.1.
 * (2026-11)
 */
extern const volatile __u32 compat_reclaim_order_arg;

/*
 * A direct compaction that was only deferred is no compact_stall any more
 * (__alloc_pages_direct_compact) - 7.2 - the last parameter of try_to_compact_pages is a
 * capture_control, which came with it - when the floor passes 7.2. (2026-11)
 */
extern const volatile bool compat_deferred_is_no_stall;

/* The results of try_to_compact_pages that may be no stall; their numbers are the kernel's own. */
enum compact_result___no_stall { COMPACT_SKIPPED___no_stall, COMPACT_DEFERRED___no_stall };

/*
 * Which argument of mm_migrate_pages is the reason. Between the counts and the mode of (succeeded, failed,
 * thp_succeeded, thp_failed, thp_split, mode, reason) came large_folio_split - 6.12 - number of arguments -
 * when the floor passes 6.12. (2026-11)
 */
extern const volatile __u32 compat_migrate_reason_arg;

/*
 * Which argument of mm_khugepaged_scan_pmd is the status: the last but one. (mm, page, writable, referenced,
 * none_or_zero, status, unmapped) lost writable - 6.18 - number of arguments - when the floor passes 6.18.
 * (2026-11)
 */
extern const volatile __u32 compat_scan_status_arg;

/*
 * An argument by its number, for a choice of two: the verifier wants a constant place, and the compiler
 * would make one load at a computed place of two loads that it understands.
 */
#define CTX_ARG(ctx, n)                                                                      \
	({                                                                                   \
		__u64 arg__;                                                                 \
		asm volatile("%0 = *(u64 *)(%1 + %2)" : "=r"(arg__) : "r"(ctx), "i"((n)*8)); \
		arg__;                                                                       \
	})

/* Migratetypes and the result of a compaction; their numbers are the kernel's own. */
enum migratetype___kinds { MIGRATE_UNMOVABLE___kinds, MIGRATE_MOVABLE___kinds, MIGRATE_RECLAIMABLE___kinds };
enum compact_result___success { COMPACT_SUCCESS___success };

#define MIGRATETYPE(name) bpf_core_enum_value(enum migratetype___kinds, MIGRATE_##name##___kinds)

/*
 * Where a compaction of the running task keeps the block that it is to capture - 5.1 - existence of the
 * member, which kernels without compaction lack - never. (2026-11)
 */
struct task_struct___capture {
	void *capture_control;
} __attribute__((preserve_access_index));

/*
 * page->flags became memdesc_flags_t { unsigned long f; } - 6.18 - existence of flags.f - when
 * the floor passes 6.18. (2026-11)
 */
struct memdesc_flags___f {
	unsigned long f;
} __attribute__((preserve_access_index));

struct page___memdesc {
	struct memdesc_flags___f flags;
} __attribute__((preserve_access_index));

struct page___ulong {
	unsigned long flags;
} __attribute__((preserve_access_index));

static __always_inline unsigned long page_flags(__u64 page)
{
	const struct page___memdesc *memdesc = (const void *)page;
	const struct page___ulong *ulong = (const void *)page;

	if (bpf_core_field_exists(memdesc->flags.f))
		return BPF_CORE_READ(memdesc, flags.f);
	return BPF_CORE_READ(ulong, flags);
}

/*
 * Changing a map returned an int, whose upper half a program must not look at, and returns a long - 6.4 -
 * not told apart: the lower half is the error on all kernels - when the floor passes 6.4. (2026-11)
 */
#define MAP_ERROR(result) ((int)(result))
#define ENOENT 2

/*
 * swap_readpage() asked zswap through frontswap, where it was in use, and swap_read_folio() asks zswap_load()
 * in any case - 6.6 - the function: the daemon loads the programs for one or the other (is_superseded()) -
 * when the floor passes 6.6. (2026-11)
 */

/*
 * zswap_load() told by a bool whether it had the page, and tells by -ENOENT that it has not - 6.18 at the
 * latest - the size of what it returns - when the floor passes 6.18. (2026-11)
 */
extern const volatile bool compat_zswap_load_tells_bool;

/*
 * A folio of several pages kept its order in a byte of its own, and has it in the lowest byte of _flags_1
 * (folio_order(), include/linux/mm.h) - 6.6 - existence of the byte - when the floor passes 6.6. (2026-11)
 */
struct folio___order {
	unsigned long _flags_1;
} __attribute__((preserve_access_index));

struct folio___order_byte {
	unsigned char _folio_order;
} __attribute__((preserve_access_index));

enum pageflags___head { PG_head___head };

static __always_inline __u64 folio_nr_pages(__u64 folio)
{
	const struct folio___order *large = (const void *)folio;
	const struct folio___order_byte *large_before = (const void *)folio;

	if (!(page_flags(folio) & 1UL << bpf_core_enum_value(enum pageflags___head, PG_head___head)))
		return 1;
	if (bpf_core_field_exists(large_before->_folio_order))
		return 1ULL << BPF_CORE_READ(large_before, _folio_order);
	return 1ULL << (BPF_CORE_READ(large, _flags_1) & 0xff);
}

/* Why pages are migrated; the numbers are the kernel's own. */
enum migrate_reason___numa { MR_NUMA_MISPLACED___numa };

/*
 * A task's memory policy and its cpuset's nodes - existence: kernels without NUMA have none - never.
 * (2026-11)
 */
struct mempolicy___mode {
	unsigned short mode;
} __attribute__((preserve_access_index));

struct nodemask___bits {
	unsigned long bits[1];
} __attribute__((preserve_access_index));

struct task_struct___numa {
	struct nodemask___bits mems_allowed;
	struct mempolicy___mode *mempolicy;
} __attribute__((preserve_access_index));

/* Whose memory it is - existence: only kernels with CONFIG_MEMCG keep it - never. (2026-11) */
struct mm_struct___owner {
	struct task_struct *owner;
} __attribute__((preserve_access_index));

/*
 * The CPU of a task - x86 keeps it in thread_info since 5.16, others in the task - existence - never.
 * (2026-11)
 */
struct thread_info___cpu {
	__u32 cpu;
} __attribute__((preserve_access_index));

struct task_struct___thread_cpu {
	struct thread_info___cpu thread_info;
} __attribute__((preserve_access_index));

struct task_struct___cpu {
	unsigned int cpu;
} __attribute__((preserve_access_index));

static __always_inline __u32 task_cpu(const struct task_struct *task)
{
	const struct task_struct___thread_cpu *in_thread = (const void *)task;
	const struct task_struct___cpu *in_task = (const void *)task;

	if (bpf_core_field_exists(in_thread->thread_info.cpu))
		return BPF_CORE_READ(in_thread, thread_info.cpu);
	return bpf_core_field_exists(in_task->cpu) ? BPF_CORE_READ(in_task, cpu) : 0;
}

/*
 * mm->rss_stat became struct percpu_counter[NR_MM_COUNTERS] - 6.2 - existence of rss_stat[0].count -
 * when the floor passes 6.2. (2026-11)
 */
struct percpu_counter___count {
	__s64 count;
} __attribute__((preserve_access_index));

struct mm_struct___percpu {
	struct percpu_counter___count rss_stat[4];
} __attribute__((preserve_access_index));

struct atomic_long___counter {
	long counter;
} __attribute__((preserve_access_index));

struct mm_rss_stat___atomic {
	struct atomic_long___counter count[4];
} __attribute__((preserve_access_index));

struct mm_struct___atomic {
	struct mm_rss_stat___atomic rss_stat;
} __attribute__((preserve_access_index));

/* The approximate count that the kernel itself shows as RSS; a macro because CO-RE wants a constant index. */
#define MM_COUNTER_PAGES(mm, member)                                                               \
	({                                                                                         \
		const struct mm_struct___percpu *percpu__ = (const void *)(mm);                    \
		const struct mm_struct___atomic *atomic__ = (const void *)(mm);                    \
		__s64 pages__ = bpf_core_field_exists(percpu__->rss_stat[0].count)                 \
					? BPF_CORE_READ(percpu__, rss_stat[member].count)          \
					: BPF_CORE_READ(atomic__, rss_stat.count[member].counter); \
		pages__ > 0 ? (__u64)pages__ : 0;                                                  \
	})

/*
 * The preemption count of this CPU - x86: a per-CPU variable, alone or (6.2 to 6.14) inside pcpu_hot;
 * arm64: thread_info - the daemon finds the variable in BTF - never, the places are the
 * architectures'. (2026-11)
 *
 * Kernels without CONFIG_KALLSYMS_ALL do not resolve a per-CPU variable for a program, so the
 * variable is reached from another one at a known distance: the runqueue of the CPU, to which
 * the running task has a pointer.
 */
extern const volatile __s64 compat_preempt_count_from_rq; /* bytes; 0: not known here */

struct thread_info___count {
	__u64 preempt_count;
} __attribute__((preserve_access_index));

struct task_struct___thread_info {
	struct thread_info___count thread_info;
} __attribute__((preserve_access_index));

/*
 * The bits of the preemption count that are set in an interrupt (include/linux/preempt.h) - 7.3, which
 * counts nested interrupt-disabling between softirqs and hardirqs - the daemon finds the variable
 * local_interrupt_disable_state in BTF - when the floor passes 7.3. (2026-11)
 *
 * A hardirq or NMI is any of the eight bits above, or five since 7.3. A softirq being served is the
 * lowest softirq bit; the others only mean that softirqs are disabled.
 */
#define PREEMPT_COUNT_INTERRUPT 0x00ff0100u
#define PREEMPT_COUNT_INTERRUPT_SINCE_7_3 0x1f000100u

extern const volatile bool compat_counts_interrupt_disabling;

/*
 * bpf_rdonly_cast() turns an address into something to read from without a helper call - 6.2 - the
 * daemon looks for the function in BTF and loads the object that has read_by_cast.bpf.c, or else the
 * one with read_by_helper.bpf.c - when the floor passes 6.2. (2026-11)
 */
extern void *bpf_rdonly_cast(const void *address, __u32 btf_id) __ksym;

/* Any type of the kernel's that begins with an int. */
struct upid___int {
	int nr;
} __attribute__((preserve_access_index));

/* Reads an int of the kernel's. */
__hidden __u32 read_kernel_u32(const void *address);

/*
 * Whether this runs in an interrupt, so that the running task is a bystander. False where it cannot
 * be known.
 */
static __always_inline bool in_interrupt(struct task_struct *current)
{
	const struct task_struct___thread_info *arm64 = (const void *)current;
	__u32 preempt_count = 0;

	if (bpf_core_field_exists(arm64->thread_info.preempt_count))
		preempt_count = (__u32)BPF_CORE_READ(arm64, thread_info.preempt_count);
	else if (compat_preempt_count_from_rq && bpf_core_field_exists(current->se.cfs_rq))
		preempt_count = read_kernel_u32((void *)current->se.cfs_rq->rq +
						compat_preempt_count_from_rq);
	return preempt_count & (compat_counts_interrupt_disabling ? PREEMPT_COUNT_INTERRUPT_SINCE_7_3
								  : PREEMPT_COUNT_INTERRUPT);
}

/*
 * The argument of mark_victim, a pid, became a task - 6.8, and many stable kernels - the event's record
 * has a size of the task since then - when the floor passes 6.8. (2026-11)
 */
struct trace_event_raw_mark_victim___size {
	unsigned long total_vm;
} __attribute__((preserve_access_index));

static __always_inline const struct task_struct *oom_victim_task(__u64 arg)
{
	const struct trace_event_raw_mark_victim___size *event = NULL;

	return bpf_core_field_exists(event->total_vm) ? (const void *)arg : NULL;
}

struct mm_struct___sizes {
	unsigned long total_vm;
	struct atomic_long___counter pgtables_bytes;
} __attribute__((preserve_access_index));

/*
 * One program for the begin and the return of a function of a process (BPF_TRACE_UPROBE_SESSION) - 6.13 -
 * the tracer tries it, and loads two programs where there is none - when the floor passes 6.13. (2026-11)
 *
 * bpf_session_is_return() would tell which of the two it is, but has another prototype since 7.0. At the
 * begin the task is where the probe is; at the return where the function was called, which is behind a call.
 */
static __always_inline bool session_is_return(struct pt_regs *ctx)
{
	return PT_REGS_IP(ctx) != bpf_get_func_ip(ctx);
}

/*
 * A program that runs in a process's function can be preempted, and another task's run of it on the same CPU
 * would then use the same private stack (bpf_enable_priv_stack(), kernel/bpf/verifier.c: no such program has
 * a guard against that): seen to read through a pointer that was another one's - 6.13 - a program with a tail
 * call, reached or not, gets none - when the kernel gives these programs none. (2026-11)
 */
#define NO_PRIVATE_STACK(ctx, programs)                   \
	do {                                              \
		static const volatile bool is_reached;    \
                                                          \
		if (is_reached)                           \
			bpf_tail_call(ctx, &programs, 0); \
	} while (0)

/*
 * kvfree_call_rcu(head, second) is told an object by its address, and was told the place of head in it, less
 * than a page as for __is_kvfree_rcu_offset(), or where there is no head its address - 6.3 - by that number -
 * when the floor passes 6.3. (2026-11)
 */
static __always_inline __u64 kvfree_rcu_address(void *ctx)
{
	__u64 head = 0, second = 0;

	bpf_get_func_arg(ctx, 0, &head);
	bpf_get_func_arg(ctx, 1, &second);
	return second < 4096 ? head - second : second;
}

#endif
