/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes: how rows and exit records add up to one set of counts per process, through thread
 * exits, reuse of pids, exec, and a table that is full.
 */
#include "model_stream.h"

#define FAULTS LEDGER_MINOR_FAULTS

static struct ledger_counts faults(__u64 nr)
{
	return (struct ledger_counts){ .v = { [FAULTS] = nr } };
}

static void begin(struct model *model, __u64 sequence)
{
	assert_int_equal(feed_begin(model, sequence, sequence * NSEC_PER_SEC), 0);
}

static void end(struct model *model, __u64 sequence)
{
	assert_int_equal(feed_end(model, sequence * NSEC_PER_SEC, false), 0);
}

static void task(struct model *model, __u32 tgid, __u32 pid, __u64 start_ns, __u64 nr_faults)
{
	struct task_identity id = identity(tgid, pid, start_ns, "worker", 0);
	struct ledger_counts counts = faults(nr_faults);

	assert_int_equal(feed_task(model, REC_TASK, &id, &counts), 0);
}

/* The same, of a process whose threads that ended had so many. */
static void task_after(struct model *model, __u32 tgid, __u32 pid, __u64 start_ns, __u64 nr_faults,
		       __u64 nr_ended)
{
	struct task_identity id = identity(tgid, pid, start_ns, "worker", 0);
	struct ledger_counts counts = faults(nr_faults);
	const __u64 ended[NR_FAULT_KINDS] = { [FAULT_MINOR] = nr_ended };

	assert_int_equal(feed_task_of(model, &id, &counts, ended), 0);
}

/* Its final ledger, and what the kernel adds to its account of the departed. */
static void task_exit(struct model *model, __u32 tgid, __u32 pid, __u64 start_ns, __u64 nr_faults)
{
	struct task_identity id = identity(tgid, pid, start_ns, "worker", 0);
	struct ledger_counts counts = faults(nr_faults);

	assert_int_equal(feed_task(model, REC_TASK_EXIT, &id, &counts), 0);
}

static void exited_account(struct model *model, __u64 nr_faults)
{
	struct ledger_counts counts = faults(nr_faults);

	assert_int_equal(feed_account(model, ACCOUNT_EXITED, &counts), 0);
}

static void expect_total(const struct model *model, __u32 tgid, __u64 nr_faults)
{
	const struct process *process = model_find_process(model, tgid);

	assert_non_null(process);
	assert_int_equal(process_total(process, FAULTS), nr_faults);
}

static void test_threads_add_up(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);
	struct task_identity id = identity(10, 11, 100, "worker", 3);
	struct ledger_counts counts = faults(7);

	counts.v[LEDGER_RSS_ANON] = 500;
	begin(model, 1);
	assert_int_equal(feed_task(model, REC_TASK, &id, &counts), 0);
	id = identity(10, 10, 100, "worker", 2); /* the leader's cgroup counts */
	counts.v[LEDGER_RSS_ANON] = 501;
	assert_int_equal(feed_task(model, REC_TASK, &id, &counts), 0);
	end(model, 1);
	assert_int_equal(model_nr_processes(model), 1);
	expect_total(model, 10, 14);
	assert_int_equal(model_process(model, 0)->nr_threads, 2);
	assert_int_equal(model_process(model, 0)->cgroup_id, 2);
	assert_int_equal(process_total(model_process(model, 0), LEDGER_RSS_ANON), 501);
	assert_int_equal(model_ledger_total(model, LEDGER_RSS_ANON), 501);
	assert_null(model_process(model, 1));
	assert_null(model_find_process(model, 11));
	model_free(model);
}

static void test_thread_exit_keeps_its_counts(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);

	begin(model, 1);
	task(model, 10, 10, 100, 5);
	task(model, 10, 11, 100, 7);
	end(model, 1);
	task_exit(model, 10, 11, 100, 9);
	expect_total(model, 10, 12); /* nothing moves between snapshots */
	begin(model, 2);
	exited_account(model, 9);
	task_after(model, 10, 10, 100, 5, 9);
	end(model, 2);
	expect_total(model, 10, 14);
	assert_int_equal(model_process(model, 0)->nr_threads, 1);
	assert_true(model_process_rates(model, model_process(model, 0))[FAULTS] == 2.0f);
	assert_int_equal(model_ledger_total(model, FAULTS), 14);
	model_free(model);
}

/* A thread that is released and not yet freed is nowhere for a moment. */
static void test_totals_do_not_fall_in_a_gap(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);

	begin(model, 1);
	task(model, 10, 10, 100, 5);
	task(model, 10, 11, 100, 7);
	end(model, 1);
	begin(model, 2);
	task(model, 10, 10, 100, 6);
	end(model, 2);
	expect_total(model, 10, 12);
	assert_true(model_process_rates(model, model_process(model, 0))[FAULTS] == 0.0f);
	assert_int_equal(model_ledger_total(model, FAULTS), 12);
	model_free(model);
}

static void test_rates(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);

	begin(model, 1);
	task(model, 10, 10, 100, 50);
	end(model, 1);
	assert_true(model_process_rates(model, model_process(model, 0))[FAULTS] == 0.0f);
	begin(model, 3);
	task(model, 10, 10, 100, 150);
	end(model, 3);
	assert_true(model_process_rates(model, model_process(model, 0))[FAULTS] == 50.0f);
	/* A clock that goes back gives no rate rather than a wrong one. */
	begin(model, 2);
	task(model, 10, 10, 100, 250);
	end(model, 2);
	assert_true(model_process_rates(model, model_process(model, 0))[FAULTS] == 0.0f);
	model_free(model);
}

/* A snapshot of two processes of a group, with so much of them swapped out; 0: that one is not seen. */
static void swapped(struct model *model, __u64 sequence, __u64 pages, __u64 other_pages)
{
	struct task_identity id = identity(10, 10, 100, "worker", 0),
			     other = identity(20, 20, 100, "worker", 0);
	struct ledger_counts counts = { .v = { [FAULTS] = 5, [LEDGER_SWAP] = pages } };
	struct ledger_counts other_counts = { .v = { [LEDGER_SWAP] = other_pages } };

	begin(model, sequence);
	if (pages)
		assert_int_equal(feed_task(model, REC_TASK, &id, &counts), 0);
	if (other_pages)
		assert_int_equal(feed_task(model, REC_TASK, &other, &other_counts), 0);
	end(model, sequence);
}

static void expect_growth(const struct model *model, __u32 tgid, float growth, float group_growth)
{
	assert_true(model_process_rates(model, model_find_process(model, tgid))[LEDGER_SWAP] == growth);
	assert_true(find_group(model, "worker", "")->rate[LEDGER_SWAP] == group_growth);
}

/* With series of its own, and as a part of "other". */
static void test_growth_of_gauges(void **state UNUSED)
{
	for (__u32 max_groups = 1; max_groups <= 4; max_groups += 3) {
		struct model *model = model_with(max_groups, 100, NULL);
		struct task_identity busy = identity(1, 1, 1, "busy", 0);
		struct ledger_counts counts = faults(100000);

		begin(model, 1);
		assert_int_equal(feed_task(model, REC_TASK, &busy, &counts), 0);
		end(model, 1);
		swapped(model, 2, 500, 0);
		expect_growth(model, 10, 0, 0); /* it is new, and what it has is no growth */
		swapped(model, 4, 700, 50);
		expect_growth(model, 10, 100, 100);
		expect_growth(model, 20, 0, 100);
		swapped(model, 5, 600, 80);
		expect_growth(model, 10, -100, -70);
		expect_growth(model, 20, 30, -70);
		assert_true(find_group(model, "other", "other")->rate[LEDGER_SWAP] ==
			    (max_groups == 1 ? -70 : 0));
		swapped(model, 6, 0, 80);
		swapped(model, 7, 600, 80); /* in between it was not seen, and had not told its last counts */
		expect_growth(model, 10, 0, 0);
		swapped(model, 8, 601, 80);
		expect_growth(model, 10, 1, 1);
		model_free(model);
	}
}

static void test_pid_is_used_again(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);

	begin(model, 1);
	task(model, 10, 10, 100, 50);
	end(model, 1);
	begin(model, 2);
	task(model, 10, 10, 200, 3);
	end(model, 2);
	assert_int_equal(model_nr_processes(model), 1);
	expect_total(model, 10, 3);
	assert_int_equal(model_find_process(model, 10)->start_ns, 200);
	/* The old one's record comes late and is not mistaken for the new one's. */
	task_exit(model, 10, 10, 100, 60);
	begin(model, 3);
	exited_account(model, 60);
	task(model, 10, 10, 200, 3);
	end(model, 3);
	expect_total(model, 10, 3);
	assert_int_equal(model_ledger_total(model, FAULTS), 63);
	assert_int_equal(find_group(model, "worker", "")->total.v[FAULTS], 13);
	model_free(model);
}

static void test_dead_processes_are_not_shown(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);

	begin(model, 1);
	for (__u32 pid = 1; pid <= 50; pid++)
		task(model, pid, pid, pid, pid);
	end(model, 1);
	assert_int_equal(model_nr_processes(model), 50);
	begin(model, 2);
	for (__u32 pid = 2; pid <= 50; pid += 2)
		task(model, pid, pid, pid, pid);
	end(model, 2);
	assert_int_equal(model_nr_processes(model), 25);
	for (__u32 pid = 1; pid <= 50; pid++) {
		if (pid % 2)
			assert_null(model_find_process(model, pid));
		else
			expect_total(model, pid, pid);
	}
	model_free(model);
}

static void test_full_table_keeps_totals(void **state UNUSED)
{
	struct model *model = model_with(4, 2, NULL);

	begin(model, 1);
	for (__u32 pid = 1; pid <= 5; pid++)
		task(model, pid, pid, pid, 100);
	end(model, 1);
	assert_int_equal(model_nr_processes(model), 2);
	assert_int_equal(model_cells(model, METRIC_LOST)[LOSS_PROCESS_TABLE_FULL], 3);
	assert_int_equal(model_ledger_total(model, FAULTS), 500);
	assert_int_equal(exported_sum(model, FAULTS), 500);
	begin(model, 2);
	for (__u32 pid = 1; pid <= 5; pid++)
		task(model, pid, pid, pid, 110);
	end(model, 2);
	assert_int_equal(model_cells(model, METRIC_LOST)[LOSS_PROCESS_TABLE_FULL], 6);
	assert_int_equal(exported_sum(model, FAULTS), 550);
	model_free(model);
}

/* What counted in "other" for want of a place stays there, and its group starts from what comes next. */
static void test_place_becomes_free(void **state UNUSED)
{
	struct model *model = model_with(4, 1, NULL);
	struct task_identity id = identity(2, 2, 2, "late", 0);
	struct ledger_counts counts = faults(1000);

	task_exit(model, 3, 3, 3, 0); /* "worker" and "late" are known and have their slots */
	for (__u64 sequence = 1; sequence <= 2; sequence++) {
		begin(model, sequence);
		task(model, 1, 1, 1, 100);
		assert_int_equal(feed_task(model, REC_TASK, &id, &counts), 0);
		end(model, sequence);
	}
	assert_int_equal(find_group(model, "other", "other")->total.v[FAULTS], 1000); /* all of "late" */
	task_exit(model, 1, 1, 1, 100);
	begin(model, 3); /* process 1 leaves its place at the end of this one */
	exited_account(model, 100);
	counts = faults(1010);
	assert_int_equal(feed_task(model, REC_TASK, &id, &counts), 0);
	end(model, 3);
	for (__u64 sequence = 4; sequence <= 5; sequence++) {
		begin(model, sequence);
		exited_account(model, 100);
		counts.v[FAULTS] += 10;
		assert_int_equal(feed_task(model, REC_TASK, &id, &counts), 0);
		end(model, sequence);
	}
	assert_int_equal(find_group(model, "late", "")->total.v[FAULTS], 10);
	assert_int_equal(find_group(model, "other", "other")->total.v[FAULTS], 1020);
	assert_int_equal(exported_sum(model, FAULTS), 1130);
	model_free(model);
}

/* It was never in the table, but it was counted, in "other": its exit must not count it again. */
static void test_exit_of_a_process_without_a_place(void **state UNUSED)
{
	struct model *model = model_with(4, 1, NULL);

	for (__u64 sequence = 1; sequence <= 3; sequence++) {
		begin(model, sequence);
		task(model, 1, 1, 1, 100);
		if (sequence < 3) /* then it is released, and freed later */
			task(model, 2, 2, 2, 1000);
		end(model, sequence);
	}
	task_exit(model, 2, 2, 2, 1007);
	begin(model, 4);
	exited_account(model, 1007);
	task(model, 1, 1, 1, 101);
	end(model, 4);
	assert_int_equal(find_group(model, "worker", "")->total.v[FAULTS], 1);
	assert_int_equal(find_group(model, "other", "other")->total.v[FAULTS], 1107);
	assert_int_equal(exported_sum(model, FAULTS), 1108);
	model_free(model);
}

/* The same, and a thread of it is just then in no list: its counts are in "other" already. */
static void test_thread_of_a_process_without_a_place(void **state UNUSED)
{
	struct model *model = model_with(4, 1, NULL);
	__u64 sequence;

	for (sequence = 1; sequence <= 2; sequence++) {
		begin(model, sequence);
		task(model, 1, 1, 1, 100);
		task(model, 2, 2, 2, 1000);
		task(model, 2, 3, 2, 500);
		end(model, sequence);
	}
	task_exit(model, 1, 1, 1, 100);
	begin(model, sequence);
	exited_account(model, 100);
	task(model, 2, 2, 2, 1000);
	end(model, sequence);
	for (sequence++; sequence < 8; sequence++) {
		begin(model, sequence);
		exited_account(model, sequence < 6 ? 100 : 600);
		task(model, 2, 2, 2, 1000);
		end(model, sequence);
		assert_true(exported_sum(model, FAULTS) <= 1600);
		if (sequence == 5)
			task_exit(model, 2, 3, 2, 500);
	}
	assert_int_equal(exported_sum(model, FAULTS), 1600);
	model_free(model);
}

static void test_hostile_comm(void **state UNUSED)
{
	struct task_identity id = identity(10, 10, 100, "AAAABBBBCCCCDDDD", 0);
	struct ledger_counts counts = faults(1);
	struct model *model = model_with(4, 100, NULL);

	begin(model, 1);
	assert_int_equal(feed_task(model, REC_TASK, &id, &counts), 0);
	end(model, 1);
	assert_string_equal(model_process(model, 0)->comm, "AAAABBBBCCCCDDD");
	model_free(model);
}

/* 10,000 processes must fit in 9 MiB with everything that finds them. */
static void test_memory_of_a_process(void **state UNUSED)
{
	assert_true(10000 * sizeof(struct process) + 32768 * 8 < 9 << 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_threads_add_up),
		cmocka_unit_test(test_thread_exit_keeps_its_counts),
		cmocka_unit_test(test_totals_do_not_fall_in_a_gap),
		cmocka_unit_test(test_rates),
		cmocka_unit_test(test_growth_of_gauges),
		cmocka_unit_test(test_pid_is_used_again),
		cmocka_unit_test(test_dead_processes_are_not_shown),
		cmocka_unit_test(test_full_table_keeps_totals),
		cmocka_unit_test(test_place_becomes_free),
		cmocka_unit_test(test_exit_of_a_process_without_a_place),
		cmocka_unit_test(test_thread_of_a_process_without_a_place),
		cmocka_unit_test(test_hostile_comm),
		cmocka_unit_test(test_memory_of_a_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
