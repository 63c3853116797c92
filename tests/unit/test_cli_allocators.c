/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which allocators are mapped, by names of files. */
#include "cli_test.h"

#include "../../cli/allocators.h"

static struct mappings mappings;

/* One mapping of a file of that name, or of none where it has no folder. */
static void parse(const char *name)
{
	/* Names are borrowed from it. */
	static char line[256];

	mappings_free(&mappings);
	snprintf(line, sizeof(line), "7f0000001000-7f0000003000 rw-p 00000000 fe:00 %d %s\n", name[0] == '/',
		 name);
	assert_int_equal(mappings_parse(line, strlen(line), 4096, &mappings), 0);
	assert_int_equal(mappings.nr, 1);
}

static int end(void **state UNUSED)
{
	mappings_free(&mappings);
	return 0;
}

static void test_glibc(void **state UNUSED)
{
	static const char *const names[] = {
		"/lib/x86_64-linux-gnu/libc.so.6", "/libc.so.6",
		"/a b/libc.so.6 (deleted)",        "/lib/libc-2.31.so",
		"/lib/libc-2.23.so (deleted)",     "/libc-2.100.so",
	};
	static const char *const others[] = {
		"/lib/libc.so",
		"/lib/xlibc.so.6",
		"/lib/libc.so.60",
		"/lib/libc-2.22.so",
		"/lib/libc-2.5.so",
		"/lib/libc-2..so",
		"/lib/libc-2.31",
		"/lib/libc-2.",
		"libc.so.6",
		"[libc.so.6]",
		"/libc.so.6/libm.so.6",
		"/lib/ld-2.31.so",
		"/",
		"",
		"/x (deleted)",
		" (deleted)",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		parse(names[i]);
		assert_true(is_glibc(&mappings.mapping[0]));
		assert_true(mappings.mapping[0].is_writable);
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		parse(others[i]);
		assert_false(is_glibc(&mappings.mapping[0]));
	}
}

static void test_others(void **state UNUSED)
{
	parse("/usr/lib/x86_64-linux-gnu/libjemalloc.so.2");
	assert_int_equal(other_allocators(&mappings), 1);
	assert_string_equal(other_allocator_names[0], "libjemalloc");
	parse("/lib/ld-musl-x86_64.so.1 (deleted)");
	assert_true(other_allocators(&mappings));
	parse("/lib/libgobject-2.0.so.0");
	assert_int_equal(other_allocators(&mappings), 0);
	parse("/libjemalloc/libm.so");
	assert_int_equal(other_allocators(&mappings), 0);
	parse("[libjemalloc]");
	assert_int_equal(other_allocators(&mappings), 0);
}

static void test_32_bits(void **state UNUSED)
{
	static const char low[] =
		"8048000-8049000 r-xp 00000000 00:00 0\nffffd000-100000000 rw-p 0 00:00 0\n";
	static const char high[] =
		"8048000-8049000 r-xp 00000000 00:00 0\nffffd000-100001000 rw-p 0 00:00 0\n";

	mappings_free(&mappings);
	assert_int_equal(mappings_parse(low, strlen(low), 4096, &mappings), 0);
	assert_int_equal(mappings.nr, 2);
	assert_true(mappings_are_of_32_bits(&mappings));
	mappings_free(&mappings);
	assert_int_equal(mappings_parse(high, strlen(high), 4096, &mappings), 0);
	assert_false(mappings_are_of_32_bits(&mappings));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_glibc),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_32_bits),
	};

	return cmocka_run_group_tests(tests, NULL, end);
}
