/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Faults of threads that ended: a process is shown with the kernel's own sums, whether or not memoir saw them
 * end, and its group and the machine count no fault twice for that.
 */
#include "model_groups.h"

static struct ledger_counts faults(__u64 nr)
{
	return (struct ledger_counts){ .v = { [FAULTS] = nr, [LEDGER_MAJOR_FAULTS] = nr / 10 } };
}

/* A thread of process 10 in a snapshot; of the major faults there is always a tenth. */
static void thread_with(struct model *model, __u32 pid, __u64 nr_faults, __u64 nr_ended, __u32 flags)
{
	struct task_identity id = identity(10, pid, 100, "java", 0);
	struct ledger_counts counts = faults(nr_faults);
	const __u64 ended[NR_FAULT_KINDS] = { [FAULT_MINOR] = nr_ended, [FAULT_MAJOR] = nr_ended / 10 };

	id.flags |= flags;
	assert_int_equal(feed_task_of(model, &id, &counts, ended), 0);
}

static void thread(struct model *model, __u32 pid, __u64 nr_faults, __u64 nr_ended)
{
	thread_with(model, pid, nr_faults, nr_ended, 0);
}

static void thread_exit(struct model *model, __u32 pid, __u64 nr_faults)
{
	struct task_identity id = identity(10, pid, 100, "java", 0);
	struct ledger_counts counts = faults(nr_faults);

	assert_int_equal(feed_task(model, REC_TASK_EXIT, &id, &counts), 0);
}

static void exited(struct model *model, __u64 nr_faults)
{
	struct ledger_counts counts = faults(nr_faults);

	assert_int_equal(feed_account(model, ACCOUNT_EXITED, &counts), 0);
}

/* What process 10 is shown with, and what the machine has, each count with one owner. */
static void expect(const struct model *model, __u64 nr_shown, float rate, __u64 nr_counted)
{
	const struct process *process = model_find_process(model, 10);
	struct ledger_counts total;

	assert_non_null(process);
	process_totals(process, &total);
	assert_int_equal(total.v[FAULTS], nr_shown);
	assert_int_equal(total.v[LEDGER_MAJOR_FAULTS], nr_shown / 10);
	assert_int_equal(process_total(process, FAULTS), nr_shown);
	assert_int_equal(process_total(process, LEDGER_MAJOR_FAULTS), nr_shown / 10);
	assert_true(model_process_rates(model, process)[FAULTS] == rate);
	assert_true(model_process_rates(model, process)[LEDGER_MAJOR_FAULTS] == rate / 10);
	assert_int_equal(model_ledger_total(model, FAULTS), nr_counted);
	assert_int_equal(exported_sum(model, FAULTS), nr_counted);
	assert_int_equal(exported_sum(model, LEDGER_MAJOR_FAULTS), nr_counted / 10);
}

/* They are in no ledger, and are no growth. */
static void test_threads_that_ended_before_the_probes(void **state UNUSED)
{
	struct model *model = model_with(MAX_GROUPS, 100, NULL);

	begin(model, 1);
	thread(model, 10, 50, 1000);
	thread(model, 11, 20, 1000);
	end(model, 1);
	expect(model, 1070, 0, 70);
	begin(model, 2);
	thread(model, 10, 60, 1000);
	thread(model, 11, 20, 1000);
	end(model, 2);
	expect(model, 1080, 10, 80);
	/* A thread that ends is counted once, and its record changes nothing of what is shown. */
	begin(model, 3);
	thread(model, 10, 60, 1030);
	end(model, 3);
	expect(model, 1090, 10, 80);
	thread_exit(model, 11, 30);
	begin(model, 4);
	exited(model, 30);
	thread(model, 10, 60, 1030);
	end(model, 4);
	expect(model, 1090, 0, 90);
	model_free(model);
}

/* Nor are they of a process that comes into the table later, as one of whom there was no room. */
static void test_first_sight_is_no_growth(void **state UNUSED)
{
	struct model *model = model_with(MAX_GROUPS, 100, NULL);

	begin(model, 1);
	task(model, REC_TASK, 1, "init", 0);
	end(model, 1);
	begin(model, 2);
	task(model, REC_TASK, 1, "init", 0);
	thread(model, 10, 50, 1000);
	end(model, 2);
	expect(model, 1050, 0, 50);
	assert_true(find_group(model, "java", "")->rate[FAULTS] <= 50);
	model_free(model);
}

/* The daemon before saw them end, and their group has what they counted. */
static void test_threads_that_ended_before_a_restart(void **state UNUSED)
{
	void *durable = calloc(1, model_durable_size(MAX_GROUPS));
	struct model *model = model_with(MAX_GROUPS, 100, durable);

	begin(model, 1);
	thread(model, 10, 50, 0);
	thread(model, 11, 20, 0);
	end(model, 1);
	thread_exit(model, 11, 20);
	begin(model, 2);
	exited(model, 20);
	thread(model, 10, 50, 20);
	end(model, 2);
	expect(model, 70, 0, 70);
	model_free(model);
	for (__u64 sequence = 1; sequence <= 20; sequence++) {
		if (sequence == 1)
			model = model_with(MAX_GROUPS, 100, durable);
		begin(model, sequence);
		exited(model, 20);
		thread(model, 10, 50, 20);
		end(model, sequence);
		expect(model, 70, 0, 70);
		expect_group(model, "java", "", true, 0); /* the rest it had before its series began */
	}
	begin(model, 21);
	exited(model, 20);
	thread(model, 10, 60, 20);
	end(model, 21);
	expect(model, 80, 10, 80);
	expect_group(model, "java", "", true, 10);
	model_free(model);
	free(durable);
}

/* It found no room in the ring: its name is lost, and its process has its faults. */
static void test_thread_whose_record_was_lost(void **state UNUSED)
{
	struct model *model = model_with(MAX_GROUPS, 100, NULL);

	begin(model, 1);
	thread(model, 10, 50, 0);
	end(model, 1);
	for (__u64 sequence = 2; sequence <= 3; sequence++) {
		begin(model, sequence);
		exited(model, 200);
		thread(model, 10, 50, 200);
		end(model, sequence);
	}
	expect(model, 250, 0, 250);
	expect_group(model, "java", "", true, 0);
	expect_group(model, "[exited]", "other", true, 200);
	model_free(model);
}

/* A thread that ends while the walk goes on, before the walk comes to it or behind its back. */
static void test_thread_that_ends_during_the_walk(void **state UNUSED)
{
	struct model *model = model_with(MAX_GROUPS, 100, NULL);

	begin(model, 1);
	thread(model, 10, 50, 100);
	thread(model, 11, 20, 100);
	thread(model, 12, 30, 100);
	end(model, 1);
	expect(model, 200, 0, 100);
	begin(model, 2);
	thread(model, 10, 50, 100);
	thread(model, 12, 30, 120); /* 11 has ended: it is in neither, and what is shown does not step back */
	end(model, 2);
	expect(model, 200, 0, 100);
	begin(model, 3);
	thread(model, 12, 40, 120); /* with a number below the leader's, and has ended when that is read */
	thread(model, 10, 50, 160);
	end(model, 3);
	expect(model, 210, 10, 100);
	begin(model, 4);
	thread(model, 10, 50, 160);
	end(model, 4);
	expect(model, 210, 0, 100);
	model_free(model);
}

/* What it adds to the sum just before it leaves the list is not shown twice; its ledger has it as before. */
static void test_thread_that_is_in_the_sum_and_in_the_list(void **state UNUSED)
{
	struct model *model = model_with(MAX_GROUPS, 100, NULL);

	begin(model, 1);
	thread(model, 10, 50, 100);
	thread(model, 11, 20, 100);
	end(model, 1);
	expect(model, 170, 0, 70);
	begin(model, 2);
	thread(model, 10, 60, 130);
	thread_with(model, 11, 30, 130, TASK_IS_DEAD);
	end(model, 2);
	expect(model, 190, 20, 90);
	/* Or it is not yet in the sum: what is shown does not step back. */
	begin(model, 3);
	thread_with(model, 10, 60, 130, TASK_IS_DEAD);
	end(model, 3);
	expect(model, 190, 0, 90);
	model_free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_threads_that_ended_before_the_probes),
		cmocka_unit_test(test_first_sight_is_no_growth),
		cmocka_unit_test(test_threads_that_ended_before_a_restart),
		cmocka_unit_test(test_thread_whose_record_was_lost),
		cmocka_unit_test(test_thread_that_ends_during_the_walk),
		cmocka_unit_test(test_thread_that_is_in_the_sum_and_in_the_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
