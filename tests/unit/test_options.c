/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memoird's command line: what is taken, and the one line that says why a value is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../daemon/options.h"
#include "../../daemon/util.h"

#define UNUSED __attribute__((unused))
#define TAKEN 99 /* the status of a child whose options were all taken */
#define MAX_ARGS 8

static int nr_args(char *const argv[])
{
	int nr = 0;

	while (argv[nr])
		nr++;
	return nr;
}

/* Runs options_parse() in a child with "memoird" and these arguments; gives its status and output. */
static int parse(const char *const args[], char ret_output[4096])
{
	char *argv[MAX_ARGS + 2] = { (char *)"memoird" };
	_cleanup_fclose_ FILE *output = tmpfile();
	struct options options;
	int status;
	pid_t pid;
	size_t size;

	for (int i = 0; args[i]; i++)
		argv[i + 1] = (char *)args[i];
	assert_non_null(output);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		dup2(fileno(output), STDOUT_FILENO);
		dup2(fileno(output), STDERR_FILENO);
		options_parse(&options, nr_args(argv), argv);
		_exit(TAKEN);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	rewind(output);
	size = fread(ret_output, 1, 4095, output);
	ret_output[size] = '\0';
	return WEXITSTATUS(status);
}

#define ARGS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void expect_refused(const char *option, const char *value, const char *allowed)
{
	char output[4096], expected[4096];

	snprintf(expected, sizeof(expected), "memoird: --%s %s: must be %s\n", option, value, allowed);
	snprintf(output, sizeof(output), "--%s", option);
	assert_int_equal(parse(ARGS(strdupa(output), value), output), 2);
	assert_string_equal(output, expected);
}

static void expect_taken(const char *option, const char *value)
{
	char output[4096];

	assert_int_equal(parse(ARGS(option, value), output), TAKEN);
	assert_string_equal(output, "");
}

static void test_impossible_intervals(void **state UNUSED)
{
	static const char *const values[] = { "",    "0",  "0.099", "3600.1", "-1", "nan",
					      "inf", "1s", "x",     "1e400",  "1 2" };

	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		expect_refused("interval", values[i], "a number of seconds from 0.1 to 3600");
	expect_taken("--interval", "0.1");
	expect_taken("--interval", "3600");
}

static void test_impossible_max_groups(void **state UNUSED)
{
	static const char *const values[] = { "",          "0", "-1",  "4001",
					      "1.5",       "x", "10x", "99999999999999999999",
					      "4294967297" };

	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		expect_refused("max-groups", values[i], "a whole number from 1 to 4000");
	expect_taken("--max-groups", "1");
	expect_taken("--max-groups", "4000");
}

static void test_trace_suspects(void **state UNUSED)
{
	static const char *const values[] = { "", "0.9", "3601", "-1", "nan", "30s", "yes", "none" };
	char *argv[] = { (char *)"memoird", (char *)"--trace-suspects", (char *)"no", NULL };
	struct options options;

	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		expect_refused("trace-suspects", values[i], "a number of seconds from 1 to 3600, or \"no\"");
	expect_taken("--trace-suspects", "0");
	expect_taken("--trace-suspects", "1");
	expect_taken("--trace-suspects", "3600");
	options_parse(&options, 3, argv);
	assert_int_equal(options.trace_suspects_ns, 0);
}

static void test_impossible_paths(void **state UNUSED)
{
	expect_refused("socket", "", "an absolute path");
	expect_refused("socket", "relative/memoir.sock", "an absolute path");
	expect_refused("socket", "none", "an absolute path");
	expect_refused("pin", "", "an absolute path or \"none\"");
	expect_refused("pin", "memoir", "an absolute path or \"none\"");
	expect_taken("--pin", "none");
	expect_taken("--pin", "/sys/fs/bpf/memoir");
	expect_taken("--socket", "/run/memoir/memoir.sock");
}

static void test_usage_errors(void **state UNUSED)
{
	char output[4096];

	assert_int_equal(parse(ARGS("surplus"), output), 2);
	assert_string_equal(output, "memoird: surplus: memoird takes options only; see memoird --help\n");
	assert_int_equal(parse(ARGS("--no-such-option"), output), 2);
	assert_non_null(strstr(output, "--no-such-option"));
	assert_int_equal(parse(ARGS("--interval"), output), 2);
	assert_non_null(strstr(output, "--interval"));
	assert_int_equal(parse(ARGS("--replay", "x", "--", "surplus"), output), 2);
}

static void test_version_and_help(void **state UNUSED)
{
	static const char *const names[] = { "--listen=",     "--socket=", "--pin=",    "--interval=",
					     "--max-groups=", "--record=", "--replay=", "--describe-metrics",
					     "--version",     "--help" };
	char output[4096];

	assert_int_equal(parse(ARGS("--version"), output), 0);
	assert_string_equal(output, "memoird " MEMOIR_VERSION "\n");
	assert_int_equal(parse(ARGS("--help"), output), 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_non_null(strstr(output, names[i]));
}

static void test_defaults(void **state UNUSED)
{
	char *argv[] = { (char *)"memoird", NULL };
	struct options options;

	options_parse(&options, 1, argv);
	assert_string_equal(options.listen, "127.0.0.1:9942");
	assert_string_equal(options.socket, "/run/memoir/memoir.sock");
	assert_string_equal(options.pin, "/sys/fs/bpf/memoir");
	assert_int_equal(options.interval_ns, 5 * NSEC_PER_SEC);
	assert_int_equal(options.max_groups, 100);
	assert_int_equal(options.trace_suspects_ns, 30 * NSEC_PER_SEC);
	assert_null(options.record);
	assert_null(options.replay);
	assert_false(options.describe_metrics);
	assert_false(options.uninstall_probes);
}

static void test_values(void **state UNUSED)
{
	char *argv[] = { (char *)"memoird",
			 (char *)"--listen=none",
			 (char *)"--socket",
			 (char *)"/a",
			 (char *)"--pin=none",
			 (char *)"--interval=0.25",
			 (char *)"--max-groups",
			 (char *)"7",
			 (char *)"--record=r",
			 (char *)"--replay=p",
			 (char *)"--describe-metrics",
			 (char *)"--uninstall-probes",
			 NULL };
	struct options options;

	options_parse(&options, nr_args(argv), argv);
	assert_string_equal(options.listen, "none");
	assert_string_equal(options.socket, "/a");
	assert_string_equal(options.pin, "none");
	assert_int_equal(options.interval_ns, NSEC_PER_SEC / 4);
	assert_int_equal(options.max_groups, 7);
	assert_string_equal(options.record, "r");
	assert_string_equal(options.replay, "p");
	assert_true(options.describe_metrics);
	assert_true(options.uninstall_probes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_impossible_intervals),
		cmocka_unit_test(test_impossible_max_groups),
		cmocka_unit_test(test_trace_suspects),
		cmocka_unit_test(test_impossible_paths),
		cmocka_unit_test(test_usage_errors),
		cmocka_unit_test(test_version_and_help),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
