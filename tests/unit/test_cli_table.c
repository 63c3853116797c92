/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables: alignment by columns on the terminal, and what gives way when there is no room. */
#include "cli_test.h"

#include "../../cli/table.h"
#include "../../cli/visible.h"

static const struct table_column columns[] = {
	{ .header = "PID", .align = TABLE_RIGHT },
	{ .header = "NAME", .is_flexible = true },
	{ .header = "RSS", .align = TABLE_RIGHT, .min_width = 5 },
	{ .header = "EXTRA", .is_optional = true },
};

static void fill(struct table *table, const char *name)
{
	const char *const cells[] = { "1", "init", "3KiB", "x", "22", name, "10MiB", "yy" };

	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++)
		table_cell(table, cells[i]);
}

static void expect_table(const char *name, size_t width, const char *wanted)
{
	_cleanup_table_ struct table table = TABLE_NEW(columns);
	struct text text = {};

	fill(&table, name);
	table_render(&table, width, &text);
	expect_text(&text, wanted);
}

static void test_natural(void **state UNUSED)
{
	expect_table("a longer name", 80,
		     "PID  NAME             RSS  EXTRA\n"
		     "  1  init            3KiB  x\n"
		     " 22  a longer name  10MiB  yy\n");
}

static void test_flexible_is_cut(void **state UNUSED)
{
	expect_table("a longer name", 29,
		     "PID  NAME          RSS  EXTRA\n"
		     "  1  init         3KiB  x\n"
		     " 22  a longer …  10MiB  yy\n");
}

/* What a dropped column leaves is the flexible column's. */
static void test_optional_goes(void **state UNUSED)
{
	expect_table("a longer name", 24,
		     "PID  NAME            RSS\n"
		     "  1  init           3KiB\n"
		     " 22  a longer na…  10MiB\n");
}

static void test_lines_are_cut(void **state UNUSED)
{
	expect_table("a longer name", 10,
		     "PID  NAME…\n"
		     "  1  init…\n"
		     " 22  a lo…\n");
	expect_table("a longer name", 1, "…\n…\n…\n");
}

static void test_wide_characters(void **state UNUSED)
{
	expect_table("日本語の名前", 80,
		     "PID  NAME            RSS  EXTRA\n"
		     "  1  init           3KiB  x\n"
		     " 22  日本語の名前  10MiB  yy\n");
	/* Cut between characters: one column stays blank. */
	expect_table("日本語の名前", 29,
		     "PID  NAME          RSS  EXTRA\n"
		     "  1  init         3KiB  x\n"
		     " 22  日本語の…   10MiB  yy\n");
}

static void test_hostile_cells(void **state UNUSED)
{
	expect_table("a\nb\x1b[1m", 80,
		     "PID  NAME       RSS  EXTRA\n"
		     "  1  init      3KiB  x\n"
		     " 22  a\xef\xbf\xbd"
		     "b\xef\xbf\xbd[1m  10MiB  yy\n");
}

/* No line is ever wider than what there is. */
static void test_every_width(void **state UNUSED)
{
	for (size_t width = 1; width < 60; width++) {
		_cleanup_table_ struct table table = TABLE_NEW(columns);
		struct text text = {};

		table.indent = width % 3;
		fill(&table, "日本 \xf0\x9f\x99\x82 e\xcc\x81 name");
		table_render(&table, width, &text);
		assert_false(text.is_failed);
		for (char *line = strtok(text.data, "\n"); line; line = strtok(NULL, "\n"))
			assert_true(visible_width(line) <= width);
		text_free(&text);
	}
}

static void test_incomplete_row(void **state UNUSED)
{
	_cleanup_table_ struct table table = TABLE_NEW(columns);
	struct text text = {};

	table_render(&table, 80, &text);
	expect_text(&text, "PID  NAME    RSS  EXTRA\n");
	table_cell(&table, "1");
	table_render(&table, 80, &text);
	expect_text(&text, "PID  NAME    RSS  EXTRA\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_natural),         cmocka_unit_test(test_flexible_is_cut),
		cmocka_unit_test(test_optional_goes),   cmocka_unit_test(test_lines_are_cut),
		cmocka_unit_test(test_wide_characters), cmocka_unit_test(test_hostile_cells),
		cmocka_unit_test(test_every_width),     cmocka_unit_test(test_incomplete_row),
	};

	return cmocka_run_group_tests(tests, use_utf8, NULL);
}
