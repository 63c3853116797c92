/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The end of children that touch files of others, and of the tracer. A file system that somebody serves
 * from user space can keep a process from dying even when it is killed, so nobody may wait for its end
 * without a limit.
 */
#ifndef MEMOIR_TRACE_STUCK_H
#define MEMOIR_TRACE_STUCK_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Kills a child and waits for its end, a second at most. Whether it has ended; then its status is set.
 * One that has not is remembered, and reaped when it has.
 */
bool stuck_kill(pid_t pid, int *ret_status);

/* Whether so many children have not ended that there should be no more of them. */
bool stuck_are_too_many(void);

#endif
