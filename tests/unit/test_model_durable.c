/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The durable state: what it carries over a restart of the daemon, and that a torn, foreign or damaged one
 * does no harm.
 */
#include "model_groups.h"

/* One snapshot of two processes that did so much; the bank is written. */
static void snapshot(struct model *model, __u64 sequence, __u64 a, __u64 b)
{
	begin(model, sequence);
	task(model, REC_TASK, 1, "alpha", a);
	task(model, REC_TASK, 2, "beta", b);
	end(model, sequence);
}

/* A durable state in which alpha is exported with 50 and beta with 5. */
static void *durable_state(void)
{
	void *durable = calloc(1, model_durable_size(MAX_GROUPS));
	struct model *model;

	assert_non_null(durable);
	model = model_with(MAX_GROUPS, 100, durable);
	snapshot(model, 1, 100, 10);
	snapshot(model, 2, 150, 15);
	model_free(model);
	return durable;
}

static void test_series_go_on_after_a_restart(void **state UNUSED)
{
	void *durable = durable_state();
	struct model *model = model_with(MAX_GROUPS, 100, durable);

	assert_int_equal(model_nr_groups(model), 0);
	snapshot(model, 1, 160, 15);
	expect_group(model, "alpha", "", true, 60);
	expect_group(model, "beta", "", true, 5);
	expect_group(model, "other", "other", true, 110);
	model_free(model);
	free(durable);
}

static void test_process_that_died_while_nobody_looked(void **state UNUSED)
{
	void *durable = durable_state();
	struct model *model = model_with(MAX_GROUPS, 100, durable);

	/* alpha's record waited in the ring buffer, beta's was consumed by the daemon that died. */
	task(model, REC_TASK_EXIT, 1, "alpha", 170);
	for (__u64 sequence = 1; sequence <= 2; sequence++) {
		begin(model, sequence);
		account(model, ACCOUNT_EXITED, 170 + 25);
		end(model, sequence);
	}
	expect_group(model, "alpha", "", true, 70);
	expect_group(model, "beta", "", true, 5);
	expect_group(model, "[exited]", "other", true, 10);
	assert_int_equal(exported_sum(model, FAULTS), 195);
	model_free(model);
	free(durable);
}

/* What the dead daemon knew of an exit is lost; the series stands still, but not for ever. */
static void test_series_move_again(void **state UNUSED)
{
	void *durable = durable_state();
	struct model *model = model_with(MAX_GROUPS, 100, durable);
	struct task_identity id = identity(3, 3, 3, "beta", 0);
	struct ledger_counts counts = { .v = { [FAULTS] = 1 } };

	for (__u64 sequence = 1; sequence <= 20; sequence++) {
		begin(model, sequence);
		account(model, ACCOUNT_EXITED, 15);
		task(model, REC_TASK, 1, "alpha", 150);
		assert_int_equal(feed_task(model, REC_TASK, &id, &counts), 0);
		end(model, sequence);
		expect_group(model, "beta", "", true, 5);
	}
	begin(model, 21);
	account(model, ACCOUNT_EXITED, 15);
	task(model, REC_TASK, 1, "alpha", 150);
	counts.v[FAULTS] = 4;
	assert_int_equal(feed_task(model, REC_TASK, &id, &counts), 0);
	end(model, 21);
	expect_group(model, "beta", "", true, 8);
	expect_group(model, "[exited]", "other", true, 1);
	assert_int_equal(exported_sum(model, FAULTS), 169);
	model_free(model);
	free(durable);
}

/* The counts of threads that a living process has lost are carried over. */
static void test_threads_that_ended_before_a_restart(void **state UNUSED)
{
	void *durable = durable_state();
	struct model *model = model_with(MAX_GROUPS, 100, durable);
	struct task_identity thread = identity(1, 99, 1, "alpha", 0);
	struct ledger_counts counts = { .v = { [FAULTS] = 40 } };

	assert_int_equal(feed_task(model, REC_TASK_EXIT, &thread, &counts), 0);
	begin(model, 1);
	account(model, ACCOUNT_EXITED, 40);
	task(model, REC_TASK, 1, "alpha", 150);
	task(model, REC_TASK, 2, "beta", 15);
	end(model, 1);
	expect_group(model, "alpha", "", true, 90);
	assert_int_equal(feed_task(model, REC_TASK_EXIT, &thread, &counts), 0);
	begin(model, 2);
	account(model, ACCOUNT_EXITED, 80);
	task(model, REC_TASK, 1, "alpha", 150);
	task(model, REC_TASK, 2, "beta", 15);
	end(model, 2);
	expect_group(model, "alpha", "", true, 130);
	model_free(model);
	model = model_with(MAX_GROUPS, 100, durable);
	begin(model, 1);
	account(model, ACCOUNT_EXITED, 80);
	task(model, REC_TASK, 1, "alpha", 153);
	task(model, REC_TASK, 2, "beta", 15);
	end(model, 1);
	expect_group(model, "alpha", "", true, 133);
	model_free(model);
	free(durable);
}

static void test_other_goes_on_after_a_restart(void **state UNUSED)
{
	void *durable = durable_state();
	struct model *model = model_with(MAX_GROUPS, 100, durable);

	begin(model, 1);
	task(model, REC_TASK, 1, "alpha", 150);
	task(model, REC_TASK, 2, "beta", 15);
	task(model, REC_TASK, 3, "gamma", 7);
	end(model, 1);
	expect_group(model, "other", "other", true, 117);
	model_free(model);
	free(durable);
}

/* Killed while it wrote: the bank is new, or half of it, but nothing says so. */
static void test_half_written_bank(void **state UNUSED)
{
	const size_t header = 32, size = model_durable_size(MAX_GROUPS);
	unsigned char *before = durable_state(), *after = durable_state();
	struct model *model = model_with(MAX_GROUPS, 100, after);

	snapshot(model, 1, 900, 900);
	model_free(model);
	for (size_t written = header; written <= size; written += 61) {
		unsigned char *torn = malloc(size);

		assert_non_null(torn);
		memcpy(torn, before, size);
		memcpy(torn + header, after + header, written - header);
		model = model_with(MAX_GROUPS, 100, torn);
		snapshot(model, 1, 160, 15);
		expect_group(model, "alpha", "", true, 60);
		expect_group(model, "beta", "", true, 5);
		model_free(model);
		free(torn);
	}
	free(before);
	free(after);
}

static void expect_afresh(unsigned char *durable, __u32 max_groups)
{
	struct model *model = model_with(max_groups, 100, durable);

	snapshot(model, 1, 160, 15);
	expect_group(model, "alpha", "", true, 0);
	expect_group(model, "other", "other", true, 175);
	snapshot(model, 2, 161, 15);
	expect_group(model, "alpha", "", true, 1);
	model_free(model);
	free(durable);
}

static void test_foreign_state_is_not_used(void **state UNUSED)
{
	unsigned char *durable = durable_state();

	durable[0] ^= 1; /* magic */
	expect_afresh(durable, MAX_GROUPS);
	durable = durable_state();
	durable[8] ^= 1; /* layout */
	expect_afresh(durable, MAX_GROUPS);
	durable = realloc(durable_state(), model_durable_size(MAX_GROUPS + 1));
	assert_non_null(durable);
	expect_afresh(durable, MAX_GROUPS + 1);
}

/* The probes were installed anew, and nobody zeroed the state. */
static void test_state_of_other_probes_is_not_used(void **state UNUSED)
{
	struct rec_machine machine = stream_machine();
	struct model_options options = { .max_groups = MAX_GROUPS, .max_processes = 100, .max_events = 4 };
	struct model *model;

	options.durable = durable_state();
	machine.installed_ns++;
	model = model_new(&options);
	assert_non_null(model);
	assert_int_equal(feed(model, &machine), 0);
	snapshot(model, 1, 160, 15);
	expect_group(model, "alpha", "", true, 0);
	model_free(model);
	free(options.durable);
}

static void test_accounts_went_back(void **state UNUSED)
{
	void *durable = calloc(1, model_durable_size(MAX_GROUPS));
	struct model *model = model_with(MAX_GROUPS, 100, durable);

	begin(model, 1);
	account(model, ACCOUNT_INTERRUPT, 500);
	task(model, REC_TASK, 1, "alpha", 100);
	end(model, 1);
	model_free(model);
	model = model_with(MAX_GROUPS, 100, durable);
	begin(model, 1);
	account(model, ACCOUNT_INTERRUPT, 2);
	task(model, REC_TASK, 1, "alpha", 7);
	end(model, 1);
	expect_group(model, "[interrupt]", "kernel", true, 2);
	assert_int_equal(model_ledger_total(model, FAULTS), 9);
	assert_int_equal(exported_sum(model, FAULTS), 9);
	model_free(model);
	free(durable);
}

/* Writes text over every place in the state that holds these bytes. */
static void patch(unsigned char *durable, const char *from, const char *to, size_t size)
{
	for (size_t at = 0; at + size <= model_durable_size(MAX_GROUPS); at++) {
		if (!memcmp(durable + at, from, size))
			memcpy(durable + at, to, size);
	}
}

static void test_state_with_impossible_names(void **state UNUSED)
{
	static const char *const comms[] = { "alpha", "[exited]", "[interrupt]" };
	static const char *const units[] = { "", "other", "kernel" };

	for (int i = 0; i < 3; i++) {
		unsigned char *durable = durable_state();
		struct group_name {
			char comm[MEMOIR_COMM_LEN], unit[REC_NAME_LEN];
		} from = { "beta", "" }, to = { "", "" };
		struct model *model;

		strcpy(to.comm, comms[i]);
		strcpy(to.unit, units[i]);
		patch(durable, (char *)&from, (char *)&to, sizeof(from));
		model = model_with(MAX_GROUPS, 100, durable);
		snapshot(model, 1, 160, 15);
		for (__u32 g = 0; g < model_nr_groups(model); g++) {
			const struct group *group = model_group(model, g);

			assert_ptr_equal(find_group(model, group->comm, group->unit), group);
		}
		assert_true(find_group(model, "alpha", "")->total.v[FAULTS] >= 50);
		assert_true(exported_sum(model, FAULTS) <= model_ledger_total(model, FAULTS));
		model_free(model);
		free(durable);
	}
}

/* Any bytes behind a right header: no crash, no doubled names. */
static void test_damaged_state(void **state UNUSED)
{
	size_t size = model_durable_size(MAX_GROUPS);
	__u64 random = 1;

	for (int i = 0; i < 300; i++) {
		unsigned char *durable = durable_state();
		struct model *model;

		for (size_t at = 32; at < size; at++) {
			random = random * 6364136223846793005ULL + 1442695040888963407ULL;
			if (random >> 40 < (1 << 24) / 20)
				durable[at] = (unsigned char)(random >> 33);
		}
		model = model_with(MAX_GROUPS, 100, durable);
		snapshot(model, 1, 160, 15);
		for (__u32 g = 0; g < model_nr_groups(model); g++) {
			const struct group *group = model_group(model, g);

			assert_ptr_equal(find_group(model, group->comm, group->unit), group);
		}
		model_free(model);
		free(durable);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_series_go_on_after_a_restart),
		cmocka_unit_test(test_process_that_died_while_nobody_looked),
		cmocka_unit_test(test_series_move_again),
		cmocka_unit_test(test_threads_that_ended_before_a_restart),
		cmocka_unit_test(test_other_goes_on_after_a_restart),
		cmocka_unit_test(test_half_written_bank),
		cmocka_unit_test(test_foreign_state_is_not_used),
		cmocka_unit_test(test_state_of_other_probes_is_not_used),
		cmocka_unit_test(test_accounts_went_back),
		cmocka_unit_test(test_state_with_impossible_names),
		cmocka_unit_test(test_damaged_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
