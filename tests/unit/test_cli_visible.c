/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What may reach a terminal: no control or format character, no broken UTF-8, and widths that hold. */
#include "cli_test.h"

#include "../../cli/visible.h"

#define BAD "\xef\xbf\xbd"

static void expect(const char *string, const char *wanted)
{
	struct text text = {};

	visible_add(&text, string);
	expect_text(&text, wanted);
}

static void test_plain(void **state UNUSED)
{
	expect("", "");
	expect("kworker/0:1", "kworker/0:1");
	expect("\"q\\u'%s", "\"q\\u'%s");
	expect("日本語", "日本語");
	expect("naïve", "naïve");
}

static void test_controls(void **state UNUSED)
{
	expect("\x1b[31mred", BAD "[31mred");
	expect("a\nb\rc\td\b\x7f", "a" BAD "b" BAD "c" BAD "d" BAD BAD);
	/* C1: a terminal may take U+009B for an escape sequence. */
	expect("\xc2\x9b"
	       "31m",
	       BAD "31m");
	expect("\xc2\x80\xc2\x9f", BAD BAD);
}

static void test_broken_utf8(void **state UNUSED)
{
	expect("\xff\xfe", BAD BAD);
	expect("a\x80z", "a" BAD "z");
	expect("\xc0\xaf", BAD BAD);         /* overlong */
	expect("\xed\xa0\x80", BAD BAD BAD); /* surrogate */
	expect("\xe6\x97", BAD BAD);         /* cut off */
	expect("\xf4\x90\x80\x80", BAD BAD BAD BAD);
}

static void test_formats(void **state UNUSED)
{
	expect("\xe2\x80\xae"
	       "evil"
	       "\xe2\x80\xac",
	       BAD "evil" BAD);          /* bidirectional override */
	expect("\xe2\x81\xa6", BAD);     /* isolate */
	expect("\xe2\x80\x8b", BAD);     /* zero width space */
	expect("\xe2\x80\xa8", BAD);     /* line separator */
	expect("\xef\xbb\xbf", BAD);     /* byte order mark */
	expect("\xf3\xa0\x80\x81", BAD); /* tag */
	expect("\xc2\xad", BAD);         /* soft hyphen */
}

/* A combining mark belongs to the letter before it, and must not reach what stands before the string. */
static void test_marks(void **state UNUSED)
{
	expect("e\xcc\x81", "e\xcc\x81");
	expect("\xcc\x81"
	       "e",
	       BAD "e");
	expect("\n\xcc\x81", BAD BAD);
}

/* Every sequence of three bytes gives text without a control byte, and as wide as it says. */
static void test_all_bytes(void **state UNUSED)
{
	for (unsigned int value = 1; value < 1u << 16; value++) {
		const char string[] = { (char)(value >> 8 ? value >> 8 : 'x'), (char)(value & 0xff), '\0' };
		struct text text = {};

		visible_add(&text, string);
		for (size_t i = 0; i < text.len; i++)
			assert_true((unsigned char)text.data[i] >= ' ' && text.data[i] != 0x7f);
		assert_true(visible_width(text.data) <= 4);
		text_free(&text);
	}
}

static void test_ascii_locale(void **state UNUSED)
{
	expect("naïve\x1b", "na?ve?");
	expect("日本", "??");
	assert_string_equal(visible_ellipsis(), "+");
}

static void test_width(void **state UNUSED)
{
	assert_int_equal(visible_width(""), 0);
	assert_int_equal(visible_width("abc"), 3);
	assert_int_equal(visible_width("日本"), 4);
	assert_int_equal(visible_width("e\xcc\x81x"), 2);
	assert_int_equal(visible_width(BAD), 1);
}

static void expect_cut(const char *string, size_t width, const char *wanted, size_t used)
{
	struct text text = {};

	assert_int_equal(visible_add_cut(&text, string, width), used);
	expect_text(&text, wanted);
}

static void test_cut(void **state UNUSED)
{
	expect_cut("abc", 3, "abc", 3);
	expect_cut("abcd", 3, "ab…", 3);
	expect_cut("abcd", 1, "…", 1);
	expect_cut("abcd", 0, "", 0);
	expect_cut("", 0, "", 0);
	expect_cut("日本語", 6, "日本語", 6);
	expect_cut("日本語", 5, "日本…", 5);
	/* Half a wide character is none. */
	expect_cut("日本語", 4, "日…", 3);
	expect_cut("e\xcc\x81\xcc\x81", 1, "e\xcc\x81\xcc\x81", 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_plain, use_utf8),
		cmocka_unit_test_setup(test_controls, use_utf8),
		cmocka_unit_test_setup(test_broken_utf8, use_utf8),
		cmocka_unit_test_setup(test_formats, use_utf8),
		cmocka_unit_test_setup(test_marks, use_utf8),
		cmocka_unit_test_setup(test_all_bytes, use_utf8),
		cmocka_unit_test_setup(test_width, use_utf8),
		cmocka_unit_test_setup(test_cut, use_utf8),
		cmocka_unit_test_setup(test_ascii_locale, use_ascii),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
