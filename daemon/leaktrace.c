// SPDX-License-Identifier: GPL-2.0-or-later
/* Traces of what is allocated, as memoird sees them; see leaktrace.h. */
#include "leaktrace.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "autotrace.h"
#include "log.h"
#include "util.h"

#define TRACER_HAS_DIED "the tracer has died; restart memoird"

/* Whoever asked for a trace is to find its result before another takes its place. */
#define QUIET_NS (60 * NSEC_PER_SEC)
/* After its end a trace is asked to end: to that the tracer answers, or is given up. */
#define OVERDUE_NS NSEC_PER_SEC

struct leaktrace {
	struct tracelink *link;
	struct usersymbols *symbols;
	struct kerneltrace *kernel;
	void (*emit)(void *ctx, const struct rec_header *record);
	void *ctx;
	union trace_message request; /* the last one */
	struct trace_heap waiting;   /* until an automatic one has ended; h.tgid is 0: of the kernel */
	bool is_waiting;
	bool is_automatic; /* the one that goes on, or went last */
	struct autotrace autotrace;
	__u64 ended_ns; /* the last time that one was seen to go on */
	__u64 end_ns;   /* 0: none goes on */
	bool has_begun;
	bool is_overdue; /* and was asked to end */
	bool has_result; /* and its stacks are being named */
};

struct leaktrace *leaktrace_new(sd_event *event, struct tracelink *link, struct usersymbols *symbols,
				struct probes *probes, struct stacks *stacks,
				void (*emit)(void *ctx, const struct rec_header *record), void *ctx)
{
	struct leaktrace *trace = calloc(1, sizeof(*trace));

	if (!trace)
		return NULL;
	*trace = (struct leaktrace){ .link = link, .symbols = symbols, .emit = emit, .ctx = ctx };
	trace->kernel = kerneltrace_new(event, probes, stacks, emit, ctx);
	if (trace->kernel)
		return trace;
	free(trace);
	return NULL;
}

void leaktrace_free(struct leaktrace *trace)
{
	if (trace)
		kerneltrace_free(trace->kernel);
	free(trace);
}

/* --- begin ------------------------------------------------------------------------------------ */

static void refuse(struct leaktrace *trace, const char *why)
{
	const struct trace_header *h = &trace->request.h;
	struct rec_trace record = { .h = { REC_TRACE, sizeof(record), now_ns(CLOCK_BOOTTIME) },
				    .start_ns = h->start_ns,
				    .tgid = h->tgid,
				    .ending = TRACE_NEVER_BEGAN };

	snprintf(record.why_not, sizeof(record.why_not), "%s", why);
	trace->end_ns = 0;
	trace->emit(trace->ctx, &record.h);
}

/* Where it could not begin, the tracer has said why, if it lives. */
static void on_begun(void *ctx, const struct trace_done *done)
{
	struct leaktrace *trace = ctx;

	if (!done)
		refuse(trace, TRACER_HAS_DIED);
	else if (done->err && !trace->has_result)
		refuse(trace, strerror(-done->err));
	trace->has_begun = done && !done->err;
	trace->end_ns = trace->has_begun ? now_ns(CLOCK_BOOTTIME) + trace->request.heap.duration_ns : 0;
}

static void begin(struct leaktrace *trace, const struct trace_heap *heap)
{
	int err;

	trace->is_automatic = heap->is_automatic;
	if (!heap->h.tgid) {
		kerneltrace_begin(trace->kernel, heap->duration_ns, heap->is_automatic);
		return;
	}
	trace->request.heap = *heap;
	trace->has_begun = trace->has_result = trace->is_overdue = false;
	err = tracelink_ask(trace->link, &trace->request, on_begun, trace);
	if (err)
		refuse(trace, err == -EPIPE ? TRACER_HAS_DIED : "too much is asked of the tracer; try again");
	else
		trace->end_ns = now_ns(CLOCK_BOOTTIME) + heap->duration_ns;
}

int leaktrace_begin(struct leaktrace *trace, __u32 pid, __u64 duration_ns, __u32 every_bytes)
{
	const struct trace_heap heap = {
		.h = { .kind = TRACE_HEAP, .size = sizeof(heap), .tgid = pid, .nr = 1 },
		.duration_ns = duration_ns,
		.every_bytes = every_bytes
	};

	if (!leaktrace_end_ns(trace)) {
		begin(trace, &heap);
		return 0;
	}
	if (trace->is_waiting || !trace->is_automatic)
		return -EBUSY;
	leaktrace_end(trace);
	trace->waiting = heap;
	trace->is_waiting = true;
	return 0;
}

void leaktrace_follow(struct leaktrace *trace, const struct model *model, __u64 duration_ns)
{
	const __u64 now = now_ns(CLOCK_BOOTTIME);
	struct trace_heap heap = { .h = { .kind = TRACE_HEAP, .size = sizeof(heap), .nr = 1 },
				   .duration_ns = duration_ns,
				   .every_bytes = AUTOTRACE_EVERY_BYTES,
				   .is_automatic = 1 };
	struct tracelink_status status;
	const struct process *process;
	__u32 own[] = { (__u32)getpid(), 0 };

	tracelink_status(trace->link, &status);
	own[1] = (__u32)status.pid;
	if (!duration_ns || leaktrace_end_ns(trace) || (trace->ended_ns && now - trace->ended_ns < QUIET_NS))
		return;
	process = autotrace_pick(&trace->autotrace, model, now, status.is_running, own, ARRAY_SIZE(own));
	if (!process)
		return;
	if (process->tgid)
		log_info(
			"the memory of process %u grows like a leak: its heap is traced for %.0f s; see memoir leaks",
			process->tgid, (double)duration_ns / NSEC_PER_SEC);
	else
		log_info(
			"the kernel's own memory grows like a leak: it is traced for %.0f s; see memoir leaks",
			(double)duration_ns / NSEC_PER_SEC);
	heap.h.tgid = process->tgid;
	heap.h.start_ns = process->start_ns;
	begin(trace, &heap);
}

/* --- end -------------------------------------------------------------------------------------- */

static void on_ended(void *ctx, const struct trace_done *done)
{
	(void)ctx;
	(void)done;
}

/* Of a process. 0 or a negative errno. */
static int ask_to_end(struct leaktrace *trace)
{
	const struct trace_header *h = &trace->request.h;
	const union trace_message request = { .end = { .h = { .kind = TRACE_END,
							      .size = sizeof(request.end),
							      .start_ns = h->start_ns,
							      .tgid = h->tgid,
							      .nr = 1 } } };

	return tracelink_ask(trace->link, &request, on_ended, trace);
}

void leaktrace_end(struct leaktrace *trace)
{
	/* What waits is to have a result too. */
	trace->waiting.duration_ns = 1;
	kerneltrace_end(trace->kernel);
	if (trace->end_ns && ask_to_end(trace))
		log_warning("the trace of process %u cannot be ended before its time", trace->request.h.tgid);
}

/* Names are asked for at once, because the process may end. */
void leaktrace_see(struct leaktrace *trace, const struct rec_header *record)
{
	const struct rec_user_stack *stack = (const struct rec_user_stack *)record;

	if (!trace->end_ns)
		return;
	if (record->kind == REC_TRACE)
		trace->has_result = true;
	if (record->kind != REC_USER_STACK || record->size != sizeof(*stack) ||
	    stack->nr > USER_STACK_MAX_FRAMES || stack->tgid != trace->request.h.tgid)
		return;
	for (__u32 i = 0; i < stack->nr; i++)
		usersymbols_want(trace->symbols, stack->tgid, stack->start_ns, stack->ip[i]);
}

/* A tracer that has died, or says nothing any more, has no result. */
static void check_tracer(struct leaktrace *trace)
{
	struct tracelink_status status;

	if (!trace->end_ns || trace->has_result)
		return;
	tracelink_status(trace->link, &status);
	if (!status.is_running)
		refuse(trace, TRACER_HAS_DIED);
	else if (trace->has_begun && !trace->is_overdue &&
		 now_ns(CLOCK_BOOTTIME) > trace->end_ns + OVERDUE_NS)
		trace->is_overdue = !ask_to_end(trace);
}

__u64 leaktrace_end_ns(struct leaktrace *trace)
{
	__u64 kernel_end_ns;

	check_tracer(trace);
	if (trace->end_ns || kerneltrace_end_ns(trace->kernel))
		trace->ended_ns = now_ns(CLOCK_BOOTTIME);
	/* Names of other processes do not count: somebody may ask for those all the time. */
	if (trace->has_result && usersymbols_are_named_of(trace->symbols, trace->request.h.tgid))
		trace->end_ns = 0;
	if (!trace->end_ns && trace->is_waiting) {
		const struct trace_heap heap = trace->waiting;

		trace->is_waiting = false;
		begin(trace, &heap);
	}
	kernel_end_ns = kerneltrace_end_ns(trace->kernel);
	return kernel_end_ns ? kernel_end_ns : trace->end_ns;
}

__u32 leaktrace_pid(const struct leaktrace *trace)
{
	if (trace->is_waiting)
		return trace->waiting.h.tgid;
	return kerneltrace_end_ns(trace->kernel) ? 0 : trace->request.h.tgid;
}

bool leaktrace_has_begun(const struct leaktrace *trace)
{
	if (kerneltrace_end_ns(trace->kernel))
		return kerneltrace_has_begun(trace->kernel);
	return trace->has_begun && !trace->is_waiting;
}
