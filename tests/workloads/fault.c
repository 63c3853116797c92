// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Page faults of one kind and a known number. Each load makes ready, prints its pid, and waits for a byte on
 * standard input; then it faults, says "done", and waits until standard input ends. Standard error says what
 * went wrong; exit status 2 is usage.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../daemon/util.h"
#include "usage.h"

static size_t page_size;

static char *map(size_t size, int flags, int fd)
{
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (memory == MAP_FAILED)
		die("mmap");
	return memory;
}

static char *map_small(unsigned long nr_pages)
{
	char *memory = map(nr_pages * page_size, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	madvise(memory, nr_pages * page_size, MADV_NOHUGEPAGE);
	return memory;
}

/* A file of so many pages, all of them in memory, some still to be written. */
static int make_file(const char *path, unsigned long nr_pages)
{
	static const char bytes[65536] = "x";
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || ftruncate(fd, 0) < 0)
		die(path);
	for (unsigned long page = 0; page < nr_pages; page++)
		if (write(fd, bytes, page_size) != (ssize_t)page_size)
			die(path);
	return fd;
}

/* The same, none of them in memory. */
static char *map_cold(const char *path, unsigned long nr_pages, int flags)
{
	int fd = make_file(path, nr_pages);
	char *memory;

	if (fsync(fd) < 0 || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED))
		die(path);
	memory = map(nr_pages * page_size, flags, fd);
	/* A read for each page, and nothing around it. */
	madvise(memory, nr_pages * page_size, MADV_RANDOM);
	close(fd);
	return memory;
}

static void write_pages(char *memory, unsigned long nr_pages)
{
	for (unsigned long page = 0; page < nr_pages; page++)
		((volatile char *)memory)[page * page_size] = 1;
}

static void read_pages(const char *memory, unsigned long nr_pages)
{
	for (unsigned long page = 0; page < nr_pages; page++)
		(void)((const volatile char *)memory)[page * page_size];
}

static void ready(void)
{
	char byte;

	printf("%d\n", getpid());
	fflush(stdout);
	if (read(STDIN_FILENO, &byte, 1) != 1)
		exit(EXIT_FAILURE);
}

static void done(void)
{
	char byte;

	puts("done");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
}

/* anonymous PAGES: writes fresh memory. */
static void anonymous(char **args)
{
	unsigned long nr_pages = number(args[0]);
	char *memory = map_small(nr_pages);

	ready();
	write_pages(memory, nr_pages);
	done();
}

/* copy PAGES: writes memory that it shares with a child. */
static void copy(char **args)
{
	unsigned long nr_pages = number(args[0]);
	char *memory = map_small(nr_pages);
	pid_t child;

	write_pages(memory, nr_pages);
	child = fork();
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
	}
	ready();
	write_pages(memory, nr_pages);
	done();
	kill(child, SIGKILL);
}

/* file PATH PAGES: reads a file that is not in memory, page by page. */
static void file(char **args)
{
	unsigned long nr_pages = number(args[1]);
	char *memory = map_cold(args[0], nr_pages, MAP_SHARED);

	ready();
	read_pages(memory, nr_pages);
	done();
}

/* cached PATH N: reads a file that is in memory, a page of each of N pieces that the kernel maps at once. */
static void cached(char **args)
{
	const size_t piece = 65536;
	unsigned long nr = number(args[1]), nr_pages = nr * (piece / page_size);
	char *memory = map(nr_pages * page_size, MAP_SHARED, make_file(args[0], nr_pages));

	ready();
	for (unsigned long i = 0; i < nr; i++)
		(void)((const volatile char *)memory)[i * piece];
	done();
}

/* One major fault, where the file is on a disk, and one minor fault. */
static void *fault_twice(void *cold)
{
	char *fresh = map_small(1);

	read_pages(cold, 1);
	write_pages(fresh, 1);
	munmap(fresh, page_size);
	return NULL;
}

static void run_threads(char *cold, unsigned long nr)
{
	for (unsigned long i = 0; i < nr; i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, fault_twice, cold + i * page_size))
			die("pthread_create");
		pthread_join(thread, NULL);
	}
}

/*
 * threads PATH N: N threads one after the other, each of which reads a page of a file that is not in memory,
 * writes a fresh page, and ends; the same for each further byte on standard input.
 */
static void threads(char **args)
{
	unsigned long nr = number(args[1]);
	char byte;

	ready();
	do {
		char *cold = map_cold(args[0], nr, MAP_SHARED);

		run_threads(cold, nr);
		munmap(cold, nr * page_size);
		puts("done");
		fflush(stdout);
	} while (read(STDIN_FILENO, &byte, 1) == 1);
}

/* private PATH PAGES: writes to its own copy of a file that is in memory. */
static void private(char **args)
{
	unsigned long nr_pages = number(args[1]);
	char *memory = map_cold(args[0], nr_pages, MAP_PRIVATE);

	read_pages(memory, nr_pages);
	munmap(memory, nr_pages * page_size);
	memory = map(nr_pages * page_size, MAP_PRIVATE, open(args[0], O_RDWR | O_CLOEXEC));
	ready();
	write_pages(memory, nr_pages);
	done();
}

/* shared PAGES: writes fresh shared memory. */
static void shared(char **args)
{
	unsigned long nr_pages = number(args[0]);
	char *memory = map(nr_pages * page_size, MAP_SHARED | MAP_ANONYMOUS, -1);

	madvise(memory, nr_pages * page_size, MADV_NOHUGEPAGE);
	ready();
	write_pages(memory, nr_pages);
	done();
}

/* huge N: writes fresh memory in so many huge pages. */
static void huge(char **args)
{
	const size_t size = 2 << 20;
	unsigned long nr = number(args[0]);
	char *memory = map((nr + 1) * size, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	memory = (char *)(((uintptr_t)memory + size - 1) / size * size);
	madvise(memory, nr * size, MADV_HUGEPAGE);
	ready();
	for (unsigned long i = 0; i < nr; i++)
		((volatile char *)memory)[i * size] = 1;
	done();
}

/* pool N: writes fresh memory in so many pages of the pool of huge pages. */
static void pool(char **args)
{
	const size_t size = 2 << 20;
	unsigned long nr = number(args[0]);
	char *memory = map(nr * size, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1);

	ready();
	for (unsigned long i = 0; i < nr; i++)
		((volatile char *)memory)[i * size] = 1;
	done();
}

/* swap PAGES: reads memory that it had the kernel swap out. */
static void swap(char **args)
{
	unsigned long nr_pages = number(args[0]);
	char *memory = map_small(nr_pages);

	for (unsigned long page = 0; page < nr_pages; page++)
		*(unsigned long *)(void *)(memory + page * page_size) = page + 1;
	if (madvise(memory, nr_pages * page_size, MADV_PAGEOUT) < 0)
		die("madvise");
	ready();
	read_pages(memory, nr_pages);
	done();
}

/* Serves the faults of userfaultfd, each after so many milliseconds, until its parent ends. */
static void __attribute__((noreturn)) serve(int fd, unsigned long delay_ms)
{
	char *page = map_small(1);
	struct uffd_msg fault;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	page[0] = 1;
	while (read(fd, &fault, sizeof(fault)) == sizeof(fault)) {
		struct uffdio_copy copy_page = {
			.dst = fault.arg.pagefault.address / page_size * page_size,
			.src = (uintptr_t)page,
			.len = page_size,
		};

		usleep((useconds_t)delay_ms * 1000);
		if (ioctl(fd, UFFDIO_COPY, &copy_page) < 0)
			die("UFFDIO_COPY");
	}
	die("userfaultfd");
}

/* user PAGES MS: reads memory that another process provides, so many milliseconds after the fault. */
static void user(char **args)
{
	unsigned long nr_pages = number(args[0]);
	char *memory = map_small(nr_pages);
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = {
		.range = { (uintptr_t)memory, nr_pages * page_size },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) < 0 || ioctl(fd, UFFDIO_REGISTER, &range) < 0)
		die("userfaultfd");
	if (!fork())
		serve(fd, number(args[1]));
	ready();
	read_pages(memory, nr_pages);
	done();
}

static sigjmp_buf escape;

static void on_fault(int signal)
{
	(void)signal;
	siglongjmp(escape, 1);
}

/* beyond PATH N: reads beyond the end of a file, each of which ends in SIGBUS. */
static void beyond(char **args)
{
	volatile unsigned long i, nr = number(args[1]);
	int fd = open(args[0], O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	volatile char *memory = map(page_size, MAP_SHARED, fd);

	if (ftruncate(fd, 0) < 0)
		die(args[0]);
	signal(SIGBUS, on_fault);
	ready();
	for (i = 0; i < nr; i++)
		if (!sigsetjmp(escape, 1))
			(void)memory[0];
	done();
}

static const struct {
	const char *name;
	int nr_args;
	void (*run)(char **args);
} loads[] = {
	{ "anonymous", 1, anonymous }, { "copy", 1, copy },       { "file", 2, file },
	{ "cached", 2, cached },       { "private", 2, private }, { "shared", 1, shared },
	{ "huge", 1, huge },           { "pool", 1, pool },       { "swap", 1, swap },
	{ "user", 2, user },           { "beyond", 2, beyond },   { "threads", 2, threads },
};

int main(int argc, char **argv)
{
	page_size = (size_t)sysconf(_SC_PAGESIZE);
	for (size_t i = 0; i < ARRAY_SIZE(loads); i++) {
		if (argc < 2 || strcmp(argv[1], loads[i].name) || argc != loads[i].nr_args + 2)
			continue;
		loads[i].run(argv + 2);
		return EXIT_SUCCESS;
	}
	fprintf(stderr, "usage: fault LOAD ARGUMENT...\n");
	return 2;
}
