// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page fault exceptions by mode and access, as the CPU reports them. How many faults a task
 * completed, minor and major, is not counted here: task_struct has it (see ledger.bpf.c). These
 * tracepoints exist on x86 only, and fire once per exception: also for one that is retried, or
 * that ends in a signal.
 *
 * The first memory that a program touches after an exception is cold, and costs more than all the
 * rest. So only pages whose number hashes to 0 are looked at, one in FAULT_SAMPLE, and count that
 * much. The estimate is unbiased over pages; a page that faults again and again is always or never in it.
 */
#include "plane.bpf.h"

#define FAULT_SAMPLE_SHIFT 5
#define FAULT_SAMPLE (1u << FAULT_SAMPLE_SHIFT)

/* arch/x86/include/asm/trap_pf.h */
#define X86_PF_PROT 0x1u
#define X86_PF_WRITE 0x2u
#define X86_PF_INSTR 0x10u

static __always_inline bool is_sampled(__u64 address)
{
	/*
	 * Fibonacci hashing (Knuth, TAOCP 3, 6.4): the top bits of the product depend on all of the
	 * page number.
	 */
	return !((address >> 12) * 0x9e3779b97f4a7c15ULL >> (64 - FAULT_SAMPLE_SHIFT));
}

static __always_inline enum fault_access fault_access(__u64 error_code)
{
	if (error_code & X86_PF_INSTR)
		return FAULT_EXEC;
	if (error_code & X86_PF_PROT)
		return FAULT_PROTECTION;
	return error_code & X86_PF_WRITE ? FAULT_WRITE : FAULT_READ;
}

static __always_inline int on_fault(enum fault_mode mode, __u64 address, __u64 error_code)
{
	enum fault_access access = fault_access(error_code);
	struct ledger_counts *counts;

	if (!is_sampled(address))
		return 0;
	counts = counts_now();
	if (count(METRIC_FAULT_EXCEPTIONS, mode, access, 0, FAULT_SAMPLE) && counts)
		counts->v[LEDGER_READ_FAULTS + access] += FAULT_SAMPLE;
	return 0;
}

SEC("raw_tp/page_fault_user")
int page_fault_user(__u64 *ctx)
{
	return on_fault(FAULT_USER, ctx[0], ctx[2]);
}

SEC("raw_tp/page_fault_kernel")
int page_fault_kernel(__u64 *ctx)
{
	return on_fault(FAULT_KERNEL, ctx[0], ctx[2]);
}

char LICENSE[] SEC("license") = "GPL";
