/* SPDX-License-Identifier: GPL-2.0-or-later */
/* OOM kills: a real one, of a child in a memory cgroup that is too small for it. */
#include <fcntl.h>
#include <sys/stat.h>

#include "tasks.h"

#define HOSTILE "\x1b[31m\"\n\\\xff}"
#define LIMIT_BYTES (16u << 20)
#define WANTED_BYTES (64u << 20)
#define SCORE_ADJUSTMENT 321

/* A memory cgroup of version 2 or 1, wherever it is mounted by custom. */
static const struct {
	const char *root, *limit;
} hierarchies[] = {
	{ "/sys/fs/cgroup", "memory.max" },
	{ "/sys/fs/cgroup/memory", "memory.limit_in_bytes" },
};

static bool write_number(const char *where, const char *name, long long number)
{
	char path[256], text[32];
	int len = snprintf(text, sizeof(text), "%lld", number);
	_cleanup_close_ int fd = -1;

	snprintf(path, sizeof(path), "%s/%s", where, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd >= 0 && write(fd, text, (size_t)len) == len;
}

static char folder[128]; /* of the cgroup that is too small */

/* Makes the cgroup; false where this is not possible. To be removed by rmdir(). */
static bool make_cgroup(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(hierarchies); i++) {
		snprintf(folder, sizeof(folder), "%s/memoir-test-%d", hierarchies[i].root, getpid());
		if (mkdir(folder, 0700) < 0)
			continue;
		if (write_number(folder, hierarchies[i].limit, LIMIT_BYTES))
			return true;
		rmdir(folder);
	}
	return false;
}

/* Does not return: it is killed, or exits when it was not. */
static void eat(void)
{
	volatile char *memory = mmap(NULL, WANTED_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				     -1, 0);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, HOSTILE);
	/* Locked as it is touched, so that it is not swapped out instead. */
	if (memory == MAP_FAILED || !write_number(folder, "cgroup.procs", getpid()) ||
	    !write_number("/proc/self", "oom_score_adj", SCORE_ADJUSTMENT) ||
	    mlockall(MCL_FUTURE | MCL_CURRENT | MCL_ONFAULT) < 0)
		_exit(1);
	for (size_t i = 0; i < WANTED_BYTES; i += 4096)
		memory[i] = 1;
	_exit(0);
}

static const struct rec_oom_kill *find_kill(const struct lab *lab, pid_t victim)
{
	for (__u32 i = 0; i < lab->nr_records; i++)
		if (lab->records[i].h.kind == REC_OOM_KILL &&
		    lab->records[i].oom_kill.victim_pid == (__u32)victim)
			return &lab->records[i].oom_kill;
	return NULL;
}

static void test_victim_is_recorded(void **state)
{
	struct lab *lab = *state;
	char name[MEMOIR_COMM_LEN] = HOSTILE;
	__u64 before_ns = now_ns(CLOCK_BOOTTIME);
	const struct rec_oom_kill *record;
	int status;
	pid_t pid;

	ATTACH(lab, oom_victim);
	pid = fork();
	if (pid == 0)
		eat();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);

	lab_drain(lab);
	lab_read(lab);
	assert_int_equal(lab_cell(lab, METRIC_OOM_KILLS, 0, 0, 0), lab->nr_records);
	record = find_kill(lab, pid);
	assert_non_null(record);
	assert_int_equal(record->h.size, sizeof(*record));
	assert_in_range(record->h.time_ns, before_ns, now_ns(CLOCK_BOOTTIME));
	/* The victim asked for the memory itself. */
	assert_int_equal(record->id.pid, pid);
	assert_int_equal(record->id.tgid, pid);
	assert_memory_equal(record->id.comm, name, strlen(name) + 1);
	if (!record->total_vm_kb)
		return; /* this kernel says no more than who it was */
	assert_memory_equal(record->victim_comm, name, sizeof(name));
	assert_int_equal(record->oom_score_adj, SCORE_ADJUSTMENT);
	assert_in_range(record->total_vm_kb, WANTED_BYTES / 1024, 1024 * 1024);
	assert_in_range(record->anon_rss_kb, LIMIT_BYTES / 1024 / 2, LIMIT_BYTES / 1024 * 2);
	assert_true(record->file_rss_kb < record->total_vm_kb);
	assert_true(record->shmem_rss_kb < LIMIT_BYTES / 1024);
	assert_in_range(record->pgtables_kb, 4, 4096);
}

static const struct CMUnitTest tests[] = {
	LAB_TEST(test_victim_is_recorded),
};

int main(void)
{
	const char *why_not = lab_why_not();
	int nr_failed;

	if (!why_not && !make_cgroup())
		why_not = "no memory cgroup with a limit can be made here";
	if (why_not) {
		puts(why_not);
		return EXIT_SKIPPED;
	}
	nr_failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(folder);
	return nr_failed;
}
