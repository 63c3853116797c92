// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Small loads of known size for the system tests and the benchmarks. Each one does what it is told
 * to, without help of the C library's allocator, and prints what it cost where that is of use.
 * Standard error says what went wrong; exit status 2 is usage.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "../../daemon/util.h"

static void __attribute__((noreturn)) die(const char *what)
{
	fprintf(stderr, "workload: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

static unsigned long number(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (end == text || *end) {
		fprintf(stderr, "workload: %s: must be a whole number\n", text);
		exit(2);
	}
	return value;
}

/* Fresh memory, in pages of the advised kind. */
static char *map_pages(size_t size, int advice)
{
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		die("mmap");
	madvise(memory, size, advice);
	return memory;
}

static void touch_advised(char **args, int advice)
{
	unsigned long nr_pages = number(args[0]), nr_rounds = number(args[1]);
	size_t page_size = (size_t)sysconf(_SC_PAGESIZE);
	uint64_t start_ns = now_ns(CLOCK_MONOTONIC);

	for (unsigned long round = 0; round < nr_rounds; round++) {
		char *memory = map_pages(nr_pages * page_size, advice);

		for (unsigned long page = 0; page < nr_pages; page++)
			memory[page * page_size] = 1;
		munmap(memory, nr_pages * page_size);
	}
	printf("%llu\n", (unsigned long long)((now_ns(CLOCK_MONOTONIC) - start_ns) / (nr_pages * nr_rounds)));
}

/* touch PAGES ROUNDS: writes fresh pages one by one; prints nanoseconds a page. */
static void touch(char **args)
{
	touch_advised(args, MADV_NOHUGEPAGE);
}

/* touch-huge PAGES ROUNDS: the same, with huge pages where the system lets a process have them. */
static void touch_huge(char **args)
{
	touch_advised(args, MADV_HUGEPAGE);
}

/* forks N: processes that end at once, one after the other; prints nanoseconds a process. */
static void forks(char **args)
{
	unsigned long nr = number(args[0]);
	uint64_t start_ns = now_ns(CLOCK_MONOTONIC);

	for (unsigned long i = 0; i < nr; i++) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork");
		if (!pid)
			_exit(0);
		waitpid(pid, NULL, 0);
	}
	printf("%llu\n", (unsigned long long)((now_ns(CLOCK_MONOTONIC) - start_ns) / nr));
}

/* crowd N: N processes that wait until standard input ends; prints "ready" when all are there. */
static void crowd(char **args)
{
	unsigned long nr = number(args[0]);
	char byte;

	for (unsigned long i = 0; i < nr; i++) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork");
		if (!pid) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			/* What the parent's end of the pipe does not hold open ends the child. */
			while (read(STDIN_FILENO, &byte, 1) > 0)
				;
			_exit(0);
		}
	}
	puts("ready");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	while (wait(NULL) > 0)
		;
}

static sigjmp_buf escape;

static void on_fault(int signal)
{
	(void)signal;
	siglongjmp(escape, 1);
}

/* bad-faults N: reads of a file mapping beyond the file's end, each of which ends in SIGBUS. */
static void bad_faults(char **args)
{
	unsigned long nr = number(args[0]);
	FILE *file = tmpfile();
	volatile char *memory;
	volatile unsigned long i;

	if (!file)
		die("tmpfile");
	memory = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fileno(file), 0);
	if (memory == MAP_FAILED)
		die("mmap");
	signal(SIGBUS, on_fault);
	for (i = 0; i < nr; i++) {
		if (!sigsetjmp(escape, 1))
			(void)memory[0];
	}
	fclose(file);
}

/* Prints its pid, and waits until standard input ends. */
static void stay(void)
{
	char byte;

	printf("%d\n", getpid());
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
}

/* named NAME: takes NAME as its own and waits until standard input ends; prints its pid. */
static void named(char **args)
{
	prctl(PR_SET_NAME, args[0]);
	stay();
}

/* use PAGES: touches pages, prints its pid, and writes them again and again until standard input ends. */
static void use(char **args)
{
	unsigned long nr_pages = number(args[0]);
	size_t page_size = (size_t)sysconf(_SC_PAGESIZE);
	volatile char *memory = map_pages(nr_pages * page_size, MADV_NOHUGEPAGE);
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };

	for (bool told = false; poll(&input, 1, 0) == 0; told = true) {
		for (unsigned long page = 0; page < nr_pages; page++)
			memory[page * page_size]++;
		if (!told)
			printf("%d\n", getpid());
		fflush(stdout);
	}
}

/* hold PAGES: touches pages, prints its pid, and waits until standard input ends. */
static void hold(char **args)
{
	unsigned long nr_pages = number(args[0]);
	size_t page_size = (size_t)sysconf(_SC_PAGESIZE);
	char *memory = map_pages(nr_pages * page_size, MADV_NOHUGEPAGE);

	for (unsigned long page = 0; page < nr_pages; page++)
		memory[page * page_size] = 1;
	stay();
}

/*
 * pipes N PAGES: N pipes that hold so many pages each, of the kernel's; prints its pid, and waits
 * until standard input ends.
 */
static void pipes(char **args)
{
	unsigned long nr = number(args[0]), nr_pages = number(args[1]);
	size_t size = nr_pages * (size_t)sysconf(_SC_PAGESIZE);
	char *bytes = map_pages(size, MADV_NORMAL);

	for (unsigned long i = 0; i < nr; i++) {
		int ends[2];

		if (pipe2(ends, O_CLOEXEC) < 0 || fcntl(ends[1], F_SETPIPE_SZ, (int)size) < 0)
			die("pipe");
		if (write(ends[1], bytes, size) != (ssize_t)size)
			die("write");
	}
	stay();
}

/* What one page in /proc/kpageflags says, by Documentation/admin-guide/mm/pagemap.rst. */
#define KPF_FREE (1ULL << 10)
#define KPF_OF_PROCESSES \
	(1ULL << 5 | 1ULL << 11 | 1ULL << 12 | 1ULL << 13 | 1ULL << 14 | 1ULL << 17 | 1ULL << 22)
#define KPF_NO_MEMORY (1ULL << 19 | 1ULL << 20 | 1ULL << 23)
#define BLOCK 512

/*
 * blocks: reads the flags of all pages; prints how many pageblocks have memory, in how many of
 * these there are
 * pages of processes beside others that have a flag, and beside others at all.
 */
static void blocks(char **args)
{
	int fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	unsigned long nr = 0, nr_mixed_least = 0, nr_mixed_most = 0;
	uint64_t flags[BLOCK];

	(void)args;
	if (fd < 0)
		die("/proc/kpageflags");
	while (read(fd, flags, sizeof(flags)) == sizeof(flags)) {
		bool has_memory = false, has_processes = false, has_others = false, has_bare = false;

		for (int i = 0; i < BLOCK; i++) {
			has_memory = has_memory || (flags[i] && !(flags[i] & KPF_NO_MEMORY));
			if (flags[i] & (KPF_NO_MEMORY | KPF_FREE))
				continue;
			has_processes = has_processes || flags[i] & KPF_OF_PROCESSES;
			has_others = has_others || (flags[i] && !(flags[i] & KPF_OF_PROCESSES));
			has_bare = has_bare || !flags[i];
		}
		nr += has_memory;
		nr_mixed_least += has_processes && has_others;
		nr_mixed_most += has_processes && (has_others || has_bare);
	}
	printf("%lu %lu %lu\n", nr, nr_mixed_least, nr_mixed_most);
}

/* read FILE: reads the whole file, prints its pid, and waits until standard input ends. */
static void read_file(char **args)
{
	static char buffer[65536];
	int fd = open(args[0], O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		die(args[0]);
	do
		n = read(fd, buffer, sizeof(buffer));
	while (n > 0);
	if (n < 0)
		die(args[0]);
	stay();
}

/* receive SOCKET: makes a Unix datagram socket, prints "ready", and then every datagram as a line. */
static void receive(char **args)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char datagram[4096];
	ssize_t n;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", args[0]);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		die(args[0]);
	puts("ready");
	fflush(stdout);
	while ((n = recv(fd, datagram, sizeof(datagram), 0)) >= 0) {
		printf("%.*s\n", (int)n, datagram);
		fflush(stdout);
	}
	die("recv");
}

static const struct {
	const char *name;
	int nr_args;
	void (*run)(char **args);
} loads[] = {
	{ "touch", 2, touch },
	{ "forks", 1, forks },
	{ "crowd", 1, crowd },
	{ "bad-faults", 1, bad_faults },
	{ "named", 1, named },
	{ "hold", 1, hold },
	{ "use", 1, use },
	{ "read", 1, read_file },
	{ "touch-huge", 2, touch_huge },
	{ "receive", 1, receive },
	{ "pipes", 2, pipes },
	{ "blocks", 0, blocks },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < ARRAY_SIZE(loads); i++) {
		if (!strcmp(argv[1], loads[i].name) && argc - 2 == loads[i].nr_args) {
			loads[i].run(argv + 2);
			return EXIT_SUCCESS;
		}
	}
	fputs("usage: workload touch PAGES ROUNDS | touch-huge PAGES ROUNDS | forks N | crowd N | bad-faults N | named NAME | use PAGES | hold PAGES |"
	      " read FILE | receive SOCKET | pipes N PAGES | blocks\n",
	      stderr);
	return 2;
}
