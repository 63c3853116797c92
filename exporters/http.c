// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The HTTP server; see http.h. libmicrohttpd parses; this decides. Three of its habits are worked
 * around: it stops accepting for good at its own connection limit, so ours is lower and turns peers
 * away in the accept policy; its timeout is one of inactivity, so connections have a deadline of
 * ours; and its epoll is edge-triggered inside, so its wish for another turn is honoured by a
 * timer.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../daemon/log.h"
#include "../daemon/util.h"
#include "http_internal.h"
#include "http_reply.h"

/* Request line and headers. */
#define MAX_REQUEST_BYTES 16384
#define HEARTBEAT_US 1000000ULL
/* A long request takes many turns; sd-event's own choice would be 250 ms for each. */
#define TIMER_ACCURACY_US 1000

/* --- connections ------------------------------------------------------------------------------ */

static enum MHD_Result on_accept(void *ctx, const struct sockaddr *address, socklen_t len)
{
	const struct endpoint *endpoint = ctx;

	(void)address;
	(void)len;
	return endpoint->nr_connections < MAX_CONNECTIONS ? MHD_YES : MHD_NO;
}

static void connection_open(struct endpoint *endpoint, struct MHD_Connection *peer, void **socket_context)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(peer,
								       MHD_CONNECTION_INFO_CONNECTION_FD);
	struct connection *connection = calloc(1, sizeof(*connection));

	*socket_context = connection;
	if (!connection)
		return;
	connection->endpoint = endpoint;
	connection->opened_ns = now_ns(CLOCK_MONOTONIC);
	connection->fd = info ? info->connect_fd : -1;
	connection->next = endpoint->http->connections;
	endpoint->http->connections = connection;
	endpoint->nr_connections++;
}

static void connection_close(struct connection *connection)
{
	struct connection **link;

	if (!connection)
		return;
	link = &connection->endpoint->http->connections;
	while (*link != connection)
		link = &(*link)->next;
	*link = connection->next;
	connection->endpoint->nr_connections--;
	free(connection);
}

static void on_connection(void *ctx, struct MHD_Connection *peer, void **socket_context,
			  enum MHD_ConnectionNotificationCode code)
{
	struct endpoint *endpoint = ctx;

	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		connection_open(endpoint, peer, socket_context);
	else
		connection_close(*socket_context);
}

/* Cuts off those that have used up their time: dribblers, and readers that never read. */
static void cut_overdue(struct http *http)
{
	uint64_t now = now_ns(CLOCK_MONOTONIC);

	for (struct connection *connection = http->connections; connection; connection = connection->next) {
		if (connection->stream || connection->is_cut ||
		    now - connection->opened_ns < CONNECTION_DEADLINE_NS)
			continue;
		connection->is_cut = true;
		shutdown(connection->fd, SHUT_RDWR);
	}
}

/* --- the loop --------------------------------------------------------------------------------- */

static void arm_timer(struct http *http, uint64_t wait_us)
{
	sd_event_source_set_time_relative(http->timer, wait_us);
	sd_event_source_set_enabled(http->timer, SD_EVENT_ONESHOT);
}

void http_turn(struct http *http)
{
	struct endpoint *const endpoints[] = { &http->tcp, &http->local };
	uint64_t wait_us = http->connections ? HEARTBEAT_US : UINT64_MAX;

	for (size_t i = 0; i < ARRAY_SIZE(endpoints); i++) {
		MHD_UNSIGNED_LONG_LONG timeout_ms;

		if (!endpoints[i]->daemon)
			continue;
		MHD_run(endpoints[i]->daemon);
		if (MHD_get_timeout(endpoints[i]->daemon, &timeout_ms) == MHD_YES &&
		    timeout_ms * 1000 < wait_us)
			wait_us = timeout_ms * 1000;
	}
	/* One more turn after the last connection has gone, for the listening socket. */
	if (http->connections && wait_us > HEARTBEAT_US)
		wait_us = HEARTBEAT_US;
	if (wait_us == UINT64_MAX) {
		sd_event_source_set_enabled(http->timer, SD_EVENT_OFF);
		return;
	}
	arm_timer(http, wait_us);
}

void http_wake(struct http *http)
{
	arm_timer(http, 0);
}

static int on_ready(sd_event_source *source, int fd, uint32_t events, void *ctx)
{
	struct endpoint *endpoint = ctx;

	(void)source;
	(void)fd;
	(void)events;
	http_turn(endpoint->http);
	return 0;
}

static int on_heartbeat(sd_event_source *source, uint64_t usec, void *ctx)
{
	struct http *http = ctx;

	(void)source;
	(void)usec;
	cut_overdue(http);
	http_turn(http);
	return 0;
}

/* --- start and end ---------------------------------------------------------------------------- */

static int start_endpoint(struct http *http, struct endpoint *endpoint, int listen_fd, bool is_local)
{
	const union MHD_DaemonInfo *info;
	struct stat st;

	endpoint->http = http;
	endpoint->is_local = is_local;
	endpoint->listen_fd = listen_fd;
	if (listen_fd < 0)
		return 0;
	if (is_local)
		endpoint->group = fstat(listen_fd, &st) < 0 ? 0 : st.st_gid;
	endpoint->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, on_accept, endpoint,
					    http_answer, endpoint, MHD_OPTION_LISTEN_SOCKET, listen_fd,
					    MHD_OPTION_CONNECTION_LIMIT, 4 * MAX_CONNECTIONS,
					    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MAX_REQUEST_BYTES,
					    MHD_OPTION_NOTIFY_CONNECTION, on_connection, endpoint,
					    MHD_OPTION_END);
	if (!endpoint->daemon)
		return -EIO;
	info = MHD_get_daemon_info(endpoint->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	return sd_event_add_io(http->event, &endpoint->source, info->epoll_fd, EPOLLIN, on_ready, endpoint);
}

int http_new(sd_event *event, const struct http_options *options, const struct http_backend *backend,
	     struct http **ret)
{
	struct http *http = calloc(1, sizeof(*http));
	int err;

	if (!http)
		return -ENOMEM;
	http->event = event;
	http->backend = *backend;
	err = sd_event_add_time_relative(event, &http->timer, CLOCK_MONOTONIC, HEARTBEAT_US,
					 TIMER_ACCURACY_US, on_heartbeat, http);
	if (err >= 0)
		err = start_endpoint(http, &http->tcp, options->tcp_fd, false);
	if (err >= 0)
		err = start_endpoint(http, &http->local, options->unix_fd, true);
	if (err < 0) {
		http_free(http);
		return err;
	}
	*ret = http;
	return 0;
}

static void stop_endpoint(struct endpoint *endpoint)
{
	sd_event_source_disable_unref(endpoint->source);
	if (endpoint->daemon)
		MHD_stop_daemon(endpoint->daemon);
}

void http_free(struct http *http)
{
	if (!http)
		return;
	http_resume_all(http);
	stop_endpoint(&http->tcp);
	stop_endpoint(&http->local);
	sd_event_source_disable_unref(http->timer);
	text_free(&http->body);
	text_free(&http->compressed);
	free(http);
}
