/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memoir leaks: what replies become, within 80 columns. */
#include "cli_test.h"

#include "../../cli/command.h"

static void show(const char *reply, struct text *out)
{
	json_t *json = json_loads(reply, 0, NULL);

	assert_non_null(json);
	setenv("COLUMNS", "80", 1);
	assert_int_equal(leaks_view(NULL, json, out), EXIT_OK);
	json_decref(json);
}

static void expect_narrow(const struct text *out)
{
	assert_false(out->is_failed);
	for (const char *line = out->data; *line; line += strcspn(line, "\n") + 1)
		assert_true(strcspn(line, "\n") <= 80);
}

static void expect_line(const struct text *out, const char *line)
{
	if (!strstr(out->data, line))
		print_message("%s", out->data);
	assert_non_null(strstr(out->data, line));
}

static void expect_no(const struct text *out, const char *part)
{
	if (strstr(out->data, part))
		fail_msg("%s", out->data);
}

/* clang-format off */
#define FIGURES(verdict, kind)                                                                        \
	"\"kind\":\"" kind "\",\"verdict\":\"" verdict "\",\"confidence\":0.87,\"bytes\":104857600,"  \
	"\"grown_bytes\":52428800,\"bytes_per_hour\":62914560.0,\"low_bytes_per_hour\":61865984.0,"   \
	"\"high_bytes_per_hour\":63963136.0,\"detection_limit_bytes_per_hour\":1048576.0,"            \
	"\"since_age_ns\":3600000000000,\"seconds_left\":36000.0,\"low_seconds_left\":35000.0,"       \
	"\"high_seconds_left\":37000.0,\"limit\":\"machine\",\"left_bytes\":629145600.0,"             \
	"\"evidence\":[\"In the last two hours its floor rose by 60.0MiB/h.\",\"Second sentence.\"]," \
	"\"next\":\"memoir leaks --pid 4711 --for 30s\""
/* It takes half an hour to use all up, and is not known to be a leak. */
#define PRESSING                                                                                      \
	"\"kind\":\"anonymous\",\"verdict\":\"cannot_tell_yet\",\"confidence\":0.3,\"bytes\":4096,"   \
	"\"grown_bytes\":4096,\"bytes_per_hour\":1e9,\"seconds_left\":1800,\"limit\":\"cgroup\","         \
	"\"left_bytes\":5e8,\"since_age_ns\":600000000000,\"evidence\":[],\"next\":\"hurry\""
#define UNKNOWN                                                                                       \
	"\"kind\":\"anonymous\",\"verdict\":\"cannot_tell_yet\",\"confidence\":0,\"bytes\":4096,"     \
	"\"bytes_per_hour\":null,\"seconds_left\":null,\"limit\":null,\"since_age_ns\":null,"         \
	"\"evidence\":[\"It has been watched for too short a time.\"],\"next\":\"wait\""

static const char with_leak[] =
	"{\"snapshot\":{\"age_ns\":306000000},\"windows\":[{\"step_ns\":15000000000,\"points\":60},"
	"{\"step_ns\":120000000000,\"points\":46},{\"step_ns\":1440000000000,\"points\":3}],"
	"\"detection_limit_bytes_per_hour\":700000.0,\"not_followed\":3,\"not_judged\":5,"
	"\"processes\":[{\"pid\":4711,\"comm\":\"a\\u001b[2Jname\",\"cgroup\":\"web.service\"," FIGURES("leak", "anonymous") "},"
	"{\"pid\":9,\"comm\":\"x\"," UNKNOWN "},"
	"{\"pid\":10,\"comm\":\"pool\"," FIGURES("growing_working_set", "shared") "},"
	"{\"pid\":11,\"comm\":\"small\"," FIGURES("none", "anonymous") "}],"
	"\"groups\":[{\"comm\":\"alone\",\"processes\":1,\"leaky_lives\":0," FIGURES("leak", "anonymous") "},"
	"{\"comm\":\"workers\",\"processes\":12,\"leaky_lives\":0," FIGURES("leak", "anonymous") "},"
	"{\"comm\":\"restarted\",\"processes\":1,\"leaky_lives\":2," FIGURES("cache", "file") "}],"
	"\"cgroups\":[{\"cgroup\":\"web.service\"," FIGURES("leak", "anonymous") "}],"
	"\"kernel\":[{\"subsystem\":\"slab\"," FIGURES("leak", "slab") "}]}";

static const char early[] =
	"{\"snapshot\":{\"age_ns\":1},\"windows\":[{\"step_ns\":15000000000,\"points\":9}],"
	"\"detection_limit_bytes_per_hour\":null,\"not_followed\":0,"
	"\"processes\":[{\"pid\":9,\"comm\":\"x\"," UNKNOWN "}],\"groups\":[],\"cgroups\":[],\"kernel\":[]}";

static const char of_cgroup[] =
	"{\"snapshot\":{\"age_ns\":1},\"windows\":[{\"step_ns\":15000000000,\"points\":60}],"
	"\"detection_limit_bytes_per_hour\":700000.0,\"not_followed\":0,\"processes\":[],\"groups\":[],"
	"\"cgroups\":[{\"cgroup\":\"web.service\"," FIGURES("leak", "kernel") "},"
	"{\"cgroup\":\"sum.service\"," FIGURES("leak", "anonymous") "}],\"kernel\":[]}";

/* Each process is of a group and a cgroup that leak something else, or has the name of one elsewhere. */
static const char of_other_kinds[] =
	"{\"processes\":[{\"pid\":1,\"comm\":\"a\",\"group\":\"a\",\"unit\":\"a.service\","
	"\"cgroup\":\"a.service\"," FIGURES("leak", "anonymous") "},"
	"{\"pid\":2,\"comm\":\"b\",\"group\":\"b\",\"unit\":\"b.service\","
	"\"cgroup\":\"b.service\"," FIGURES("leak", "shared") "}],"
	"\"groups\":[{\"comm\":\"a\",\"unit\":\"a.service\",\"processes\":2," FIGURES("leak", "shared") "},"
	"{\"comm\":\"b\",\"unit\":\"other.service\",\"processes\":2," FIGURES("leak", "shared") "},"
	"{\"comm\":\"b\",\"unit\":\"b.service\",\"processes\":2," FIGURES("leak", "shared") "}],"
	"\"cgroups\":[{\"cgroup\":\"a.service\"," FIGURES("leak", "page_tables") "},"
	"{\"cgroup\":\"b.service\"," FIGURES("leak", "shared") "}]}";

/* The one leaks shared memory, the sums page tables. */
static const char of_another_kind[] =
	"{\"processes\":[{\"pid\":1,\"comm\":\"a\",\"cgroup\":\"a.service\"," FIGURES("leak", "shared") "}],"
	"\"cgroups\":[{\"cgroup\":\"a.service\"," FIGURES("leak", "page_tables") "}]}";
/* clang-format on */

static void test_a_leak(void **state UNUSED)
{
	struct text out = {};

	show(with_leak, &out);
	expect_narrow(&out);
	expect_line(&out, "1 process, 1 group or cgroup as a whole, 1 part of the kernel");
	expect_line(&out, "1h 30m: a steady leak of more than 684KiB/h would be told");
	expect_line(&out, "3 that grew less than those that are");
	expect_line(&out, "\nUnjudged    5 that grew less steadily or more slowly than those that are\n");
	expect_line(&out, "anonymous  100MiB +60.0MiB 87.0%  10h 0m LEAK");
	expect_line(&out, "shared     100MiB +60.0MiB 87.0%  10h 0m working set");
	expect_line(&out, "1 more grew, watched for less than three minutes: too short to judge.");
	expect_line(&out, "1 more grew by less than what is told from chance.");
	expect_line(&out, "  since 1h 0m, 50.0MiB in all; 600MiB of the machine left");
	expect_line(&out, "  In the last two hours its floor rose by 60.0MiB/h.");
	expect_line(&out, "  Next: memoir leaks --pid 4711 --for 30s");
	expect_no(&out, "small");
	expect_no(&out, "\x1b");
	/* What is not sure is not explained where something is. */
	expect_no(&out, "Next: wait");
	text_free(&out);
}

/* A group of one process says what the process does, unless restarts matter. */
static void test_groups(void **state UNUSED)
{
	struct text out = {};

	show(with_leak, &out);
	expect_no(&out, "alone");
	expect_line(&out, "workers");
	expect_line(&out, "restarted");
	expect_line(&out, "web.service");
	/* A process of it says that it leaks. */
	expect_no(&out, "web.service, anonymous memory");
	expect_line(&out, "SUBSYSTEM");
	text_free(&out);
}

/* No process has it; and what no process of a cgroup is seen to leak, all together may. */
static void test_what_the_kernel_holds_for_a_cgroup(void **state UNUSED)
{
	struct text out = {};

	show(of_cgroup, &out);
	expect_narrow(&out);
	expect_line(&out, "0 processes, 1 group or cgroup as a whole, 1 part of the kernel");
	expect_line(&out, "\nweb.service, kernel memory: LEAK");
	expect_line(&out, "\nsum.service, anonymous memory: LEAK");
	text_free(&out);
}

/* What a part leaks says nothing of another kind of memory, nor of others of that name. */
static void test_sums_of_another_kind(void **state UNUSED)
{
	struct text out = {};

	show(of_other_kinds, &out);
	/* Both groups that are not told by their processes, and the cgroup with its page tables. */
	expect_line(&out, "2 processes, 3 groups or cgroups as a whole, 0 parts");
	text_free(&out);
	show(of_another_kind, &out);
	expect_line(&out, "\na.service, page_tables memory: LEAK");
	text_free(&out);
}

static void test_too_early(void **state UNUSED)
{
	struct text out = {};

	show(early, &out);
	expect_narrow(&out);
	expect_line(&out, "0 processes, 0 parts of the kernel");
	expect_no(&out, "Unjudged");
	expect_line(&out, "2m 0s: a leak is told after 40 minutes at best");
	expect_line(&out, "\n1 grew, watched for less than three minutes");
	expect_no(&out, "VERDICT");
	expect_no(&out, "Next: wait");
	text_free(&out);
}

/* It comes before what is sure, and is explained. */
static void test_what_is_pressing(void **state UNUSED)
{
	struct text out = {};

	show("{\"processes\":[{\"pid\":8,\"comm\":\"hog\"," PRESSING "},"
	     "{\"pid\":9,\"comm\":\"x\"," FIGURES("leak", "anonymous") "}]}",
	     &out);
	expect_narrow(&out);
	expect_line(&out, "30m 0s cannot tell");
	expect_line(&out,
		    "8 hog, anonymous memory: cannot tell\n  since 10m 0s, 4.00KiB in all; 477MiB of the "
		    "cgroup left\n  Next: hurry\n\n9 x, anonymous memory: LEAK");
	text_free(&out);
}

static void test_what_is_not_placed(void **state UNUSED)
{
	struct text out = {};

	show("{\"stacks_reading\":{\"unplaced_bytes\":3145728}}", &out);
	expect_narrow(&out);
	expect_line(&out, "Unplaced    3.00MiB: there was no room for where it was allocated\n");
	text_free(&out);
	show("{\"stacks_reading\":{\"unplaced_bytes\":0}}", &out);
	expect_no(&out, "Unplaced");
	text_free(&out);
}

static void test_a_reply_without_anything(void **state UNUSED)
{
	struct text out = {};

	show("{}", &out);
	expect_narrow(&out);
	expect_line(&out, "0 processes");
	expect_no(&out, "VERDICT");
	text_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_leak),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_what_the_kernel_holds_for_a_cgroup),
		cmocka_unit_test(test_sums_of_another_kind),
		cmocka_unit_test(test_too_early),
		cmocka_unit_test(test_what_is_pressing),
		cmocka_unit_test(test_what_is_not_placed),
		cmocka_unit_test(test_a_reply_without_anything),
	};

	return cmocka_run_group_tests(tests, use_utf8, NULL);
}
