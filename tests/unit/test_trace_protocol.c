/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests to the tracer: nothing that is not wholly there and within bounds is one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../daemon/trace/protocol.h"

#define UNUSED __attribute__((unused))

static union trace_message names(__u32 nr)
{
	return (union trace_message){ .names = { .h = { .kind = TRACE_NAMES,
							.size = sizeof(struct trace_names),
							.tgid = 1,
							.nr = nr } } };
}

static void test_names(void **state UNUSED)
{
	union trace_message message = names(TRACE_MAX_ADDRESSES);

	assert_true(trace_request_is_right(&message, sizeof(message.names)));
	assert_false(trace_request_is_right(&message, sizeof(message.names) - 8));
	assert_false(trace_request_is_right(&message, sizeof(message.h) - 1));
	assert_false(trace_request_is_right(&message, 0));
	message.h.size -= 8;
	assert_false(trace_request_is_right(&message, sizeof(message.names) - 8));
	message = names(0);
	assert_false(trace_request_is_right(&message, sizeof(message.names)));
	message = names(TRACE_MAX_ADDRESSES + 1);
	assert_false(trace_request_is_right(&message, sizeof(message.names)));
	message = names(1);
	message.h.tgid = 0;
	assert_false(trace_request_is_right(&message, sizeof(message.names)));
	message = names(1);
	message.h.kind = NR_TRACE_REQUESTS;
	assert_false(trace_request_is_right(&message, sizeof(message.names)));
}

static void test_unwind(void **state UNUSED)
{
	union trace_message message = { .unwind = { .h = { .kind = TRACE_UNWIND,
							   .size = sizeof(struct trace_unwind),
							   .tgid = 1,
							   .nr = TRACE_STACK_BYTES },
						    .stack = 1 } };

	assert_true(trace_request_is_right(&message, sizeof(message.unwind)));
	assert_false(trace_request_is_right(&message, sizeof(message.names)));
	message.h.nr++;
	assert_false(trace_request_is_right(&message, sizeof(message.unwind)));
	message.h.nr = 8;
	message.unwind.stack = 0;
	assert_false(trace_request_is_right(&message, sizeof(message.unwind)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_unwind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
