// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Leaks of kernel memory by a process: objects of the kernel that it makes and never closes. What is
 * counted of each is what is known to be its own, its payload; the kernel's bookkeeping comes on top.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../usage.h"
#include "frame.h"

static char page[4096];

static void raise_file_limit(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static void leak_descriptors(size_t (*step)(void))
{
	raise_file_limit();
	leak_forever(target_bytes, step);
}

/* A pipe with a page in it. */
SITE static size_t leak_pipe(void)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0 || write(ends[1], page, sizeof(page)) < 0)
		die("pipe");
	count(sizeof(page));
	return sizeof(page);
}

static void pipes(void)
{
	leak_descriptors(leak_pipe);
}
PATTERN("pipes", pipes);

#define DATAGRAM_BYTES 2048

/* A pair of sockets with a datagram that nobody reads. */
SITE static size_t leak_socket(void)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends) < 0 ||
	    send(ends[0], page, DATAGRAM_BYTES, MSG_DONTWAIT) < 0)
		die("socketpair");
	count(DATAGRAM_BYTES);
	return DATAGRAM_BYTES;
}

static void sockets(void)
{
	leak_descriptors(leak_socket);
}
PATTERN("sockets", sockets);

/* A file of tmpfs that has no name, and is never mapped. */
SITE static size_t leak_unlinked_file(void)
{
	int fd = memfd_create("unlinked", MFD_CLOEXEC);

	if (fd < 0 || write(fd, page, sizeof(page)) < 0)
		die("memfd_create");
	count(sizeof(page));
	return sizeof(page);
}

static void unlinked_files(void)
{
	leak_descriptors(leak_unlinked_file);
}
PATTERN("unlinked-files", unlinked_files);

/* What a watch is at least: its mark, and the directory entry and the inode that it holds. */
#define WATCH_BYTES 256

/* Watches of files that are gone but for the watch and the descriptor, which keep their inodes. */
SITE static size_t leak_watch(void)
{
	static int inotify = -1;
	char path[32];
	int fd;

	if (inotify < 0)
		inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	fd = memfd_create("watched", MFD_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (inotify < 0 || fd < 0 || inotify_add_watch(inotify, path, IN_MODIFY) < 0)
		die("inotify_add_watch");
	count(WATCH_BYTES);
	return WATCH_BYTES;
}

static void watches(void)
{
	leak_descriptors(leak_watch);
}
PATTERN("inotify", watches);

#define MAP_BYTES (16 * KIB)

SITE static size_t leak_bpf_map(void)
{
	union bpf_attr attributes = { .map_type = BPF_MAP_TYPE_ARRAY,
				      .key_size = 4,
				      .value_size = 4096,
				      .max_entries = MAP_BYTES / 4096 };

	if (syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof(attributes)) < 0)
		die("BPF_MAP_CREATE");
	count(MAP_BYTES);
	return MAP_BYTES;
}

static void bpf_maps(void)
{
	leak_descriptors(leak_bpf_map);
}
PATTERN("bpf-maps", bpf_maps);

#define EVENT_BYTES 256

SITE static size_t leak_epoll(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	int set = epoll_create1(EPOLL_CLOEXEC), fd = eventfd(0, EFD_CLOEXEC);

	if (set < 0 || fd < 0 || epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) < 0)
		die("epoll");
	count(EVENT_BYTES);
	return EVENT_BYTES;
}

static void epolls(void)
{
	leak_descriptors(leak_epoll);
}
PATTERN("epoll", epolls);

/* The stack in the kernel; that of the program comes on top. */
#define KERNEL_STACK_BYTES (16 * KIB)

static void *wait_forever(void *unused)
{
	for (;;)
		pause();
	return unused;
}

/* A thread that waits for what never comes. */
SITE static size_t leak_thread(void)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 64 * KIB);
	errno = pthread_create(&thread, &attributes, wait_forever, NULL);
	if (errno)
		die("pthread_create");
	pthread_attr_destroy(&attributes);
	count(KERNEL_STACK_BYTES);
	return KERNEL_STACK_BYTES;
}

static void threads(void)
{
	leak_forever(target_bytes, leak_thread);
}
PATTERN("threads", threads);
