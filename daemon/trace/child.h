/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process of the symbolizer, as its parent starts, bounds and ends it. */
#ifndef MEMOIR_TRACE_CHILD_H
#define MEMOIR_TRACE_CHILD_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Start with { .program_fd = ..., .fd = -1 }. */
struct child {
	int program_fd; /* the caller's; -1: there is none */
	int fd;         /* of our socket to it; -1 while there is no process */
	pid_t pid;
};

/*
 * Starts one, without privileges and with nothing open but its end of the socket and standard error. 0 or
 * a negative errno.
 */
int child_start(struct child *child);

/*
 * Kills it, if there is one. Of what it had died before that, if it had, is written behind what is in why.
 * is_closed: its end of the socket is closed, as when it dies.
 */
void child_end(struct child *child, bool is_closed, char *why, size_t size);

/* From now on it may use a few seconds of CPU time until the next call; then the kernel ends it. */
void child_limit_cpu(const struct child *child);

/* Of all children of the tracer, those that have ended included. */
__u64 child_cpu_ns(const struct child *child);
__u64 child_rss_bytes(const struct child *child);

#endif
