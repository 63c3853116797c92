// SPDX-License-Identifier: GPL-2.0-or-later
/* Opens files of processes in children; see giver.h. */
#include "giver.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../util.h"
#include "message.h"
#include "stuck.h"

#define OPEN_MS 1000

/* What is needed, as an answer and perhaps a file. */
static void open_needed(const struct target *target, const struct answer_need *need, struct given *ret,
			int *ret_fd)
{
	int fd;

	if (need->need == NEED_MAPPING) {
		target_open_mapping(target, need->address, ret, ret_fd);
		return;
	}
	fd = need->need == NEED_DEBUG ? target_open_debug(target, need->build_id, need->h.nr)
				      : target_open_jit(target);
	*ret = (struct given){ .type = fd < 0 ? GIVEN_NOTHING : GIVEN_FILE, .err = fd < 0 ? fd : 0 };
	*ret_fd = fd < 0 ? -1 : fd;
}

/*
 * What else the tracer holds, as probes and its socket to memoird, is to end with the tracer's own, also
 * where this child is left behind.
 */
static void close_all_but(const int *kept, size_t nr)
{
	unsigned int from = STDERR_FILENO + 1, next = 0;

	while (next != UINT_MAX) {
		next = UINT_MAX;
		for (size_t i = 0; i < nr; i++)
			if ((unsigned int)kept[i] >= from && (unsigned int)kept[i] < next)
				next = (unsigned int)kept[i];
		if (next > from)
			close_range(from, next - 1, 0);
		from = next + 1;
	}
}

/* In the child; does not return. */
static void open_and_give(int socket, const struct target *target, const struct answer_need *need, int report,
			  pid_t parent)
{
	struct question_given given = { .h = { .kind = QUESTION_GIVEN } };
	const int kept[] = { socket, target->folder, report };
	int fd;

	close_all_but(kept, ARRAY_SIZE(kept));
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(EXIT_FAILURE);
	open_needed(target, need, &given.given, &fd);
	if (!message_send(socket, &given, sizeof(given), fd))
		_exit(write(report, &given.given.err, sizeof(given.given.err)) < 0);
	_exit(EXIT_FAILURE);
}

int give_in_child(int symbolizer, const struct target *target, const struct answer_need *need,
		  bool *ret_is_given)
{
	pid_t parent = getpid(), pid;
	struct pollfd wait = { .events = POLLIN };
	int reports[2], status, err;

	*ret_is_given = false;
	if (stuck_are_too_many())
		return -EBUSY;
	if (pipe2(reports, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (!pid)
		open_and_give(symbolizer, target, need, reports[1], parent);
	err = pid < 0 ? -errno : 0;
	close(reports[1]);
	wait.fd = reports[0];
	if (!err && poll(&wait, 1, OPEN_MS) <= 0)
		err = -ETIMEDOUT;
	else if (!err)
		*ret_is_given = read(reports[0], &err, sizeof(err)) == sizeof(err);
	close(reports[0]);
	if (pid > 0)
		stuck_kill(pid, &status);
	return *ret_is_given || err ? err : -EIO;
}

int open_in_child(const struct target *target, __u64 address, struct given *ret)
{
	const struct answer_need need = { .need = NEED_MAPPING, .address = address };
	struct question_given given;
	int pair[2], fd = -1, err;
	bool is_given;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	err = give_in_child(pair[1], target, &need, &is_given);
	if (is_given)
		message_receive(pair[0], &given, sizeof(given), MSG_DONTWAIT, &fd);
	close(pair[0]);
	close(pair[1]);
	if (fd < 0)
		return err ?: -ENOENT;
	*ret = given.given;
	return fd;
}
