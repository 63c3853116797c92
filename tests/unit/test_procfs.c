/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is read from /proc: sums over zones, what is not there, lines that make no sense, real files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../../daemon/procfs.h"
#include "../../daemon/util.h"

#define UNUSED __attribute__((unused))
#define BIT(item) (1u << (item))
#define ALL_ITEMS ((1u << NR_VMSTAT_ITEMS) - 1)

/* Parses text as if nothing but its bytes were there. */
static __u32 parse(const char *text, __u64 ret_value[NR_VMSTAT_ITEMS])
{
	size_t size = strlen(text);
	_cleanup_free_ char *exact = malloc(size + !size);

	assert_non_null(exact);
	memcpy(exact, text, size);
	return vmstat_parse(exact, size, ret_value);
}

static void test_sums_over_zones(void **state UNUSED)
{
	__u64 value[NR_VMSTAT_ITEMS];

	assert_int_equal(parse("pgalloc_dma 1\npgalloc_dma32 20\npgalloc_normal 300\npgalloc_movable 4000\n"
			       "allocstall_normal 5\nallocstall_movable 6\npgfree 7\npgfault 8\n"
			       "compact_stall 9\noom_kill 10\npgmigrate_success 11\npgmigrate_fail 12\n"
			       "pswpin 13\nnuma_hint_faults 14\nnuma_hint_faults_local 15\n"
			       "numa_pages_migrated 16\npgmajfault 17\n",
			       value),
			 ALL_ITEMS);
	assert_int_equal(value[VMSTAT_PGALLOC], 4321);
	assert_int_equal(value[VMSTAT_ALLOCSTALL], 11);
	assert_int_equal(value[VMSTAT_PGFREE], 7);
	assert_int_equal(value[VMSTAT_PGFAULT], 8);
	assert_int_equal(value[VMSTAT_COMPACT_STALL], 9);
	assert_int_equal(value[VMSTAT_OOM_KILL], 10);
	assert_int_equal(value[VMSTAT_PGMIGRATE_SUCCESS], 11);
	assert_int_equal(value[VMSTAT_PGMIGRATE_FAIL], 12);
	assert_int_equal(value[VMSTAT_PSWPIN], 13);
	assert_int_equal(value[VMSTAT_NUMA_HINT_FAULTS], 14);
	assert_int_equal(value[VMSTAT_NUMA_HINT_FAULTS_LOCAL], 15);
	assert_int_equal(value[VMSTAT_NUMA_PAGES_MIGRATED], 16);
	assert_int_equal(value[VMSTAT_PGMAJFAULT], 17);
}

/* Other counters have names that begin or end alike. */
static void test_names_are_whole(void **state UNUSED)
{
	__u64 value[NR_VMSTAT_ITEMS];

	assert_int_equal(
		parse("pgfreed 1\nxpgfree 2\npgfre 3\npgmajfault_ 4\ncompact_stall_x 5\nthp_oom_kill 6\n"
		      "pgalloc_ 7\npgalloc 8\nallocstall 9\npswpin_zero 10\n",
		      value),
		0);
	for (__u32 item = 0; item < NR_VMSTAT_ITEMS; item++)
		assert_int_equal(value[item], 0);
}

static void test_missing_items(void **state UNUSED)
{
	__u64 value[NR_VMSTAT_ITEMS];

	memset(value, 0xff, sizeof(value));
	assert_int_equal(parse("", value), 0);
	assert_int_equal(parse("pgfault 8", value), BIT(VMSTAT_PGFAULT)); /* the last line needs no end */
	assert_int_equal(value[VMSTAT_PGFAULT], 8);
	assert_int_equal(value[VMSTAT_OOM_KILL], 0);
}

static void test_malformed_lines(void **state UNUSED)
{
	__u64 value[NR_VMSTAT_ITEMS];

	assert_int_equal(parse("\n\n \npgfree\npgfree \npgfree  1\npgfree x\npgfree 1x\npgfree -1\npgfree "
			       "+1\npgfree 1 2\n"
			       "pgfree\t1\npgfree 0x1\n",
			       value),
			 0);
	assert_int_equal(parse("pgfree 18446744073709551616\npgfree 99999999999999999999\npgfault "
			       "18446744073709551615\n",
			       value),
			 BIT(VMSTAT_PGFAULT));
	assert_true(value[VMSTAT_PGFAULT] == UINT64_MAX);
}

static void test_bytes_that_are_no_text(void **state UNUSED)
{
	static const char bytes[] = "pgfault 1\n\0\xff\npgfree 2\0\noom_kill 3\n";
	__u64 value[NR_VMSTAT_ITEMS];

	assert_int_equal(vmstat_parse(bytes, sizeof(bytes) - 1, value),
			 BIT(VMSTAT_PGFAULT) | BIT(VMSTAT_OOM_KILL));
	assert_int_equal(value[VMSTAT_PGFREE], 0);
	assert_int_equal(value[VMSTAT_OOM_KILL], 3);
}

/* From the start, whatever was read before, and once. */
static void test_from_the_start(void **state UNUSED)
{
	static const char text[] = "pgalloc_dma 1\npgfree 2\n";
	_cleanup_close_ int fd = memfd_create("vmstat", MFD_CLOEXEC);
	__u64 value[NR_VMSTAT_ITEMS];

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(vmstat_read(fd, value, NULL, NULL),
				 BIT(VMSTAT_PGALLOC) | BIT(VMSTAT_PGFREE));
		assert_int_equal(value[VMSTAT_PGALLOC], 1);
		assert_int_equal(value[VMSTAT_PGFREE], 2);
	}
}

/* --- counters that are shown as they are ------------------------------------------------------ */

struct seen {
	struct kernel_counter counter[256];
	__u32 nr;
};

static void see(void *ctx, const struct kernel_counter *counter)
{
	struct seen *seen = ctx;

	assert_true(seen->nr < ARRAY_SIZE(seen->counter));
	seen->counter[seen->nr++] = *counter;
}

static void expect_counter(const struct kernel_counter *counter, enum metric metric, __u32 index,
			   const char *label, __u64 value)
{
	assert_int_equal(counter->metric, metric);
	assert_int_equal(counter->index, index);
	assert_string_equal(counter->label, label);
	assert_int_equal(counter->value, value);
}

static void test_kernel_counters(void **state UNUSED)
{
	static const char text[] = "pgfault 1\npswpin 2\nthp_fault_alloc 3\ncompact_migrate_scanned 4\n"
				   "compact_isolated 5\ncompact_stall 6\npswpout 7\nthp_ 8\nthp 9\n"
				   "compact_daemon_free_scanned 10\nxthp_split 11\nthp_split_page x\n"
				   "compact_daemon_wake 12\nthp_swpout 13";
	struct seen seen = { .nr = 0 };

	kernel_counters_parse(text, sizeof(text) - 1, see, &seen);
	assert_int_equal(seen.nr, 9);
	expect_counter(&seen.counter[0], METRIC_SWAPPED, 0, "in", 2);
	expect_counter(&seen.counter[1], METRIC_THP, 0, "fault_alloc", 3);
	expect_counter(&seen.counter[2], METRIC_COMPACTION_WORK, 0, "migrate_scanned", 4);
	expect_counter(&seen.counter[3], METRIC_COMPACTION_WORK, 1, "isolated", 5);
	expect_counter(&seen.counter[4], METRIC_COMPACTION_EVENTS, 0, "stall", 6);
	expect_counter(&seen.counter[5], METRIC_SWAPPED, 1, "out", 7);
	expect_counter(&seen.counter[6], METRIC_COMPACTION_WORK, 2, "daemon_free_scanned", 10);
	expect_counter(&seen.counter[7], METRIC_COMPACTION_EVENTS, 1, "daemon_wake", 12);
	expect_counter(&seen.counter[8], METRIC_THP, 1, "swpout", 13);
}

/* A name that does not fit is no counter, and there is an end to how many there are. */
static void test_kernel_counters_are_bounded(void **state UNUSED)
{
	_cleanup_free_ char *text = malloc(65536);
	struct seen seen = { .nr = 0 };
	int size;

	assert_non_null(text);
	size = sprintf(text, "thp_%0*d 1\nthp_%0*d 2\n", REC_NAME_LEN, 0, REC_NAME_LEN - 1, 0);
	for (__u32 i = 0; i < 2 * KERNEL_COUNTER_MAX_INDEX; i++)
		size += sprintf(text + size, "thp_event_%u 3\n", i);
	kernel_counters_parse(text, (size_t)size, see, &seen);
	assert_int_equal(seen.nr, KERNEL_COUNTER_MAX_INDEX);
	assert_int_equal(seen.counter[0].value, 2);
	assert_int_equal(strlen(seen.counter[0].label), REC_NAME_LEN - 1);
}

static int order_of(const char *text)
{
	size_t size = strlen(text);
	_cleanup_free_ char *exact = malloc(size + !size);

	assert_non_null(exact);
	memcpy(exact, text, size);
	return pageblock_order_parse(exact, size);
}

static void test_pageblock_order(void **state UNUSED)
{
	assert_int_equal(order_of("Page block order: 9\nPages per block:  512\n"), 9);
	assert_int_equal(order_of("Page block order: 31\n"), 31);
	assert_int_equal(order_of("Page block order: 9"), -ENOENT); /* there may be more digits */
	assert_int_equal(order_of("Page block order: \n"), -ENOENT);
	assert_int_equal(order_of("Page block order: 32\n"), -ENOENT);
	assert_int_equal(order_of("Page block order: -1\n"), -ENOENT);
	assert_int_equal(order_of("Page block\n"), -ENOENT);
	assert_int_equal(order_of("\n"), -ENOENT);
	assert_int_equal(order_of(""), -ENOENT);
}

/* What the running kernel says never falls. */
static void test_of_this_kernel(void **state UNUSED)
{
	_cleanup_close_ int fd = open("/proc/vmstat", O_RDONLY | O_CLOEXEC);
	__u64 before[NR_VMSTAT_ITEMS], after[NR_VMSTAT_ITEMS];
	int found, needed = (int)(BIT(VMSTAT_PGALLOC) | BIT(VMSTAT_PGFAULT));

	if (fd < 0)
		skip();
	found = vmstat_read(fd, before, NULL, NULL);
	assert_true(found > 0);
	assert_int_equal(found & needed, needed);
	assert_true(before[VMSTAT_PGFAULT] > 0);
	assert_int_equal(vmstat_read(fd, after, NULL, NULL), found);
	for (__u32 item = 0; item < NR_VMSTAT_ITEMS; item++)
		assert_true(after[item] >= before[item]);
}

static void test_file_that_cannot_be_read(void **state UNUSED)
{
	_cleanup_close_ int folder = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	__u64 value[NR_VMSTAT_ITEMS];

	assert_int_equal(vmstat_read(-1, value, NULL, NULL), -EBADF);
	assert_int_equal(vmstat_read(folder, value, NULL, NULL), -EISDIR);
}

/* --- line by line ----------------------------------------------------------------------------- */

struct lines {
	char text[64];
	__u32 nr, nr_long;
};

static void take_line(void *ctx, const char *line, size_t size)
{
	struct lines *lines = ctx;
	size_t len = strlen(lines->text);

	lines->nr++;
	lines->nr_long += size > 100;
	if (size <= 100)
		snprintf(lines->text + len, sizeof(lines->text) - len, "%.*s|", (int)size, line);
}

static int file_of(const char *text, size_t size)
{
	int fd = memfd_create("lines", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, size), size);
	return fd;
}

static void expect_lines(const char *text, const char *wanted)
{
	_cleanup_close_ int fd = file_of(text, strlen(text));

	for (int i = 0; i < 2; i++) {
		struct lines lines = {};

		assert_int_equal(lines_read(fd, take_line, &lines), 0);
		assert_string_equal(lines.text, wanted);
	}
}

static void test_lines(void **state UNUSED)
{
	expect_lines("", "");
	expect_lines("one", "one|");
	expect_lines("one\n", "one|");
	expect_lines("\none\n\ntwo\nthree", "|one||two|three|");
}

/* Lines at the end of what is read at once, and one that is longer and therefore passed over. */
static void test_long_lines(void **state UNUSED)
{
	_cleanup_free_ char *text = malloc(5 * LINES_MAX);
	size_t size = 0;

	assert_non_null(text);
	for (size_t length = LINES_MAX - 2; length <= LINES_MAX + 2; length++) {
		struct lines lines = {};
		int fd;

		memset(text, 'x', length);
		size = length;
		size += (size_t)sprintf(text + size, "\nnext\n");
		fd = file_of(text, size);
		assert_int_equal(lines_read(fd, take_line, &lines), 0);
		assert_string_equal(lines.text, "next|");
		assert_int_equal(lines.nr_long, length < LINES_MAX);
		close(fd);
	}
}

static void test_lines_that_cannot_be_read(void **state UNUSED)
{
	_cleanup_close_ int endless = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	struct lines lines = {};

	assert_int_equal(lines_read(-1, take_line, &lines), -EBADF);
	assert_int_equal(lines_read(endless, take_line, &lines), -EFBIG);
	assert_int_equal(lines.nr, 0);
}

/* Larger than any vmstat: what fits is read. */
static void test_endless_file(void **state UNUSED)
{
	_cleanup_close_ int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	__u64 value[NR_VMSTAT_ITEMS];

	assert_int_equal(vmstat_read(fd, value, NULL, NULL), 0);
}

/* Parses exactly these bytes, and says what came of it. */
static const char *setting(const char *text)
{
	static char value[REC_NAME_LEN];
	size_t size = strlen(text);
	_cleanup_free_ char *exact = malloc(size + !size);

	assert_non_null(exact);
	memcpy(exact, text, size);
	memset(value, 'x', sizeof(value));
	setting_parse(exact, size, value);
	return value;
}

static void test_settings(void **state UNUSED)
{
	assert_string_equal(setting("60\n"), "60");
	assert_string_equal(setting("60"), "60");
	assert_string_equal(setting("-1\nmore\n"), "-1");
	assert_string_equal(setting("always defer [madvise] never\n"), "madvise");
	assert_string_equal(setting("[]\n"), "");
	assert_string_equal(setting("always [madvise\n]"), "always [madvise");
	assert_string_equal(setting("]x[\n"), "]x[");
	assert_string_equal(setting(""), "");
	assert_string_equal(setting("\n1"), "");
	/* Longer than there is room for. */
	assert_int_equal(
		strlen(setting("0123456789012345678901234567890123456789012345678901234567890123456789")),
		REC_NAME_LEN - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sums_over_zones),
		cmocka_unit_test(test_names_are_whole),
		cmocka_unit_test(test_missing_items),
		cmocka_unit_test(test_malformed_lines),
		cmocka_unit_test(test_bytes_that_are_no_text),
		cmocka_unit_test(test_kernel_counters),
		cmocka_unit_test(test_kernel_counters_are_bounded),
		cmocka_unit_test(test_pageblock_order),
		cmocka_unit_test(test_from_the_start),
		cmocka_unit_test(test_of_this_kernel),
		cmocka_unit_test(test_file_that_cannot_be_read),
		cmocka_unit_test(test_endless_file),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_lines_that_cannot_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
