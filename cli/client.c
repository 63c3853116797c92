// SPDX-License-Identifier: GPL-2.0-or-later
/* One request to the daemon; see client.h. */
#include "client.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "../daemon/util.h"
#include "http_response.h"
#include "interrupt.h"

/* Without any byte; and for a whole reply. */
#define IDLE_NS (5 * NSEC_PER_SEC)
#define TOTAL_NS (30 * NSEC_PER_SEC)

struct exchange {
	const struct client_request *request;
	struct client_result *result;
	struct http_response response;
	int fd;
	uint64_t total_deadline_ns;
	char buffer[65536];
};

static int __attribute__((format(printf, 3, 4)))
fail(struct client_result *result, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(result->problem, sizeof(result->problem), format, args);
	va_end(args);
	return err;
}

/* --- the connection --------------------------------------------------------------------------- */

static const char *connect_advice(int err)
{
	if (err == EACCES || err == EPERM)
		return "; be root, or in the group of the socket";
	if (err == ENOENT || err == ECONNREFUSED)
		return "; is memoird running? (systemctl status memoird)";
	return "";
}

/* Waits for the socket. 0, or a negative errno with the problem told. */
static int wait_for(struct exchange *exchange, short events)
{
	const struct client_request *request = exchange->request;
	bool is_flowing = request->is_stream && exchange->response.has_head;
	uint64_t deadline = now_ns(CLOCK_MONOTONIC) + IDLE_NS;
	int n;

	if (is_flowing)
		deadline = request->end_ns;
	else if (deadline > exchange->total_deadline_ns)
		deadline = exchange->total_deadline_ns;
	do
		n = interrupt_poll(exchange->fd, events, deadline);
	while (n == -EINTR && !interrupt_requested());
	if (n == -EINTR)
		return fail(exchange->result, -EINTR, "interrupted");
	if (n < 0)
		return fail(exchange->result, n, "cannot wait for %s: %s", request->socket, strerror(-n));
	if (n == 0 && is_flowing)
		return -ETIME;
	if (n == 0)
		return fail(exchange->result, -ENOTCONN,
			    "no answer on %s in time; is memoird stuck? (systemctl status memoird)",
			    request->socket);
	return 0;
}

/* A full backlog shows as EAGAIN on a Unix socket, and poll() does not wait for room in it. */
static int connect_in_time(struct exchange *exchange, const struct sockaddr_un *address)
{
	for (;;) {
		int n;

		if (!connect(exchange->fd, (const struct sockaddr *)address, sizeof(*address)))
			return 0;
		if (errno != EAGAIN && errno != EINTR)
			return fail(exchange->result, -ENOTCONN, "cannot connect to %s: %s%s",
				    exchange->request->socket, strerror(errno), connect_advice(errno));
		if (now_ns(CLOCK_MONOTONIC) > exchange->total_deadline_ns - TOTAL_NS + IDLE_NS)
			return fail(exchange->result, -ENOTCONN,
				    "cannot connect to %s: too many clients wait there",
				    exchange->request->socket);
		n = interrupt_poll(-1, 0, now_ns(CLOCK_MONOTONIC) + 50 * NSEC_PER_MSEC);
		if (n == -EINTR && interrupt_requested())
			return fail(exchange->result, -EINTR, "interrupted");
	}
}

/* A stranger's socket could show anything, and would learn what is asked. */
static int check_server(struct exchange *exchange)
{
	struct ucred server;
	socklen_t size = sizeof(server);

	if (getsockopt(exchange->fd, SOL_SOCKET, SO_PEERCRED, &server, &size) < 0)
		return fail(exchange->result, -errno, "cannot tell who serves %s: %s",
			    exchange->request->socket, strerror(errno));
	if (server.uid != 0 && server.uid != geteuid())
		return fail(exchange->result, -EPERM, "%s is served by uid %u, neither root nor you: refused",
			    exchange->request->socket, server.uid);
	exchange->result->server = server.pid;
	return 0;
}

static int open_connection(struct exchange *exchange)
{
	const char *path = exchange->request->socket;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int err;

	if (strlen(path) >= sizeof(address.sun_path))
		return fail(exchange->result, -ENOTCONN,
			    "cannot connect to %s: the path is longer than %zu bytes", path,
			    sizeof(address.sun_path) - 1);
	strcpy(address.sun_path, path);
	exchange->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (exchange->fd < 0)
		return fail(exchange->result, -errno, "cannot make a socket: %s", strerror(errno));
	err = connect_in_time(exchange, &address);
	return err ? err : check_server(exchange);
}

/* --- question and answer ---------------------------------------------------------------------- */

static int send_request(struct exchange *exchange)
{
	char text[512];
	int len = snprintf(text, sizeof(text),
			   "GET %s HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n\r\n",
			   exchange->request->target);
	size_t done = 0;

	while (done < (size_t)len) {
		ssize_t n = send(exchange->fd, text + done, (size_t)len - done, MSG_NOSIGNAL);
		int err;

		if (n >= 0) {
			done += (size_t)n;
			continue;
		}
		if (errno == EINTR)
			continue;
		/* A server that turns clients away closes early; perhaps it has said why. */
		if (errno == EPIPE || errno == ECONNRESET)
			return 0;
		if (errno != EAGAIN)
			return fail(exchange->result, -ENOTCONN, "cannot ask %s: %s",
				    exchange->request->socket, strerror(errno));
		err = wait_for(exchange, POLLOUT);
		if (err)
			return err;
	}
	return 0;
}

static int explain_response(struct exchange *exchange, int err)
{
	const char *path = exchange->request->socket;

	if (err == -EPIPE)
		return fail(exchange->result, -ENOTCONN,
			    "%s closed the connection before its answer was whole", path);
	if (err == -EMSGSIZE)
		return fail(exchange->result, err,
			    "the answer of %s is larger than memoird ever sends: refused", path);
	return fail(exchange->result, err, "the answer of %s is not one of memoird: refused", path);
}

/* 1 when the response has ended, 0 when more is to come. */
static int read_some(struct exchange *exchange)
{
	const struct client_request *request = exchange->request;
	const char *body;
	size_t nr_body;
	ssize_t n = recv(exchange->fd, exchange->buffer, sizeof(exchange->buffer), 0);
	int err;

	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		err = wait_for(exchange, POLLIN);
		if (request->is_stream && exchange->response.has_head && (err == -ETIME || err == -EINTR))
			return request->body(request->ctx, exchange->response.status, NULL, 0);
		return err;
	}
	if (n < 0)
		return fail(exchange->result, -ENOTCONN, "cannot read from %s: %s", request->socket,
			    strerror(errno));
	if (n == 0) {
		err = http_response_end(&exchange->response);
		return err ? explain_response(exchange, err) : 1;
	}
	err = http_response_feed(&exchange->response, exchange->buffer, (size_t)n, &body, &nr_body);
	if (err)
		return explain_response(exchange, err);
	exchange->result->status = exchange->response.status;
	if (nr_body)
		err = request->body(request->ctx, exchange->response.status, body, nr_body);
	if (err)
		return err;
	if (!request->is_stream && now_ns(CLOCK_MONOTONIC) > exchange->total_deadline_ns)
		return fail(exchange->result, -ENOTCONN, "%s answers too slowly", request->socket);
	return exchange->response.is_complete;
}

int client_get(const struct client_request *request, struct client_result *ret)
{
	struct exchange exchange = { .request = request,
				     .result = ret,
				     .fd = -1,
				     .total_deadline_ns = now_ns(CLOCK_MONOTONIC) + TOTAL_NS };
	int err;

	*ret = (struct client_result){};
	http_response_init(&exchange.response, request->max_body_bytes);
	err = open_connection(&exchange);
	if (!err)
		err = send_request(&exchange);
	while (!err)
		err = read_some(&exchange);
	if (exchange.fd >= 0)
		close(exchange.fd);
	return err < 0 ? err : 0;
}
