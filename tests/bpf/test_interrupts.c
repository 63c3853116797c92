/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work in an interrupt is not that of the task which is interrupted. A program that is run on another CPU
 * runs there in the interrupt that asks for it. Skipped where the preemption count cannot be found.
 */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "../../bpf/abi/fallbacks.h"
#include "../../daemon/machine.h"
#include "book.h"
#include "leaks.h"
#include "live.h"

#define GFP_KERNEL 0xcc0
#define SAMPLE 32

static struct lab_config with_preempt_count;
static int other_cpu = -1;

/* Finds the preemption count as the daemon does. Why interrupts cannot be told from tasks here, or NULL. */
static const char *find_preempt_count(void)
{
	struct machine machine;
	cpu_set_t allowed;
	int err = machine_read(&machine);

	with_preempt_count.preempt_count_from_rq = machine.preempt_count_from_rq;
	with_preempt_count.live_step_shift = STEP_SHIFT;
	with_preempt_count.counts_interrupt_disabling = machine.counts_interrupt_disabling;
	machine_free(&machine);
	if (err || !machine.tells_interrupts)
		return "interrupts cannot be told from tasks on this kernel";
	sched_getaffinity(0, sizeof(allowed), &allowed);
	return CPU_COUNT(&allowed) < 2 ? "needs two CPUs" : NULL;
}

/* A child that keeps another CPU busy, so that this is interrupted and not woken up. */
static pid_t keep_other_cpu_busy(const cpu_set_t *allowed)
{
	unsigned int here, other = 0;
	char byte = 0;
	cpu_set_t there;
	int running[2];
	pid_t pid;

	assert_int_equal(syscall(SYS_getcpu, &here, NULL, NULL), 0);
	while (other == here || !CPU_ISSET(other, allowed))
		other++;
	other_cpu = (int)other;
	CPU_ZERO(&there);
	CPU_SET(other, &there);
	assert_int_equal(pipe(running), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (sched_setaffinity(0, sizeof(there), &there) < 0 || write(running[1], &byte, 1) != 1)
			_exit(1);
		for (;;)
			getppid();
	}
	close(running[1]);
	assert_int_equal(read(running[0], &byte, 1), 1);
	close(running[0]);
	return pid;
}

static cpu_set_t allowed_at_start;

static void test_work_in_an_interrupt_has_its_own_account(void **state)
{
	struct lab *lab = *state;
	pid_t busy = keep_other_cpu_busy(&allowed_at_start);

	for (int i = 0; i < 100; i++) {
		RUN_ON(lab, other_cpu, page_alloc, 1, 1, GFP_KERNEL, 0);
		RUN_ON(lab, other_cpu, page_free, 1, 2);
		RUN_ON(lab, other_cpu, page_fault_kernel, 0, 0, 0); /* page 0 hashes to 0 */
	}
	kill(busy, SIGKILL);
	waitpid(busy, NULL, 0);
	expect_cell(lab, METRIC_ALLOCATED, 0, 0, 1, 200);
	expect_cell(lab, METRIC_FREED, 0, 2, 0, 400);
	expect_cell(lab, METRIC_FAULT_EXCEPTIONS, FAULT_KERNEL, FAULT_READ, 0, 100 * SAMPLE);
	expect_account(lab, ACCOUNT_INTERRUPT, LEDGER_ALLOCATED, 200);
	expect_account(lab, ACCOUNT_INTERRUPT, LEDGER_FREED, 400);
	expect_account(lab, ACCOUNT_INTERRUPT, LEDGER_READ_FAULTS, 100 * SAMPLE);
	lab_verify(lab);
}

static void test_failure_in_an_interrupt_says_so(void **state)
{
	struct lab *lab = *state;
	pid_t busy = keep_other_cpu_busy(&allowed_at_start);
	const struct rec_alloc_failure *record;

	RUN_ON(lab, other_cpu, page_alloc, 0, 1, GFP_KERNEL, 0);
	kill(busy, SIGKILL);
	waitpid(busy, NULL, 0);
	expect_cell(lab, METRIC_ALLOCATION_FAILURES, 0, 1, 0, 1);
	expect_account(lab, ACCOUNT_INTERRUPT, LEDGER_ALLOCATION_FAILURES, 1);
	expect_account(lab, ACCOUNT_INTERRUPT, LEDGER_HIGH_ORDER_FAILURES, 1);
	lab_verify(lab);
	record = &lab_only_record(lab, REC_ALLOC_FAILURE, sizeof(*record))->alloc_failure;
	assert_int_equal(record->in_interrupt, 1);
}

/* A page that is allocated in an interrupt is not held by whoever was interrupted. */
static void test_live_page_of_an_interrupt_has_no_task(void **state)
{
	struct lab *lab = *state;
	pid_t busy = keep_other_cpu_busy(&allowed_at_start);
	const __u64 group = LIVE_BASE >> (LIVE_PAGE_SHIFT + STEP_SHIFT);
	struct live_page live_page;

	for (__u64 i = 0; i < 64; i++)
		RUN_ON(lab, other_cpu, page_alloc, LIVE_BASE + (i << LIVE_PAGE_SHIFT), 0, GFP_KERNEL, 0);
	kill(busy, SIGKILL);
	waitpid(busy, NULL, 0);
	assert_int_equal(live_nr(lab), 1);
	assert_true(live_get(lab, group, &live_page));
	assert_int_equal(live_page.owner, LIVE_INTERRUPT);
	assert_int_equal(live_page.tgid, 0);
	assert_int_equal(live_page.start_ns, 0);
	assert_int_equal(live_page.cgroup_id, 0);
	assert_string_equal(live_page.comm, "");
	assert_int_not_equal(live_page.time_ns, 0);
}

static void test_fallback_in_an_interrupt_is_nobodys(void **state)
{
	struct lab *lab = *state;
	pid_t busy = keep_other_cpu_busy(&allowed_at_start);
	int fd = bpf_map__fd(lab->skeleton->maps.fallbacks);
	struct fallback_count count;
	struct fallback_key key;

	RUN_ON(lab, other_cpu, fallback_allocation, 1, 0, 9, 0, 1);
	kill(busy, SIGKILL);
	waitpid(busy, NULL, 0);
	expect_cell_4(lab, METRIC_FALLBACK_ALLOCATIONS, 0, 0, 1, STOLEN_YES, 1);
	expect_account(lab, ACCOUNT_INTERRUPT, LEDGER_FALLBACK_ALLOCATIONS, 1);
	expect_account(lab, ACCOUNT_INTERRUPT, LEDGER_SPOILING_ALLOCATIONS, 1);
	lab_verify(lab);
	assert_int_equal(bpf_map_get_next_key(fd, NULL, &key), 0);
	assert_int_equal(bpf_map_lookup_elem(fd, &key, &count), 0);
	assert_int_equal(key.tgid, 0);
	assert_int_equal(key.start_ns, 0);
	assert_int_equal(count.count, 1);
	assert_int_equal(count.id.comm[0], 0);
}

/* What an interrupt allocates in a trace of the kernel has no process, and what it frees is gone. */
static void test_kernel_trace_sees_interrupts(void **state)
{
	const __u64 first = 0xffff888012340000ULL, second = first + 64;
	struct lab *lab = *state;
	pid_t busy = keep_other_cpu_busy(&allowed_at_start);
	struct leak_object object;
	struct leak_site site;

	leak_settings_set(lab, 1);
	RUN(lab, leak_kmalloc, 1, first, 64, 64, GFP_KERNEL, 0);
	RUN_ON(lab, other_cpu, leak_kfree, 1, first);
	RUN_ON(lab, other_cpu, leak_kmalloc, 1, second, 64, 64, GFP_KERNEL, 0);
	kill(busy, SIGKILL);
	waitpid(busy, NULL, 0);
	assert_int_equal(leak_nr_objects(lab), 1);
	assert_true(leak_get(lab, second, &object, &site));
	assert_int_equal(site.tgid, 0);
	assert_int_equal(site.start_ns, 0);
	assert_int_equal(site.comm[0], 0);
	assert_int_equal(leak_counts_read(lab).nr_freed, 1);
}

/* A task is nobody's bystander in its own work, and no stall begins in an interrupt. */
static void test_task_is_told_from_interrupt(void **state)
{
	struct lab *lab = *state;
	pid_t busy = keep_other_cpu_busy(&allowed_at_start);

	RUN(lab, page_alloc, 1, 3, GFP_KERNEL, 0);
	expect_cell(lab, METRIC_ALLOCATED, 0, 0, 3, 8);
	expect_ledger(lab, LEDGER_ALLOCATED, 8);
	RUN_ON(lab, other_cpu, direct_reclaim_begin, 0, GFP_KERNEL);
	RUN_ON(lab, other_cpu, direct_reclaim_end, 100);
	kill(busy, SIGKILL);
	waitpid(busy, NULL, 0);
	lab_verify(lab);
}

static const struct CMUnitTest tests[] = {
	LAB_TEST_WITH(test_work_in_an_interrupt_has_its_own_account, &with_preempt_count),
	LAB_TEST_WITH(test_failure_in_an_interrupt_says_so, &with_preempt_count),
	LAB_TEST_WITH(test_live_page_of_an_interrupt_has_no_task, &with_preempt_count),
	LAB_TEST_WITH(test_fallback_in_an_interrupt_is_nobodys, &with_preempt_count),
	LAB_TEST_WITH(test_kernel_trace_sees_interrupts, &with_preempt_count),
	LAB_TEST_WITH(test_task_is_told_from_interrupt, &with_preempt_count),
};

int main(void)
{
	const char *why_not = lab_why_not();

	if (!why_not)
		why_not = find_preempt_count();
	if (why_not) {
		puts(why_not);
		return EXIT_SKIPPED;
	}
	sched_getaffinity(0, sizeof(allowed_at_start), &allowed_at_start);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
