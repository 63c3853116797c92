// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages that files may come with; see message.h. */
#include "message.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* Room for one file. */
union control {
	struct cmsghdr h;
	char bytes[CMSG_SPACE(sizeof(int))];
};

int message_send(int socket, const void *message, size_t size, int file)
{
	union control control = {
		.h = { .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int)) }
	};
	struct iovec part = { (void *)message, size };
	struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1 };

	if (file >= 0) {
		memcpy(CMSG_DATA(&control.h), &file, sizeof(file));
		header.msg_control = &control;
		header.msg_controllen = sizeof(control);
	}
	return sendmsg(socket, &header, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)size ? 0 : -errno;
}

ssize_t message_receive(int socket, void *ret, size_t size, int flags, int *ret_file)
{
	union control control;
	struct iovec part = { ret, size };
	struct msghdr header = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
	};
	ssize_t n = recvmsg(socket, &header, flags | MSG_CMSG_CLOEXEC);
	const struct cmsghdr *with = n > 0 ? CMSG_FIRSTHDR(&header) : NULL;

	*ret_file = -1;
	if (with && with->cmsg_level == SOL_SOCKET && with->cmsg_type == SCM_RIGHTS)
		memcpy(ret_file, CMSG_DATA(with), sizeof(*ret_file));
	return n < 0 ? -errno : n;
}
