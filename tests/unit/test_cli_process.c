/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memoir process: what is said of swap and of page faults, and what where it cannot be known. */
#include "cli_test.h"

#include "../../cli/command.h"

/* The view of a process with these members. Free with text_free(). */
static struct text view_of(const char *members)
{
	struct text reply = {}, out = {};
	struct cli cli = {};
	json_t *json;

	setenv("COLUMNS", "80", 1);
	text_add_format(&reply, "{\"process\":{\"pid\":7,\"comm\":\"x\",%s}}", members);
	json = json_loads(reply.data, 0, NULL);
	assert_non_null(json);
	assert_int_equal(process_view(&cli, json, &out), EXIT_OK);
	json_decref(json);
	text_free(&reply);
	return out;
}

static void expect_swap(const char *members, const char *wanted)
{
	struct text out = view_of(members);
	const char *line = strstr(out.data, "\nSwapped out");

	assert_non_null(line);
	assert_int_equal(strncmp(line + 1, wanted, strlen(wanted)), 0);
	text_free(&out);
}

static void test_swap(void **state UNUSED)
{
	expect_swap("\"swap_bytes\":1048576,\"swapped_in_bytes\":4096,"
		    "\"rate\":{\"swap_bytes\":2048.5,\"swapped_in_bytes\":1024}",
		    "Swapped out 1.00MiB; at least 2.00KiB/s goes out\n"
		    "Swapped in  4.00KiB so far, 1.00KiB/s now\n");
	/* It shrinks: what goes out is hidden by what comes back. */
	expect_swap("\"swap_bytes\":1048576,\"swapped_in_bytes\":0,\"rate\":{\"swap_bytes\":-2048.5}",
		    "Swapped out 1.00MiB\nSwapped in  0 so far, 0/s now\n");
	expect_swap("\"swap_bytes\":0,\"swapped_in_bytes\":null,\"rate\":{}",
		    "Swapped out 0\nSwapped in  not visible on this kernel (memoir probes)\n");
}

/* Kinds that this kernel does not let be seen have no row. */
static void test_faults(void **state UNUSED)
{
	struct text out =
		view_of("\"minor_faults\":5,\"major_faults\":2,\"anonymous_faults\":64,\"swap_faults\":3,"
			"\"file_faults\":null,\"fault_time_ns\":2000000,\"major_fault_time_ns\":1000000,"
			"\"rate\":{\"anonymous_faults\":32,\"major_fault_time_ns\":100000000}");

	assert_non_null(strstr(
		out.data, "\nFAULTS               COUNT  PER SECOND\n"
			  "minor                    5           0\n"
			  "major                    2           0\n"
			  "anonymous              ~64       ~32.0\n"
			  "swap                     3           0\n"
			  "~: estimated from one page in 32.\n"
			  "In page faults ~2.00ms, of that 1.00ms for storage; now 10.0% of the time.\n"));
	text_free(&out);
	out = view_of("\"minor_faults\":5,\"fault_time_ns\":null,\"major_fault_time_ns\":null,\"rate\":{}");
	assert_null(strstr(out.data, "In page faults"));
	text_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_swap),
		cmocka_unit_test(test_faults),
	};

	return cmocka_run_group_tests(tests, use_utf8, NULL);
}
