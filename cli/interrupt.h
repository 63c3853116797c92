/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Waiting, and being told to stop. After interrupt_init(), SIGINT, SIGTERM and SIGHUP only set a flag,
 * and arrive nowhere but inside interrupt_poll(), so that none is missed between a look and a wait.
 */
#ifndef MEMOIR_INTERRUPT_H
#define MEMOIR_INTERRUPT_H

#include <stdbool.h>
#include <stdint.h>

#define NO_DEADLINE UINT64_MAX

/* A hangup that is ignored already, as under nohup, stays ignored. */
void interrupt_init(void);

/* Whether one of the signals has come. */
bool interrupt_requested(void);

/*
 * Waits until fd (-1: none) has one of events of poll(2), or CLOCK_MONOTONIC reaches deadline_ns. Returns
 * the events, 0 at the deadline, -EINTR after any signal (one that asks to stop, or a resized window), or
 * another negative errno.
 */
int interrupt_poll(int fd, short events, uint64_t deadline_ns);

#endif
