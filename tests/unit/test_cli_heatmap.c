/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The picture of free memory: signs, the order of zones, columns of several points, what is not known. */
#include "cli_test.h"

#include <jansson.h>

#include "../../cli/heatmap.h"

static json_t *parse(const char *text)
{
	json_t *reply = json_loads(text, 0, NULL);

	assert_non_null(reply);
	return reply;
}

static void expect_picture(size_t width, const char *reply_text, const char *wanted)
{
	json_t *reply = parse(reply_text);
	struct text out = {};

	heatmap_add(&out, width, reply);
	expect_text(&out, wanted);
	json_decref(reply);
}

#define ZONE(zone, bytes, at0, at1)                                      \
	"{\"node\":\"0\",\"zone\":\"" zone "\",\"managed_bytes\":" bytes \
	",\"orders\":[{\"free_blocks\":" at0 "},{\"free_blocks\":" at1 "}]}"

static void test_signs(void **state UNUSED)
{
	expect_picture(80,
		       "{\"zones\":[" ZONE("Normal", "9", "7",
					   "70000") "],\"history\":{\"points\":["
						    "{\"age_ns\":60000000000,\"free_blocks\":[[0,65536]]},"
						    "{\"age_ns\":45000000000,\"free_blocks\":[[3,65535]]},"
						    "{\"age_ns\":30000000000,\"free_blocks\":[null]},"
						    "{\"age_ns\":15000000000,\"free_blocks\":[[4,16]]}]}}",
		       "Node 0, zone Normal: free blocks by order, the last 1m 0s\n"
		       "   1 @%?- 70000\n"
		       "   0  .?: 7\n");
}

/* The largest zone comes first; the history is in the order of the zones. */
static void test_order_of_zones(void **state UNUSED)
{
	expect_picture(80,
		       "{\"zones\":[" ZONE("DMA", "1", "0", "1") "," ZONE("Normal", "5", "2", "3") "," ZONE(
			       "Movable", "5", "4",
			       "5") "],\"history\":{\"points\":["
				    "{\"age_ns\":0,\"free_blocks\":[[0,1],[16,64],[256,1024]]}]}}",
		       "Node 0, zone Normal: free blocks by order, the last 0s\n"
		       "   1 = 3\n"
		       "   0 - 2\n"
		       "Node 0, zone Movable: free blocks by order, the last 0s\n"
		       "   1 * 5\n"
		       "   0 + 4\n"
		       "Node 0, zone DMA: free blocks by order, the last 0s\n"
		       "   1 . 1\n"
		       "   0   0\n");
}

/* Three points in two columns: the first shows the fewer of its two. */
static void test_more_points_than_columns(void **state UNUSED)
{
	expect_picture(
		14,
		"{\"zones\":[" ZONE(
			"Normal", "9", "1",
			"1") "],\"history\":{\"points\":["
			     "{\"age_ns\":3,\"free_blocks\":[[64,16]]},{\"age_ns\":2,\"free_blocks\":[[16,null]]},"
			     "{\"age_ns\":1,\"free_blocks\":[[0,1]]}]}}",
		"Node 0, zone \xe2\x80\xa6\n"
		"   1 -. 1\n"
		"   0 -  1\n");
}

static void test_nothing_is_known(void **state UNUSED)
{
	expect_picture(80, "{}", "No history of free memory yet.\n");
	expect_picture(80, "{\"zones\":[],\"history\":{\"points\":[]}}", "No history of free memory yet.\n");
	expect_picture(80, "{\"zones\":[],\"history\":{\"points\":[1]}}", "");
	/* What is no history says nothing. */
	expect_picture(80,
		       "{\"zones\":[" ZONE("x", "9", "1",
					   "1") "],\"history\":{\"points\":[{\"free_blocks\":[[\"a\"]]}]}}",
		       "Node 0, zone x: free blocks by order, the last 0s\n"
		       "   1 ? 1\n"
		       "   0 ? 1\n");
}

static void test_legend(void **state UNUSED)
{
	struct text out = {};

	heatmap_add_legend(&out, 80);
	expect_text(&out, "blocks: . 1  : 4  - 16  = 64  + 256  * 1024  # 4096  % 16384  @ 65536 or more\n");
}

static void test_shares(void **state UNUSED)
{
	assert_int_equal(heatmap_share(0), ' ');
	assert_int_equal(heatmap_share(-1), ' ');
	assert_int_equal(heatmap_share(0.0 / 0.0), ' ');
	assert_int_equal(heatmap_share(1e-9), '.');
	assert_int_equal(heatmap_share(0.1), '.');
	assert_int_equal(heatmap_share(0.12), ':');
	assert_int_equal(heatmap_share(0.5), '+');
	assert_int_equal(heatmap_share(0.88), '%');
	assert_int_equal(heatmap_share(0.9), '@');
	assert_int_equal(heatmap_share(1), '@');
	assert_int_equal(heatmap_share(1e300), '@');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signs),
		cmocka_unit_test(test_order_of_zones),
		cmocka_unit_test(test_more_points_than_columns),
		cmocka_unit_test(test_nothing_is_known),
		cmocka_unit_test(test_legend),
		cmocka_unit_test(test_shares),
	};

	return cmocka_run_group_tests(tests, use_utf8, NULL);
}
