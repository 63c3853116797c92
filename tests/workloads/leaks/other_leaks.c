// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Leaks of a process that are not of its heap, or that the heap of another place has: mappings, stacks of
 * threads, shared memory, page tables, a library without frame pointers, a parent of many children.
 */
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../usage.h"
#include "frame.h"
#include "library.h"

SITE static size_t map_segment(void)
{
	void *memory = mmap(NULL, 64 * KIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		die("mmap");
	touch(memory, 64 * KIB);
	count(64 * KIB);
	return 64 * KIB;
}

static void mappings(void)
{
	leak_forever(target_bytes, map_segment);
}
PATTERN("mmap", mappings);

#define STACK_BYTES (128 * KIB)
/*
 * What glibc leaves of the stack of a thread that ended: the least that a stack may have below its last
 * frame, and what is above that, the first frames and the thread's own data.
 */
#define KEPT_STACK_BYTES ((size_t)PTHREAD_STACK_MIN + 2 * 4096)

static void *fill_stack(void *unused)
{
	char frame[STACK_BYTES / 2];

	touch(frame, sizeof(frame));
	use(frame);
	return unused;
}

/* A thread that ends and that nobody joins: its stack stays. */
SITE static size_t forget_thread(void)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	errno = pthread_create(&thread, &attributes, fill_stack, NULL);
	if (errno)
		die("pthread_create");
	pthread_attr_destroy(&attributes);
	count((ptrdiff_t)KEPT_STACK_BYTES);
	return KEPT_STACK_BYTES;
}

static void thread_stacks(void)
{
	leak_forever(target_bytes, forget_thread);
}
PATTERN("thread-stacks", thread_stacks);

/* Shared memory that is mapped, and never closed. */
SITE static size_t share_segment(void)
{
	int fd = memfd_create("segment", MFD_CLOEXEC);
	void *memory;

	if (fd < 0 || ftruncate(fd, 64 * KIB) < 0)
		die("memfd_create");
	memory = mmap(NULL, 64 * KIB, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		die("mmap");
	touch(memory, 64 * KIB);
	close(fd);
	count(64 * KIB);
	return 64 * KIB;
}

static void shared(void)
{
	leak_forever(target_bytes, share_segment);
}
PATTERN("shared", shared);

#define TABLE_SPAN_BYTES (2 * MIB)
#define TABLE_BYTES 4096

/* Reads one page of every table's span: the page of zeroes is no memory, the table is. */
SITE static size_t touch_sparsely(void)
{
	static volatile char *next, *end;

	if (next == end) {
		void *memory = mmap(NULL, 1024 * MIB, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
				    -1, 0);

		if (memory == MAP_FAILED)
			die("mmap");
		next = memory;
		end = next + 1024 * MIB;
	}
	(void)*next;
	next += TABLE_SPAN_BYTES;
	count(TABLE_BYTES);
	return TABLE_BYTES;
}

static void page_tables(void)
{
	leak_forever(target_bytes, touch_sparsely);
}
PATTERN("page-tables", page_tables);

static size_t use_library(void)
{
	size_t bytes = library_store();

	count((ptrdiff_t)bytes);
	return bytes;
}

static void library(void)
{
	leak_forever(target_bytes, use_library);
}
PATTERN("library", library);

/* What is remembered of a child, and never forgotten. */
SITE static size_t spawn_child(void)
{
	char *child = malloc(3000);
	pid_t pid;

	if (!child)
		die("malloc");
	memset(child, 1, 3000);
	use(child);
	count(3000);
	pid = fork_child();
	if (!pid) {
		memset(child, 2, 3000);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	return 3000;
}

static void forks(void)
{
	leak_forever(target_bytes, spawn_child);
}
PATTERN("forks", forks);
