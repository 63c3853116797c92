/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page faults: which of them are looked at, and what is kept of one from its begin to its end.
 *
 * An ordinary fault takes less time than it takes to time it. So faults of one page in FAULT_SAMPLE are timed
 * as a whole and count that much; only what is slow by its nature is timed each time, in the function that
 * does it, and claims the sampled fault around it. A fault that the kernel breaks off to try it again
 * (VM_FAULT_RETRY) goes on at the retry, so that what it waited for in between is in its time.
 */
#ifndef MEMOIR_FAULT_BPF_H
#define MEMOIR_FAULT_BPF_H

#include "plane.bpf.h"

#include "abi/faults.h"

/* States of a frame. */
#define FRAME_IS_OPEN 1u    /* the fault is going on */
#define FRAME_IS_RETRIED 2u /* it was broken off, and a retry is to come */
#define FRAME_IS_CLAIMED 4u /* it has been counted */

/* VM_FAULT_ERROR less VM_FAULT_FALLBACK, which no fault ends with. */
#define FAULT_FAILED \
	(VM_FAULT_OOM | VM_FAULT_SIGBUS | VM_FAULT_HWPOISON | VM_FAULT_HWPOISON_LARGE | VM_FAULT_SIGSEGV)

#define VM_SHARED 0x8
#define TMPFS_MAGIC 0x01021994

static __always_inline bool is_sampled(__u64 address)
{
	/*
	 * Fibonacci hashing (Knuth, TAOCP 3, 6.4): the top bits of the product depend on all of the
	 * page number.
	 */
	return !((address >> 12) * 0x9e3779b97f4a7c15ULL >> (64 - FAULT_SAMPLE_SHIFT));
}

/* Faults happen in tasks, never in interrupts. NULL, and counted, where the task has no ledger yet. */
static __always_inline struct task_ledger *ledger_of_fault(void)
{
	struct task_ledger *ledger = bpf_task_storage_get(&ledgers, bpf_get_current_task_btf(), NULL, 0);

	if (!ledger)
		lost(LOSS_STORAGE_MISSING);
	return ledger;
}

/* --- by mapping ------------------------------------------------------------------------------- */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_FAULT_SITES);
	__type(key, struct fault_mapping_key);
	__type(value, struct fault_mapping_count);
} fault_mappings __weak SEC(".maps");

/*
 * The name of the file. The dentry may be gone since the fault began, and another one in its place: then it
 * is of another inode.
 */
static __always_inline void read_name(char ret[FAULT_NAME_LEN], const struct fault_frame *frame)
{
	const struct dentry *dentry = (const void *)frame->dentry;

	if (dentry && BPF_CORE_READ(dentry, d_inode, i_ino) == frame->ino)
		bpf_probe_read_kernel_str(ret, FAULT_NAME_LEN, BPF_CORE_READ(dentry, d_name.name));
}

static __always_inline struct fault_mapping_count *others_of(__u32 cause)
{
	struct fault_mapping_key key = { .cause = cause, .area = AREA_OTHERS };

	return bpf_map_lookup_elem(&fault_mappings, &key);
}

/* Adds n faults that took ns each to those of the process in that mapping. As in count_by_stack(). */
static __always_inline void count_by_mapping(const struct fault_frame *frame, bool is_major, __u64 ns,
					     __u64 n)
{
	struct fault_mapping_count first = {
		.count = n, .nr_major = is_major ? n : 0, .total_ns = ns * n, .longest_ns = ns
	};
	struct fault_mapping_key key = {
		.ino = frame->ino, .dev = frame->dev, .cause = frame->cause, .area = frame->area
	};
	struct task_struct *current = bpf_get_current_task_btf();
	struct fault_mapping_count *known;

	key.start_ns = current->group_leader->start_boottime;
	key.tgid = current->tgid;
	known = bpf_map_lookup_elem(&fault_mappings, &key);
	if (!known) {
		identify(&first.id, current);
		read_name(first.name, frame);
		if (!MAP_ERROR(bpf_map_update_elem(&fault_mappings, &key, &first, BPF_NOEXIST)))
			return;
		/* Another CPU was the first, or there is no room: many short processes may fill the table. */
		known = bpf_map_lookup_elem(&fault_mappings, &key);
		if (!known)
			known = others_of(frame->cause);
	}
	if (!known) {
		lost(LOSS_FAULT_SITE);
		return;
	}
	__sync_fetch_and_add(&known->count, n);
	__sync_fetch_and_add(&known->total_ns, ns * n);
	if (is_major)
		__sync_fetch_and_add(&known->nr_major, n);
	if (ns > known->longest_ns)
		known->longest_ns = ns;
}

/* --- frames ----------------------------------------------------------------------------------- */

static __always_inline enum fault_area area_of(const struct vm_area_struct *vma)
{
	const struct mm_struct *mm = vma->vm_mm;

	if (vma->vm_start < mm->brk && vma->vm_end > mm->start_brk)
		return AREA_HEAP;
	return vma->vm_start <= mm->start_stack && vma->vm_end > mm->start_stack ? AREA_STACK
										 : AREA_ANONYMOUS;
}

/* Notes what the fault is about, and what it is for as far as the mapping tells. */
static __always_inline void frame_place(struct fault_frame *frame, const struct vm_area_struct *vma,
					__u32 flags)
{
	const struct file *file = vma->vm_file;
	const struct inode *inode;

	if (!file) {
		frame->ino = 0;
		frame->dev = 0;
		frame->dentry = 0;
		frame->area = area_of(vma);
		frame->cause = FAULT_ANONYMOUS;
		return;
	}
	inode = file->f_inode;
	frame->ino = inode->i_ino;
	frame->dev = inode->i_sb->s_dev;
	frame->dentry = (__u64)file->f_path.dentry;
	frame->area = AREA_FILE;
	if (flags & FAULT_FLAG_WRITE && !(vma->vm_flags & VM_SHARED))
		frame->cause = FAULT_COPY_ON_WRITE;
	else
		frame->cause = inode->i_sb->s_magic == TMPFS_MAGIC ? FAULT_SHARED_MEMORY : FAULT_FILE;
}

/*
 * Whether a fault goes on that was broken off. A retry has FAULT_FLAG_TRIED, but for one that needs the lock
 * of the whole address space where that of the mapping was not enough: which only faults of programs try.
 */
static __always_inline bool frame_goes_on(const struct fault_frame *frame, __u64 page, __u32 flags)
{
	return frame->state & FRAME_IS_RETRIED && frame->page == page &&
	       (flags & FAULT_FLAG_TRIED ||
		(frame->is_locked_by_vma && flags & FAULT_FLAG_USER && !(flags & FAULT_FLAG_VMA_LOCK)));
}

/* At the begin of a fault, or of the retry of one. cause: NR_FAULT_CAUSES if the mapping is to tell. */
static __always_inline void frame_begin(struct fault_frame *frame, const struct vm_area_struct *vma,
					__u64 address, __u32 flags, enum fault_cause cause)
{
	__u64 page = address >> 12;

	if (frame_goes_on(frame, page, flags)) {
		frame->state = (frame->state & FRAME_IS_CLAIMED) | FRAME_IS_OPEN;
		/* What has been counted is over; should more come, it begins here. */
		if (frame->state & FRAME_IS_CLAIMED)
			frame->start_ns = bpf_ktime_get_boot_ns();
		return;
	}
	frame_place(frame, vma, flags);
	if (cause != NR_FAULT_CAUSES)
		frame->cause = cause;
	frame->page = page;
	frame->is_locked_by_vma = !!(flags & FAULT_FLAG_VMA_LOCK);
	frame->state = FRAME_IS_OPEN;
	frame->start_ns = bpf_ktime_get_boot_ns();
}

static __always_inline void frame_break_off(struct fault_frame *frame)
{
	frame->state = (frame->state & FRAME_IS_CLAIMED) | FRAME_IS_RETRIED;
}

/* Says of a fault that is going on that it has been counted by a part of it. */
static __always_inline void frame_claim(struct fault_frame *frame)
{
	if (frame->state & FRAME_IS_OPEN)
		frame->state |= FRAME_IS_CLAIMED;
}

_Static_assert(!(NR_FAULT_CAUSES & (NR_FAULT_CAUSES - 1)), "so that a mask bounds a cause");

/* Counts the fault, which is over now, as n of its like. */
static __always_inline void frame_count(struct task_ledger *ledger, const struct fault_frame *frame,
					bool is_major, __u64 n)
{
	__u64 ns = bpf_ktime_get_boot_ns() - frame->start_ns;
	__u64 cause = frame->cause;

	/* A bound that the compiler cannot take away, for the verifier. */
	asm volatile("%0 &= %1" : "+r"(cause) : "i"(NR_FAULT_CAUSES - 1));
	observe_shared(METRIC_PAGE_FAULT, cause, is_major ? FAULT_MAJOR : FAULT_MINOR, ns, n);
	if (cause <= FAULT_USERFAULTFD)
		ledger->counts.v[LEDGER_ANONYMOUS_FAULTS + cause] += n;
	ledger->counts.v[LEDGER_FAULT_TIME] += ns * n;
	if (is_major)
		ledger->counts.v[LEDGER_MAJOR_FAULT_TIME] += ns * n;
	if (is_major && cause == FAULT_FILE)
		ledger->counts.v[LEDGER_MAJOR_FILE_FAULTS] += n;
	count_by_mapping(frame, is_major, ns, n);
}

/*
 * Says that the running task's fault, if it is looked at, is for something else. Its frame tells whether it
 * is: the address that the kernel passes on is often that of the page, of its own size or of a huge one.
 */
static __always_inline void fault_is(enum fault_cause cause)
{
	/* Where there is none, that has been counted at the begin of the fault. */
	struct task_ledger *ledger = bpf_task_storage_get(&ledgers, bpf_get_current_task_btf(), NULL, 0);

	if (ledger && ledger->sampled.state & FRAME_IS_OPEN)
		ledger->sampled.cause = cause;
}

#endif
