// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * messages N: a process that puts messages into queues of System V that nobody takes out, so that slabs of
 * the kernel grow by N KiB each tenth of a second, and no memory of its own. It ends when standard input
 * does; the queues go with its IPC namespace.
 */
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <unistd.h>

#include "usage.h"

#define TENTH_MS 100
/* With its head of 48 bytes, a slab object of 1 KiB. */
#define TEXT_BYTES 960

static int new_queue(void)
{
	int queue = msgget(IPC_PRIVATE, 0600);

	if (queue < 0)
		die("msgget");
	return queue;
}

/* As much as a queue can have, in a namespace of one's own. */
static void raise_limit(void)
{
	FILE *limit;

	if (unshare(CLONE_NEWIPC) < 0)
		die("unshare");
	limit = fopen("/proc/sys/kernel/msgmnb", "w");
	if (!limit || fprintf(limit, "%d", INT_MAX) < 0 || fclose(limit))
		die("msgmnb");
}

/* Returns the queue, or the next one where that is full. */
static int put(int queue)
{
	static const struct {
		long type;
		char text[TEXT_BYTES];
	} message = { .type = 1 };

	while (msgsnd(queue, &message, sizeof(message.text), IPC_NOWAIT) < 0) {
		if (errno != EAGAIN)
			die("msgsnd");
		queue = new_queue();
	}
	return queue;
}

int main(int argc, char **argv)
{
	const unsigned long nr = argc > 1 ? number(argv[1]) : 1;
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	int queue;

	raise_limit();
	queue = new_queue();
	while (!poll(&input, 1, TENTH_MS))
		for (unsigned long i = 0; i < nr; i++)
			queue = put(queue);
	return EXIT_SUCCESS;
}
