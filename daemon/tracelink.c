// SPDX-License-Identifier: GPL-2.0-or-later
/* memoird's end of the tracer; see tracelink.h. */
#include "tracelink.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "log.h"
#include "util.h"

#define MAX_WAITING 64
/* Taken in one turn of the loop. */
#define MAX_MESSAGES 128
/* Until a request is sent again that could not be. */
#define RETRY_US (100 * 1000ULL)
#define TIMER_ACCURACY_US (100 * 1000)

struct waiting {
	struct waiting *next;
	tracelink_done_fn done;
	void *ctx;
	union trace_message request;
};

struct tracelink {
	struct tracer tracer;        /* fd -1: it has ended */
	sd_event_source *io, *timer; /* the timer is on while there is a first */
	__u64 patience_us;
	void (*emit)(void *ctx, const struct rec_header *record);
	void *ctx;
	struct waiting *first, **last; /* the first has been sent, if is_asked */
	__u32 nr_waiting;
	bool is_asked;
	__u64 cpu_ns, rss_bytes;
	char problem[REC_TEXT_LEN];
};

/* --- the end of the tracer -------------------------------------------------------------------- */

/* Takes the first off the list and answers it. */
static void finish_first(struct tracelink *link, const struct trace_done *done)
{
	struct waiting *waiting = link->first;

	link->first = waiting->next;
	if (!link->first)
		link->last = &link->first;
	link->nr_waiting--;
	link->is_asked = false;
	sd_event_source_set_enabled(link->timer, SD_EVENT_OFF);
	waiting->done(waiting->ctx, done);
	free(waiting);
}

static void end_tracer(struct tracelink *link, const char *how)
{
	int status;

	link->io = sd_event_source_disable_unref(link->io);
	status = tracer_end(&link->tracer);
	link->rss_bytes = 0;
	snprintf(link->problem, sizeof(link->problem), "%s%s%s; restart memoird", how,
		 WIFSIGNALED(status) ? " of signal " : "",
		 WIFSIGNALED(status) ? sigabbrev_np(WTERMSIG(status)) : "");
	log_warning("%s: no process can be looked into, and addresses in processes have no names",
		    link->problem);
	while (link->first)
		finish_first(link, NULL);
}

/* --- requests --------------------------------------------------------------------------------- */

/*
 * There is room: the tracer has answered whatever was asked. If it cannot be sent all the same, for want of
 * memory, it is tried again; that the tracer is dead is met in the loop.
 */
static void send_first(struct tracelink *link)
{
	const struct trace_header *h = &link->first->request.h;
	ssize_t size = send(link->tracer.fd, h, h->size, MSG_NOSIGNAL | MSG_DONTWAIT);

	link->is_asked = size == (ssize_t)h->size;
	sd_event_source_set_time_relative(link->timer, link->is_asked ? link->patience_us : RETRY_US);
	sd_event_source_set_enabled(link->timer, SD_EVENT_ONESHOT);
}

int tracelink_ask(struct tracelink *link, const union trace_message *request, tracelink_done_fn done,
		  void *ctx)
{
	struct waiting *waiting;

	if (link->tracer.fd < 0)
		return -EPIPE;
	if (link->nr_waiting == MAX_WAITING)
		return -EAGAIN;
	waiting = malloc(offsetof(struct waiting, request) + request->h.size);
	if (!waiting)
		return -ENOMEM;
	waiting->next = NULL;
	waiting->done = done;
	waiting->ctx = ctx;
	memcpy(&waiting->request, request, request->h.size);
	*link->last = waiting;
	link->last = &waiting->next;
	link->nr_waiting++;
	if (link->first == waiting)
		send_first(link);
	return 0;
}

/* --- answers ---------------------------------------------------------------------------------- */

/* Nothing else is the tracer's to say. */
static bool is_of_tracer(__u32 kind)
{
	return kind == REC_USER_STACK || kind == REC_USER_SYMBOL || kind == REC_TRACE_STACK ||
	       kind == REC_TRACE;
}

static void take_done(struct tracelink *link, struct trace_done *done)
{
	done->why[sizeof(done->why) - 1] = '\0';
	link->cpu_ns = done->cpu_ns;
	link->rss_bytes = done->rss_bytes;
	if (*done->why)
		snprintf(link->problem, sizeof(link->problem), "%s", done->why);
	finish_first(link, done);
	if (link->first && !link->is_asked)
		send_first(link);
}

/* Whether it is what the tracer may say. */
static bool take(struct tracelink *link, struct rec_header *record, size_t size)
{
	if (size < sizeof(*record) || record->size != size)
		return false;
	if (record->kind == TRACE_DONE) {
		if (size != sizeof(struct trace_done) || !link->is_asked)
			return false;
		take_done(link, (struct trace_done *)record);
		return true;
	}
	if (!is_of_tracer(record->kind))
		return false;
	link->emit(link->ctx, record);
	return true;
}

static int on_answer(sd_event_source *source, int fd, uint32_t events, void *ctx)
{
	struct tracelink *link = ctx;
	__u64 message[1024]; /* more than the largest record */

	(void)source;
	(void)events;
	for (int i = 0; i < MAX_MESSAGES; i++) {
		ssize_t size = recv(fd, message, sizeof(message), MSG_DONTWAIT);

		if (size < 0 && (errno == EAGAIN || errno == EINTR))
			return 0;
		if (size <= 0) {
			end_tracer(link, "the tracer has died");
			return 0;
		}
		if (!take(link, (struct rec_header *)message, (size_t)size)) {
			end_tracer(link, "the tracer said what it must not say");
			return 0;
		}
	}
	return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *ctx)
{
	struct tracelink *link = ctx;

	(void)source;
	(void)usec;
	if (link->is_asked)
		end_tracer(link, "the tracer did not answer, and has died");
	else
		send_first(link);
	return 0;
}

/* --- begin and end ---------------------------------------------------------------------------- */

struct tracelink *tracelink_new(sd_event *event, const struct tracer *tracer, __u64 patience_us,
				void (*emit)(void *ctx, const struct rec_header *record), void *ctx)
{
	struct tracelink *link = calloc(1, sizeof(*link));

	if (!link)
		return NULL;
	*link = (struct tracelink){
		.tracer = *tracer, .patience_us = patience_us, .emit = emit, .ctx = ctx, .last = &link->first
	};
	if (sd_event_add_io(event, &link->io, tracer->fd, EPOLLIN, on_answer, link) < 0 ||
	    sd_event_add_time_relative(event, &link->timer, CLOCK_MONOTONIC, patience_us, TIMER_ACCURACY_US,
				       on_timer, link) < 0) {
		tracelink_free(link);
		return NULL;
	}
	sd_event_source_set_enabled(link->timer, SD_EVENT_OFF);
	return link;
}

void tracelink_free(struct tracelink *link)
{
	if (!link)
		return;
	for (struct waiting *waiting = link->first, *next; waiting; waiting = next) {
		next = waiting->next;
		free(waiting);
	}
	sd_event_source_disable_unref(link->io);
	sd_event_source_disable_unref(link->timer);
	if (link->tracer.fd >= 0)
		tracer_end(&link->tracer);
	free(link);
}

void tracelink_status(const struct tracelink *link, struct tracelink_status *ret)
{
	*ret = (struct tracelink_status){ .is_running = link->tracer.fd >= 0,
					  .pid = link->tracer.pid,
					  .cpu_ns = link->cpu_ns,
					  .rss_bytes = link->rss_bytes,
					  .problem = link->problem };
}
