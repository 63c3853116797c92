// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page fault exceptions by mode and access, as the CPU reports them, and the user stacks of some. How many
 * faults a task completed, minor and major, is not counted here: task_struct has it (see ledger.bpf.c). What
 * they are for and how long they take is the subject of faultkinds.bpf.c. These tracepoints exist on x86
 * only, and fire once per exception: also for one that is retried, or that ends in a signal.
 *
 * The first memory that a program touches after an exception is cold, and costs more than all the
 * rest. So only pages whose number hashes to 0 are looked at, one in FAULT_SAMPLE, and count that
 * much. The estimate is unbiased over pages; a page that faults again and again is always or never in it.
 */
#include "fault.bpf.h"
#include "stack.bpf.h"

/* arch/x86/include/asm/trap_pf.h */
#define X86_PF_PROT 0x1u
#define X86_PF_WRITE 0x2u
#define X86_PF_INSTR 0x10u

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_FAULT_SITES);
	__type(key, struct fault_stack_key);
	__type(value, struct fault_stack_count);
} fault_stacks SEC(".maps");

static __always_inline enum fault_access fault_access(__u64 error_code)
{
	if (error_code & X86_PF_INSTR)
		return FAULT_EXEC;
	if (error_code & X86_PF_PROT)
		return FAULT_PROTECTION;
	return error_code & X86_PF_WRITE ? FAULT_WRITE : FAULT_READ;
}

/* Whether it is one that is looked at. */
static __always_inline bool on_fault(enum fault_mode mode, __u64 address, __u64 error_code)
{
	enum fault_access access = fault_access(error_code);
	struct ledger_counts *counts;

	if (!is_sampled(address))
		return false;
	counts = counts_now();
	if (count(METRIC_FAULT_EXCEPTIONS, mode, access, 0, FAULT_SAMPLE) && counts)
		counts->v[LEDGER_READ_FAULTS + access] += FAULT_SAMPLE;
	return true;
}

/* Counts the exception by process and user stack. As in count_by_stack(). */
static __noinline int count_user_stack(__u64 *ctx)
{
	struct fault_stack_count first = { .count = FAULT_STACK_SAMPLE }, *known;
	struct task_struct *current = bpf_get_current_task_btf();
	struct fault_stack_key key = {};
	long size = bpf_get_stack(ctx, first.ip, sizeof(first.ip), BPF_F_USER_STACK);

	key.stack = hash_frames(first.ip, FAULT_MAX_USER_FRAMES, size, &first.nr);
	key.start_ns = current->group_leader->start_boottime;
	key.tgid = current->tgid;
	first.address = ctx[0];
	first.access = fault_access(ctx[2]);
	known = bpf_map_lookup_elem(&fault_stacks, &key);
	if (!known) {
		identify(&first.id, current);
		if (first.nr && !MAP_ERROR(bpf_map_update_elem(&fault_stacks, &key, &first, BPF_NOEXIST)))
			return 0;
		/* Another CPU was the first, or there is no room. */
		known = bpf_map_lookup_elem(&fault_stacks, &key);
	}
	if (!known) {
		lost(LOSS_FAULT_SITE);
		return 0;
	}
	__sync_fetch_and_add(&known->count, FAULT_STACK_SAMPLE);
	known->address = first.address;
	known->access = first.access;
	return 0;
}

SEC("raw_tp/page_fault_user")
int page_fault_user(__u64 *ctx)
{
	if (on_fault(FAULT_USER, ctx[0], ctx[2]) && !(bpf_get_prandom_u32() % FAULT_STACK_EVERY))
		count_user_stack(ctx);
	return 0;
}

SEC("raw_tp/page_fault_kernel")
int page_fault_kernel(__u64 *ctx)
{
	on_fault(FAULT_KERNEL, ctx[0], ctx[2]);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
