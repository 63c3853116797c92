/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of /proc/allocinfo in the kernel's form, and what is none. */
#include "cli_test.h"

#include "../../cli/allocinfo.h"

static bool parse(const char *line, struct allocinfo_site *ret)
{
	return allocinfo_parse(line, strlen(line), ret);
}

static void test_lines(void **state UNUSED)
{
	struct allocinfo_site site;

	assert_true(parse("    56373248     4737 mm/slub.c:2259 func:alloc_slab_page", &site));
	assert_int_equal(site.bytes, 56373248);
	assert_int_equal(site.nr_calls, 4737);
	assert_string_equal(site.place, "mm/slub.c:2259");
	assert_string_equal(site.module, "");
	assert_string_equal(site.function, "alloc_slab_page");
	assert_true(parse("        4096        1 net/netfilter/core.c:7 [nf_tables] func:nf_x", &site));
	assert_string_equal(site.module, "nf_tables");
	assert_string_equal(site.function, "nf_x");
	/* What newer kernels add behind it. */
	assert_true(parse("           0        0 init/main.c:1 func:f accurate:no", &site));
	assert_string_equal(site.function, "f");
}

static void test_other_lines(void **state UNUSED)
{
	static const char *const lines[] = {
		"",
		"allocinfo - version: 1.0",
		"#     <size>  <calls> <tag info>",
		"-1 1 mm/slub.c:1 func:f", /* more was freed than allocated: not known */
		"1",
		"1 1",
		"1 1 mm/slub.c",
		"1 1 mm/slub.c:1",
		"1 1 mm/slub.c:1 [m]",
		"1 1 mm/slub.c:1 func:",
		"1 1 mm/slub.c:1 funk:f",
		"1 1 mmslub.c func:f",
		"99999999999999999999 1 mm/slub.c:1 func:f",
		"1x 1 mm/slub.c:1 func:f",
	};
	struct allocinfo_site site;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_false(parse(lines[i], &site));
	assert_false(allocinfo_parse("1 1 a:1\0func:f", 14, &site));
}

/* Of a long path the end is kept, which has the line. */
static void test_long_names(void **state UNUSED)
{
	struct allocinfo_site site;
	char line[900], path[300], function[200];

	memset(path, 'p', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	memset(function, 'f', sizeof(function) - 1);
	function[sizeof(function) - 1] = '\0';
	snprintf(line, sizeof(line), "1 2 %s:77 [%s] func:%s", path, path, function);
	assert_true(parse(line, &site));
	assert_int_equal(strlen(site.place), sizeof(site.place) - 1);
	assert_string_equal(site.place + strlen(site.place) - 4, "p:77");
	assert_int_equal(strlen(site.module), sizeof(site.module) - 1);
	assert_int_equal(strlen(site.function), sizeof(site.function) - 1);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_lines),
	cmocka_unit_test(test_other_lines),
	cmocka_unit_test(test_long_names),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
