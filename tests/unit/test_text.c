/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text under construction and the JSON writer: exact numbers, growth, and that no byte of a hostile
 * string gets out of its label or its JSON string.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "../../exporters/json.h"

#define UNUSED __attribute__((unused))

static void expect(struct text *text, const char *expected)
{
	assert_false(text->is_failed);
	assert_string_equal(text->data ? text->data : "", expected);
	assert_int_equal(text->len, strlen(expected));
	text_clear(text);
	if (text->data)
		text->data[0] = '\0';
}

static void test_numbers(void **state UNUSED)
{
	struct text text = {};

	text_add_u64(&text, 0);
	expect(&text, "0");
	text_add_u64(&text, UINT64_MAX);
	expect(&text, "18446744073709551615");
	text_add_s64(&text, INT64_MIN);
	expect(&text, "-9223372036854775808");
	text_add_s64(&text, INT64_MAX);
	expect(&text, "9223372036854775807");
	text_add_s64(&text, -1);
	expect(&text, "-1");
	text_free(&text);
}

static void test_seconds(void **state UNUSED)
{
	struct text text = {};

	text_add_seconds(&text, 0);
	expect(&text, "0");
	text_add_seconds(&text, 1);
	expect(&text, "0.000000001");
	text_add_seconds(&text, 1024);
	expect(&text, "0.000001024");
	text_add_seconds(&text, 1500000000);
	expect(&text, "1.5");
	text_add_seconds(&text, 10000000000ULL);
	expect(&text, "10");
	text_add_seconds(&text, 1000000010);
	expect(&text, "1.00000001");
	text_add_seconds(&text, UINT64_MAX);
	expect(&text, "18446744073.709551615");
	text_free(&text);
}

static void test_thousandths(void **state UNUSED)
{
	struct text text = {};

	text_add_thousandths(&text, 0);
	expect(&text, "0.000");
	text_add_thousandths(&text, 7);
	expect(&text, "0.007");
	text_add_thousandths(&text, 1000);
	expect(&text, "1.000");
	text_add_thousandths(&text, 12345);
	expect(&text, "12.345");
	text_add_thousandths(&text, -500);
	expect(&text, "-0.500");
	text_add_thousandths(&text, INT64_MIN);
	expect(&text, "-9223372036854775.808");
	text_free(&text);
}

/* Past every size that a buffer may have. */
static void test_growth(void **state UNUSED)
{
	struct text text = {};
	char piece[] = "0123456789";

	for (size_t i = 0; i < 20000; i++) {
		if (i % 2)
			text_add_format(&text, "%c", piece[i % 10]);
		else
			text_add_bytes(&text, piece + i % 10, 1);
		assert_true(text.len < text.size);
		assert_int_equal(text.data[text.len], '\0');
	}
	for (size_t i = 0; i < 20000; i++)
		assert_int_equal(text.data[i], piece[i % 10]);
	text_free(&text);
	assert_null(text.data);
	for (int size = 4094; size <= 4098; size++) {
		text_add_format(&text, "%*d", size, 7);
		assert_int_equal(text.len, size);
		assert_int_equal(strlen(text.data), size);
		text_free(&text);
	}
}

static void test_labels(void **state UNUSED)
{
	struct text text = {};

	text_add_label(&text, "plain [name]/0 {}=,");
	expect(&text, "plain [name]/0 {}=,");
	text_add_label(&text, "a\"b");
	expect(&text, "a\\\"b");
	text_add_label(&text, "a\\n");
	expect(&text, "a\\\\x5cn");
	text_add_label(&text, "a\nb\tc\x1b[31m\x7f");
	expect(&text, "a\\\\x0ab\\\\x09c\\\\x1b[31m\\\\x7f");
	text_add_label(&text, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\xa7");
	expect(&text, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\xa7");
	text_add_label(&text, "\xc2\x9b"
			      "31m"); /* a control sequence in one character */
	expect(&text, "\\\\xc2\\\\x9b31m");
	text_add_label(&text, "\xff\xc3");
	expect(&text, "\\\\xff\\\\xc3");
	text_add_label(&text, "");
	expect(&text, "");
	text_free(&text);
}

/* Different bytes stay different labels, so no two groups ever share one series. */
static void test_labels_stay_different(void **state UNUSED)
{
	static const char *const names[] = { "\n",   "\\x0a", "\\n",      "n",  "\\\\x0a",
					     "\xff", "\\xff", "\xc3\xbf", "\"", "\\\"" };
	char *labels[sizeof(names) / sizeof(names[0])];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct text text = {};

		text_add_label(&text, names[i]);
		labels[i] = text.data;
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(labels[i], labels[j]);
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		free(labels[i]);
}

static void test_utf8(void **state UNUSED)
{
	assert_int_equal(utf8_length(""), 0);
	assert_int_equal(utf8_length("a"), 1);
	assert_int_equal(utf8_length("\x7f"), 1);
	assert_int_equal(utf8_length("\xc2\x80"), 2);
	assert_int_equal(utf8_length("\xe0\xa0\x80"), 3);
	assert_int_equal(utf8_length("\xed\x9f\xbf"), 3);
	assert_int_equal(utf8_length("\xee\x80\x80"), 3);
	assert_int_equal(utf8_length("\xf0\x90\x80\x80"), 4);
	assert_int_equal(utf8_length("\xf4\x8f\xbf\xbf"), 4);
	assert_int_equal(utf8_length("\x80"), 0);
	assert_int_equal(utf8_length("\xc0\x80"), 0); /* overlong */
	assert_int_equal(utf8_length("\xc1\xbf"), 0);
	assert_int_equal(utf8_length("\xe0\x9f\xbf"), 0);
	assert_int_equal(utf8_length("\xf0\x8f\xbf\xbf"), 0);
	assert_int_equal(utf8_length("\xed\xa0\x80"), 0);     /* a surrogate */
	assert_int_equal(utf8_length("\xf4\x90\x80\x80"), 0); /* above U+10FFFF */
	assert_int_equal(utf8_length("\xf5\x80\x80\x80"), 0);
	assert_int_equal(utf8_length("\xe2\x82"), 0); /* cut */
	assert_int_equal(utf8_length("\xe2\x82z"), 0);
	assert_int_equal(utf8_length("\xf0\x9f\x90"), 0);
}

static void test_json_strings(void **state UNUSED)
{
	struct text text = {};

	text_add_json(&text, "a\"b\\c/");
	expect(&text, "a\\\"b\\\\c/");
	text_add_json(&text, "\n\x1b\x7f");
	expect(&text, "\\u000a\\u001b\\u007f");
	text_add_json(&text, "\xc2\x9b");
	expect(&text, "\\u009b");
	text_add_json(&text, "\xff\xe2\x82"
			     "z");
	expect(&text, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz");
	text_free(&text);
}

static void test_json_structure(void **state UNUSED)
{
	struct text text = {};
	struct json json = { .text = &text };

	json_object_begin(&json, NULL);
	json_object_end(&json);
	expect(&text, "{}");
	json = (struct json){ .text = &text };
	json_object_begin(&json, NULL);
	json_add_u64(&json, "a", UINT64_MAX);
	json_array_begin(&json, "b\"");
	json_object_begin(&json, NULL);
	json_object_end(&json);
	json_array_begin(&json, NULL);
	json_array_end(&json);
	json_add_s64(&json, NULL, -1);
	json_add_null(&json, NULL);
	json_array_end(&json);
	json_object_begin(&json, "c");
	json_add_bool(&json, "d", true);
	json_add_bool(&json, "e", false);
	json_object_end(&json);
	json_add_double(&json, "f", 2.0 / 3);
	json_add_string(&json, "g", "\"");
	json_object_end(&json);
	expect(&text, "{\"a\":18446744073709551615,\"b\\\"\":[{},[],-1,null],\"c\":{\"d\":true,\"e\":false},"
		      "\"f\":0.667,\"g\":\"\\\"\"}");
	text_free(&text);
}

/* Every byte and every pair of bytes, read back by somebody else's parser. */
static void test_json_is_read_back(void **state UNUSED)
{
	struct text text = {};

	for (unsigned int pair = 1; pair < 65536; pair++) {
		const char string[] = { (char)(pair & 0xff), (char)(pair >> 8), '\0' };
		struct json json = { .text = &text };
		json_t *parsed;

		text_clear(&text);
		json_object_begin(&json, NULL);
		json_add_string(&json, "s", string);
		json_object_end(&json);
		parsed = json_loadb(text.data, text.len, 0, NULL);
		assert_non_null(parsed);
		if (utf8_length(string) == strlen(string) || ((pair & 0xff) < 0x80 && pair >> 8 < 0x80))
			assert_string_equal(json_string_value(json_object_get(parsed, "s")), string);
		json_decref(parsed);
	}
	text_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),        cmocka_unit_test(test_seconds),
		cmocka_unit_test(test_thousandths),    cmocka_unit_test(test_growth),
		cmocka_unit_test(test_labels),         cmocka_unit_test(test_labels_stay_different),
		cmocka_unit_test(test_utf8),           cmocka_unit_test(test_json_strings),
		cmocka_unit_test(test_json_structure), cmocka_unit_test(test_json_is_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
