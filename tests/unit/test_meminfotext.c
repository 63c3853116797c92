/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of /proc/meminfo and /proc/net/sockstat: what is understood, what follows from it, and what does not.
 * */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "../../daemon/meminfotext.h"

#define UNUSED __attribute__((unused))

static bool take(struct meminfo *info, const char *line)
{
	return meminfo_take(info, line, strlen(line));
}

static bool take_sockstat(struct meminfo *info, const char *line)
{
	return sockstat_take(info, line, strlen(line));
}

/* Lines of a 6.18 kernel, with figures that are easy to add up. */
static const char *const lines[] = {
	"MemTotal:        1000000 kB", "MemFree:          400000 kB", "MemAvailable:     500000 kB",
	"Buffers:           24404 kB", "Active:           100000 kB", "Inactive:         200000 kB",
	"Active(anon):       1468 kB", "Unevictable:        4000 kB", "SwapFree:           8000 kB",
	"Shmem:              8872 kB", "KReclaimable:      40000 kB", "Slab:              60000 kB",
	"SReclaimable:      40000 kB", "SUnreclaim:        20000 kB", "KernelStack:        1600 kB",
	"PageTables:         8000 kB", "SecPageTables:       400 kB", "VmallocUsed:       14000 kB",
	"Percpu:             1600 kB", "HugePages_Total:       0",    "Hugetlb:           12000 kB",
};

static struct meminfo meminfo_of_lines(void)
{
	struct meminfo info = {};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		take(&info, lines[i]);
	return info;
}

static void test_lines_of_the_kernels(void **state UNUSED)
{
	struct meminfo info = meminfo_of_lines();
	struct rec_kernel_memory record;

	assert_true(take_sockstat(&info, "TCP: inuse 1 orphan 0 tw 0 alloc 1 mem 208"));
	assert_true(take_sockstat(&info, "UDP: inuse 0 mem 47"));
	assert_false(take_sockstat(&info, "UDPLITE: inuse 0"));
	assert_false(take_sockstat(&info, "sockets: used 13"));
	assert_false(take_sockstat(&info, "FRAG: inuse 0 memory 4096"));
	meminfo_tell(&info, 4096, &record);
	assert_int_equal(record.total_pages, 250000);
	assert_int_equal(record.available_pages, 125000);
	assert_int_equal(record.swap_free_pages, 2000);
	assert_int_equal(record.pages[KERNEL_SLAB], 5000);
	assert_int_equal(record.pages[KERNEL_SLAB_RECLAIMABLE], 10000);
	assert_int_equal(record.pages[KERNEL_STACKS], 400);
	assert_int_equal(record.pages[KERNEL_PAGE_TABLES], 2100);
	assert_int_equal(record.pages[KERNEL_VMALLOC], 3500);
	assert_int_equal(record.pages[KERNEL_PERCPU], 400);
	assert_int_equal(record.pages[KERNEL_SOCKETS], 255);
	assert_int_equal(record.pages[KERNEL_SHARED], 2218);
	/* 1000000 - 400000 - 304000 - 60000 - 8400 - 14000 - 1600 - 12000 = 200000 */
	assert_int_equal(record.pages[KERNEL_UNACCOUNTED], 50000);
}

static void test_pages_of_64_KiB(void **state UNUSED)
{
	struct meminfo info = meminfo_of_lines();
	struct rec_kernel_memory record;

	meminfo_tell(&info, 65536, &record);
	assert_int_equal(record.total_pages, 15625);
	assert_int_equal(record.pages[KERNEL_PAGE_TABLES], 125 + 6);
}

static void test_what_is_not_there_is_unknown(void **state UNUSED)
{
	struct rec_kernel_memory record;
	struct meminfo info = {};

	meminfo_tell(&info, 4096, &record);
	assert_true(record.total_pages == KERNEL_MEMORY_UNKNOWN);
	assert_true(record.available_pages == KERNEL_MEMORY_UNKNOWN);
	for (int i = 0; i < NR_KERNEL_MEMORY; i++)
		assert_true(record.pages[i] == KERNEL_MEMORY_UNKNOWN);
	info = meminfo_of_lines();
	info.found &= ~(1u << MEMINFO_INACTIVE);
	meminfo_tell(&info, 4096, &record);
	assert_true(record.pages[KERNEL_UNACCOUNTED] == KERNEL_MEMORY_UNKNOWN);
	assert_int_equal(record.pages[KERNEL_SLAB], 5000);
}

/* More in its parts than in all: the lines are not of one moment. */
static void test_nothing_is_below_0(void **state UNUSED)
{
	struct meminfo info = meminfo_of_lines();
	struct rec_kernel_memory record;

	assert_true(take(&info, "MemTotal:        700000 kB"));
	meminfo_tell(&info, 4096, &record);
	assert_int_equal(record.pages[KERNEL_UNACCOUNTED], 0);
}

static void test_what_is_not_understood(void **state UNUSED)
{
	static const char *const odd[] = {
		"",
		":",
		" kB",
		"MemTotal:",
		"MemTotal: kB",
		"MemTotal: 12",
		"MemTotal: -1 kB",
		"MemTotal: 1 MB",
		"MemTotal: 99999999999999999999 kB",
		"MemTotal: 35184372088833 kB",
		"MemTotal 12 kB",
		"memtotal: 12 kB",
		"MemTotals: 12 kB",
		"MemTotal: 1 2 kB",
	};
	struct meminfo info = {};

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		assert_false(take(&info, odd[i]));
	assert_false(take_sockstat(&info, "TCP: inuse 1 mem"));
	assert_false(take_sockstat(&info, "TCP: inuse 1 mem x"));
	assert_false(take_sockstat(&info, "TCP: inuse 1 mem 99999999999999"));
	assert_false(take_sockstat(&info, "TCP"));
	assert_int_equal(info.found, 0);
	assert_false(info.has_sockets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_of_the_kernels),
		cmocka_unit_test(test_pages_of_64_KiB),
		cmocka_unit_test(test_what_is_not_there_is_unknown),
		cmocka_unit_test(test_nothing_is_below_0),
		cmocka_unit_test(test_what_is_not_understood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
