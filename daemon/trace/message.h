/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages between the tracer and its children, over sockets of SOCK_SEQPACKET: a file may come with one. */
#ifndef MEMOIR_TRACE_MESSAGE_H
#define MEMOIR_TRACE_MESSAGE_H

#include <stddef.h>
#include <sys/types.h>

/* Sends one, with a file if file is one, and does not wait: 0, or a negative errno. */
int message_send(int socket, const void *message, size_t size, int file);

/*
 * Receives one, with flags as of recvmsg(2). The bytes received, 0 at the end, or a negative errno. The file
 * that came with it is the caller's; -1: none came.
 */
ssize_t message_receive(int socket, void *ret, size_t size, int flags, int *ret_file);

#endif
