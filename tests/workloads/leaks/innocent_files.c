// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Programs that do not leak, and use files, threads or children: what grows with them is page cache, or
 * ends with the child.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../daemon/util.h"
#include "../usage.h"
#include "frame.h"

static char buffer[64 * KIB];

/* A file without a name, where files are on a disk. */
static int open_file(void)
{
	int fd = open("/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0)
		die("/var/tmp");
	return fd;
}

static int written_file(size_t bytes)
{
	int fd = open_file();

	for (size_t done = 0; done < bytes; done += sizeof(buffer))
		if (write(fd, buffer, sizeof(buffer)) < 0)
			die("write");
	return fd;
}

/* Reads the same file from end to end, again and again. */
static void file_reader(void)
{
	int fd = written_file((size_t)target_bytes);

	for (off_t offset = 0;; offset += (off_t)sizeof(buffer)) {
		if (pread(fd, buffer, sizeof(buffer), offset) <= 0)
			offset = 0;
		pass(1);
	}
}
PATTERN("file-reader", file_reader);

/* A log that gets longer, and begins again at the end. */
static void log_writer(void)
{
	int fd = open_file();
	double hours = 20;

	for (;;) {
		ssize_t bytes = (ssize_t)(target_bytes / (hours * HOUR));

		for (ssize_t done = 0; done < bytes; done += (ssize_t)sizeof(buffer))
			if (write(fd, buffer, sizeof(buffer)) < 0)
				die("write");
		if (lseek(fd, 0, SEEK_CUR) > (off_t)target_bytes &&
		    (ftruncate(fd, 0) < 0 || lseek(fd, 0, SEEK_SET)))
			die("ftruncate");
		pass(1);
	}
}
PATTERN("log-writer", log_writer);

/* Reads a mapped file little by little, over two days: its resident pages are those of the file. */
static void mapped_file(void)
{
	size_t bytes = (size_t)target_bytes;
	int fd = written_file(bytes);
	volatile char *memory = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);

	if (memory == MAP_FAILED)
		die("mmap");
	for (size_t offset = 0;; offset = (offset + 4096) % bytes) {
		(void)memory[offset];
		pass(2 * DAY * 4096 / target_bytes);
	}
}
PATTERN("mapped-file", mapped_file);

/* Children that use memory for an hour, and end. */
static void fork_server(void)
{
	for (;;) {
		pid_t child = fork_child();

		if (!child) {
			for (int i = 0; i < 16; i++) {
				map_written((size_t)target_bytes / 16);
				pass(3);
			}
			_exit(0);
		}
		pass(HOUR);
		waitpid(child, NULL, 0);
	}
}
PATTERN("fork-server", fork_server);

/* A server that is restarted every eight hours, and each time fills its caches in an hour and a half. */
static void restarts(void)
{
	for (;;) {
		pid_t child = fork_child();

		if (!child) {
			for (int i = 0; i < 30; i++) {
				map_written((size_t)target_bytes / 30);
				pass(3);
			}
			pass(6 * HOUR);
			_exit(0);
		}
		pass(8 * HOUR);
		waitpid(child, NULL, 0);
	}
}
PATTERN("restarts", restarts);

static void *pool_thread(void *unused)
{
	char frame[32 * KIB];

	memset(frame, 1, sizeof(frame));
	use(frame);
	for (;;)
		pause();
	return unused;
}

/* One more thread every half hour, until there are enough of them. */
static void thread_pool(void)
{
	for (size_t i = 0; i < (size_t)target_bytes / (32 * KIB); i++) {
		start_thread(pool_thread, NULL);
		count(32 * KIB);
		pass(30);
	}
	for (;;)
		pass(HOUR);
}
PATTERN("thread-pool", thread_pool);
