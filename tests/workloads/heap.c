// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * heap PATTERN ARGUMENT...: a process that lays out its heap by glibc's malloc, and says what malloc itself
 * counts, so that memoir's answer can be held against it. Its first line, and one more for each line of
 * standard input, is mallinfo2(3) as JSON, with its pid. The line "trim" is malloc_trim(0). It ends when
 * standard input ends. Nothing but the pattern is on the heap: input and output do without buffers.
 */
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "../../daemon/util.h"
#include "usage.h"

#define CHURN_BLOCKS 4096

/* A block that was written from end to end. */
static void *block(size_t size)
{
	char *memory = malloc(size);

	if (!memory)
		die("malloc");
	memset(memory, 0x5a, size);
	return memory;
}

/* Blocks that point to the one before, so that no table of them is needed: the first is returned. */
static void **chain(unsigned long nr, size_t size)
{
	void **last = NULL;

	for (unsigned long i = 0; i < nr; i++) {
		void **memory = block(size);

		*memory = last;
		last = memory;
	}
	return last;
}

/* Frees every nth of a chain, from the first on. */
static void free_every(void **memory, unsigned long nth)
{
	void **kept = NULL;

	for (unsigned long i = 0; memory; i++) {
		void **next = *memory;

		if (i % nth == 0) {
			free(memory);
			if (kept)
				*kept = next;
		} else {
			kept = memory;
		}
		memory = next;
	}
}

static void report(void)
{
	struct mallinfo2 info = mallinfo2();
	char line[256];
	/* dprintf() would use the heap. */
	int len = snprintf(line, sizeof(line),
			   "{\"pid\":%d,\"arena\":%zu,\"uordblks\":%zu,\"fordblks\":%zu,\"fsmblks\":%zu,"
			   "\"keepcost\":%zu,\"hblks\":%zu,\"hblkhd\":%zu}\n",
			   getpid(), info.arena, info.uordblks, info.fordblks, info.fsmblks, info.keepcost,
			   info.hblks, info.hblkhd);

	if (write(STDOUT_FILENO, line, (size_t)len) != len)
		die("write");
}

static void stay(void)
{
	char line[16];
	ssize_t n;

	report();
	while ((n = read(STDIN_FILENO, line, sizeof(line) - 1)) > 0) {
		line[n] = '\0';
		if (!strcmp(line, "trim\n"))
			malloc_trim(0);
		report();
	}
}

/* pieces NR SIZE NTH: blocks of which every nth is free. */
static void pieces(char **args)
{
	free_every(chain(number(args[0]), number(args[1])), number(args[2]));
	stay();
}

/* half NR SIZE: blocks of which the first half, in the order of their addresses, is free. */
static void half(char **args)
{
	void **memory = chain(number(args[0]), number(args[1]));

	for (unsigned long i = 1; i < number(args[0]) / 2; i++)
		memory = *memory;
	free_every(*memory, 1);
	*memory = NULL;
	stay();
}

/* The block in the middle of a chain of used ones. */
static void **middle(char **args)
{
	void **memory = chain(number(args[0]), number(args[1]));

	for (unsigned long i = 0; i < number(args[0]) / 2; i++)
		memory = *memory;
	return memory;
}

/* Used blocks, and what the kernel is to do with pages in the middle, and the sizes that are on them. */
static void advise(char **args, size_t nr_pages, int advice)
{
	uintptr_t page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t page = (uintptr_t)middle(args) / page_size * page_size;

	madvise((void *)page, nr_pages * page_size, advice);
	stay();
}

/* hole NR SIZE: used blocks, of which a page in the middle is given back. */
static void hole(char **args)
{
	advise(args, 1, MADV_DONTNEED);
}

/* swapped NR SIZE: used blocks, of which 256 pages are swapped out. */
static void swapped(char **args)
{
	advise(args, 256, MADV_PAGEOUT);
}

/* broken NR SIZE: used blocks, with a size in the middle that cannot be one. */
static void broken(char **args)
{
	middle(args)[-1] = (void *)(UINTPTR_MAX / 2 - 14);
	stay();
}

/* large NR SIZE: blocks with mappings of their own, of which half is written. */
static void large(char **args)
{
	unsigned long nr = number(args[0]), size = number(args[1]);

	for (unsigned long i = 0; i < nr; i++) {
		char *memory = malloc(size);

		if (!memory)
			die("malloc");
		memset(memory, 1, size / 2);
	}
	stay();
}

static unsigned long nr_blocks, block_size, nth;
static pthread_barrier_t barrier;

static void *piece_thread(void *unused)
{
	free_every(chain(nr_blocks, block_size), nth);
	pthread_barrier_wait(&barrier);
	for (;;)
		pause();
	return unused;
}

/* threads THREADS NR SIZE NTH: the same as pieces in each of so many threads. */
static void threads(char **args)
{
	unsigned int nr_threads = (unsigned int)number(args[0]);
	pthread_t thread;

	nr_blocks = number(args[1]);
	block_size = number(args[2]);
	nth = number(args[3]);
	pthread_barrier_init(&barrier, NULL, nr_threads + 1);
	for (unsigned int i = 0; i < nr_threads; i++) {
		errno = pthread_create(&thread, NULL, piece_thread, NULL);
		if (errno)
			die("pthread_create");
	}
	pthread_barrier_wait(&barrier);
	stay();
}

static void *churn_thread(void *unused)
{
	static __thread void *blocks[CHURN_BLOCKS];
	unsigned int random = (unsigned int)(uintptr_t)&random;

	for (;;) {
		unsigned int which;

		random = random * 1103515245 + 12345;
		which = random >> 8 & (CHURN_BLOCKS - 1);
		free(blocks[which]);
		blocks[which] = block(16 + (random >> 20));
	}
	return unused;
}

/* churn THREADS: threads that allocate and free all the time. */
static void churn(char **args)
{
	pthread_t thread;

	for (unsigned long i = number(args[0]); i; i--) {
		errno = pthread_create(&thread, NULL, churn_thread, NULL);
		if (errno)
			die("pthread_create");
	}
	stay();
}

static const struct {
	const char *name;
	int nr_args;
	void (*run)(char **args);
} patterns[] = {
	{ "hole", 2, hole }, { "swapped", 2, swapped }, { "broken", 2, broken },   { "pieces", 3, pieces },
	{ "half", 2, half }, { "large", 2, large },     { "threads", 4, threads }, { "churn", 1, churn },
};

int main(int argc, char **argv)
{
	/* khugepaged would make resident what is not, between one look at it and the next. */
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	for (size_t i = 0; argc > 1 && i < ARRAY_SIZE(patterns); i++) {
		if (!strcmp(argv[1], patterns[i].name) && argc - 2 == patterns[i].nr_args) {
			patterns[i].run(argv + 2);
			return EXIT_SUCCESS;
		}
	}
	fputs("usage: heap pieces NR SIZE NTH | half NR SIZE | hole NR SIZE | swapped NR SIZE | broken NR SIZE | large NR SIZE |"
	      " threads THREADS NR SIZE NTH | churn THREADS\n",
	      stderr);
	return 2;
}
