/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of living and dying tasks share: the programs attached for real, children that do a
 * known amount of work and die when told, and the records about them. The programs see every task of the
 * machine; so what is asserted is about the test's own, or holds for all.
 */
#ifndef MEMOIR_TESTS_BPF_TASKS_H
#define MEMOIR_TESTS_BPF_TASKS_H

#include <linux/membarrier.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "book.h"

#define GFP_KERNEL 0xcc0
#define MAX_TRIES 2000 /* of what the kernel does after a grace period of RCU; each try waits for one */

#define ATTACH(lab, program)                                                                          \
	do {                                                                                          \
		(lab)->skeleton->links.program = bpf_program__attach((lab)->skeleton->progs.program); \
		assert_non_null((lab)->skeleton->links.program);                                      \
	} while (0)

/* Fork, exit and free, in the order in which the daemon attaches them. */
static inline void attach_life_of_tasks(struct lab *lab)
{
	ATTACH(lab, task_fork);
	ATTACH(lab, task_exit);
	ATTACH(lab, task_free);
}

/* A task is freed some grace period after it was reaped. */
static inline void wait_for_grace_period(void)
{
	assert_int_equal(syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0), 0);
}

/* --- children --------------------------------------------------------------------------------- */

struct child {
	pid_t pid;
	int ready, go; /* pipes: it has done its work; it may exit */
};

/* Takes the name (up to 15 bytes), touches so many pages, and is charged with so many allocated pages. */
static inline void child_work(struct lab *lab, const char *name, size_t nr_touched, __u32 nr_allocated)
{
	volatile char *pages = mmap(NULL, (nr_touched + 1) << 12, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (pages == MAP_FAILED || prctl(PR_SET_NAME, name) < 0 ||
	    madvise((void *)pages, nr_touched << 12, MADV_NOHUGEPAGE) < 0)
		_exit(1);
	for (size_t i = 0; i < nr_touched; i++)
		pages[i << 12] = 1;
	for (__u32 i = 0; i < nr_allocated; i++)
		RUN(lab, page_alloc, 1, 0, GFP_KERNEL, 0);
}

static inline bool has_ledger(const struct lab *lab, pid_t pid)
{
	_cleanup_free_ void *ledger = calloc(1, bpf_map__value_size(lab->skeleton->maps.ledgers));
	_cleanup_close_ int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

	assert_non_null(ledger);
	assert_true(pidfd >= 0);
	return bpf_map_lookup_elem(bpf_map__fd(lab->skeleton->maps.ledgers), &pidfd, ledger) == 0;
}

/*
 * Whether the child got its ledger at fork. The kernel refuses it while another task that is at work in
 * any task storage was preempted on this CPU. Then that must have been counted.
 */
static inline bool ledger_was_refused(struct lab *lab, pid_t child)
{
	if (!lab->skeleton->links.task_fork || has_ledger(lab, child))
		return false;
	lab_read(lab);
	assert_true(lab_cell(lab, METRIC_LOST, LOSS_STORAGE_CREATE, 0, 0) > 0);
	return true;
}

/* A child that has done that and waits. Where the fork program is attached, it has a ledger. */
static inline struct child child_start(struct lab *lab, const char *name, size_t nr_touched,
				       __u32 nr_allocated)
{
	int ready[2], go[2];
	struct child child;
	char byte = 0;

	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(go), 0);
	child.pid = fork();
	assert_true(child.pid >= 0);
	if (child.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* where the test fails before it lets this one go */
		child_work(lab, name, nr_touched, nr_allocated);
		if (write(ready[1], &byte, 1) != 1)
			_exit(1);
		_exit(read(go[0], &byte, 1) == 1 ? 0 : 1);
	}
	close(ready[1]);
	close(go[0]);
	child.ready = ready[0];
	child.go = go[1];
	if (!ledger_was_refused(lab, child.pid)) {
		assert_int_equal(read(child.ready, &byte, 1), 1);
		return child;
	}
	close(child.ready);
	close(child.go);
	kill(child.pid, SIGKILL);
	waitpid(child.pid, NULL, 0);
	return child_start(lab, name, nr_touched, nr_allocated);
}

/* Lets it exit and waits until it has; it stays to be reaped. */
static inline void child_let_exit(const struct child *child)
{
	siginfo_t info;

	assert_int_equal(write(child->go, "", 1), 1);
	close(child->go);
	close(child->ready);
	assert_int_equal(waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(info.si_code, CLD_EXITED);
	assert_int_equal(info.si_status, 0);
}

/* Reaps it. What the kernel says that it used. */
static inline struct rusage child_reap(const struct child *child)
{
	struct rusage usage;

	assert_int_equal(wait4(child->pid, NULL, 0, &usage), child->pid);
	return usage;
}

/* --- the records of exits --------------------------------------------------------------------- */

static inline const struct rec_task_exit *find_exit(const struct lab *lab, pid_t pid)
{
	for (__u32 i = 0; i < lab->nr_records; i++)
		if (lab->records[i].h.kind == REC_TASK_EXIT && lab->records[i].task.id.pid == (__u32)pid)
			return &lab->records[i].task;
	return NULL;
}

/*
 * The final ledger of a task that was reaped, once it has arrived, or NULL: a kernel that runs no programs in
 * the context of some tasks hides the ends that fall into it. All other records are kept too.
 */
static inline const struct rec_task_exit *seek_exit(struct lab *lab, pid_t pid)
{
	for (int try = 0; try < MAX_TRIES; try++) {
		lab_drain_more(lab);
		if (find_exit(lab, pid))
			return find_exit(lab, pid);
		wait_for_grace_period();
	}
	return NULL;
}

/* The same for a test that needs this one. */
static inline const struct rec_task_exit *await_exit(struct lab *lab, pid_t pid)
{
	const struct rec_task_exit *record = seek_exit(lab, pid);

	if (!record)
		fail_msg("no record of the exit of task %d", pid);
	return record;
}

/* --- what the kernel says --------------------------------------------------------------------- */

/* Field number (from 1) of /proc/PID/stat, for fields behind the name. */
static inline __u64 stat_field(pid_t pid, int number)
{
	char path[64], line[1024] = "";
	_cleanup_fclose_ FILE *file = NULL;
	char *at;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	assert_non_null(file);
	/* The name may hold anything, newlines and brackets too. */
	assert_true(fread(line, 1, sizeof(line) - 1, file) > 0);
	at = strrchr(line, ')');
	assert_non_null(at);
	for (int i = 2; i < number; i++) {
		at = strchr(at + 1, ' ');
		assert_non_null(at);
	}
	return strtoull(at, NULL, 10);
}

#define STAT_MIN_FLT 10
#define STAT_THREADS 20
#define STAT_START_TIME 22

/* A time since boot in the unit of /proc/PID/stat. */
static inline __u64 to_ticks(__u64 ns)
{
	return ns / (NSEC_PER_SEC / (__u64)sysconf(_SC_CLK_TCK));
}

#endif
