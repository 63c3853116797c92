// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A tracer that does not answer is not waited for: whoever has asked it is told, and it is killed. Likewise
 * one that goes silent after a trace has begun.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../daemon/leaktrace.h"
#include "../../daemon/tracelink.h"
#include "../../daemon/util.h"

static void on_record(void *ctx, const struct rec_header *record)
{
	(void)ctx;
	fail_msg("a tracer that is stopped says a record of kind %u", record->kind);
}

static void on_done(void *ctx, const struct trace_done *done)
{
	sd_event *event = ctx;

	assert_null(done);
	sd_event_exit(event, 0);
}

static void test_tracer_does_not_answer(void **state)
{
	const union trace_message request = { .names = { .h = { .kind = TRACE_NAMES,
								.size = sizeof(request.names),
								.tgid = (__u32)getpid(),
								.nr = 1 } } };
	struct tracelink_status status;
	struct tracelink *link;
	struct tracer tracer;
	sd_event *event;

	(void)state;
	assert_int_equal(tracer_start(&tracer), 0);
	kill(tracer.pid, SIGSTOP);
	assert_true(sd_event_new(&event) >= 0);
	link = tracelink_new(event, &tracer, 1000, on_record, NULL);
	assert_non_null(link);
	assert_int_equal(tracelink_ask(link, &request, on_done, event), 0);
	assert_true(sd_event_loop(event) >= 0);

	tracelink_status(link, &status);
	assert_false(status.is_running);
	assert_string_equal(status.problem,
			    "the tracer did not answer, and has died of signal KILL; restart memoird");
	assert_int_equal(tracelink_ask(link, &request, on_done, event), -EPIPE);
	/* It has been waited for. */
	assert_int_equal(waitpid(tracer.pid, NULL, 0), -1);
	assert_int_equal(errno, ECHILD);
	tracelink_free(link);
	sd_event_unref(event);
}

/* --- a trace ---------------------------------------------------------------------------------- */

#define PATIENCE_US (2000 * 1000)
#define LOOK_US (20 * 1000)

/* Says that a trace has begun, and nothing more. */
static void begin_and_be_silent(int fd)
{
	const struct trace_done done = { .h = { .kind = TRACE_DONE, .size = sizeof(done) } };
	union trace_message request;

	if (recv(fd, &request, sizeof(request), 0) > 0 && request.h.kind == TRACE_HEAP &&
	    send(fd, &done, sizeof(done), 0) == sizeof(done))
		pause();
	_exit(EXIT_FAILURE);
}

static struct tracer silent_tracer(void)
{
	struct tracer tracer;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	tracer = (struct tracer){ .pid = fork(), .fd = pair[0] };
	assert_true(tracer.pid >= 0);
	if (!tracer.pid) {
		close(pair[0]);
		begin_and_be_silent(pair[1]);
	}
	close(pair[1]);
	return tracer;
}

struct silence {
	struct leaktrace *trace;
	struct rec_trace result;
	bool has_begun;
};

static void on_result(void *ctx, const struct rec_header *record)
{
	struct silence *silence = ctx;

	assert_int_equal(record->kind, REC_TRACE);
	silence->result = *(const struct rec_trace *)record;
}

/* As memoird does, at every question and every snapshot. */
static int look(sd_event_source *source, uint64_t usec, void *ctx)
{
	struct silence *silence = ctx;

	(void)usec;
	silence->has_begun |= leaktrace_has_begun(silence->trace);
	if (!leaktrace_end_ns(silence->trace))
		return sd_event_exit(sd_event_source_get_event(source), 0);
	sd_event_source_set_time_relative(source, LOOK_US);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static void test_tracer_goes_silent(void **state)
{
	const struct tracer tracer = silent_tracer();
	struct silence silence = {};
	struct usersymbols *symbols;
	struct tracelink *link;
	sd_event *event;

	(void)state;
	assert_true(sd_event_new(&event) >= 0);
	link = tracelink_new(event, &tracer, PATIENCE_US, on_record, NULL);
	assert_non_null(link);
	symbols = usersymbols_new(link);
	assert_non_null(symbols);
	silence.trace = leaktrace_new(event, link, symbols, NULL, NULL, on_result, &silence);
	assert_non_null(silence.trace);
	assert_int_equal(leaktrace_begin(silence.trace, (__u32)getpid(), NSEC_PER_MSEC, 0), 0);
	assert_true(sd_event_add_time_relative(event, NULL, CLOCK_MONOTONIC, LOOK_US, 0, look, &silence) >=
		    0);
	assert_true(sd_event_loop(event) >= 0);

	assert_true(silence.has_begun);
	assert_int_equal(silence.result.ending, TRACE_NEVER_BEGAN);
	assert_string_equal(silence.result.why_not, "the tracer has died; restart memoird");
	leaktrace_free(silence.trace);
	usersymbols_free(symbols);
	tracelink_free(link);
	sd_event_unref(event);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tracer_does_not_answer),
		cmocka_unit_test(test_tracer_goes_silent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
