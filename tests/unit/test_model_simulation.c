/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The model against a simulated kernel: processes and threads are born, work, change their name
 * and cgroup, leave the task list, are freed later, and may lose their exit record; daemons are
 * killed at any moment and go on from the durable state. Whatever happens, no exported counter
 * falls, nothing is exported that was not counted, and when the machine is quiet every sum is exact.
 */
#include "simulated_kernel.h"

/* --- the daemon ------------------------------------------------------------------------------- */

static void sim_start(struct sim *sim)
{
	sim->model = model_with(sim->options.max_groups, sim->options.max_processes, sim->durable);
	for (__u32 unit = 1; unit < NR_UNITS; unit++) {
		char name[REC_NAME_LEN];

		snprintf(name, sizeof(name), "unit%u.service", unit);
		assert_int_equal(feed_cgroup(sim->model, unit, name), 0);
	}
}

static bool sim_may_die(struct sim *sim)
{
	if (!sim->options.restarts || sim_random(sim, 60))
		return false;
	model_free(sim->model);
	sim->nr_restarts++;
	sim_run(sim, sim_random(sim, 300));
	sim_start(sim);
	return true;
}

static void sim_drain(struct sim *sim)
{
	for (__u32 i = 0; i < sim->nr_ring; i++)
		assert_int_equal(feed(sim->model, &sim->ring[i]), 0);
	sim->nr_ring = 0;
}

/* Returns false where the daemon died before the snapshot was complete. */
static bool sim_snapshot(struct sim *sim, bool is_quiet)
{
	__u32 busy = is_quiet ? 0 : 5;

	sim->time_ns += NSEC_PER_SEC;
	sim_drain(sim);
	if (!is_quiet && sim_may_die(sim))
		return false;
	sim_run(sim, busy);
	assert_int_equal(feed_begin(sim->model, ++sim->sequence, sim->time_ns), 0);
	for (__u32 account = 0; account < NR_ACCOUNTS; account++)
		assert_int_equal(feed_account(sim->model, account, &sim->accounts[account]), 0);
	sim_run(sim, busy);
	for (__u32 i = 0; i < MAX_TASKS; i++) {
		const struct sim_task *task = &sim->tasks[i];

		if (task->state == TASK_LIVING)
			assert_int_equal(feed_task_of(sim->model, &task->id, &task->counts,
						      task->ended_faults),
					 0);
	}
	if (!is_quiet && sim_may_die(sim))
		return false;
	if (!is_quiet && !sim_random(sim, 40)) /* the collector gave up on this one */
		return false;
	assert_int_equal(feed_end(sim->model, sim->time_ns, is_quiet), 0);
	return true;
}

/* --- what must hold --------------------------------------------------------------------------- */

static const struct sim_series *sim_find_series(const struct sim *sim, const struct group *group)
{
	for (__u32 i = 0; i < sim->nr_series; i++) {
		if (!strcmp(sim->series[i].comm, group->comm) && !strcmp(sim->series[i].unit, group->unit))
			return &sim->series[i];
	}
	return NULL;
}

static struct sim_series sim_next_series(const struct sim_series *before, const struct group *group)
{
	struct sim_series series = before ? *before : (struct sim_series){ 0 };

	for (__u32 row = 0; row < NR_LEDGER; row++) {
		if (ledger_rows[row].type != COUNTER)
			continue;
		assert_true(group->total.v[row] >= series.total.v[row]);
		assert_true(group->rate[row] >= 0);
	}
	memcpy(series.comm, group->comm, sizeof(series.comm));
	memcpy(series.unit, group->unit, sizeof(series.unit));
	series.total = group->total;
	return series;
}

static void sim_check_monotonic(struct sim *sim)
{
	struct sim_series now[MAX_SERIES];
	__u32 nr = 0, nr_found = 0;

	for (__u32 i = 0; i < model_nr_groups(sim->model); i++) {
		const struct group *group = model_group(sim->model, i);
		const struct sim_series *before = sim_find_series(sim, group);

		if (!group->is_exported)
			continue;
		assert_true(nr < sim->options.max_groups + 4);
		nr_found += before != NULL;
		now[nr++] = sim_next_series(before, group);
	}
	sim->nr_evictions += sim->nr_series - nr_found;
	memcpy(sim->series, now, sizeof(now));
	sim->nr_series = nr;
}

/* Everything that tasks of this name have counted, where no task changes its name. */
static struct ledger_counts sim_named_truth(const struct sim *sim, __u32 comm, __u32 unit)
{
	struct ledger_counts truth = sim->freed[comm][unit];
	char name[MEMOIR_COMM_LEN];

	snprintf(name, sizeof(name), "comm%u", comm);
	for (__u32 i = 0; i < MAX_TASKS; i++) {
		const struct sim_task *task = &sim->tasks[i];

		if (task->state == TASK_NONE || task->id.cgroup_id != unit || strcmp(task->id.comm, name))
			continue;
		for (__u32 row = 0; row < NR_LEDGER; row++)
			truth.v[row] += task->counts.v[row];
	}
	return truth;
}

/* What a group grew by while it was exported is what its tasks did, to the last count. */
static void sim_check_names(struct sim *sim)
{
	for (__u32 i = 0; i < sim->nr_series; i++) {
		struct sim_series *series = &sim->series[i];
		struct ledger_counts truth;
		__u32 comm, unit = 0;

		if (sscanf(series->comm, "comm%u", &comm) != 1)
			continue;
		sscanf(series->unit, "unit%u", &unit);
		truth = sim_named_truth(sim, comm, unit);
		for (__u32 row = 0; series->was_quiet && row < NR_LEDGER; row++) {
			if (ledger_rows[row].type == COUNTER)
				assert_int_equal(series->total.v[row] - series->quiet_total.v[row],
						 truth.v[row] - series->quiet_truth.v[row]);
		}
		sim->nr_named += series->was_quiet;
		series->was_quiet = true;
		series->quiet_total = series->total;
		series->quiet_truth = truth;
	}
}

static void sim_check_sums(const struct sim *sim, bool is_quiet)
{
	for (__u32 row = 0; row < NR_LEDGER; row++) {
		__u64 sum = exported_sum(sim->model, row);

		if (ledger_rows[row].type == GAUGE) {
			assert_int_equal(sum, model_ledger_total(sim->model, row));
			continue;
		}
		assert_true(model_ledger_total(sim->model, row) <= sim_truth(sim, row));
		assert_true(sum <= sim_truth(sim, row));
		if (is_quiet) {
			assert_int_equal(model_ledger_total(sim->model, row), sim_truth(sim, row));
			assert_int_equal(sum, sim_truth(sim, row));
		}
	}
}

/* The faults of a process are the kernel's, whatever became of its threads and their records. */
static void sim_check_faults(const struct sim *sim, const struct process *process)
{
	__u64 truth[NR_FAULT_KINDS];
	bool is_first = true;

	for (__u32 i = 0; i < MAX_TASKS; i++) {
		const struct sim_task *task = &sim->tasks[i];

		if (task->state != TASK_LIVING || task->id.tgid != process->tgid ||
		    task->id.start_ns != process->start_ns)
			continue;
		if (is_first)
			memcpy(truth, task->ended_faults, sizeof(truth));
		is_first = false;
		for (int kind = 0; kind < NR_FAULT_KINDS; kind++)
			truth[kind] += task->counts.v[kind];
	}
	assert_false(is_first);
	for (__u32 row = 0; row < NR_FAULT_KINDS; row++)
		assert_int_equal(process_total(process, row), truth[row]);
}

static void sim_check_processes(const struct sim *sim)
{
	for (__u32 i = 0; i < model_nr_processes(sim->model); i++) {
		const struct process *process = model_process(sim->model, i);

		assert_int_equal(process->seen, sim->sequence);
		assert_true(process->group < model_nr_groups(sim->model));
		assert_true(process->nr_threads > 0);
		sim_check_faults(sim, process);
		assert_string_equal(model_group(sim->model, process->group)->comm, process->comm);
	}
}

static bool sim_keeps_names(const struct sim_options *options)
{
	return !options->renames && !options->loses_records && !options->restarts &&
	       options->max_groups >= NR_COMMS * NR_UNITS;
}

static void simulate(struct sim_options options)
{
	struct sim *sim = calloc(1, sizeof(*sim));

	assert_non_null(sim);
	sim->options = options;
	sim->random = 88172645463325252ULL + options.seed;
	sim->time_ns = 1000 * NSEC_PER_SEC;
	sim->durable = calloc(1, model_durable_size(options.max_groups));
	assert_non_null(sim->durable);
	sim_start(sim);
	for (__u32 i = 0; i < options.nr_snapshots; i++) {
		sim_run(sim, sim_random(sim, 200));
		sim_grace(sim, 4 * NSEC_PER_SEC);
		if (!sim_snapshot(sim, false))
			continue;
		sim_check_monotonic(sim);
		sim_check_sums(sim, false);
		if (options.max_processes >= MAX_TASKS)
			sim_check_processes(sim);
		if (i % 25)
			continue;
		sim_grace(sim, 0);
		for (int quiet = 0; quiet < 3; quiet++)
			assert_true(sim_snapshot(sim, true));
		sim_check_monotonic(sim);
		sim_check_sums(sim, true);
		if (sim_keeps_names(&options))
			sim_check_names(sim);
	}
	assert_true(!sim_keeps_names(&options) || sim->nr_named > 100);
	assert_true(options.max_groups >= NR_COMMS * NR_UNITS || sim->nr_evictions > 0);
	assert_true(!options.loses_records || sim->nr_lost > 0);
	assert_true(!options.restarts || sim->nr_restarts > 0);
	model_free(sim->model);
	free(sim->durable);
	free(sim);
}

static void test_names(void **state UNUSED)
{
	simulate((struct sim_options){
		.seed = 11, .nr_snapshots = 2000, .max_processes = 1000, .max_groups = NR_COMMS * NR_UNITS });
}

static void test_churn(void **state UNUSED)
{
	simulate((struct sim_options){
		.seed = 1, .nr_snapshots = 3000, .max_groups = 8, .max_processes = 1000 });
}

static void test_renames(void **state UNUSED)
{
	simulate((struct sim_options){
		.seed = 2, .nr_snapshots = 3000, .max_groups = 8, .max_processes = 1000, .renames = true });
}

static void test_lost_records(void **state UNUSED)
{
	simulate((struct sim_options){ .seed = 3,
				       .nr_snapshots = 3000,
				       .max_groups = 8,
				       .max_processes = 1000,
				       .renames = true,
				       .loses_records = true });
}

static void test_restarts(void **state UNUSED)
{
	simulate((struct sim_options){
		.seed = 4, .nr_snapshots = 3000, .max_groups = 8, .max_processes = 1000, .restarts = true });
}

static void test_everything(void **state UNUSED)
{
	for (__u32 seed = 5; seed < 9; seed++)
		simulate((struct sim_options){ .seed = seed,
					       .nr_snapshots = 2000,
					       .max_groups = seed,
					       .max_processes = 1000,
					       .restarts = true,
					       .renames = true,
					       .loses_records = true });
}

static void test_full_table(void **state UNUSED)
{
	simulate((struct sim_options){
		.seed = 10, .nr_snapshots = 3000, .max_groups = 8, .max_processes = 30 });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),      cmocka_unit_test(test_churn),
		cmocka_unit_test(test_renames),    cmocka_unit_test(test_lost_records),
		cmocka_unit_test(test_restarts),   cmocka_unit_test(test_everything),
		cmocka_unit_test(test_full_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
