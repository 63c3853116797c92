/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which addresses the tracer is asked for, and whose wait. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../daemon/usersymbols.h"

#define UNUSED __attribute__((unused))

/* The tracer: what it was asked last, which it answers when told to. */
static struct {
	union trace_message request;
	tracelink_done_fn done;
	void *ctx;
} asked;

int tracelink_ask(struct tracelink *link UNUSED, const union trace_message *request, tracelink_done_fn done,
		  void *ctx)
{
	asked.request = *request;
	asked.done = done;
	asked.ctx = ctx;
	return 0;
}

static void answer(void)
{
	const struct trace_done done = { 0 };

	asked.done(asked.ctx, &done);
}

static void expect_asked(__u32 tgid, __u32 nr)
{
	assert_int_equal(asked.request.h.tgid, tgid);
	assert_int_equal(asked.request.h.nr, nr);
}

/* Whoever waits for the names of one process does not wait for those of others. */
static void test_whose_names_wait(void **state UNUSED)
{
	struct usersymbols *symbols = usersymbols_new(NULL);

	assert_non_null(symbols);
	assert_true(usersymbols_are_named_of(symbols, 1));
	usersymbols_want(symbols, 1, 10, 0x1000);
	expect_asked(1, 1);
	assert_false(usersymbols_are_named_of(symbols, 1));
	assert_true(usersymbols_are_named_of(symbols, 2));
	usersymbols_want(symbols, 2, 20, 0x1000);
	usersymbols_want(symbols, 2, 20, 0x2000);
	assert_false(usersymbols_are_named_of(symbols, 2));
	answer();
	expect_asked(2, 2);
	assert_true(usersymbols_are_named_of(symbols, 1));
	assert_false(usersymbols_are_named_of(symbols, 2));
	assert_false(usersymbols_are_named(symbols));
	answer();
	assert_true(usersymbols_are_named_of(symbols, 2));
	assert_true(usersymbols_are_named(symbols));
	/* Each is asked for once in a stream. */
	usersymbols_want(symbols, 2, 20, 0x2000);
	assert_true(usersymbols_are_named(symbols));
	usersymbols_free(symbols);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whose_names_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
