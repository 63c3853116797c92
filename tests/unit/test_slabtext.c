/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of /proc/slabinfo: what is understood, and what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "../../daemon/slabtext.h"

#define UNUSED __attribute__((unused))
#define TAIL " : tunables    0    0    0 : slabdata "

static bool parse(const char *line, struct rec_slab_cache *ret)
{
	memset(ret, 0xee, sizeof(*ret));
	return slab_line_parse(line, strlen(line), 4096, ret);
}

static void test_line_of_the_kernels(void **state UNUSED)
{
	struct rec_slab_cache cache;

	assert_true(parse("kmalloc-512         3991   8432    512   16    2" TAIL "   527    527      0",
			  &cache));
	assert_string_equal(cache.name, "kmalloc-512");
	assert_int_equal(cache.nr_objects, 3991);
	assert_int_equal(cache.object_bytes, 512);
	assert_int_equal(cache.held_bytes, 527 * 2 * 4096);
}

static void test_long_name_is_cut(void **state UNUSED)
{
	struct rec_slab_cache cache;

	assert_true(parse("a_cache_whose_name_is_longer_than_the_record_has_room_for 0 0 8 512 1" TAIL
			  "0 0 0",
			  &cache));
	assert_string_equal(cache.name, "a_cache_whose_name_is_longer_th");
}

static void test_what_is_not_understood_is_refused(void **state UNUSED)
{
	static const char *const lines[] = {
		"",
		" ",
		"slabinfo - version: 2.1",
		"# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables <limit> "
		"<batchcount> <sharedfactor> : slabdata <active_slabs> <num_slabs> <sharedavail>",
		"a name with blanks 1 1 8 512 1" TAIL "1 1 0",
		"short 1 1 8 512 1" TAIL "1 1",
		"negative -1 1 8 512 1" TAIL "1 1 0",
		"hexadecimal 0x1 1 8 512 1" TAIL "1 1 0",
		"large 1 1 8 512 99999999999999999999" TAIL "1 1 0",
		/* More than 64 bits hold, at each multiplication. */
		"slabs 1 1 8 512 4294967296" TAIL "1 4294967296 0",
		"pages 1 1 8 512 1" TAIL "1 18446744073709551615 0",
		"objects 18446744073709551615 1 8 512 1" TAIL "1 1 0",
		/* More in use than is held. */
		"full 513 512 8 512 1" TAIL "1 1 0",
	};
	struct rec_slab_cache cache;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_false(parse(lines[i], &cache));
	assert_true(parse("full 512 512 8 512 1" TAIL "1 1 0", &cache));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line_of_the_kernels),
		cmocka_unit_test(test_long_name_is_cut),
		cmocka_unit_test(test_what_is_not_understood_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
