// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * numa PATTERN FROM TO PAGES: a process with memory of one NUMA node that is then used from another. It
 * writes so many pages while it runs on CPUs of the node FROM, says its pid, and waits for a line; then it
 * moves to CPUs of the node TO and reads all pages again and again. Each further line is answered, after the
 * next pass, by how many passes there were. It ends when standard input ends. System calls are called by
 * themselves, so that a guest needs no library for them.
 */
#include <linux/mempolicy.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../daemon/util.h"
#include "usage.h"

#define NODES "/sys/devices/system/node/"
#define NR_THREADS 4
#define NR_SHORT_THREADS 16

static volatile char *memory;
static size_t page_size, nr_pages;
static int from, to;

/* A list of the kernel, "0,2-3", as a set. */
static void read_list(const char *path, cpu_set_t *ret)
{
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	unsigned int first, last;
	int n;

	CPU_ZERO(ret);
	if (!file)
		die(path);
	while ((n = fscanf(file, "%u-%u", &first, &last)) >= 1) {
		for (unsigned int i = first; i <= (n == 2 ? last : first); i++)
			CPU_SET(i, ret);
		if (fgetc(file) != ',')
			break;
	}
}

/* The calling thread, and those that it creates. */
static void run_on(int node)
{
	char path[64];
	cpu_set_t cpus;

	snprintf(path, sizeof(path), NODES "node%d/cpulist", node);
	read_list(path, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		die(path);
}

static void map_memory(int flags, int advice)
{
	void *mapping = mmap(NULL, nr_pages * page_size, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1,
			     0);

	if (mapping == MAP_FAILED)
		die("mmap");
	madvise(mapping, nr_pages * page_size, advice);
	memory = mapping;
}

static void write_pages(void)
{
	for (size_t page = 0; page < nr_pages; page++)
		memory[page * page_size] = 1;
}

static void read_pages(void)
{
	for (size_t page = 0; page < nr_pages; page++)
		(void)memory[page * page_size];
}

static void say(unsigned long value)
{
	printf("%lu\n", value);
	fflush(stdout);
}

/* Takes a line of standard input, if there is one or wait is set. Ends the program with standard input. */
static bool take_line(bool wait)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	char byte;

	if (poll(&input, 1, wait ? -1 : 0) <= 0)
		return false;
	do {
		if (read(STDIN_FILENO, &byte, 1) <= 0)
			exit(EXIT_SUCCESS);
	} while (byte != '\n');
	return true;
}

/* Says the pid when memory is laid out, and moves. */
static void move(void)
{
	say((unsigned long)getpid());
	take_line(true);
	run_on(to);
}

static void __attribute__((noreturn)) use(void (*pass)(void))
{
	for (unsigned long nr_passes = 1;; nr_passes++) {
		pass();
		if (take_line(false))
			say(nr_passes);
	}
}

static void lay(int flags, int advice)
{
	run_on(from);
	map_memory(flags, advice);
	write_pages();
}

/* Anonymous memory in base pages. */
static void base(void)
{
	lay(MAP_PRIVATE, MADV_NOHUGEPAGE);
	move();
	use(read_pages);
}

/* In huge pages, where there are any. */
static void huge(void)
{
	lay(MAP_PRIVATE, MADV_HUGEPAGE);
	move();
	use(read_pages);
}

static void set_policy(int mode, int node)
{
	unsigned long nodes[16] = {};
	cpu_set_t all;

	if (mode == MPOL_INTERLEAVE) {
		read_list(NODES "has_memory", &all);
		memcpy(nodes, &all, sizeof(nodes));
	} else {
		nodes[node / 64] |= 1UL << node % 64;
	}
	if (syscall(SYS_set_mempolicy, mode, nodes, sizeof(nodes) * 8))
		die("set_mempolicy");
}

/* In huge pages of hugetlbfs. */
static void hugetlb(void)
{
	lay(MAP_PRIVATE | MAP_HUGETLB, MADV_NORMAL);
	move();
	use(read_pages);
}

/* Every page in a mapping of its own. */
static void pieces(void)
{
	lay(MAP_PRIVATE, MADV_NOHUGEPAGE);
	for (size_t page = 1; page < nr_pages; page += 2)
		if (mprotect((void *)(uintptr_t)(memory + page * page_size), page_size, PROT_READ))
			die("mprotect");
	move();
	use(read_pages);
}

/* By the policy of the process: wherever it runs, its memory is on FROM. */
static void bind(void)
{
	set_policy(MPOL_BIND, from);
	lay(MAP_PRIVATE, MADV_NOHUGEPAGE);
	move();
	use(read_pages);
}

static void interleave(void)
{
	set_policy(MPOL_INTERLEAVE, 0);
	lay(MAP_PRIVATE, MADV_NOHUGEPAGE);
	move();
	use(read_pages);
}

/* By a policy of the mapping alone. */
static void map_bind(void)
{
	unsigned long nodes[16] = {};

	run_on(to);
	map_memory(MAP_PRIVATE, MADV_NOHUGEPAGE);
	nodes[from / 64] |= 1UL << from % 64;
	if (syscall(SYS_mbind, memory, nr_pages * page_size, MPOL_BIND, nodes, sizeof(nodes) * 8, 0))
		die("mbind");
	write_pages();
	move();
	use(read_pages);
}

static void *read_forever(void *unused)
{
	for (;;)
		read_pages();
	return unused;
}

static void start(pthread_t *ret, void *(*run)(void *), void *argument)
{
	errno = pthread_create(ret, NULL, run, argument);
	if (errno)
		die("pthread_create");
}

/* Threads that use the same memory. */
static void threads(void)
{
	pthread_t thread;

	lay(MAP_PRIVATE, MADV_NOHUGEPAGE);
	move();
	for (int i = 1; i < NR_THREADS; i++)
		start(&thread, read_forever, NULL);
	use(read_pages);
}

static void *read_once(void *unused)
{
	read_pages();
	return unused;
}

static void pass_of_short_threads(void)
{
	pthread_t thread;

	for (int i = 0; i < NR_SHORT_THREADS; i++) {
		start(&thread, read_once, NULL);
		pthread_join(thread, NULL);
	}
}

/* Threads, one after the other, that end when they have read all. */
static void short_threads(void)
{
	lay(MAP_PRIVATE, MADV_NOHUGEPAGE);
	move();
	use(pass_of_short_threads);
}

/* Passes of the process that shares the memory: in a page of their own. */
static volatile unsigned long *nr_other_passes;

/* A whole pass of both, so that neither has faults left that were due before it. */
static void pass_of_both(void)
{
	unsigned long before = *nr_other_passes;

	read_pages();
	while (*nr_other_passes < before + 2)
		sched_yield();
}

/* Two processes that share memory: one stays on FROM. */
static void shared(void)
{
	pid_t child;

	nr_other_passes = mmap(NULL, page_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (nr_other_passes == MAP_FAILED)
		die("mmap");
	lay(MAP_SHARED, MADV_NOHUGEPAGE);
	child = fork();
	if (child < 0)
		die("fork");
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;) {
			read_pages();
			++*nr_other_passes;
		}
	}
	move();
	use(pass_of_both);
}

static const struct {
	const char *name;
	void (*run)(void);
} patterns[] = {
	{ "base", base },
	{ "huge", huge },
	{ "hugetlb", hugetlb },
	{ "pieces", pieces },
	{ "bind", bind },
	{ "mbind", map_bind },
	{ "interleave", interleave },
	{ "threads", threads },
	{ "short-threads", short_threads },
	{ "shared", shared },
};

int main(int argc, char **argv)
{
	page_size = (size_t)sysconf(_SC_PAGESIZE);
	for (size_t i = 0; argc == 5 && i < ARRAY_SIZE(patterns); i++) {
		if (!strcmp(argv[1], patterns[i].name)) {
			from = (int)number(argv[2]);
			to = (int)number(argv[3]);
			nr_pages = number(argv[4]);
			patterns[i].run();
		}
	}
	fputs("usage: numa base|huge|hugetlb|pieces|bind|mbind|interleave|threads|short-threads|shared FROM TO PAGES\n",
	      stderr);
	return 2;
}
