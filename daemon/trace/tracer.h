/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tracer: the process that may look into others, apart from memoird, which listens to the network. It
 * does what memoird asks for (protocol.h), hands back records, and costs nothing while nobody asks. It
 * ends with memoird.
 */
#ifndef MEMOIR_TRACE_TRACER_H
#define MEMOIR_TRACE_TRACER_H

#include <sys/types.h>

struct tracer {
	pid_t pid;
	int fd; /* of memoird's end of their sockets, which does not block */
};

/*
 * Forks the tracer, which is to be done while this process is still small, has its privileges and nothing
 * open that the tracer is not to have. 0, or a negative errno after one logged line.
 */
int tracer_start(struct tracer *ret);

/* Ends it and closes its socket; the status that it ended with, as waitpid() has it. */
int tracer_end(struct tracer *tracer);

#endif
