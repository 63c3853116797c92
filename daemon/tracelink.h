/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memoird's end of the tracer (daemon/trace/tracer.h): hands it requests, one after the other, and its
 * records to memoird's own. It never waits for the tracer. When that dies it is said once, every request
 * that waits is answered, and there is no other: memoird has no privileges left to start one with.
 */
#ifndef MEMOIR_TRACELINK_H
#define MEMOIR_TRACELINK_H

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "trace/protocol.h"
#include "trace/tracer.h"

struct tracelink;

/*
 * Longer than any answer takes: the most that one has are the 16 questions to the symbolizer with which a
 * trace begins, which are given up after 10 s each (trace/symbolizer.c).
 */
#define TRACELINK_PATIENCE_US (300 * 1000 * 1000ULL)

/*
 * tracer->fd is its own from now on. A tracer that does not answer for patience_us is killed. emit gets the
 * records of the tracer, with ctx. NULL without memory.
 */
struct tracelink *tracelink_new(sd_event *event, const struct tracer *tracer, __u64 patience_us,
				void (*emit)(void *ctx, const struct rec_header *record), void *ctx);
/* Ends the tracer. Requests that wait are forgotten. */
void tracelink_free(struct tracelink *link);

/* done is NULL where the tracer has died; its texts are terminated. */
typedef void (*tracelink_done_fn)(void *ctx, const struct trace_done *done);

/*
 * Asks, after what was asked before: the request is copied, and done called once, later, after the
 * records of the answer. 0; -EPIPE where the tracer has died, -EAGAIN where too many requests wait,
 * -ENOMEM.
 */
int tracelink_ask(struct tracelink *link, const union trace_message *request, tracelink_done_fn done,
		  void *ctx);

struct tracelink_status {
	bool is_running;
	pid_t pid;
	__u64 cpu_ns, rss_bytes; /* of the tracer and its children, when it last answered */
	const char *problem;     /* what went wrong at last, or "" */
};

void tracelink_status(const struct tracelink *link, struct tracelink_status *ret);

#endif
