// SPDX-License-Identifier: GPL-2.0-only
/*
 * What page faults are for, how long they take, and how they fail: from the begin and the end of
 * handle_mm_fault(), which serves them all, and of the functions that do what is slow. There is no tracepoint
 * at the end of a fault, so these programs are optional.
 *
 * The end of a fault must not look at its mapping: once the kernel has let go of the lock (VM_FAULT_RETRY,
 * VM_FAULT_COMPLETED) another thread may have removed it.
 */
#include "fault.bpf.h"

/* --- a fault as a whole ----------------------------------------------------------------------- */

/* (vma, address, flags, regs) */
SEC("fentry/handle_mm_fault")
int fault_begin(__u64 *ctx)
{
	const struct vm_area_struct *vma = (const void *)ctx[0];
	struct task_ledger *ledger;

	if (!is_sampled(ctx[1]))
		return 0;
	ledger = ledger_of_fault();
	if (ledger)
		frame_begin(&ledger->sampled, vma, ctx[1], ctx[2], NR_FAULT_CAUSES);
	return 0;
}

/* What is rare, and so counted each time. */
static __always_inline void count_result(__u32 result)
{
	struct ledger_counts *counts;
	enum fault_error error;

	if (result & VM_FAULT_MAJOR)
		count_shared(METRIC_STORAGE_FAULTS, 0, 0, 0, 1);
	if (!(result & FAULT_FAILED))
		return;
	/* Before the errors part, else the verifier walks it once for each. The barrier: see swapped_in(). */
	counts = counts_now();
	barrier_var(counts);
	if (result & VM_FAULT_OOM)
		error = FAULT_OOM;
	else if (result & (VM_FAULT_HWPOISON | VM_FAULT_HWPOISON_LARGE))
		error = FAULT_HWPOISON;
	else
		error = result & VM_FAULT_SIGSEGV ? FAULT_SIGSEGV : FAULT_SIGBUS;
	if (counts)
		counts->v[LEDGER_FAULT_ERRORS(error)]++;
	count_shared(METRIC_FAULT_ERRORS, error, 0, 0, 1);
}

SEC("fexit/handle_mm_fault")
int fault_end(__u64 *ctx)
{
	__u32 result = ctx[4];
	struct task_ledger *ledger;
	struct fault_frame *frame;

	if (result & (VM_FAULT_MAJOR | FAULT_FAILED))
		count_result(result);
	if (!is_sampled(ctx[1]))
		return 0;
	ledger = ledger_of_fault();
	if (!ledger)
		return 0;
	frame = &ledger->sampled;
	if (!(frame->state & FRAME_IS_OPEN))
		return 0;
	if (result & VM_FAULT_RETRY) {
		frame_break_off(frame);
		return 0;
	}
	if (!(result & FAULT_FAILED) && !(frame->state & FRAME_IS_CLAIMED))
		frame_count(ledger, frame, result & VM_FAULT_MAJOR, FAULT_SAMPLE);
	frame->state = 0;
	return 0;
}

/* --- faults that copy ------------------------------------------------------------------------- */

/*
 * A shared mapping is only made writable here. The address is the one that fault_begin() has; the other one
 * is cut to the page, which may be larger than what is_sampled() goes by.
 */
static __always_inline void may_copy(const struct vm_fault *fault)
{
	const struct vm_area_struct *vma;

	if (!is_sampled(fault->real_address))
		return;
	vma = fault->vma;
	if (!(vma->vm_flags & VM_SHARED))
		fault_is(FAULT_COPY_ON_WRITE);
}

SEC("fentry/do_wp_page")
int fault_copy(__u64 *ctx)
{
	may_copy((const void *)ctx[0]);
	return 0;
}

SEC("fentry/do_huge_pmd_wp_page")
int fault_copy_huge(__u64 *ctx)
{
	may_copy((const void *)ctx[0]);
	return 0;
}

/* --- what is slow ----------------------------------------------------------------------------- */

static __always_inline void slow_begin(const struct vm_area_struct *vma, __u64 address, __u32 flags,
				       enum fault_cause cause)
{
	struct task_ledger *ledger = ledger_of_fault();

	if (ledger)
		frame_begin(&ledger->slow, vma, address, flags, cause);
}

static __always_inline void slow_end(__u32 result, bool only_major)
{
	struct task_ledger *ledger = ledger_of_fault();
	bool is_major = result & VM_FAULT_MAJOR;
	struct fault_frame *frame;

	if (!ledger)
		return;
	frame = &ledger->slow;
	if (!(frame->state & FRAME_IS_OPEN))
		return;
	if (result & (FAULT_FAILED | VM_FAULT_FALLBACK) || (only_major && !is_major)) {
		frame->state = 0;
		return;
	}
	if (!is_major && result & VM_FAULT_RETRY) {
		frame_break_off(frame);
		return;
	}
	if (is_major || !(frame->state & FRAME_IS_CLAIMED))
		frame_count(ledger, frame, is_major, 1);
	frame_claim(&ledger->sampled);
	/* The wait for storage is over; a retry only takes what is there now. */
	frame->state = result & VM_FAULT_RETRY ? FRAME_IS_RETRIED | FRAME_IS_CLAIMED : 0;
}

static __always_inline void slow_begin_of(const struct vm_fault *fault, enum fault_cause cause)
{
	slow_begin(fault->vma, fault->address, fault->flags, cause);
}

SEC("fentry/do_swap_page")
int fault_swap_begin(__u64 *ctx)
{
	slow_begin_of((const void *)ctx[0], FAULT_SWAP);
	return 0;
}

SEC("fexit/do_swap_page")
int fault_swap_end(__u64 *ctx)
{
	slow_end(ctx[1], false);
	return 0;
}

/*
 * What is being migrated looks like what is swapped out, until it has arrived: do_swap_page() only waits for
 * it, here. The sampled fault around it stays what its mapping says. Others wait here as well.
 */
SEC("fentry/migration_entry_wait")
int fault_swap_is_none(void *ctx)
{
	struct task_ledger *ledger = ledger_of_fault();

	if (ledger && ledger->slow.cause == FAULT_SWAP)
		ledger->slow.state = 0;
	return 0;
}

/* The file or the shared memory is asked for a page. It has most of them, so that only reads are slow. */
SEC("fentry/__do_fault")
int fault_file_begin(__u64 *ctx)
{
	slow_begin_of((const void *)ctx[0], NR_FAULT_CAUSES);
	return 0;
}

SEC("fexit/__do_fault")
int fault_file_end(__u64 *ctx)
{
	slow_end(ctx[1], true);
	return 0;
}

SEC("fentry/do_huge_pmd_anonymous_page")
int fault_huge_begin(__u64 *ctx)
{
	slow_begin_of((const void *)ctx[0], FAULT_HUGE_PAGE);
	return 0;
}

SEC("fexit/do_huge_pmd_anonymous_page")
int fault_huge_end(__u64 *ctx)
{
	slow_end(ctx[1], false);
	return 0;
}

/* (mm, vma, address, flags) */
SEC("fentry/hugetlb_fault")
int fault_hugetlb_begin(__u64 *ctx)
{
	slow_begin((const void *)ctx[1], ctx[2], ctx[3], FAULT_HUGE_PAGE);
	return 0;
}

SEC("fexit/hugetlb_fault")
int fault_hugetlb_end(__u64 *ctx)
{
	slow_end(ctx[4], false);
	return 0;
}

/* Waits inside of one of the others. It always ends with a retry, which has nothing left to wait for. */
SEC("fentry/handle_userfault")
int fault_user_begin(__u64 *ctx)
{
	const struct vm_fault *fault = (const void *)ctx[0];
	struct task_ledger *ledger = ledger_of_fault();

	if (ledger)
		frame_begin(&ledger->handling, fault->vma, fault->address, fault->flags, FAULT_USERFAULTFD);
	return 0;
}

SEC("fexit/handle_userfault")
int fault_user_end(__u64 *ctx)
{
	struct task_ledger *ledger = ledger_of_fault();
	struct fault_frame *frame;

	if (!ledger)
		return 0;
	frame = &ledger->handling;
	if (frame->state & FRAME_IS_OPEN && !((__u32)ctx[2] & FAULT_FAILED)) {
		frame_count(ledger, frame, false, 1);
		frame_claim(&ledger->sampled);
		frame_claim(&ledger->slow);
	}
	frame->state = 0;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
