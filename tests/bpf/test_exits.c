/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of a task: its final ledger, its name, the account of those who are gone, and that the counts of
 * tasks balance. */
#include <pthread.h>

#include "tasks.h"

/* Escape sequence, quotes, newline, backslash, and bytes that are no UTF-8. */
#define HOSTILE "\x1b]0;\"\n\\\xff\xc0'%{}\t"

static void test_final_ledger_arrives_whole(void **state)
{
	struct lab *lab = *state;
	char name[MEMOIR_COMM_LEN] = HOSTILE;
	struct ledger_counts expected = { 0 };
	const struct rec_task_exit *record;
	struct rusage usage;
	struct child child;
	__u64 start_ticks;

	attach_life_of_tasks(lab);
	child = child_start(lab, HOSTILE, 300, 77);
	child_let_exit(&child);
	start_ticks = stat_field(child.pid, STAT_START_TIME);
	usage = child_reap(&child);
	record = await_exit(lab, child.pid);

	assert_int_equal(record->h.size, sizeof(*record));
	assert_int_equal(record->id.tgid, child.pid);
	assert_int_equal(record->id.flags, TASK_IS_LEADER);
	assert_memory_equal(record->id.comm, name, sizeof(name));
	assert_int_equal(to_ticks(record->id.start_ns), start_ticks);
	assert_in_range(record->h.time_ns, record->id.start_ns, now_ns(CLOCK_BOOTTIME));
	assert_true(usage.ru_minflt >= 300);
	expected.v[LEDGER_MINOR_FAULTS] = (__u64)usage.ru_minflt;
	expected.v[LEDGER_MAJOR_FAULTS] = (__u64)usage.ru_majflt;
	expected.v[LEDGER_ALLOCATED] = 77;
	assert_int_equal(lab_compare_counts("the child", &record->counts, &expected), 0);
}

/* Whether the end of a task that allocated nr pages was seen. */
static bool short_life_is_seen(struct lab *lab, __u32 nr)
{
	struct child child = child_start(lab, "short", 10 * nr, nr);

	child_let_exit(&child);
	child_reap(&child);
	return seek_exit(lab, child.pid);
}

/* The records of all tasks that went, and only they, make up the account. For a hidden one another goes. */
static void test_account_is_the_sum_of_final_ledgers(void **state)
{
	struct lab *lab = *state;
	struct ledger_counts sum, account;
	int try = 0, nr_hidden = 0;

	attach_life_of_tasks(lab);
	for (__u32 i = 0; i < 20; i++)
		while (!short_life_is_seen(lab, i))
			assert_in_range(++nr_hidden, 1, 3);
	do {
		wait_for_grace_period();
		lab_read_account(lab, ACCOUNT_EXITED, &account);
		lab_drain_more(lab);
		memset(&sum, 0, sizeof(sum));
		for (__u32 i = 0; i < lab->nr_records; i++)
			for (int row = 0; row < NR_LEDGER; row++)
				sum.v[row] += lab->records[i].task.counts.v[row];
	} while (memcmp(&sum, &account, sizeof(sum)) != 0 && ++try < MAX_TRIES);
	assert_int_equal(lab_compare_counts("exited", &account, &sum), 0);
	assert_int_equal(account.v[LEDGER_ALLOCATED], 19 * 20 / 2);
	assert_true(account.v[LEDGER_MINOR_FAULTS] >= 10 * 19 * 20 / 2);
	lab_read(lab);
	assert_int_equal(lab_cell(lab, METRIC_LOST, LOSS_RING_FULL, 0, 0), 0);
}

/* No room for the record: what the task did is kept, and the lost name is counted. */
static void test_full_ring_loses_the_name_only(void **state)
{
	struct lab *lab = *state;
	struct ledger_counts account;
	struct child child;

	for (int i = 0; i < 12000; i++)
		RUN(lab, page_alloc, 0, 0, GFP_KERNEL, 0);
	/* What is left may hold one failure, but no ledger. */
	lab_read(lab);
	assert_true(lab_cell(lab, METRIC_LOST, LOSS_RING_FULL, 0, 0) > 0);
	attach_life_of_tasks(lab);
	child = child_start(lab, "nameless", 50, 33);
	child_let_exit(&child);
	child_reap(&child);
	for (int try = 0; try < MAX_TRIES; try++) {
		lab_read_account(lab, ACCOUNT_EXITED, &account);
		if (account.v[LEDGER_ALLOCATED])
			break;
		wait_for_grace_period();
	}
	wait_for_grace_period(); /* the program that was seen to add has ended */
	assert_int_equal(account.v[LEDGER_ALLOCATED], 33);
	assert_true(account.v[LEDGER_MINOR_FAULTS] >= 50);
	lab_read(lab);
	assert_true(lab_cell(lab, METRIC_LOST, LOSS_EXIT_NAME, 0, 0) > 0);
	lab_drain(lab);
	assert_null(find_exit(lab, child.pid));
}

static void *thread_body(void *name)
{
	prctl(PR_SET_NAME, name);
	return NULL;
}

/* A thread is known by its process: the start, and the name of the leader. */
static void test_thread_is_of_its_process(void **state)
{
	struct lab *lab = *state;
	const struct rec_task_exit *leader;
	__u32 nr_threads = 0;
	pid_t pid;

	attach_life_of_tasks(lab);
	pid = fork();
	if (pid == 0) {
		pthread_t thread;

		prctl(PR_SET_NAME, "leader");
		for (int i = 0; i < 3; i++)
			if (pthread_create(&thread, NULL, thread_body, "follower") ||
			    pthread_join(thread, NULL))
				_exit(1);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	leader = await_exit(lab, pid);
	for (int try = 0; try < MAX_TRIES && nr_threads < 3; try++) {
		lab_drain_more(lab);
		nr_threads = 0;
		for (__u32 i = 0; i < lab->nr_records; i++) {
			const struct task_identity *id = &lab->records[i].task.id;

			if (id->tgid != (__u32)pid || id->pid == (__u32)pid)
				continue;
			nr_threads++;
			assert_int_equal(id->flags, 0);
			assert_string_equal(id->comm, "leader");
			assert_int_equal(id->start_ns, leader->id.start_ns);
		}
		wait_for_grace_period();
	}
	assert_int_equal(nr_threads, 3);
	lab_read(lab);
	assert_true(lab_cell(lab, METRIC_TASKS_STARTED, TASK_THREAD, 0, 0) >= 3);
	assert_true(lab_cell(lab, METRIC_TASKS_EXITED, TASK_THREAD, 0, 0) >= 3);
	assert_true(lab_cell(lab, METRIC_TASKS_REAPED, TASK_THREAD, 0, 0) >= 3);
}

static __u64 all_kinds(const struct lab *lab, enum metric metric)
{
	return lab_cell(lab, metric, TASK_PROCESS, 0, 0) + lab_cell(lab, metric, TASK_THREAD, 0, 0);
}

/* The tasks of the machine that were ever forked. */
static __u64 forks_of_kernel(void)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/stat", "re");
	unsigned long long forks = 0;
	char line[4096];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "processes %llu", &forks) == 1)
			break;
	assert_true(forks > 0);
	return forks;
}

/*
 * How many forks the kernel has counted more than the programs. The kernel counts first, so a fork that is
 * under way on another CPU adds to it for a moment; the least of several readings is without one.
 */
static __u64 kernels_lead(struct lab *lab)
{
	__u64 least = UINT64_MAX;

	for (int nr_good = 0, try = 0; nr_good < 20; try++) {
		__u64 forks = forks_of_kernel(), lead;

		assert_true(try < MAX_TRIES);
		lab_read(lab);
		lead = forks - all_kinds(lab, METRIC_TASKS_STARTED);
		if (forks == forks_of_kernel()) {
			nr_good++;
			least = lead < least ? lead : least;
		}
		wait_for_grace_period();
	}
	return least;
}

/* So many runs the kernel has skipped: since 7.0 a task may be preempted in the program. */
static __u64 nr_skipped(const struct bpf_program *program)
{
	struct bpf_prog_info info = { 0 };
	__u32 size = sizeof(info);

	assert_int_equal(bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size), 0);
	return info.recursion_misses;
}

static void test_started_is_what_the_kernel_forked(void **state)
{
	struct lab *lab = *state;
	__u64 lead, skipped;

	ATTACH(lab, task_fork);
	skipped = nr_skipped(lab->skeleton->progs.task_fork);
	lead = kernels_lead(lab);
	for (int i = 0; i < 200; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
	}
	lead = kernels_lead(lab) - lead;
	skipped = nr_skipped(lab->skeleton->progs.task_fork) - skipped;
	assert_in_range(lead, 0, skipped);
	assert_true(lab_cell(lab, METRIC_TASKS_STARTED, TASK_PROCESS, 0, 0) + skipped >= 200);
}

/* A task that has exited waits to be reaped: seen to exit once, and reaped once, not before it was. */
static void test_reaped_follows_exited(void **state)
{
	struct lab *lab = *state;
	enum { NR = 50 };
	struct child children[NR];
	__u64 exited, reaped;

	attach_life_of_tasks(lab);
	for (int i = 0; i < NR; i++)
		children[i] = child_start(lab, "waits", 0, 0);
	for (int i = 0; i < NR; i++)
		child_let_exit(&children[i]);
	wait_for_grace_period();
	lab_read(lab);
	exited = all_kinds(lab, METRIC_TASKS_EXITED);
	reaped = all_kinds(lab, METRIC_TASKS_REAPED);
	assert_true(exited >= reaped + NR);
	for (int i = 0; i < NR; i++)
		child_reap(&children[i]);
	for (int i = 0; i < NR; i++)
		await_exit(lab, children[i].pid);
	lab_read(lab);
	assert_true(all_kinds(lab, METRIC_TASKS_REAPED) >= reaped + NR);
	assert_true(lab_cell(lab, METRIC_TASKS_REAPED, TASK_PROCESS, 0, 0) >= NR);
	assert_true(all_kinds(lab, METRIC_TASKS_EXITED) >= all_kinds(lab, METRIC_TASKS_REAPED));
}

/* A task that nothing was known of gets its ledger when it exits, so that its last counts have a name. */
static void test_exit_gives_a_ledger(void **state)
{
	struct lab *lab = *state;

	RUN(lab, task_exit, 0);
	expect_cell(lab, METRIC_TASKS_EXITED, TASK_PROCESS, 0, 0, 1);
	lab_verify(lab);
	assert_int_equal(bpf_map_delete_elem(bpf_map__fd(lab->skeleton->maps.ledgers), &lab->pidfd), 0);
	RUN(lab, task_exit, 0);
	expect_cell(lab, METRIC_TASKS_EXITED, TASK_PROCESS, 0, 0, 1);
	lab_verify(lab);
	RUN(lab, page_alloc, 1, 0, GFP_KERNEL, 0);
	expect_cell(lab, METRIC_ALLOCATED, 0, 0, 0, 1);
	expect_ledger(lab, LEDGER_ALLOCATED, 1);
	lab_verify(lab);
}

/* Whoever had gone before the programs looked is not counted: only the program that frees was there. */
static void test_unknown_task_leaves_nothing(void **state)
{
	struct lab *lab = *state;
	struct child unknown, known;
	_cleanup_free_ void *empty = calloc(1, bpf_map__value_size(lab->skeleton->maps.ledgers));
	_cleanup_close_ int pidfd = -1;

	ATTACH(lab, task_free);
	unknown = child_start(lab, "unknown", 10, 0);
	child_let_exit(&unknown);
	child_reap(&unknown);
	/* One that is known, and that goes later, tells when to look. */
	known = child_start(lab, "known", 10, 0);
	pidfd = (int)syscall(SYS_pidfd_open, known.pid, 0);
	assert_non_null(empty);
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(lab->skeleton->maps.ledgers), &pidfd, empty,
					     BPF_ANY),
			 0);
	child_let_exit(&known);
	child_reap(&known);
	assert_string_equal(await_exit(lab, known.pid)->id.comm, "known");
	wait_for_grace_period();
	lab_drain_more(lab);
	assert_null(find_exit(lab, unknown.pid));
	lab_read(lab);
	assert_int_equal(lab_compare_counts("exited", &lab->counted.accounts[ACCOUNT_EXITED],
					    &find_exit(lab, known.pid)->counts),
			 0);
	/* Its exit was not seen, so it is not among those that were seen to exit and to be reaped. */
	assert_int_equal(all_kinds(lab, METRIC_TASKS_REAPED), 0);
}

static const struct CMUnitTest tests[] = {
	LAB_TEST(test_final_ledger_arrives_whole),
	LAB_TEST(test_account_is_the_sum_of_final_ledgers),
	LAB_TEST(test_full_ring_loses_the_name_only),
	LAB_TEST(test_thread_is_of_its_process),
	LAB_TEST(test_started_is_what_the_kernel_forked),
	LAB_TEST(test_reaped_follows_exited),
	LAB_TEST(test_exit_gives_a_ledger),
	LAB_TEST(test_unknown_task_leaves_nothing),
};

LAB_MAIN(tests)
