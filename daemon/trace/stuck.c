// SPDX-License-Identifier: GPL-2.0-or-later
/* The end of children that touch files of others; see stuck.h. */
#include "stuck.h"

#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/wait.h>

#include "../util.h"

#define MAX_STUCK 32
#define END_MS 1000

static pid_t stuck[MAX_STUCK];
static int nr_stuck;

static void reap(void)
{
	int nr_left = 0;

	for (int i = 0; i < nr_stuck; i++)
		if (!waitpid(stuck[i], NULL, WNOHANG))
			stuck[nr_left++] = stuck[i];
	nr_stuck = nr_left;
}

bool stuck_kill(pid_t pid, int *ret_status)
{
	_cleanup_close_ int pidfd = pidfd_open(pid, 0);
	struct pollfd end = { .fd = pidfd, .events = POLLIN };
	pid_t ended;

	kill(pid, SIGKILL);
	if (pidfd >= 0)
		poll(&end, 1, END_MS);
	ended = waitpid(pid, ret_status, WNOHANG);
	if (!ended && nr_stuck < MAX_STUCK)
		stuck[nr_stuck++] = pid;
	return ended == pid;
}

bool stuck_are_too_many(void)
{
	reap();
	return nr_stuck == MAX_STUCK;
}
