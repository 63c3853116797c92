/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel's files say of zones: texts as several kernels write them, one and more nodes, tables that
 * look alike, lines that make no sense, and the files of this kernel.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../daemon/procfs.h"
#include "../../daemon/util.h"
#include "../../daemon/zonetext.h"

#define UNUSED __attribute__((unused))
#define MAX_FOUND 64

/* Parses a line as if nothing but its bytes were there. */
static bool parse(const char *line, size_t size, struct zone_line *ret)
{
	_cleanup_free_ char *exact = malloc(size + !size);

	assert_non_null(exact);
	memcpy(exact, line, size);
	return zone_line_parse(exact, size, ret);
}

/* Hands over the lines of a text one by one, each as if nothing but its bytes were there. */
static void each_line(const char *text, line_fn take, void *ctx)
{
	while (*text) {
		size_t size = strcspn(text, "\n");
		_cleanup_free_ char *exact = malloc(size + !size);

		assert_non_null(exact);
		memcpy(exact, text, size);
		take(ctx, exact, size);
		text += size + (text[size] == '\n');
	}
}

/* --- one line --------------------------------------------------------------------------------- */

static void expect_line(const char *line, __u32 node, const char *name, __u32 nr_values, __u64 last)
{
	struct zone_line zone;

	if (!parse(line, strlen(line), &zone))
		fail_msg("refused: %s", line);
	assert_int_equal(zone.node, node);
	assert_string_equal(zone.name, name);
	assert_int_equal(zone.nr_values, nr_values);
	if (nr_values)
		assert_true(zone.value[nr_values - 1] == last);
}

static void test_lines(void **state UNUSED)
{
	expect_line("Node 0, zone      DMA      0      0      0      0      0      0      0      0      1 "
		    "     1      3 ",
		    0, "DMA", 11, 3);
	expect_line("Node 1, zone   Normal   1927   1999   1939 ", 1, "Normal", 3, 1939);
	expect_line("Node 1023, zone  Movable 18446744073709551615", 1023, "Movable", 1, UINT64_MAX);
	expect_line("Node 0, zone    DMA32", 0, "DMA32", 0, 0);
	/* Some kernels have eight orders, others seventeen. */
	expect_line("Node 0, zone   Normal 1 2 3 4 5 6 7 8", 0, "Normal", 8, 8);
	expect_line("Node 0, zone   Normal 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7", 0, "Normal", 17, 7);
	expect_line("Node 0, zone A 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2", 0, "A",
		    32, 2);
}

static void test_lines_that_make_no_sense(void **state UNUSED)
{
	static const char *const lines[] = {
		"",
		" ",
		"Node",
		"Node 0",
		"Node 0,",
		"Node 0, zone",
		"Node 0, zone ",
		"Node , zone DMA 1",
		"Node 0 zone DMA 1",
		"Node x, zone DMA 1",
		"Node -1, zone DMA 1",
		"Node 4294967296, zone DMA 1",
		"Node 0, Zone DMA 1",
		"Nodes 0, zone DMA 1",
		"Node 0, zone ABCDEFGHIJKLMNOP 1",
		"Node 0, zone DMA\t1",
		"Node 0, zone D\x1b[31m 1",
		"Node 0, zone DMA, type Unmovable 0 1",
		"Node 0, zone DMA 1 x",
		"Node 0, zone DMA 1 -1",
		"Node 0, zone DMA 1 1.5",
		"Node 0, zone DMA >100000",
		"Node 0, zone DMA 18446744073709551616",
		"Node 0, zone A 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3",
	};
	struct zone_line zone;

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		if (parse(lines[i], strlen(lines[i]), &zone))
			fail_msg("taken: %s", lines[i]);
	assert_false(parse("Node 0, zone DMA\0 1", 19, &zone));
}

/* --- /proc/zoneinfo --------------------------------------------------------------------------- */

struct sizes {
	struct zoneinfo info;
	struct zoneinfo found[MAX_FOUND], starts[MAX_FOUND];
	__u32 nr, nr_starts;
};

static void take_size(void *ctx, const char *line, size_t size)
{
	struct sizes *sizes = ctx;

	enum zoneinfo_part part = zoneinfo_take(&sizes->info, line, size);

	if (part == ZONEINFO_SIZES && sizes->nr < MAX_FOUND)
		sizes->found[sizes->nr++] = sizes->info;
	if (part == ZONEINFO_START && sizes->nr_starts < MAX_FOUND)
		sizes->starts[sizes->nr_starts++] = sizes->info;
}

static void expect_size(const struct zoneinfo *info, __u32 node, const char *name, __u64 min, __u64 low,
			__u64 high, __u64 present, __u64 managed)
{
	assert_int_equal(info->zone.node, node);
	assert_string_equal(info->zone.name, name);
	assert_int_equal(info->min_pages, min);
	assert_int_equal(info->low_pages, low);
	assert_int_equal(info->high_pages, high);
	assert_int_equal(info->present_pages, present);
	assert_int_equal(info->managed_pages, managed);
}

/* Linux 6.18, cut: statistics of the node, lists of the CPUs, and a zone without memory. */
static const char zoneinfo_6_18[] = "Node 0, zone      DMA\n"
				    "  per-node stats\n"
				    "      nr_inactive_anon 573573\n"
				    "      nr_hugetlb   0\n"
				    "  pages free     3840\n"
				    "        boost    0\n"
				    "        min      34\n"
				    "        low      42\n"
				    "        high     50\n"
				    "        promo    58\n"
				    "        spanned  4095\n"
				    "        present  3998\n"
				    "        managed  3840\n"
				    "        cma      0\n"
				    "        protection: (0, 3019, 7371, 7371, 7371)\n"
				    "      nr_free_pages 3840\n"
				    "      nr_free_pages_blocks 3584\n"
				    "  pagesets\n"
				    "    cpu: 0\n"
				    "              count:    0\n"
				    "              high:     13\n"
				    "              batch:    1\n"
				    "              high_min: 13\n"
				    "  vm stats threshold: 4\n"
				    "  node_unreclaimable:  0\n"
				    "  start_pfn:           1\n"
				    "Node 0, zone  Movable\n"
				    "  pages free     0\n"
				    "        boost    0\n"
				    "        min      32\n"
				    "        low      32\n"
				    "        high     32\n"
				    "        promo    32\n"
				    "        spanned  0\n"
				    "        present  0\n"
				    "        managed  0\n"
				    "        cma      0\n"
				    "        protection: (0, 0, 0, 0, 0)\n"
				    "Node 1, zone   Normal\n"
				    "  pages free     287709\n"
				    "        min      9955\n"
				    "        low      12443\n"
				    "        high     14931\n"
				    "        spanned  6553600\n"
				    "        present  5505024\n"
				    "        managed  1114112\n"
				    "        protection: (0, 0, 0, 0, 0)\n"
				    "  start_pfn:           34603008";

static void test_zoneinfo(void **state UNUSED)
{
	struct sizes sizes = {};

	each_line(zoneinfo_6_18, take_size, &sizes);
	assert_int_equal(sizes.nr, 3);
	expect_size(&sizes.found[0], 0, "DMA", 34, 42, 50, 3998, 3840);
	expect_size(&sizes.found[1], 0, "Movable", 32, 32, 32, 0, 0);
	expect_size(&sizes.found[2], 1, "Normal", 9955, 12443, 14931, 5505024, 1114112);
	assert_int_equal(sizes.found[0].place, 0);
	assert_int_equal(sizes.found[1].place, 1);
	assert_int_equal(sizes.found[2].place, 0);
	assert_int_equal(sizes.nr_starts, 2);
	assert_string_equal(sizes.starts[0].zone.name, "DMA");
	assert_int_equal(sizes.starts[0].start_pfn, 1);
	assert_int_equal(sizes.starts[0].spanned_pages, 4095);
	assert_int_equal(sizes.starts[1].zone.node, 1);
	assert_int_equal(sizes.starts[1].start_pfn, 34603008);
	assert_int_equal(sizes.starts[1].spanned_pages, 6553600);
}

/* Linux 5.10: no boost, no promo. */
static void test_zoneinfo_of_5_10(void **state UNUSED)
{
	struct sizes sizes = {};

	each_line(
		"Node 0, zone    DMA32\n  per-node stats\n      nr_written   9211\n"
		"  pages free     468283\n        min      5494\n        low      6867\n        high     8240\n"
		"        spanned  520192\n        present  520096\n        managed  503712\n"
		"        protection: (0, 0, 0, 0, 0)\n      nr_free_pages 468283\n  pagesets\n    cpu: 0\n"
		"              count: 156\n              high:  186\n              batch: 31\n",
		take_size, &sizes);
	assert_int_equal(sizes.nr, 1);
	expect_size(&sizes.found[0], 0, "DMA32", 5494, 6867, 8240, 520096, 503712);
}

/* A zone of which something is missing is none; nothing is carried over from the one before. */
static void test_zoneinfo_that_makes_no_sense(void **state UNUSED)
{
	struct sizes sizes = {};

	each_line(
		"        min 1\n        protection: (0)\n start_pfn: 1\n"
		"Node 0, zone DMA\n min 1\n low 2\n high 3\n spanned 4\n present 4\n protection: (0)\n"
		"  start_pfn: 1\n"
		"Node 0, zone DMA32\n managed 5\n protection: (0)\n"
		"Node 0, zone Normal\n min 1\n low 2 2\n high 3\n spanned 4\n present 4\n managed x\n protection: (0)\n"
		"Node 0, zone Normal 7\n min 1\n low 2\n high 3\n spanned 4\n present 4\n managed 5\n protection: (0)\n"
		"Node 0, zone\n min 1\n low 2\n high 3\n spanned 4\n present 4\n managed 5\n protection: (0)\n"
		"Node 0, zone Device\n min 1\n low 2\n high 3\n spanned 4\n present 4\n managed 5\n"
		" start_pfn: 6\n",
		take_size, &sizes);
	assert_int_equal(sizes.nr, 0);
	assert_int_equal(sizes.nr_starts, 0);
	each_line("protection: (0)\nmin 6\nprotection: (0)\nstart_pfn: 1 2\nstart_pfn: 7\nstart_pfn: 8\n",
		  take_size, &sizes);
	assert_int_equal(sizes.nr, 1);
	assert_int_equal(sizes.nr_starts, 1);
	assert_int_equal(sizes.starts[0].start_pfn, 7);
	expect_size(&sizes.found[0], 0, "Device", 1, 2, 3, 4, 5);
}

/* --- /proc/pagetypeinfo ----------------------------------------------------------------------- */

struct blocks {
	struct pagetypeinfo info;
	struct pagetypeinfo found[MAX_FOUND];
	__u32 nr;
};

static void take_blocks(void *ctx, const char *line, size_t size)
{
	struct blocks *blocks = ctx;

	if (pagetypeinfo_take(&blocks->info, line, size) && blocks->nr < MAX_FOUND)
		blocks->found[blocks->nr++] = blocks->info;
}

#define FREE_TABLE                                                            \
	"Free pages count per migrate type at order       0      1      2 \n" \
	"Node    0, zone      DMA, type    Unmovable      0      0      0 \n" \
	"Node    0, zone   Normal, type      Movable >100000   1041   1140 \n\n"

/* Linux 6.1 of Debian: CMA, with page_owner a table of mixed blocks, and two nodes, each with a head. */
static const char pagetypeinfo_6_1[] =
	"Page block order: 9\nPages per block:  512\n\n" FREE_TABLE
	"Number of blocks type     Unmovable      Movable  Reclaimable   HighAtomic          CMA      Isolate \n"
	"Node 0, zone      DMA            1            7            0            0            0            0 \n"
	"Node 0, zone   Normal           78         2043           55            2            3            4 \n"
	"\n"
	"Number of mixed blocks    Unmovable      Movable  Reclaimable   HighAtomic          CMA      Isolate \n"
	"Node 0, zone      DMA            0            5            0            0            0            0 \n"
	"Page block order: 9\nPages per block:  512\n\n" FREE_TABLE
	"Number of blocks type     Unmovable      Movable  Reclaimable   HighAtomic          CMA      Isolate \n"
	"Node 1, zone   Normal            9         1000            0            0            0            0 \n";

static void test_pagetypeinfo(void **state UNUSED)
{
	static const char *const types[] = { "Unmovable",  "Movable", "Reclaimable",
					     "HighAtomic", "CMA",     "Isolate" };
	struct blocks blocks = {};

	each_line(pagetypeinfo_6_1, take_blocks, &blocks);
	assert_int_equal(blocks.nr, 3);
	for (__u32 i = 0; i < 3; i++) {
		assert_int_equal(blocks.found[i].nr_types, 6);
		assert_int_equal(blocks.found[i].zone.nr_values, 6);
		for (__u32 type = 0; type < 6; type++)
			assert_string_equal(blocks.found[i].type[type], types[type]);
	}
	assert_string_equal(blocks.found[0].zone.name, "DMA");
	assert_int_equal(blocks.found[0].zone.value[1], 7);
	assert_int_equal(blocks.found[1].zone.value[0], 78);
	assert_int_equal(blocks.found[1].zone.value[5], 4);
	assert_int_equal(blocks.found[2].zone.node, 1);
	assert_int_equal(blocks.found[2].zone.value[1], 1000);
}

/* A kernel without CMA and memory isolation. */
static void test_pagetypeinfo_of_a_small_kernel(void **state UNUSED)
{
	struct blocks blocks = {};

	each_line("Page block order: 10\nPages per block:  1024\n\n" FREE_TABLE
		  "Number of blocks type     Unmovable      Movable  Reclaimable   HighAtomic \n"
		  "Node 0, zone   Normal           22           39            3            0 \n",
		  take_blocks, &blocks);
	assert_int_equal(blocks.nr, 1);
	assert_int_equal(blocks.found[0].nr_types, 4);
	assert_int_equal(blocks.found[0].zone.value[2], 3);
}

static void test_pagetypeinfo_that_makes_no_sense(void **state UNUSED)
{
	static const char *const texts[] = {
		/* no header before it */
		"Page block order: 9\nNode 0, zone DMA 1 2\n",
		/* no types, too many, or one that is no name */
		"Page block order: 9\nNumber of blocks type \nNode 0, zone DMA\n",
		"Page block order: 9\nNumber of blocks type A B C D E F G H I J K L M N O P Q\n"
		"Node 0, zone DMA 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7\n",
		"Page block order: 9\nNumber of blocks type A \x1b[2J\nNode 0, zone DMA 1 2\n",
		/* more or fewer numbers than types */
		"Page block order: 9\nNumber of blocks type A B\nNode 0, zone DMA 1\n",
		"Page block order: 9\nNumber of blocks type A B\nNode 0, zone DMA 1 2 3\n",
		/* a gap */
		"Page block order: 9\nNumber of blocks type A B\n\nNode 0, zone DMA 1 2\n",
		"Page block order: 9\nNumber of blocks type A B\nelse\nNode 0, zone DMA 1 2\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct blocks blocks = {};

		each_line(texts[i], take_blocks, &blocks);
		if (blocks.nr)
			fail_msg("taken: %s", texts[i]);
	}
}

/* --- this kernel ------------------------------------------------------------------------------ */

static void test_of_this_kernel(void **state UNUSED)
{
	_cleanup_close_ int zoneinfo = open("/proc/zoneinfo", O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int pagetypeinfo = open("/proc/pagetypeinfo", O_RDONLY | O_CLOEXEC);
	struct sizes sizes = {};
	struct blocks blocks = {};
	char head[64] = { 0 };
	__u32 nr_populated = 0;
	int order;

	if (zoneinfo < 0 || pagetypeinfo < 0)
		skip();
	assert_true(pread(pagetypeinfo, head, sizeof(head), 0) > 0);
	order = pageblock_order_parse(head, sizeof(head));
	assert_true(order >= 0);
	assert_int_equal(lines_read(zoneinfo, take_size, &sizes), 0);
	assert_int_equal(lines_read(pagetypeinfo, take_blocks, &blocks), 0);
	for (__u32 i = 0; i < sizes.nr; i++) {
		assert_true(sizes.found[i].managed_pages <= sizes.found[i].present_pages);
		assert_true(sizes.found[i].min_pages <= sizes.found[i].high_pages);
		nr_populated += sizes.found[i].present_pages > 0;
	}
	assert_true(nr_populated > 0);
	assert_int_equal(blocks.nr, nr_populated);
	/* So many pageblocks hold the pages that there are. */
	for (__u32 i = 0, zone = 0; i < sizes.nr; i++) {
		__u64 nr = 0;

		if (!sizes.found[i].present_pages)
			continue;
		assert_string_equal(blocks.found[zone].zone.name, sizes.found[i].zone.name);
		for (__u32 type = 0; type < blocks.found[zone].nr_types; type++)
			nr += blocks.found[zone].zone.value[type];
		assert_true((nr + 1) << order >= sizes.found[i].managed_pages);
		zone++;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_lines_that_make_no_sense),
		cmocka_unit_test(test_zoneinfo),
		cmocka_unit_test(test_zoneinfo_of_5_10),
		cmocka_unit_test(test_zoneinfo_that_makes_no_sense),
		cmocka_unit_test(test_pagetypeinfo),
		cmocka_unit_test(test_pagetypeinfo_of_a_small_kernel),
		cmocka_unit_test(test_pagetypeinfo_that_makes_no_sense),
		cmocka_unit_test(test_of_this_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
