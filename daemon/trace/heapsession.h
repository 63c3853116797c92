/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A trace of a heap from request to result, in the tracer's event loop: finds the allocators, traces
 * for the time that was asked for or until the process ends, has the stacks unwound, and says what was
 * found as records.
 */
#ifndef MEMOIR_TRACE_HEAPSESSION_H
#define MEMOIR_TRACE_HEAPSESSION_H

#include <systemd/sd-event.h>

#include "symbolizer.h"

struct heapsession;

struct heapsession_options {
	sd_event *event;
	struct symbolizer *symbolizer;
	/* The trace has begun, or it has not, and the result says why; called once. */
	void (*begun)(void *ctx, int err);
	/*
	 * The result: REC_USER_STACK and REC_TRACE_STACK for each stack, then REC_TRACE, which is the
	 * last.
	 */
	void (*emit)(void *ctx, const struct rec_header *record);
	void *ctx;
};

/* NULL without memory. Everything is called later, from the event loop. */
struct heapsession *heapsession_new(const struct heapsession_options *options,
				    const struct trace_heap *request);

/* Ends the trace now. */
void heapsession_end(struct heapsession *session);

/* Whether the result is complete: it can be freed. */
bool heapsession_is_over(const struct heapsession *session);

/* Removes the probes, in any state; also NULL. */
void heapsession_free(struct heapsession *session);

#endif
