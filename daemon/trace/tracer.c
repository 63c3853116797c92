// SPDX-License-Identifier: GPL-2.0-or-later
/* The tracer; see tracer.h. Everything here runs in its process, but for the last part. */
#include "tracer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>

#include "../log.h"
#include "../privileges.h"
#include "../util.h"
#include "heapsession.h"
#include "protocol.h"
#include "stuck.h"
#include "symbolizer.h"
#include "uprobes.h"

#define SYMBOLIZER "memoir-symbolizer"

struct service {
	int fd; /* to memoird */
	sd_event *event;
	struct symbolizer *symbolizer;
	/* What memoird has asked; one at a time. */
	bool is_busy;
	union trace_message request;
	struct heapsession *trace; /* the last one, which may be over; NULL: none yet */
};

/* --- answers ---------------------------------------------------------------------------------- */

/* Waits for memoird to take it; without memoird we end. */
static void send_record(const struct service *service, const struct rec_header *record)
{
	if (send(service->fd, record, record->size, MSG_NOSIGNAL) != (ssize_t)record->size)
		sd_event_exit(service->event, 0);
}

static void send_done(struct service *service, int err, const char *why, __u32 nr_unnamed)
{
	struct trace_done done = {
		.h = { TRACE_DONE, sizeof(done), now_ns(CLOCK_BOOTTIME) },
		.cpu_ns = now_ns(CLOCK_PROCESS_CPUTIME_ID) + symbolizer_cpu_ns(service->symbolizer),
		.rss_bytes = read_rss_bytes("/proc/self/statm") + symbolizer_rss_bytes(service->symbolizer),
		.nr_unnamed = nr_unnamed,
		.err = err
	};

	snprintf(done.why, sizeof(done.why), "%s", why);
	service->is_busy = false;
	send_record(service, &done.h);
}

static void on_names(void *ctx, const struct symbolizer_answer *answer)
{
	struct service *service = ctx;
	const struct trace_names *names = &service->request.names;

	for (__u32 i = 0; i < answer->nr_names; i++) {
		const struct answer_name *name = &answer->names[i];
		struct rec_user_symbol record = { .h = { REC_USER_SYMBOL, sizeof(record),
							 now_ns(CLOCK_BOOTTIME) },
						  .start_ns = names->h.start_ns,
						  .tgid = names->h.tgid,
						  .line = name->line,
						  .ip = names->ip[i] };

		memcpy(record.text, name->text, sizeof(record.text));
		memcpy(record.module, name->module, sizeof(record.module));
		memcpy(record.file, name->file, sizeof(record.file));
		send_record(service, &record.h);
	}
	send_done(service, answer->err, answer->why, answer->nr_unnamed);
}

static void on_frames(void *ctx, const struct symbolizer_answer *answer)
{
	struct service *service = ctx;
	const struct trace_unwind *unwind = &service->request.unwind;
	struct rec_user_stack record = { .h = { REC_USER_STACK, sizeof(record), now_ns(CLOCK_BOOTTIME) },
					 .stack = unwind->stack,
					 .start_ns = unwind->h.start_ns,
					 .tgid = unwind->h.tgid,
					 .nr = answer->nr_frames,
					 .how = STACK_BY_UNWIND_TABLES };

	if (answer->nr_frames) {
		memcpy(record.ip, answer->ip, answer->nr_frames * sizeof(record.ip[0]));
		send_record(service, &record.h);
	}
	send_done(service, answer->err, answer->why, 0);
}

/* --- traces ----------------------------------------------------------------------------------- */

static void on_begun(void *ctx, int err)
{
	send_done(ctx, err, "", 0);
}

static void on_result(void *ctx, const struct rec_header *record)
{
	send_record(ctx, record);
}

static int begin_trace(struct service *service)
{
	const struct heapsession_options options = { .event = service->event,
						     .symbolizer = service->symbolizer,
						     .begun = on_begun,
						     .emit = on_result,
						     .ctx = service };

	if (service->trace && !heapsession_is_over(service->trace))
		return -EBUSY;
	heapsession_free(service->trace);
	service->trace = heapsession_new(&options, &service->request.heap);
	return service->trace ? 0 : -ENOMEM;
}

static void end_trace(struct service *service)
{
	if (service->trace)
		heapsession_end(service->trace);
	send_done(service, 0, "", 0);
}

/* --- questions -------------------------------------------------------------------------------- */

/* 0, where done is sent or will be, or a negative errno. */
static int obey(struct service *service)
{
	const union trace_message *request = &service->request;

	switch (request->h.kind) {
	case TRACE_NAMES:
		return symbolizer_ask(service->symbolizer, request, on_names, service);
	case TRACE_UNWIND:
		return symbolizer_ask(service->symbolizer, request, on_frames, service);
	case TRACE_HEAP:
		return begin_trace(service);
	case TRACE_END:
		end_trace(service);
		return 0;
	default:
		return -EINVAL;
	}
}

static int on_request(sd_event_source *source, int fd, uint32_t events, void *ctx)
{
	struct service *service = ctx;
	union trace_message message;
	ssize_t size = recv(fd, &message, sizeof(message), MSG_DONTWAIT);
	int err;

	(void)source;
	(void)events;
	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	/* memoird has ended, or is none. */
	if (size <= 0 || service->is_busy || !trace_request_is_right(&message, (size_t)size))
		return sd_event_exit(service->event, size ? -EPROTO : 0);
	memcpy(&service->request, &message, (size_t)size);
	service->is_busy = true;
	err = obey(service);
	if (err)
		send_done(service, err, "", 0);
	return 0;
}

/* --- begin ------------------------------------------------------------------------------------ */

/* The symbolizer's program lies beside ours, or where it is installed for ours. A descriptor, or -1. */
static int find_symbolizer(void)
{
	static const char *const places[] = { SYMBOLIZER, "../lib/memoir/" SYMBOLIZER };
	char path[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *slash;

	path[len < 0 ? 0 : len] = '\0';
	slash = strrchr(path, '/');
	for (size_t i = 0; slash && i < ARRAY_SIZE(places); i++) {
		int fd;

		snprintf(slash + 1, sizeof(path) - (size_t)(slash + 1 - path), "%s", places[i]);
		fd = open(path, O_PATH | O_CLOEXEC);
		if (fd >= 0)
			return fd;
	}
	return -1;
}

static int serve(int fd)
{
	struct service service = { .fd = fd };
	int program_fd = find_symbolizer();
	int err = sd_event_new(&service.event);

	if (err >= 0)
		service.symbolizer = symbolizer_new(service.event, program_fd);
	if (err >= 0)
		err = service.symbolizer
			      ? sd_event_add_io(service.event, NULL, fd, EPOLLIN, on_request, &service)
			      : -ENOMEM;
	if (err >= 0)
		err = sd_event_loop(service.event);
	if (err < 0)
		log_error("the tracer ends: %s", strerror(-err));
	heapsession_free(service.trace);
	symbolizer_free(service.symbolizer);
	sd_event_unref(service.event);
	return err;
}

/* memoird is told to end, and its end is ours: whoever signals the whole group is not to end us first. */
static void run(int fd, pid_t parent)
{
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_NAME, "memoird-tracer");
	unsetenv("NOTIFY_SOCKET");
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent ||
	    privileges_drop(uprobes_are_events() ? PRIVILEGES_OF_TRACER_WITH_EVENTS : PRIVILEGES_OF_TRACER))
		_exit(EXIT_FAILURE);
	_exit(serve(fd) < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}

/* --- memoird's part ---------------------------------------------------------------------------- */

int tracer_start(struct tracer *ret)
{
	pid_t parent = getpid();
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		log_error("cannot make sockets for the tracer: %s", strerror(errno));
		return -errno;
	}
	ret->pid = fork();
	if (!ret->pid) {
		close(pair[0]);
		run(pair[1], parent);
	}
	close(pair[1]);
	if (ret->pid < 0 || fcntl(pair[0], F_SETFL, O_NONBLOCK) < 0) {
		log_error("cannot start the tracer: %s", strerror(errno));
		close(pair[0]);
		return -errno;
	}
	ret->fd = pair[0];
	return 0;
}

int tracer_end(struct tracer *tracer)
{
	int status = 0;

	close(tracer->fd);
	tracer->fd = -1;
	/* One that has died already has the status that it died with. */
	stuck_kill(tracer->pid, &status);
	return status;
}
