// SPDX-License-Identifier: GPL-2.0-or-later
/* Waiting, and being told to stop; see interrupt.h. */
#include "interrupt.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>

#include "../daemon/util.h"

static volatile sig_atomic_t is_requested;
static bool is_installed;
static sigset_t wait_mask;

static void on_signal(int number)
{
	(void)number;
	is_requested = 1;
}

void interrupt_init(void)
{
	struct sigaction action = { .sa_handler = on_signal }, old;
	sigset_t blocked;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGINT);
	sigaddset(&blocked, SIGTERM);
	sigaddset(&blocked, SIGWINCH);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	if (!sigaction(SIGHUP, NULL, &old) && old.sa_handler != SIG_IGN) {
		sigaddset(&blocked, SIGHUP);
		sigaction(SIGHUP, &action, NULL);
	}
	sigprocmask(SIG_BLOCK, &blocked, &wait_mask);
	/* A parent may have blocked them. */
	sigdelset(&wait_mask, SIGINT);
	sigdelset(&wait_mask, SIGTERM);
	sigdelset(&wait_mask, SIGHUP);
	sigdelset(&wait_mask, SIGWINCH);
	is_installed = true;
}

bool interrupt_requested(void)
{
	return is_requested;
}

int interrupt_poll(int fd, short events, uint64_t deadline_ns)
{
	struct pollfd pollfd = { .fd = fd, .events = events };
	uint64_t now = now_ns(CLOCK_MONOTONIC);
	uint64_t left = deadline_ns > now ? deadline_ns - now : 0;
	struct timespec timeout = { .tv_sec = (time_t)(left / NSEC_PER_SEC),
				    .tv_nsec = (long)(left % NSEC_PER_SEC) };
	int n = ppoll(&pollfd, 1, deadline_ns == NO_DEADLINE ? NULL : &timeout,
		      is_installed ? &wait_mask : NULL);

	if (n < 0)
		return -errno;
	return n ? pollfd.revents : 0;
}
