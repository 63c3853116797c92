/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of the memory controller, of both versions: what is understood, and what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "../../daemon/memcgtext.h"

#define UNUSED __attribute__((unused))

static bool parse(const char *text, __u64 *ret)
{
	return memcg_value_parse(text, strlen(text), ret);
}

static bool take(enum memcg_version version, const char *line, struct memcg_stat *ret)
{
	return memcg_stat_take(version, line, strlen(line), ret);
}

static void test_values(void **state UNUSED)
{
	static const char *const odd[] = { "",        "\n",   "max\n\n",
					   "maximum", "-1",   "12 ",
					   "12kB",    "0x10", "99999999999999999999" };
	__u64 value = 7;

	assert_true(parse("209715200\n", &value));
	assert_int_equal(value, 209715200);
	assert_true(parse("0", &value));
	assert_int_equal(value, 0);
	assert_true(parse("max\n", &value));
	assert_true(value == KERNEL_MEMORY_UNKNOWN);
	/* Version 1, for none. */
	assert_true(parse("9223372036854771712\n", &value));
	assert_true(value == KERNEL_MEMORY_UNKNOWN);
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		assert_false(parse(odd[i], &value));
}

/* The same words mean another thing in each. */
static void test_lines(void **state UNUSED)
{
	struct memcg_stat stat = MEMCG_STAT_UNKNOWN;

	assert_true(take(MEMCG_V2, "anon 1000", &stat));
	assert_true(take(MEMCG_V2, "file 2000", &stat));
	assert_true(take(MEMCG_V2, "shmem 300", &stat));
	assert_true(take(MEMCG_V2, "kernel 44", &stat));
	assert_false(take(MEMCG_V2, "total_rss 5", &stat));
	assert_false(take(MEMCG_V2, "kernel_stack 5", &stat));
	assert_int_equal(stat.anon, 1000);
	assert_int_equal(stat.file, 2000);
	assert_int_equal(stat.shmem, 300);
	assert_int_equal(stat.kernel, 44);
	stat = MEMCG_STAT_UNKNOWN;
	assert_true(take(MEMCG_V1, "total_rss 1000", &stat));
	assert_true(take(MEMCG_V1, "total_cache 2000", &stat));
	assert_true(take(MEMCG_V1, "total_shmem 300", &stat));
	assert_false(take(MEMCG_V1, "rss 5", &stat));
	assert_false(take(MEMCG_V1, "shmem 5", &stat));
	assert_false(take(MEMCG_V1, "kernel 5", &stat));
	assert_int_equal(stat.anon, 1000);
	assert_int_equal(stat.file, 2000);
	assert_int_equal(stat.shmem, 300);
	assert_true(stat.kernel == KERNEL_MEMORY_UNKNOWN);
}

/* Without what is given back, and what is known by process; and not at all without one of them. */
static void test_what_the_kernel_holds(void **state UNUSED)
{
	static const char *const lines[] = { "kernel 10000", "pagetables 300", "slab_reclaimable 2000",
					     "sock 50" };
	const size_t nr = sizeof(lines) / sizeof(lines[0]);
	struct memcg_stat stat = MEMCG_STAT_UNKNOWN;

	for (size_t i = 0; i < nr; i++)
		assert_true(take(MEMCG_V2, lines[i], &stat));
	assert_int_equal(memcg_stat_held(&stat), 7750);
	assert_true(take(MEMCG_V2, "slab_reclaimable 11000", &stat));
	assert_int_equal(memcg_stat_held(&stat), 50);
	for (size_t missing = 0; missing < nr; missing++) {
		stat = MEMCG_STAT_UNKNOWN;
		for (size_t i = 0; i < nr; i++)
			if (i != missing)
				take(MEMCG_V2, lines[i], &stat);
		assert_true(memcg_stat_held(&stat) == KERNEL_MEMORY_UNKNOWN);
	}
}

static void test_what_is_not_understood(void **state UNUSED)
{
	static const char *const odd[] = {
		"", " ", "anon", "anon ", " 12", "anon  12", "anon -1", "anon 1 2"
	};
	struct memcg_stat stat = MEMCG_STAT_UNKNOWN;

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		assert_false(take(MEMCG_V2, odd[i], &stat));
	assert_true(stat.anon == KERNEL_MEMORY_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_what_the_kernel_holds),
		cmocka_unit_test(test_what_is_not_understood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
