/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the HTTP server share; private to http*.c. */
#ifndef MEMOIR_HTTP_INTERNAL_H
#define MEMOIR_HTTP_INTERNAL_H

#include <microhttpd.h>
#include <sys/types.h>

#include "http.h"
#include "text.h"

/*
 * Open connections of an endpoint; more are turned away, so that strangers on TCP cannot keep root from
 * the Unix socket. Below this, libmicrohttpd's own limit must never be reached.
 */
#define MAX_CONNECTIONS 64
/* From accept to the last byte of the reply. */
#define CONNECTION_DEADLINE_NS (10 * 1000000000ULL)
/* All reply bodies that clients have yet to read. */
#define MAX_REPLY_BYTES (64u << 20)

/* A listening socket and its libmicrohttpd daemon. */
struct endpoint {
	struct http *http;
	struct MHD_Daemon *daemon;
	sd_event_source *source;
	int listen_fd; /* libmicrohttpd closes it */
	bool is_local; /* the Unix socket: its peers are checked, and may use the API */
	gid_t group;   /* of the socket file */
	unsigned int nr_connections;
};

struct connection {
	struct connection *next;
	struct endpoint *endpoint;
	struct record_stream *stream; /* of /v1/record: no deadline */
	uint64_t opened_ns;
	int fd;
	bool is_cut;
};

struct http {
	sd_event *event;
	sd_event_source *timer;
	struct http_backend backend;
	struct endpoint tcp, local;
	struct connection *connections;
	struct record_stream *streams;
	size_t nr_reply_bytes; /* in bodies that are on their way */
	struct text body, compressed;
};

/* A new stream of records as a response; it is freed with the connection. NULL without memory. */
struct MHD_Response *record_stream_new(struct http *http, struct MHD_Connection *peer,
				       struct connection *connection);

/* Wakes the streams that sleep, so that their connections can be closed. */
void http_resume_all(struct http *http);

/* Takes a turn soon. For callers that libmicrohttpd itself may have called. */
void http_wake(struct http *http);

/* Lets libmicrohttpd work on everything that is ready, and arms the timer for what is not. */
void http_turn(struct http *http);

#endif
