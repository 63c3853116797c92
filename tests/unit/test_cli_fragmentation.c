/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memoir fragmentation: what a reply becomes, within 80 columns. */
#include "cli_test.h"

#include "../../cli/command.h"

static void show(const char *reply, struct text *out)
{
	json_t *json = json_loads(reply, 0, NULL);

	assert_non_null(json);
	setenv("COLUMNS", "80", 1);
	assert_int_equal(fragmentation_view(NULL, json, out), EXIT_OK);
	json_decref(json);
}

#define TREND(per_hour, significant, left, low, high)                               \
	"{\"per_hour\":" per_hour                                                   \
	",\"per_hour_low\":-9,\"per_hour_high\":-1,\"is_significant\":" significant \
	",\"seconds_left\":" left ",\"seconds_left_low\":" low ",\"seconds_left_high\":" high "}"

#define ORDER(order, free, available, unusable, index, trend)                           \
	"{\"order\":" order ",\"free_blocks\":" free ",\"available_blocks\":" available \
	",\"unusable\":" unusable ",\"fragmentation_index\":" index ",\"trend\":" trend "}"

static const char reply[] =
	"{\"snapshot\":{\"age_ns\":306000000},\"page_size_bytes\":4096,\"page_block_order\":9,\"zones\":["
	"{\"node\":\"0\",\"zone\":\"Normal\",\"managed_bytes\":4563402752,\"free_bytes\":462000000,"
	"\"watermarks\":{\"min_bytes\":40960,\"low_bytes\":49152,\"high_bytes\":57344},\"orders\":["
	/* clang-format off */
	ORDER("0", "123456", "987654", "0.000", "null", "null") ","
	ORDER("1", "4", "9", "0.142", "null", TREND("-0.5", "false", "null", "null", "null")) ","
	ORDER("2", "4", "9", "0.142", "null", TREND("120", "true", "null", "null", "null")) ","
	ORDER("3", "4", "9", "0.142", "null", TREND("-123456", "true", "1000", "89", "90000")) ","
	ORDER("8", "4", "9", "0.500", "null", TREND("-120", "true", "10000", "7200", "null")) ","
	ORDER("9", "0", "0", "1.000", "-0.500", TREND("-1", "true", "0", "0", "0")) ","
	ORDER("10", "0", "0", "1.000", "0.438", TREND("0", "true", "null", "null", "null"))
	/* clang-format on */
	"],\"pageblocks\":{\"age_ns\":12300000000,\"types\":[{\"migratetype\":\"unmovable\",\"count\":79},"
	"{\"migratetype\":\"movable\",\"count\":3130},{\"migratetype\":\"cma\",\"count\":0}]}},"
	"{\"node\":\"1\",\"zone\":\"\\u001b[2J\",\"managed_bytes\":4096,\"free_bytes\":0,\"watermarks\":{},"
	"\"orders\":[],\"pageblocks\":null}]}";

static void test_view(void **state UNUSED)
{
	struct text out = {};

	show(reply, &out);
	for (const char *line = out.data; *line; line += strcspn(line, "\n") + 1)
		assert_true(strcspn(line, "\n") <= 80);
	expect_text(&out, "Snapshot    306ms old\n"
			  "\n"
			  "Node 0, zone Normal: 441MiB free of 4.25GiB\n"
			  "Watermarks: min 40.0KiB, low 48.0KiB, high 56.0KiB\n"
			  "ORDER   SIZE  FREE AVAILABLE UNUSABLE    INDEX TREND\n"
			  "    0   4KiB  123k      988k    0.000 succeeds -\n"
			  "    1   8KiB     4         9    0.142 succeeds steady\n"
			  "    2  16KiB     4         9    0.142 succeeds +120/h\n"
			  "    3  32KiB     4         9    0.142 succeeds -123k/h, none left in 89s to 25h\n"
			  "    8   1MiB     4         9    0.500 succeeds -120/h, none left in 2h or more\n"
			  "    9   2MiB     0         0    1.000   -0.500 -1.0/h, none left in 0s to 0s\n"
			  "   10   4MiB     0         0    1.000    0.438 steady\n"
			  "Pageblocks of 2MiB: 79 unmovable, 3130 movable, 12s ago\n"
			  "\n"
			  "Node 1, zone \xef\xbf\xbd[2J: 0 free of 4.00KiB\n"
			  "Watermarks: min 0, low 0, high 0\n"
			  "ORDER   SIZE  FREE AVAILABLE UNUSABLE    INDEX TREND\n"
			  "Pageblocks: not visible here\n"
			  "\n"
			  "FREE: blocks of this size. AVAILABLE: those that all free memory could be split\n"
			  "into. UNUSABLE: share of it in smaller blocks. INDEX: why an allocation would\n"
			  "fail: 0 for lack of memory, 1 because of fragmentation. TREND: of AVAILABLE.\n");
}

static void test_nothing_visible(void **state UNUSED)
{
	struct text out = {};

	show("{\"snapshot\":{\"age_ns\":0},\"zones\":[]}", &out);
	expect_text(&out, "Snapshot    0 old\nWhat is free in each zone is not visible here.\n");
}

/* Who holds, who takes, who pays: what can be moved and what is left over have no row. */
static void test_who(void **state UNUSED)
{
	struct text out = {};

	show("{\"holders\":{\"reason\":\"\",\"blocks_reason\":\"\",\"owners\":["
	     "{\"owner\":\"process\",\"pid\":9,\"comm\":\"mover\",\"migratetype\":\"movable\",\"bytes\":9},"
	     "{\"owner\":\"process\",\"pid\":7,\"comm\":\"a\\u001b[2J\",\"migratetype\":\"unmovable\",\"bytes\":1048576,"
	     "\"spoiled_blocks\":12.4,\"spoiled_blocks_error\":3.6,\"mean_age_ns\":60000000000,"
	     "\"stacks\":[{\"callers\":\"x, y\"}]},"
	     "{\"owner\":\"interrupt\",\"pid\":0,\"comm\":\"\",\"migratetype\":\"unmovable\",\"bytes\":4096,"
	     "\"spoiled_blocks\":null,\"spoiled_blocks_error\":null,\"mean_age_ns\":0,\"stacks\":[]},"
	     "{\"owner\":\"other\",\"pid\":null,\"comm\":\"\",\"migratetype\":null,\"bytes\":99}],"
	     "\"census\":[{\"node\":\"0\",\"mixed_share\":0.09,\"mixed_share_error\":0.018,"
	     "\"spoiled_share\":0.113,\"spoiled_share_error\":0.02}]},"
	     "\"fallback_stacks\":[{\"pid\":7,\"comm\":\"a\",\"count\":5,\"migratetype\":\"unmovable\","
	     "\"fallback_migratetype\":\"movable\",\"callers\":\"x\"}],"
	     "\"huge_pages\":{\"events\":[{\"event\":\"fault_alloc\",\"count\":3},{\"event\":\"split\",\"count\":0}],"
	     "\"collapses\":[]},\"migrated\":[{\"reason\":\"compaction\",\"result\":\"succeeded\",\"count\":8}],"
	     "\"zones\":[{\"node\":\"0\",\"zone\":\"x\",\"orders\":[]}]}",
	     &out);
	assert_non_null(out.data);
	assert_non_null(strstr(out.data, "  7 a\xef\xbf\xbd[2J 1.00MiB unmovable  12+-4 1m 0s x, y\n"));
	assert_non_null(strstr(out.data, "  0       4.00KiB unmovable      -    0s\n"));
	assert_null(strstr(out.data, "mover"));
	assert_null(strstr(out.data, " 99B"));
	assert_non_null(strstr(out.data,
			       "Node 0: 9.0% +- 1.8% of pageblocks are mixed, 11.3% +- 2.0% spoiled\n"));
	assert_non_null(strstr(out.data, "  7 a        5 unmovable movable x\n"));
	assert_non_null(strstr(
		out.data, "\nHuge pages since boot: fault_alloc 3\nPages moved, by reason: compaction 8\n"));
	text_free(&out);
}

/* Of another version, or not of the daemon's at all. */
static void test_strange_replies(void **state UNUSED)
{
	static const char *const replies[] = {
		"{}",
		"{\"zones\":7}",
		"{\"zones\":[7,null,{}]}",
		"{\"zones\":[{\"orders\":[7,{\"order\":99,\"trend\":7},{\"order\":-1,\"trend\":[]}],\"pageblocks\":7}]}",
		"{\"page_block_order\":99,\"zones\":[{\"pageblocks\":{\"types\":[7,{\"count\":1}]}}]}",
		"{\"zones\":[{\"orders\":[{\"order\":1,\"trend\":{\"per_hour\":-1e308,\"is_significant\":true,"
		"\"seconds_left_low\":-1e308,\"seconds_left_high\":1e308}}]}]}",
	};

	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		struct text out = {};

		show(replies[i], &out);
		assert_false(out.is_failed);
		for (const char *line = out.data; *line; line += strcspn(line, "\n") + 1)
			assert_true(strcspn(line, "\n") <= 90);
		text_free(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_view),
		cmocka_unit_test(test_who),
		cmocka_unit_test(test_nothing_visible),
		cmocka_unit_test(test_strange_replies),
	};

	return cmocka_run_group_tests(tests, use_utf8, NULL);
}
