/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of /proc/PID/maps, smaps_rollup and stat, and what only looks like them. */
#include "cli_test.h"

#include "../../daemon/mappings.h"

#define PAGE_SIZE 4096

static struct mappings mappings;

static void parse(const char *text)
{
	mappings_free(&mappings);
	assert_int_equal(mappings_parse(text, strlen(text), PAGE_SIZE, &mappings), 0);
}

static int end(void **state UNUSED)
{
	mappings_free(&mappings);
	return 0;
}

static void expect_one(const char *line, enum mapping_kind kind, bool has_file)
{
	parse(line);
	assert_int_equal(mappings.nr, 1);
	assert_int_equal(mappings.nr_strange, 0);
	assert_int_equal(mappings.mapping[0].kind, kind);
	assert_int_equal(mappings.mapping[0].has_file, has_file);
}

static void test_kinds(void **state UNUSED)
{
	expect_one("1000-3000 rw-p 00000000 00:00 0 \n", KIND_ANONYMOUS, false);
	expect_one("1000-3000 rw-p 00000000 00:00 0\n", KIND_ANONYMOUS, false);
	expect_one("1000-3000 rw-p 00000000 00:00 0      [anon:stack of a thread]\n", KIND_ANONYMOUS, false);
	expect_one("1000-3000 rw-p 00000000 00:00 0      [heap]\n", KIND_HEAP, false);
	expect_one("1000-3000 rw-p 00000000 00:00 0      [stack]\n", KIND_STACK, false);
	expect_one("1000-3000 r-xp 00000000 00:00 0      [vdso]\n", KIND_OTHER, false);
	expect_one("1000-3000 r-xp 00002000 fe:00 247498 /usr/bin/head\n", KIND_FILE, true);
	expect_one("1000-3000 r-xp 00002000 fe:00 247498 [heap]\n", KIND_FILE, true);
	expect_one("1000-3000 r--p 00000000 fe:00 12     /a name\\012with (deleted)\n", KIND_FILE, true);
	expect_one("1000-3000 rw-s 00000000 00:01 5      /dev/zero (deleted)\n", KIND_SHARED, true);
	expect_one("1000-3000 rw-s 00000000 00:01 0      /SYSV00000000 (deleted)\n", KIND_SHARED, true);
	expect_one("1000-3000 rw-p 00000000 00:00 0", KIND_ANONYMOUS, false);
	assert_int_equal(mappings.mapping[0].start, 0x1000);
	assert_int_equal(mappings.mapping[0].end, 0x3000);
	assert_int_equal(mappings.nr_bytes, 0x2000);
}

static void test_the_half_of_the_kernel_is_left_out(void **state UNUSED)
{
	parse("1000-2000 rw-p 00000000 00:00 0\n"
	      "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0   [vsyscall]\n");
	assert_int_equal(mappings.nr, 1);
	assert_int_equal(mappings.nr_strange, 0);
}

static void test_what_is_no_mapping(void **state UNUSED)
{
	static const char *const lines[] = {
		"\n",
		" \n",
		"1000\n",
		"1000-\n",
		"-1000 rw-p 0 00:00 0\n",
		"1000-2000\n",
		"1000-2000 \n",
		"1000-2000 rw\n",
		"1000-2000 rw-p\n",
		"1000-2000 rw-p 0\n",
		"1000-2000 rw-p x 00:00 0\n",
		"1000-1000 rw-p 0 00:00 0\n",
		"2000-1000 rw-p 0 00:00 0\n",
		"1001-2000 rw-p 0 00:00 0\n",
		"1000-2001 rw-p 0 00:00 0\n",
		"1000-20000000000000000 rw-p 0 00:00 0\n",
		"0x1000-2000 rw-p 0 00:00 0\n",
		"1000-+2000 rw-p 0 00:00 0\n",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		parse(lines[i]);
		assert_int_equal(mappings.nr, 0);
		assert_int_equal(mappings.nr_strange, 1);
		assert_int_equal(mappings.nr_bytes, 0);
	}
	parse("");
	assert_int_equal(mappings.nr + mappings.nr_strange, 0);
}

static void test_order(void **state UNUSED)
{
	parse("1000-9000 rw-p 0 00:00 0\n"
	      "8000-a000 rw-p 0 00:00 0\n" /* overlaps */
	      "9000-a000 rw-p 0 00:00 0\n"
	      "1000-2000 rw-p 0 00:00 0\n" /* goes back */
	      "b000-d000 rw-p 0 00:00 0\n"
	      "d000-e000 rw-p 0 00:00 0\n");
	assert_int_equal(mappings.nr, 4);
	assert_int_equal(mappings.nr_strange, 2);
	assert_int_equal(mappings.nr_bytes, 0xc000);
	mappings_sort_by_size(&mappings);
	assert_int_equal(mappings.mapping[0].start, 0x9000);
	assert_int_equal(mappings.mapping[1].start, 0xd000);
	assert_int_equal(mappings.mapping[2].start, 0xb000);
	assert_int_equal(mappings.mapping[3].start, 0x1000);
	parse("");
	mappings_sort_by_size(&mappings);
}

static void test_smaps(void **state UNUSED)
{
	static const char text[] = "1000-2000 ---p 00000000 00:00 0  [rollup]\n"
				   "Rss:                1768 kB\n"
				   "Pss_Rss:              12 kB\n"
				   "AnonHugePages:         0 kB\n"
				   "Rss:                   2 kB\n"
				   "Locked:   99999999999999999999 kB\n"
				   "Swap";
	uint64_t bytes;

	assert_true(smaps_sum(text, "Rss", &bytes));
	assert_int_equal(bytes, 1770 * 1024);
	assert_true(smaps_sum(text, "AnonHugePages", &bytes));
	assert_int_equal(bytes, 0);
	assert_true(smaps_sum(text, "Locked", &bytes));
	assert_true(bytes == UINT64_MAX);
	assert_false(smaps_sum(text, "Pss", &bytes));
	assert_false(smaps_sum(text, "Swap", &bytes));
	assert_int_equal(bytes, 0);
	assert_false(smaps_sum("", "Rss", &bytes));
}

static void test_start(void **state UNUSED)
{
	static const char fields[] = " S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 4711 23 24";
	char text[128];

	snprintf(text, sizeof(text), "17 (a name)%s", fields);
	assert_int_equal(stat_start_ticks(text), 4711);
	snprintf(text, sizeof(text), "17 (1) S 2 (3) 4\n)%s", fields);
	assert_int_equal(stat_start_ticks(text), 4711);
	assert_int_equal(stat_start_ticks("17 (a) S 3 4"), 0);
	assert_int_equal(stat_start_ticks(""), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_the_half_of_the_kernel_is_left_out),
		cmocka_unit_test(test_what_is_no_mapping),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_smaps),
		cmocka_unit_test(test_start),
	};

	return cmocka_run_group_tests(tests, NULL, end);
}
