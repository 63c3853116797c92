/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What may stand in a query, and the one line that says why something may not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "../../exporters/api.h"

#define UNUSED __attribute__((unused))

/* Reads "/v1/path?key=value&key=value"; returns what was said of it, which the caller releases. */
static struct text read_query(const char *request, struct api_query *ret)
{
	char *copy = strdup(request), *rest = copy, *path = strsep(&rest, "?");
	struct text error = {};
	bool is_taken = true;

	assert_non_null(copy);
	*ret = (struct api_query){};
	text_add(&error, "");
	while (is_taken && rest) {
		char *value = strsep(&rest, "&"), *key = strsep(&value, "=");

		is_taken = api_query_take(ret, path, key, value, &error);
	}
	is_taken = is_taken && api_query_check(ret, path, &error);
	assert_false(error.is_failed);
	assert_int_equal(is_taken, !error.len);
	free(copy);
	return error;
}

static void refuse(const char *request, const char *expected)
{
	struct api_query query;
	struct text error = read_query(request, &query);

	assert_string_equal(error.data, expected);
	text_free(&error);
}

static struct api_query take(const char *request)
{
	struct api_query query;
	struct text error = read_query(request, &query);

	assert_string_equal(error.data, "");
	text_free(&error);
	return query;
}

static void test_every_path_refuses_what_it_does_not_know(void **state UNUSED)
{
	static const struct {
		const char *path, *known;
	} paths[] = {
		{ "/v1/status", "max_age_ms" },
		{ "/v1/probes", "max_age_ms" },
		{ "/v1/processes", "max_age_ms" },
		{ "/v1/process", "pid, max_age_ms" },
		{ "/v1/groups", "max_age_ms" },
		{ "/v1/faults", "max_age_ms" },
		{ "/v1/stalls", "max_age_ms" },
		{ "/v1/events", "after, max_age_ms" },
		{ "/v1/fragmentation", "history, max_age_ms" },
		{ "/v1/doctor", "max_age_ms" },
		{ "/v1/numa", "max_age_ms" },
		{ "/v1/slab", "max_age_ms, look_ms, every" },
		{ "/v1/leaks/trace", "pid, max_age_ms, seconds, kernel, every_bytes, end" },
		{ "/v1/leaks/stacks", "max_age_ms" },
		{ "/v1/leaks", "max_age_ms" },
		{ "/v1/record", "none" },
		{ "/metrics", "none" },
	};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct text request = {}, expected = {};

		text_add_format(&request, "%s?max_age=1", paths[i].path);
		text_add_format(&expected, "max_age: %s has no such parameter; it has %s", paths[i].path,
				paths[i].known);
		refuse(request.data, expected.data);
		text_free(&request);
		text_free(&expected);
	}
	refuse("/v1/status?pid=1", "pid: /v1/status has no such parameter; it has max_age_ms");
	refuse("/v1/status?=1", "(no name): /v1/status has no such parameter; it has max_age_ms");
}

static void test_values(void **state UNUSED)
{
	static const char *const pids[] = { "",   "0",  "-1",  "+1",         " 1",
					    "1 ", "1x", "0x1", "2147483648", "99999999999999999999999" };

	for (size_t i = 0; i < sizeof(pids) / sizeof(pids[0]); i++) {
		struct text request = {}, expected = {};

		text_add_format(&request, "/v1/process?pid=%s", pids[i]);
		text_add_format(&expected, "pid=%s: must be a whole number from 1 to 2147483647", pids[i]);
		refuse(request.data, expected.data);
		text_free(&request);
		text_free(&expected);
	}
	refuse("/v1/process?pid", "pid=: must be a whole number from 1 to 2147483647");
	refuse("/v1/fragmentation?history=2", "history=2: must be a whole number from 0 to 1");
	refuse("/v1/leaks/trace?kernel=2&seconds=1", "kernel=2: must be a whole number from 0 to 1");
	refuse("/v1/leaks/trace?pid=1&seconds=0", "seconds=0: must be a whole number from 1 to 3600");
	refuse("/v1/leaks/trace?pid=x&seconds=1", "pid=x: must be a whole number from 1 to 2147483647");
	refuse("/v1/slab?look_ms=99", "look_ms=99: must be a whole number from 100 to 60000");
	refuse("/v1/slab?look_ms=100&every=0", "every=0: must be a whole number from 1 to 1000000");
	assert_int_equal(take("/v1/events?after=18446744073709551615").v[API_AFTER], UINT64_MAX);
	assert_int_equal(take("/v1/process?pid=2147483647").v[API_PID], INT32_MAX);
	assert_int_equal(take("/v1/status?max_age_ms=0").given, API_KEY(MAX_AGE_MS));
	assert_int_equal(take("/v1/status").given, 0);
}

static void test_what_goes_together(void **state UNUSED)
{
	refuse("/v1/process", "pid: is missing, and /v1/process does not go without");
	refuse("/v1/status?max_age_ms=1&max_age_ms=1", "max_age_ms: is there twice; it may be there once");
	refuse("/v1/leaks/trace?kernel=0&kernel=1&seconds=1", "kernel: is there twice; it may be there once");
	refuse("/v1/leaks/trace?kernel=1", "kernel: goes with seconds only");
	refuse("/v1/leaks/trace?pid=1", "pid: goes with seconds only");
	refuse("/v1/leaks/trace?every_bytes=1", "every_bytes: goes with seconds only");
	refuse("/v1/leaks/trace?seconds=1", "seconds: goes with pid or kernel only");
	refuse("/v1/leaks/trace?kernel=0&seconds=1", "seconds: goes with pid or kernel only");
	refuse("/v1/leaks/trace?kernel=1&pid=1&seconds=1", "kernel: does not go with pid");
	refuse("/v1/leaks/trace?kernel=1&every_bytes=1&seconds=1", "kernel: does not go with every_bytes");
	refuse("/v1/leaks/trace?end=1&pid=1&seconds=1", "end: does not go with pid, seconds");
	refuse("/v1/slab?every=1", "every: goes with look_ms only");
	take("/v1/leaks/trace?kernel=1&seconds=1&every_bytes=0&max_age_ms=0");
	take("/v1/leaks/trace?pid=1&seconds=3600&every_bytes=16777216");
	take("/v1/leaks/trace?end=1");
	take("/v1/leaks/trace");
}

/* A stranger's bytes come back harmless, and not many of them. */
static void test_hostile_bytes(void **state UNUSED)
{
	struct text request = {}, expected = {};

	refuse("/v1/status?a\n\x1b[2J\xff=1", "a??[2J?: /v1/status has no such parameter; it has max_age_ms");
	refuse("/v1/process?pid=%s%n\"\r\n", "pid=%s%n\"??: must be a whole number from 1 to 2147483647");
	text_add_format(&request, "/v1/status?%05000u=1", 0);
	text_add_format(&expected, "%040u...: /v1/status has no such parameter; it has max_age_ms", 0);
	refuse(request.data, expected.data);
	text_free(&request);
	text_free(&expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_path_refuses_what_it_does_not_know),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_what_goes_together),
		cmocka_unit_test(test_hostile_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
