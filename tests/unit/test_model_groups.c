/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Groups: who belongs to which, and who gets a series of its own. That the sums hold whatever happens is
 * shown by test_model_simulation.c.
 */
#include "model_groups.h"

/* --- names ------------------------------------------------------------------------------------ */

static void test_fixed_owners(void **state UNUSED)
{
	struct model *model = model_with(MAX_GROUPS, 100, NULL);

	for (__u64 sequence = 1; sequence <= 2; sequence++) {
		begin(model, sequence);
		account(model, ACCOUNT_INTERRUPT, 10);
		account(model, ACCOUNT_UNATTRIBUTED, 20);
		account(model, ACCOUNT_EXITED, 30);
		end(model, sequence);
	}
	expect_group(model, "[interrupt]", "kernel", true, 10);
	expect_group(model, "[unattributed]", "kernel", true, 20);
	expect_group(model, "[exited]", "other", true, 30);
	expect_group(model, "other", "other", true, 0);
	assert_int_equal(model_ledger_total(model, FAULTS), 60);
	assert_int_equal(model_account(model, ACCOUNT_EXITED)->v[FAULTS], 30);
	model_free(model);
}

/* An exit that is in the account before its record is read must not be exported twice. */
static void test_exited_waits_for_records(void **state UNUSED)
{
	struct model *model = model_with(MAX_GROUPS, 100, NULL);

	begin(model, 1);
	account(model, ACCOUNT_EXITED, 100);
	end(model, 1);
	expect_group(model, "[exited]", "other", true, 0);
	task(model, REC_TASK_EXIT, 10, "short", 70);
	begin(model, 2);
	account(model, ACCOUNT_EXITED, 100);
	end(model, 2);
	expect_group(model, "[exited]", "other", true, 30);
	assert_int_equal(exported_sum(model, FAULTS), 100);
	model_free(model);
}

static void kthread(struct model *model, __u32 pid, const char *comm)
{
	struct task_identity id = identity(pid, pid, pid, comm, 0);
	struct ledger_counts counts = { 0 };

	id.flags |= TASK_IS_KTHREAD;
	assert_int_equal(feed_task(model, REC_TASK, &id, &counts), 0);
}

static void test_kernel_threads(void **state UNUSED)
{
	struct model *model = model_with(MAX_GROUPS, 100, NULL);

	begin(model, 1);
	kthread(model, 5, "kworker/0:1");
	kthread(model, 6, "kworker/u8:3");
	kthread(model, 7, "kswapd0");
	kthread(model, 8, "[interrupt]");
	end(model, 1);
	assert_int_equal(find_group(model, "kworker", "kernel")->nr_processes, 2);
	assert_int_equal(find_group(model, "kswapd0", "kernel")->nr_processes, 1);
	assert_int_equal(find_group(model, "[interrupt]", "/kernel")->nr_processes, 1);
	assert_true(model_find_process(model, 5)->is_kthread);
	model_free(model);
}

static void test_reserved_names(void **state UNUSED)
{
	static const char *const units[] = { "other", "kernel" };
	static const char *const comms[] = { "other", "[exited]" };
	struct model *model = model_with(MAX_GROUPS, 100, NULL);

	begin(model, 1);
	for (__u32 i = 0; i < 2; i++) {
		struct task_identity id = identity(10 + i, 10 + i, 1, comms[i], 70 + i);
		struct ledger_counts counts = { .v = { [FAULTS] = 10 } };

		assert_int_equal(feed_cgroup(model, 70 + i, units[i]), 0);
		assert_int_equal(feed_task(model, REC_TASK, &id, &counts), 0);
	}
	end(model, 1);
	assert_int_equal(find_group(model, "other", "other")->nr_processes, 0);
	assert_int_equal(find_group(model, "other", "/other")->nr_processes, 1);
	assert_int_equal(find_group(model, "[exited]", "/kernel")->nr_processes, 1);
	for (__u32 i = 0; i < model_nr_groups(model); i++) {
		const struct group *group = model_group(model, i);

		assert_ptr_equal(find_group(model, group->comm, group->unit), group);
	}
	model_free(model);
}

/* The unit becomes known after the process was first seen: it moves, and no series sees a step. */
static void test_process_moves_with_its_counts(void **state UNUSED)
{
	struct model *model = model_with(8, 100, NULL);
	struct task_identity id = identity(10, 10, 10, "server", 7);
	struct ledger_counts counts = { .v = { [FAULTS] = 100 } };

	begin(model, 1);
	assert_int_equal(feed_task(model, REC_TASK, &id, &counts), 0);
	end(model, 1);
	begin(model, 2);
	counts.v[FAULTS] = 150;
	assert_int_equal(feed_task(model, REC_TASK, &id, &counts), 0);
	end(model, 2);
	expect_group(model, "server", "", true, 50);
	assert_int_equal(feed_cgroup(model, 7, "web.service"), 0);
	for (__u64 sequence = 3; sequence <= 4; sequence++) {
		begin(model, sequence);
		counts.v[FAULTS] += 10;
		assert_int_equal(feed_task(model, REC_TASK, &id, &counts), 0);
		end(model, sequence);
	}
	expect_group(model, "server", "", true, 50);
	expect_group(model, "server", "web.service", true, 20); /* what it did since it has that unit */
	expect_group(model, "other", "other", true, 100);
	assert_int_equal(exported_sum(model, FAULTS), 170);
	model_free(model);
}

/* --- admission -------------------------------------------------------------------------------- */

static void test_series_begin_at_zero(void **state UNUSED)
{
	struct model *model = model_with(MAX_GROUPS, 100, NULL);

	begin(model, 1);
	task(model, REC_TASK, 1, "busy", 1000);
	task(model, REC_TASK, 2, "busier", 2000);
	task(model, REC_TASK, 3, "calm", 10);
	end(model, 1);
	expect_group(model, "busy", "", true, 0);
	expect_group(model, "busier", "", true, 0);
	expect_group(model, "calm", "", false, 10);
	expect_group(model, "other", "other", true, 3010);
	assert_int_equal(find_group(model, "other", "other")->nr_processes, 1);
	assert_int_equal(find_group(model, "other", "other")->total.v[LEDGER_RSS_ANON], 8);
	begin(model, 2);
	task(model, REC_TASK, 1, "busy", 1005);
	task(model, REC_TASK, 2, "busier", 2000);
	task(model, REC_TASK, 3, "calm", 11);
	end(model, 2);
	expect_group(model, "busy", "", true, 5);
	expect_group(model, "other", "other", true, 3011);
	assert_true(find_group(model, "busy", "")->rate[FAULTS] == 5.0f);
	assert_true(find_group(model, "calm", "")->rate[FAULTS] == 1.0f);
	model_free(model);
}

/* While slots are free, nobody has to be seen twice to be counted by name. */
static void test_newcomers_count_by_name_at_once(void **state UNUSED)
{
	struct model *model = model_with(MAX_GROUPS, 100, NULL);

	task(model, REC_TASK_EXIT, 4, "fleeting", 10);
	begin(model, 1);
	task(model, REC_TASK, 1, "init", 1000);
	account(model, ACCOUNT_EXITED, 10);
	end(model, 1);
	expect_group(model, "fleeting", "", true, 10);
	task(model, REC_TASK_EXIT, 5, "fleeting", 30);
	begin(model, 2);
	task(model, REC_TASK, 1, "init", 1000);
	task(model, REC_TASK, 9, "late", 7);
	account(model, ACCOUNT_EXITED, 40);
	end(model, 2);
	expect_group(model, "fleeting", "", true, 40);
	expect_group(model, "late", "", false, 7); /* init and fleeting have the slots */
	expect_group(model, "other", "other", true, 1007);
	assert_int_equal(exported_sum(model, FAULTS), 1047);
	model_free(model);
}

/* However far apart snapshots are: what a process was seen with counts once, its record may come later. */
static void test_exit_between_distant_snapshots(void **state UNUSED)
{
	struct model *model = model_with(MAX_GROUPS, 100, NULL);

	begin(model, 1);
	task(model, REC_TASK, 1, "worker", 1000);
	end(model, 1);
	begin(model, 31);
	end(model, 31);
	expect_group(model, "worker", "", true, 0); /* a series begins at zero */
	task(model, REC_TASK_EXIT, 1, "worker", 1005);
	begin(model, 61);
	account(model, ACCOUNT_EXITED, 1005);
	end(model, 61);
	expect_group(model, "worker", "", true, 5);
	assert_int_equal(exported_sum(model, FAULTS), 1005);
	model_free(model);
}

static void test_exited_counts_stay_in_their_group(void **state UNUSED)
{
	struct model *model = model_with(MAX_GROUPS, 100, NULL);

	begin(model, 1);
	task(model, REC_TASK, 1, "make", 100);
	end(model, 1);
	task(model, REC_TASK_EXIT, 1, "make", 130);
	task(model, REC_TASK_EXIT, 2, "make", 50); /* too short to be seen */
	begin(model, 2);
	account(model, ACCOUNT_EXITED, 180);
	end(model, 2);
	expect_group(model, "make", "", true, 80);
	assert_int_equal(find_group(model, "make", "")->nr_processes, 0);
	assert_int_equal(exported_sum(model, FAULTS), 180);
	model_free(model);
}

static void test_lost_name_stays_with_the_group_it_was_seen_in(void **state UNUSED)
{
	struct model *model = model_with(MAX_GROUPS, 100, NULL);

	begin(model, 1);
	task(model, REC_TASK, 1, "make", 100);
	end(model, 1);
	begin(model, 2);
	task(model, REC_TASK, 1, "make", 120);
	end(model, 2);
	for (__u64 sequence = 3; sequence < 20; sequence++) { /* it ends with 150, and nobody tells */
		begin(model, sequence);
		account(model, ACCOUNT_EXITED, 150);
		end(model, sequence);
		expect_group(model, "make", "", true, 20);
	}
	expect_group(model, "[exited]", "other", true, 30);
	assert_int_equal(exported_sum(model, FAULTS), 150);
	model_free(model);
}

/* Two groups hold both slots; a third becomes much more active than the weaker one. */
static void feed_rivals(struct model *model, __u64 sequence, __u64 *strong)
{
	begin(model, sequence);
	task(model, REC_TASK, 1, "first", 10000 * sequence);
	task(model, REC_TASK, 2, "second", 1000 * sequence);
	task(model, REC_TASK, 3, "third", *strong += sequence > 3 ? 5000 : 0);
	end(model, sequence);
}

static void test_replacement(void **state UNUSED)
{
	struct model *model = model_with(MAX_GROUPS, 100, NULL);
	__u64 sequence, strong = 0, other;

	for (sequence = 1; !find_group(model, "third", "") || sequence < 5; sequence++)
		feed_rivals(model, sequence, &strong);
	expect_group(model, "third", "", false, strong);
	for (; !find_group(model, "third", "")->is_exported && sequence < 20; sequence++)
		feed_rivals(model, sequence, &strong);
	assert_true(sequence > 6); /* not at once */
	expect_group(model, "third", "", true, 0);
	expect_group(model, "second", "", false, 1000 * (sequence - 1));
	assert_true(model_retired(model)->v[FAULTS] > 0);
	other = find_group(model, "other", "other")->total.v[FAULTS];
	feed_rivals(model, sequence, &strong);
	expect_group(model, "third", "", true, 5000);
	expect_group(model, "other", "other", true, other + 1000);
	assert_int_equal(exported_sum(model, FAULTS), model_ledger_total(model, FAULTS));
	model_free(model);
}

static void test_known_groups_are_bounded(void **state UNUSED)
{
	struct model *model = model_with(MAX_GROUPS, 100, NULL);
	char comm[MEMOIR_COMM_LEN];

	for (__u32 i = 0; i < 20000; i++) {
		snprintf(comm, sizeof(comm), "fork%u", i);
		task(model, REC_TASK_EXIT, 1000 + i, comm, 100);
	}
	begin(model, 1);
	account(model, ACCOUNT_EXITED, 2000000);
	end(model, 1);
	assert_true(model_nr_groups(model) <= 4096 + MAX_GROUPS + 4);
	expect_group(model, "other", "other", true, 2000000 - MAX_GROUPS * 100);
	for (__u64 sequence = 2; sequence < 30; sequence++) {
		begin(model, sequence);
		account(model, ACCOUNT_EXITED, 2000000);
		end(model, sequence);
	}
	assert_int_equal(model_nr_groups(model), MAX_GROUPS + 4);
	assert_int_equal(exported_sum(model, FAULTS), 2000000);
	model_free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fixed_owners),
		cmocka_unit_test(test_exited_waits_for_records),
		cmocka_unit_test(test_kernel_threads),
		cmocka_unit_test(test_reserved_names),
		cmocka_unit_test(test_process_moves_with_its_counts),
		cmocka_unit_test(test_series_begin_at_zero),
		cmocka_unit_test(test_newcomers_count_by_name_at_once),
		cmocka_unit_test(test_exited_counts_stay_in_their_group),
		cmocka_unit_test(test_exit_between_distant_snapshots),
		cmocka_unit_test(test_lost_name_stays_with_the_group_it_was_seen_in),
		cmocka_unit_test(test_replacement),
		cmocka_unit_test(test_known_groups_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
