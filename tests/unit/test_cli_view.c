/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the views share: paragraphs that keep to the width of the terminal, whatever is in them. */
#include "cli_test.h"

#include "../../cli/view.h"

static void expect_paragraph(size_t width, size_t indent, const char *first, const char *string,
			     const char *wanted)
{
	struct text out = {};

	view_paragraph(&out, width, indent, first, string);
	expect_text(&out, wanted);
}

static void test_paragraph(void **state UNUSED)
{
	expect_paragraph(80, 0, "", "", "\n");
	expect_paragraph(80, 2, "A:", "", "  A:\n");
	expect_paragraph(80, 0, "", "one two", "one two\n");
	expect_paragraph(80, 4, "Who:", "one  two ", "    Who: one two\n");
	/* A line is filled to the last column and not beyond. */
	expect_paragraph(9, 2, "", "one two", "  one two\n");
	expect_paragraph(8, 2, "", "one two", "  one\n  two\n");
	expect_paragraph(10, 0, "Who:", "abcde fgh", "Who: abcde\nfgh\n");
	expect_paragraph(9, 0, "Who:", "abcde fgh", "Who:\nabcde fgh\n");
	/* A word without end. */
	expect_paragraph(6, 0, "", "a bcdefghijk l", "a\nbcdef\xe2\x80\xa6\nl\n");
}

static void test_hostile_paragraph(void **state UNUSED)
{
	expect_paragraph(80, 0, "", "a\x1b[31m\nb \xff",
			 "a\xef\xbf\xbd[31m\xef\xbf\xbd"
			 "b \xef\xbf\xbd\n");
	/* Letters that are two columns wide. */
	expect_paragraph(5, 0, "", "\xe6\xbc\xa2\xe5\xad\x97 \xe6\xbc\xa2",
			 "\xe6\xbc\xa2\xe5\xad\x97\n\xe6\xbc\xa2\n");
	/* No room at all. */
	expect_paragraph(3, 5, "", "ab", "     \xe2\x80\xa6\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paragraph),
		cmocka_unit_test(test_hostile_paragraph),
	};

	return cmocka_run_group_tests(tests, use_utf8, NULL);
}
