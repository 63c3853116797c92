/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Zones from the kernel's text, where struct pages lie, and what the flags of a block say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../daemon/pageblocks.h"
#include "../../daemon/util.h"

#define UNUSED __attribute__((unused))
#define STRUCT_PAGE 64ULL
#define GIB (1ULL << 30)
#define BASE 0xffffea5640000000ULL
#define PAGEBLOCK_PAGES 512u

static int zones_of(const char *text, struct zone_ranges *ret)
{
	_cleanup_close_ int fd = memfd_create("zoneinfo", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	return zone_ranges_read(fd, ret);
}

#define WATERMARKS "        min      1\n        low      2\n        high     3\n"
#define MEMORY "        present  5\n        managed  4\n        protection: (0, 0, 0, 0, 0)\n"
#define NO_MEMORY  \
	WATERMARKS \
	"        spanned  0\n        present  0\n        managed  0\n        protection: (0, 0, 0, 0, 0)\n"

/* As of Linux 6.18, cut; nodes of five zones each, of which some are empty. */
static const char zoneinfo[] = "Node 0, zone      DMA\n"
			       "  per-node stats\n"
			       "      nr_free_pages 7\n"
			       "  pages free     3840\n" WATERMARKS "        spanned  4095\n" MEMORY
			       "  start_pfn:           1\n"
			       "Node 0, zone    DMA32\n" WATERMARKS "        spanned  1044480\n" MEMORY
			       "  start_pfn:           4096\n"
			       "Node 0, zone   Normal\n" WATERMARKS "        spanned  33554432\n" MEMORY
			       "  pagesets\n"
			       "    cpu: 0\n"
			       "              count:    5695\n"
			       "  start_pfn:           1048576\n"
			       "Node 0, zone  Movable\n" NO_MEMORY "Node 0, zone   Device\n" NO_MEMORY
			       "Node 1, zone      DMA\n" NO_MEMORY "Node 1, zone    DMA32\n" NO_MEMORY
			       "Node 1, zone   Normal\n" WATERMARKS "        spanned  16777216\n" MEMORY
			       "  start_pfn:           34603008\n";

static void test_zones_are_read(void **state UNUSED)
{
	struct zone_ranges zones;

	assert_int_equal(zones_of(zoneinfo, &zones), 0);
	assert_int_equal(zones.nr, 4);
	assert_int_equal(zone_ranges_find(&zones, 0, 0)->start_pfn, 1);
	assert_int_equal(zone_ranges_find(&zones, 0, 1)->nr_spanned, 1044480);
	assert_int_equal(zone_ranges_find(&zones, 0, 2)->start_pfn, 1048576);
	assert_int_equal(zone_ranges_find(&zones, 1, 2)->start_pfn, 34603008);
	assert_null(zone_ranges_find(&zones, 0, 3));
	assert_null(zone_ranges_find(&zones, 1, 0));
	assert_null(zone_ranges_find(&zones, 2, 2));
}

static void test_other_text_is_refused(void **state UNUSED)
{
	static const char *const texts[] = {
		"\n",
		"nonsense",
		WATERMARKS "  spanned 5\n" MEMORY "  start_pfn: 6\n",
		"Node 0, zone DMA\n" NO_MEMORY,
		"Node 0, zone DMA\n" NO_MEMORY "  start_pfn: 6\n",
		"Node 0, zone DMA\n" WATERMARKS "  spanned 99999999999999999999\n" MEMORY "  start_pfn: 6\n",
		"Node 0, zone DMA\n" WATERMARKS "  spanned 1\n" MEMORY "  start_pfn: 18446744073709551615\n",
		"Node 0, zone DMA\n" WATERMARKS "  spanned 99999999999999999\n" MEMORY "  start_pfn: 6\n",
	};
	struct zone_ranges zones;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(zones_of(texts[i], &zones), -EINVAL);
}

static void test_zones_are_bounded(void **state UNUSED)
{
	char *text = calloc(2000, 256), *end = text;
	struct zone_ranges zones;

	assert_non_null(text);
	for (int node = 0; node < 2000; node++)
		end += sprintf(end,
			       "Node %d, zone DMA\n" WATERMARKS "  spanned 5\n" MEMORY "  start_pfn: 1\n",
			       node);
	assert_int_equal(zones_of(text, &zones), -E2BIG);
	assert_int_equal(zones.nr, MAX_ZONE_RANGES);
	free(text);
}

static void see(struct page_base *base, const struct zone_ranges *zones, __u64 pfn, __u32 node, __u32 zone)
{
	page_base_see(base, zones, BASE + pfn * STRUCT_PAGE, node, zone);
}

static void test_page_in_a_small_zone_tells_the_base(void **state UNUSED)
{
	const __u64 pfns[] = { 4096, 100000, 1048575 };

	for (size_t i = 0; i < sizeof(pfns) / sizeof(pfns[0]); i++) {
		struct page_base base = PAGE_BASE_ANY;
		struct zone_ranges zones;
		__u64 address = 0;

		assert_int_equal(zones_of(zoneinfo, &zones), 0);
		assert_int_equal(page_base_get(&base, &address), -EAGAIN);
		see(&base, &zones, pfns[i], 0, 1);
		assert_int_equal(page_base_get(&base, &address), 0);
		assert_int_equal(address, BASE);
	}
}

/* In a zone of 128 GiB struct pages span 2 GiB: one page leaves a choice, pages from end to end do not. */
static void test_pages_of_a_large_zone_tell_it_together(void **state UNUSED)
{
	struct page_base base = PAGE_BASE_ANY;
	struct zone_ranges zones;
	__u64 address = 0;

	assert_int_equal(zones_of(zoneinfo, &zones), 0);
	see(&base, &zones, 17000000, 0, 2);
	assert_int_equal(page_base_get(&base, &address), -EAGAIN);
	see(&base, &zones, 1048576, 0, 2);
	assert_int_equal(page_base_get(&base, &address), -EAGAIN);
	see(&base, &zones, 1048576 + 33554431, 0, 2);
	assert_int_equal(page_base_get(&base, &address), 0);
	assert_int_equal(address, BASE);
}

/* Whatever the addresses and zones are, a base that does not fit all of them is no base. */
static void test_disagreement_is_noticed(void **state UNUSED)
{
	struct page_base base = PAGE_BASE_ANY;
	struct zone_ranges zones;
	__u64 address = 0;

	assert_int_equal(zones_of(zoneinfo, &zones), 0);
	see(&base, &zones, 5000, 0, 1);
	page_base_see(&base, &zones, BASE + GIB + 5000 * STRUCT_PAGE, 0, 1);
	assert_int_equal(page_base_get(&base, &address), -ENOENT);

	base = (struct page_base)PAGE_BASE_ANY;
	see(&base, &zones, 5000, 0, 3); /* a zone without memory */
	assert_int_equal(page_base_get(&base, &address), -ENOENT);

	base = (struct page_base)PAGE_BASE_ANY;
	page_base_see(&base, &zones, 64, 0, 1); /* no address of the kernel's */
	assert_int_equal(page_base_get(&base, &address), -ENOENT);

	/* A base that is no multiple of 1 GiB. */
	base = (struct page_base)PAGE_BASE_ANY;
	page_base_see(&base, &zones, BASE + GIB / 2 + 100000 * STRUCT_PAGE, 0, 1);
	assert_int_equal(page_base_get(&base, &address), -ENOENT);
}

#define LRU (1ULL << 5)
#define SLAB (1ULL << 7)
#define BUDDY (1ULL << 10)
#define ANON (1ULL << 12)
#define TAIL (1ULL << 16)
#define NOPAGE (1ULL << 20)
#define THP (1ULL << 22)
#define OFFLINE (1ULL << 23)
#define ZERO (1ULL << 24)
#define PGTABLE (1ULL << 26)
#define RESERVED (1ULL << 32)

static void test_pages_are_classed(void **state UNUSED)
{
	assert_int_equal(page_class(BUDDY, 0), PAGE_IS_FREE);
	assert_int_equal(page_class(0, 0), PAGE_IS_FREE); /* on the list of a CPU */
	assert_int_equal(page_class(0, 1), PAGE_IS_UNMOVABLE);
	assert_int_equal(page_class(LRU, 1), PAGE_IS_MOVABLE);
	assert_int_equal(page_class(ANON, 1), PAGE_IS_MOVABLE);
	assert_int_equal(page_class(TAIL | THP, 0), PAGE_IS_MOVABLE);
	assert_int_equal(page_class(TAIL, 0), PAGE_IS_UNMOVABLE);
	assert_int_equal(page_class(SLAB, 0),
			 PAGE_IS_UNMOVABLE); /* slabs are without references since 6.14 */
	assert_int_equal(page_class(PGTABLE, 1), PAGE_IS_UNMOVABLE);
	assert_int_equal(page_class(RESERVED, 1), PAGE_IS_UNMOVABLE);
	assert_int_equal(page_class(ZERO | THP, 1), PAGE_IS_UNMOVABLE);
	assert_int_equal(page_class(NOPAGE, 0), PAGE_IS_ABSENT);
	assert_int_equal(page_class(OFFLINE | LRU, 1), PAGE_IS_ABSENT);
}

static void test_blocks_are_added_up(void **state UNUSED)
{
	__u64 flags[PAGEBLOCK_PAGES] = { 0 };
	__u32 refcounts[PAGEBLOCK_PAGES] = { 0 };
	struct pageblock block;

	/* Not one flag: no memory. */
	pageblock_add_up(flags, refcounts, PAGEBLOCK_PAGES, &block);
	assert_int_equal(block.nr_free + block.nr_movable + block.nr_unmovable, 0);
	assert_false(pageblock_is_spoiled(&block));

	for (__u32 i = 0; i < PAGEBLOCK_PAGES; i++)
		flags[i] = BUDDY;
	pageblock_add_up(flags, refcounts, PAGEBLOCK_PAGES, &block);
	assert_int_equal(block.nr_free, PAGEBLOCK_PAGES);
	assert_false(pageblock_is_spoiled(&block));

	for (__u32 nr = 1; nr <= PAGEBLOCK_PAGES; nr++) {
		flags[PAGEBLOCK_PAGES - nr] = SLAB;
		pageblock_add_up(flags, refcounts, PAGEBLOCK_PAGES, &block);
		assert_int_equal(block.nr_unmovable, nr);
		assert_int_equal(pageblock_is_spoiled(&block), nr < PAGEBLOCK_PAGES / 2);
	}
	flags[7] = LRU;
	flags[8] = NOPAGE;
	pageblock_add_up(flags, refcounts, PAGEBLOCK_PAGES, &block);
	assert_int_equal(block.nr_movable, 1);
	assert_int_equal(block.nr_unmovable, PAGEBLOCK_PAGES - 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zones_are_read),
		cmocka_unit_test(test_other_text_is_refused),
		cmocka_unit_test(test_zones_are_bounded),
		cmocka_unit_test(test_page_in_a_small_zone_tells_the_base),
		cmocka_unit_test(test_pages_of_a_large_zone_tell_it_together),
		cmocka_unit_test(test_disagreement_is_noticed),
		cmocka_unit_test(test_pages_are_classed),
		cmocka_unit_test(test_blocks_are_added_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
