/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One request to the daemon on its Unix socket. The server must belong to root or to the caller, and
 * must answer in time; what it says is somebody else's to understand.
 */
#ifndef MEMOIR_CLIENT_H
#define MEMOIR_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Takes a piece of the body; status is that of the response. Without bytes: a stream has come to end_ns,
 * or a signal asks to stop. 0: go on; 1: enough, or a negative errno: both end the request.
 */
typedef int (*client_body_fn)(void *ctx, unsigned int status, const char *bytes, size_t size);

struct client_request {
	const char *socket; /* path */
	const char *target; /* "/v1/events?after=3" */
	uint64_t max_body_bytes;
	bool is_stream;  /* the body comes when it comes; else it must keep moving */
	uint64_t end_ns; /* of a stream, CLOCK_MONOTONIC or NO_DEADLINE: when body is told so; may change */
	client_body_fn body;
	void *ctx;
};

struct client_result {
	unsigned int status; /* of HTTP */
	pid_t server;        /* who serves the socket */
	char problem[256];   /* after an error: one line, what and why */
};

/*
 * Asks, and hands the body to request->body. 0; -EINTR: told to stop (see interrupt.h); -ENOTCONN: the
 * daemon cannot be reached, or stopped answering; other errors: it answered what cannot be used, or what
 * request->body returned.
 */
int client_get(const struct client_request *request, struct client_result *ret);

#endif
