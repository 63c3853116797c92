/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of NUMA nodes: lists of CPUs however long, numastat, and what is neither. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../daemon/nodetext.h"
#include "../../daemon/util.h"

#define UNUSED __attribute__((unused))

struct taken {
	char text[128];
	__u32 nr, last;
};

static void take(void *ctx, __u32 number)
{
	struct taken *taken = ctx;
	size_t len = strlen(taken->text);

	snprintf(taken->text + len, sizeof(taken->text) - len, "%u ", number);
	taken->last = number;
	taken->nr++;
}

static void expect_list(const char *list, __u32 limit, const char *numbers)
{
	struct taken taken = { 0 };

	node_list_parse(list, limit, take, &taken);
	assert_string_equal(taken.text, numbers);
}

static void test_lists(void **state UNUSED)
{
	expect_list("0\n", 8, "0 ");
	expect_list("0-3,6,9-10\n", 16, "0 1 2 3 6 9 10 ");
	/* What the machine did not announce is passed over. */
	expect_list("0-3,6,9-10\n", 4, "0 1 2 3 ");
	expect_list("5-4294967295\n", 7, "5 6 ");
	expect_list("3-1,4\n", 8, "4 ");
	/* No list: a node without CPUs, and what the kernel never writes. */
	expect_list("\n", 8, "");
	expect_list("", 8, "");
	expect_list("-1\n", 8, "");
	expect_list("1,\n", 8, "1 ");
	expect_list("1,x2\n", 8, "1 ");
	expect_list("1-,2\n", 8, "1 ");
	expect_list("1--3\n", 8, "1 ");
	expect_list("99999999999999999999-99999999999999999999,1\n", 8, "1 ");
}

/* As it comes from the kernel: each read gives a page at most. */
static size_t read_pieces(const char *text, size_t size, char *ret, size_t room)
{
	size_t len;
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	for (size_t at = 0, n; at < size; at += n) {
		n = size - at < 4096 ? size - at : 4096;
		assert_int_equal(write(ends[1], text + at, n), n);
	}
	close(ends[1]);
	len = node_text_read(ends[0], ret, room);
	close(ends[0]);
	return len;
}

static void test_long_list_is_read_to_its_end(void **state UNUSED)
{
	static char text[NODE_TEXT_SIZE], read[NODE_TEXT_SIZE];
	struct taken taken = { 0 };
	size_t len = 0;

	for (int cpu = 0; cpu < 8192; cpu += 2)
		len += (size_t)sprintf(text + len, "%s%d", cpu ? "," : "", cpu);
	text[len++] = '\n';
	assert_true(len > 3 * 4096);
	assert_int_equal(read_pieces(text, len, read, sizeof(read)), len);
	assert_string_equal(read, text);
	node_list_parse(read, 8192, take, &taken);
	assert_int_equal(taken.nr, 4096);
	assert_int_equal(taken.last, 8190);
	/* Of a text that has no room, or is cut off, nothing is taken. */
	assert_int_equal(read_pieces(text, len, read, len), 0);
	assert_string_equal(read, "");
	assert_int_equal(read_pieces(text, len - 1, read, sizeof(read)), 0);
	assert_int_equal(node_text_read(-1, read, sizeof(read)), 0);
	assert_string_equal(read, "");
}

static bool parse_line(const char *line, __u64 *ret)
{
	return numastat_line_parse(line, strlen(line), ret);
}

static void test_numastat(void **state UNUSED)
{
	static const char *const odd[] = { "",           "numa_hit",    "numa_hit ",   " 12",
					   "numa_hit x", "numa_hit -1", "numa_hit 1 ", "numa_hits 12" };
	__u64 values[NR_NUMASTAT_ITEMS] = { 0 };

	assert_true(parse_line("numa_hit 18446744073709551615", values));
	assert_true(parse_line("other_node 12", values));
	assert_true(values[NUMASTAT_HIT] == UINT64_MAX);
	assert_int_equal(values[NUMASTAT_OTHER], 12);
	for (size_t i = 0; i < ARRAY_SIZE(odd); i++)
		assert_false(parse_line(odd[i], values));
	assert_true(values[NUMASTAT_HIT] == UINT64_MAX);
	assert_int_equal(values[NUMASTAT_MISS], 0);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_lists),
	cmocka_unit_test(test_long_list_is_read_to_its_end),
	cmocka_unit_test(test_numastat),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
