/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memoir process: what is said of swap, and what where it cannot be known. */
#include "cli_test.h"

#include "../../cli/command.h"

static void expect_swap(const char *members, const char *wanted)
{
	struct text reply = {}, out = {};
	struct cli cli = {};
	const char *line;
	json_t *json;

	text_add_format(&reply, "{\"process\":{\"pid\":7,\"comm\":\"x\",%s}}", members);
	json = json_loads(reply.data, 0, NULL);
	assert_non_null(json);
	assert_int_equal(process_view(&cli, json, &out), EXIT_OK);
	line = strstr(out.data, "\nSwapped out");
	assert_non_null(line);
	assert_int_equal(strncmp(line + 1, wanted, strlen(wanted)), 0);
	json_decref(json);
	text_free(&reply);
	text_free(&out);
}

static void test_swap(void **state UNUSED)
{
	setenv("COLUMNS", "80", 1);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_swap),
	};

	return cmocka_run_group_tests(tests, use_utf8, NULL);
}
