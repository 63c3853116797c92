/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The iterator over all tasks: who is in it, what it says of each, and that it gives ledgers to those
 * without. */
#include <fcntl.h>
#include <pthread.h>

#include "tasks.h"

#define MAX_TASKS 65536
#define MIB (1u << 20)

struct snapshot {
	struct rec_task *tasks;
	__u32 nr;
};

/* Runs the iterator to its end. */
static struct snapshot take_snapshot(struct lab *lab)
{
	struct snapshot snapshot = { calloc(MAX_TASKS, sizeof(struct rec_task)), 0 };
	_cleanup_close_ int fd = bpf_iter_create(bpf_link__fd(lab->skeleton->links.task_snapshot));
	size_t size = 0;
	ssize_t got;

	assert_non_null(snapshot.tasks);
	assert_true(fd >= 0);
	while ((got = read(fd, (char *)snapshot.tasks + size, MAX_TASKS * sizeof(struct rec_task) - size)) >
	       0)
		size += (size_t)got;
	assert_int_equal(got, 0);
	assert_int_equal(size % sizeof(struct rec_task), 0);
	snapshot.nr = (__u32)(size / sizeof(struct rec_task));
	for (__u32 i = 0; i < snapshot.nr; i++) {
		assert_int_equal(snapshot.tasks[i].h.kind, REC_TASK);
		assert_int_equal(snapshot.tasks[i].h.size, sizeof(struct rec_task));
	}
	return snapshot;
}

/* The task, which must be in it once. */
static struct rec_task find_task(const struct snapshot *snapshot, pid_t pid)
{
	const struct rec_task *found = NULL;

	for (__u32 i = 0; i < snapshot->nr; i++) {
		if (snapshot->tasks[i].id.pid != (__u32)pid)
			continue;
		assert_null(found);
		found = &snapshot->tasks[i];
	}
	assert_non_null(found);
	return *found;
}

static struct rec_task task_now(struct lab *lab, pid_t pid)
{
	struct snapshot snapshot = take_snapshot(lab);
	struct rec_task task = find_task(&snapshot, pid);

	free(snapshot.tasks);
	return task;
}

/* The number of the task's cgroup in the v2 hierarchy, or 0 where that is not mounted. */
static __u64 own_cgroup_id(void)
{
	_cleanup_fclose_ FILE *mounts = fopen("/proc/mounts", "re"), *own = fopen("/proc/self/cgroup", "re");
	char line[4096], mount[2048] = "", path[4352] = "", folder[2048] = "";
	union {
		struct file_handle handle;
		unsigned char bytes[sizeof(struct file_handle) + sizeof(__u64)];
	} u = { .handle.handle_bytes = sizeof(__u64) };
	int mount_id;
	__u64 id;

	while (mounts && fgets(line, sizeof(line), mounts))
		if (sscanf(line, "%*s %2047s cgroup2", mount) == 1 && strstr(line, " cgroup2 "))
			break;
		else
			mount[0] = '\0';
	while (own && fgets(line, sizeof(line), own))
		if (sscanf(line, "0::%2047s", folder) == 1)
			break;
	if (!mount[0] || !folder[0])
		return 0;
	snprintf(path, sizeof(path), "%s%s", mount, folder);
	assert_int_equal(name_to_handle_at(AT_FDCWD, path, &u.handle, &mount_id, 0), 0);
	memcpy(&id, u.bytes + sizeof(struct file_handle), sizeof(id));
	return id;
}

static void test_says_who_a_task_is(void **state)
{
	struct lab *lab = *state;
	char name[MEMOIR_COMM_LEN] = "\x1b[2J\"\n\\\xff";
	struct rec_task task;

	ATTACH(lab, task_snapshot);
	assert_int_equal(prctl(PR_SET_NAME, name), 0);
	task = task_now(lab, getpid());
	assert_int_equal(task.id.tgid, getpid());
	assert_int_equal(task.id.flags, TASK_IS_LEADER);
	assert_memory_equal(task.id.comm, name, sizeof(name));
	assert_int_equal(to_ticks(task.id.start_ns), stat_field(getpid(), STAT_START_TIME));
	if (own_cgroup_id())
		assert_int_equal(task.id.cgroup_id, own_cgroup_id());
	assert_int_equal(task.id.pad, 0);
}

static void test_kernel_threads_are_told_apart(void **state)
{
	struct lab *lab = *state;
	struct snapshot snapshot;
	struct rec_task kthreadd;

	ATTACH(lab, task_snapshot);
	snapshot = take_snapshot(lab);
	kthreadd = find_task(&snapshot, 2);
	assert_string_equal(kthreadd.id.comm, "kthreadd");
	assert_int_equal(kthreadd.id.flags, TASK_IS_KTHREAD | TASK_IS_LEADER);
	assert_int_equal(kthreadd.counts.v[LEDGER_RSS_ANON], 0);
	free(snapshot.tasks);
}

static void test_counts_are_those_of_the_ledger_and_the_kernel(void **state)
{
	struct lab *lab = *state;
	__u64 before, after;
	struct rec_task task;

	ATTACH(lab, task_snapshot);
	for (int i = 0; i < 5; i++)
		RUN(lab, page_free, 1, 3);
	before = stat_field(getpid(), STAT_MIN_FLT);
	task = task_now(lab, getpid());
	after = stat_field(getpid(), STAT_MIN_FLT);
	assert_int_equal(task.counts.v[LEDGER_FREED], 40);
	assert_int_equal(task.counts.v[LEDGER_ALLOCATED], 0);
	assert_in_range(task.counts.v[LEDGER_MINOR_FAULTS], before, after);
}

static void *touch_once(void *nr_pages)
{
	size_t size = (size_t)nr_pages << 12;
	volatile char *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (pages == MAP_FAILED || madvise((void *)pages, size, MADV_NOHUGEPAGE) < 0)
		return NULL;
	for (size_t at = 0; at < size; at += 4096)
		pages[at] = 1;
	munmap((void *)pages, size);
	return nr_pages;
}

/* A thread that touches so many pages and ends; the kernel releases it a moment after it can be joined. */
static void end_a_thread(size_t nr_pages)
{
	__u64 nr_threads = stat_field(getpid(), STAT_THREADS);
	pthread_t thread;
	void *result;

	assert_int_equal(pthread_create(&thread, NULL, touch_once, (void *)nr_pages), 0);
	assert_int_equal(pthread_join(thread, &result), 0);
	assert_ptr_equal(result, (void *)nr_pages);
	while (stat_field(getpid(), STAT_THREADS) != nr_threads)
		;
}

/* Its process says what it had; a task that had no threads, nothing. */
static void test_ended_threads_are_in_the_kernels_sum(void **state)
{
	struct lab *lab = *state;
	struct rec_task before, after;
	struct child child;

	ATTACH(lab, task_snapshot);
	before = task_now(lab, getpid());
	end_a_thread(1000);
	after = task_now(lab, getpid());
	/* Beside what it touched, a thread has some faults on its stack. */
	assert_in_range(after.ended_faults[FAULT_MINOR] - before.ended_faults[FAULT_MINOR], 1000, 1100);
	assert_int_equal(after.ended_faults[FAULT_MAJOR], before.ended_faults[FAULT_MAJOR]);
	child = child_start(lab, "single", 10, 0);
	after = task_now(lab, child.pid);
	assert_int_equal(after.ended_faults[FAULT_MINOR], 0);
	assert_int_equal(after.ended_faults[FAULT_MAJOR], 0);
	assert_int_equal(after.counts.v[LEDGER_MINOR_FAULTS], stat_field(child.pid, STAT_MIN_FLT));
	child_let_exit(&child);
	child_reap(&child);
}

/* The kernel's own number, in pages. */
static __u64 resident_pages(const char *field)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/self/status", "re");
	unsigned long long kib = 0;
	char line[256];

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, field, strlen(field)) && sscanf(line + strlen(field), ": %llu", &kib) == 1)
			return kib / 4;
	fail_msg("/proc/self/status has no %s", field);
	return 0;
}

struct resident {
	__u64 anon, shmem, file, swap; /* pages */
};

static struct resident resident_now(void)
{
	return (struct resident){ .anon = resident_pages("RssAnon"),
				  .shmem = resident_pages("RssShmem"),
				  .file = resident_pages("RssFile"),
				  .swap = resident_pages("VmSwap") };
}

/* The kernel keeps these counts per CPU and adds them up now and then: so much may be under way on each. */
static void assert_between(const struct lab *lab, __u64 counted, __u64 before, __u64 after)
{
	__u64 slack = lab->nr_cpus * (64 + 2 * (__u64)lab->nr_cpus);

	assert_in_range(counted + slack, before < after ? before : after,
			(before < after ? after : before) + 2 * slack);
}

static void test_resident_pages_are_told_apart_by_kind(void **state)
{
	struct lab *lab = *state;
	char *anon = mmap(NULL, 64 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE,
			  -1, 0);
	char *shmem = mmap(NULL, 32 * MIB, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE,
			   -1, 0);
	struct resident before, after;
	struct snapshot snapshot;
	struct rec_task task;

	assert_ptr_not_equal(anon, MAP_FAILED);
	assert_ptr_not_equal(shmem, MAP_FAILED);
	ATTACH(lab, task_snapshot);
	before = resident_now();
	snapshot = take_snapshot(lab);
	/* With the memory of the snapshot itself, which may be a huge page. */
	after = resident_now();
	task = find_task(&snapshot, getpid());
	free(snapshot.tasks);
	assert_true(before.anon >= 64 * MIB / 4096);
	assert_true(before.shmem >= 32 * MIB / 4096);
	assert_between(lab, task.counts.v[LEDGER_RSS_ANON], before.anon, after.anon);
	assert_between(lab, task.counts.v[LEDGER_RSS_SHMEM], before.shmem, after.shmem);
	assert_between(lab, task.counts.v[LEDGER_RSS_FILE], before.file, after.file);
	assert_between(lab, task.counts.v[LEDGER_SWAP], before.swap, after.swap);
	munmap(anon, 64 * MIB);
	munmap(shmem, 32 * MIB);
}

/* A table of its own for each page that is far enough from the others. */
static void test_page_tables_are_the_kernels_number(void **state)
{
	struct lab *lab = *state;
	char *sparse = mmap(NULL, 512 * MIB, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct rec_task before, after;
	__u64 tables;

	assert_ptr_not_equal(sparse, MAP_FAILED);
	assert_int_equal(madvise(sparse, 512 * MIB, MADV_NOHUGEPAGE), 0);
	ATTACH(lab, task_snapshot);
	before = task_now(lab, getpid());
	for (size_t at = 0; at < 512 * MIB; at += 2 * MIB)
		sparse[at] = 1;
	after = task_now(lab, getpid());
	tables = resident_pages("VmPTE");
	/* What this test does itself in between may take one or give one back. */
	assert_in_range(after.counts.v[LEDGER_PAGE_TABLES], tables - 2, tables + 2);
	assert_true(after.counts.v[LEDGER_PAGE_TABLES] >= before.counts.v[LEDGER_PAGE_TABLES] + 255);
	munmap(sparse, 512 * MIB);
}

static void test_gives_ledgers_to_those_without(void **state)
{
	struct lab *lab = *state;
	struct rec_task task;

	ATTACH(lab, task_snapshot);
	assert_int_equal(bpf_map_delete_elem(bpf_map__fd(lab->skeleton->maps.ledgers), &lab->pidfd), 0);
	assert_false(has_ledger(lab, getpid()));
	task_now(lab, getpid());
	assert_true(has_ledger(lab, getpid()));
	RUN(lab, page_alloc, 1, 1, GFP_KERNEL, 0);
	task = task_now(lab, getpid());
	assert_int_equal(task.counts.v[LEDGER_ALLOCATED], 2);
	lab_read(lab);
	assert_int_equal(lab_cell(lab, METRIC_LOST, LOSS_STORAGE_MISSING, 0, 0), 0);
}

/* A child has a ledger from its fork on, and is marked from its exit until it is reaped. */
static void test_dead_child_is_marked_until_it_is_reaped(void **state)
{
	struct lab *lab = *state;
	struct rec_task task;
	struct child child;
	struct snapshot snapshot;

	attach_life_of_tasks(lab);
	ATTACH(lab, task_snapshot);
	child = child_start(lab, "zombie", 10, 9);
	task = task_now(lab, child.pid);
	assert_int_equal(task.id.flags, TASK_IS_LEADER);
	assert_int_equal(task.counts.v[LEDGER_ALLOCATED], 9);
	child_let_exit(&child);
	task = task_now(lab, child.pid);
	assert_int_equal(task.id.flags, TASK_IS_LEADER | TASK_HAS_EXITED);
	assert_string_equal(task.id.comm, "zombie");
	assert_int_equal(task.counts.v[LEDGER_ALLOCATED], 9);
	assert_int_equal(task.counts.v[LEDGER_RSS_ANON], 0);
	child_reap(&child);
	snapshot = take_snapshot(lab);
	for (__u32 i = 0; i < snapshot.nr; i++)
		assert_int_not_equal(snapshot.tasks[i].id.pid, child.pid);
	free(snapshot.tasks);
}

static const struct CMUnitTest tests[] = {
	LAB_TEST(test_says_who_a_task_is),
	LAB_TEST(test_kernel_threads_are_told_apart),
	LAB_TEST(test_counts_are_those_of_the_ledger_and_the_kernel),
	LAB_TEST(test_ended_threads_are_in_the_kernels_sum),
	LAB_TEST(test_resident_pages_are_told_apart_by_kind),
	LAB_TEST(test_page_tables_are_the_kernels_number),
	LAB_TEST(test_gives_ledgers_to_those_without),
	LAB_TEST(test_dead_child_is_marked_until_it_is_reaped),
};

LAB_MAIN(tests)
