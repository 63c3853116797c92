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
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "../../daemon/util.h"
#include "usage.h"

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

/* Pages of their own, all of them touched. */
static char *touched_pages(unsigned long nr_pages, size_t page_size)
{
	char *memory = map_pages(nr_pages * page_size, MADV_NOHUGEPAGE);

	for (unsigned long page = 0; page < nr_pages; page++)
		memory[page * page_size] = 1;
	return memory;
}

/* hold PAGES: touches pages, prints its pid, and waits until standard input ends. */
static void hold(char **args)
{
	touched_pages(number(args[0]), (size_t)sysconf(_SC_PAGESIZE));
	stay();
}

/* An empty pipe that takes so many pages. */
static void make_pipe(int ends[2], unsigned long nr_pages, size_t page_size)
{
	if (pipe2(ends, O_CLOEXEC) < 0 || fcntl(ends[0], F_SETPIPE_SZ, nr_pages * page_size) < 0)
		die("pipe");
}

static void write_page(int fd, size_t page_size)
{
	static char page[65536];

	if (write(fd, page, page_size) != (ssize_t)page_size)
		die("write");
}

/* A pipe full of fresh pages: the kernel's own, which nobody can move. Its end to read from. */
static int fill_pipe(unsigned long nr_pages, size_t page_size)
{
	int ends[2];

	make_pipe(ends, nr_pages, page_size);
	for (unsigned long i = 0; i < nr_pages; i++)
		write_page(ends[1], page_size);
	close(ends[1]);
	return ends[0];
}

/* All of them are full before any is read from. */
static int *fill_pipes(unsigned long nr_pipes, unsigned long nr_pages, size_t page_size)
{
	struct rlimit limit;
	int *pipes = calloc(nr_pipes, sizeof(*pipes));

	if (!pipes)
		die("calloc");
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	for (unsigned long i = 0; i < nr_pipes; i++)
		pipes[i] = fill_pipe(nr_pages, page_size);
	return pipes;
}

/* pipes N PAGES: N pipes that hold so many pages each, which cannot be moved; prints its pid and waits. */
static void fill(char **args)
{
	int *pipes = fill_pipes(number(args[0]), number(args[1]), (size_t)sysconf(_SC_PAGESIZE));

	stay();
	free(pipes);
}

/* What a pipe may hold without privileges (fs.pipe-max-size), in pages of 4 KiB: half a huge page. */
#define PIPE_PAGES 256

/*
 * spoil PIPES: fills pipes of a mebibyte, and then gives back all but a few pages of each, so that little
 * memory that cannot be moved is spread over many huge pages; prints its pid and waits.
 */
static void spoil(char **args)
{
	size_t page_size = (size_t)sysconf(_SC_PAGESIZE);
	unsigned long nr_pipes = number(args[0]);
	int *pipes = fill_pipes(nr_pipes, PIPE_PAGES, page_size);
	char page[65536];

	for (unsigned long i = 0; i < nr_pipes; i++)
		for (int nr_left = PIPE_PAGES; nr_left > 2; nr_left--)
			if (read(pipes[i], page, page_size) != (ssize_t)page_size)
				die("read");
	stay();
	free(pipes);
}

/* One of so many is kept of what is scattered. */
#define SCATTER 4

/* Pipes that are filled at random, to the half, so that none is ever full; one of SCATTER stays. */
static void scatter_pipes(unsigned long nr_kept, size_t page_size)
{
	unsigned long nr_pipes = SCATTER * nr_kept;
	int(*pipes)[2] = calloc(nr_pipes, sizeof(*pipes));

	if (!pipes)
		die("calloc");
	for (unsigned long i = 0; i < nr_pipes; i++)
		make_pipe(pipes[i], PIPE_PAGES, page_size);
	for (unsigned long page = 0; page < nr_pipes * PIPE_PAGES / 2; page++)
		write_page(pipes[(unsigned long)random() % nr_pipes][1], page_size);
	for (unsigned long i = nr_kept; i < nr_pipes; i++) {
		close(pipes[i][0]);
		close(pipes[i][1]);
	}
	free(pipes);
}

/*
 * scatter PAGES PIPES: touches four times as many pages and fills four times as many pipes, and gives back
 * all but some PAGES and PIPES, so that of pages next to each other each is kept by chance; prints its pid
 * and waits.
 */
static void scatter(char **args)
{
	unsigned long nr_pages = SCATTER * number(args[0]);
	size_t page_size = (size_t)sysconf(_SC_PAGESIZE);
	char *memory = touched_pages(nr_pages, page_size);

	srandom((unsigned int)getpid());
	for (unsigned long page = 0; page < nr_pages; page++)
		if (random() % SCATTER)
			madvise(memory + page * page_size, page_size, MADV_DONTNEED);
	scatter_pipes(number(args[1]), page_size);
	stay();
}

/* Memory at a multiple of the size of a huge page, which the kernel is advised about. */
static char *map_aligned(size_t size, int advice)
{
	const size_t huge = 2 << 20;
	char *memory = map_pages(size + huge, MADV_NOHUGEPAGE);

	memory = (char *)(((uintptr_t)memory + huge - 1) / huge * huge);
	madvise(memory, size, advice);
	return memory;
}

/*
 * lay HUGE SCATTERED ZEROES: writes so many pages as huge pages, so many (a power of two) out of order, and
 * reads so many that were never written. Prints its pid and waits until standard input ends.
 */
static void lay(char **args)
{
	unsigned long nr_huge = number(args[0]), nr_scattered = number(args[1]), nr_zeroes = number(args[2]);
	size_t page_size = (size_t)sysconf(_SC_PAGESIZE);
	char *huge = map_aligned(nr_huge * page_size, MADV_HUGEPAGE);
	char *scattered = map_aligned(nr_scattered * page_size, MADV_NOHUGEPAGE);
	volatile char *zeroes = map_aligned(nr_zeroes * page_size, MADV_NOHUGEPAGE);
	unsigned long at = 0;

	for (unsigned long page = 0; page < nr_huge; page++)
		huge[page * page_size] = 1;
	/* An odd step comes to each page of a power of two once. */
	for (unsigned long page = 0; page < nr_scattered; page++) {
		scattered[at * page_size] = 1;
		at = (at + 40503) % nr_scattered;
	}
	for (unsigned long page = 0; page < nr_zeroes; page++)
		(void)zeroes[page * page_size];
	stay();
}

static void recall_advised(char **args, int advice)
{
	unsigned long nr_pages = number(args[0]);
	size_t page_size = (size_t)sysconf(_SC_PAGESIZE);
	volatile char *memory = map_aligned(nr_pages * page_size, advice);
	char byte;

	for (unsigned long page = 0; page < nr_pages; page++)
		memory[page * page_size] = advice == MADV_HUGEPAGE ? 1 : (char)(page % 4);
	printf("%d\n", getpid());
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0) {
		for (unsigned long page = 0; page < nr_pages; page++)
			(void)memory[page * page_size];
		puts("read");
		fflush(stdout);
	}
}

/*
 * recall PAGES: writes pages, every fourth of them with zeroes, and prints its pid. For each byte of standard
 * input it reads them all, and prints "read".
 */
static void recall(char **args)
{
	recall_advised(args, MADV_NOHUGEPAGE);
}

/*
 * recall-huge PAGES: the same in larger pieces where the system lets a process have them, and without
 * zeroes.
 */
static void recall_huge(char **args)
{
	recall_advised(args, MADV_HUGEPAGE);
}

/*
 * reserve TIB: reserves addresses that it never uses, and prints its pid. Maps one more page for each byte of
 * standard input until that ends.
 */
static void reserve(char **args)
{
	size_t size = number(args[0]) << 40;
	char byte;

	if (mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) == MAP_FAILED)
		die("mmap");
	printf("%d\n", getpid());
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
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
	{ "touch-huge", 2, touch_huge },
	{ "forks", 1, forks },
	{ "crowd", 1, crowd },
	{ "bad-faults", 1, bad_faults },
	{ "named", 1, named },
	{ "use", 1, use },
	{ "hold", 1, hold },
	{ "recall", 1, recall },
	{ "recall-huge", 1, recall_huge },
	{ "lay", 3, lay },
	{ "reserve", 1, reserve },
	{ "pipes", 2, fill },
	{ "spoil", 1, spoil },
	{ "scatter", 2, scatter },
	{ "read", 1, read_file },
	{ "receive", 1, receive },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < ARRAY_SIZE(loads); i++) {
		if (!strcmp(argv[1], loads[i].name) && argc - 2 == loads[i].nr_args) {
			loads[i].run(argv + 2);
			return EXIT_SUCCESS;
		}
	}
	fputs("usage: workload touch PAGES ROUNDS | touch-huge PAGES ROUNDS | forks N | crowd N | bad-faults N |"
	      " named NAME | use PAGES | hold PAGES | recall PAGES | recall-huge PAGES |"
	      " lay HUGE SCATTERED ZEROES | reserve TIB | pipes N PAGES |"
	      " spoil PIPES | scatter PAGES PIPES | read FILE | receive SOCKET\n",
	      stderr);
	return 2;
}
