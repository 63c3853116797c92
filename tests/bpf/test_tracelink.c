// SPDX-License-Identifier: GPL-2.0-or-later
/* A tracer that does not answer is not waited for: whoever has asked it is told, and it is killed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../daemon/tracelink.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tracer_does_not_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
