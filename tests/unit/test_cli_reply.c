/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading replies: what is no JSON, and numbers that no integer of the parser's can hold. */
#include "cli_test.h"

#include "../../cli/reply.h"

static json_t *parse(const char *string)
{
	struct text body = {};
	json_t *json;

	text_add(&body, string);
	json = reply_parse(&body);
	text_free(&body);
	return json;
}

static void test_integers_are_exact(void **state UNUSED)
{
	_cleanup_json_ json_t *json = parse("{\"a\":9223372036854775807,\"b\":-3,\"c\":1.5,\"d\":null}\n");

	assert_non_null(json);
	assert_true(reply_u64(json, "a") == INT64_MAX);
	assert_true(reply_s64(json, "b") == -3);
	assert_true(reply_u64(json, "b") == 0);
	assert_true(reply_double(json, "c") == 1.5);
	assert_false(reply_is_known(json, "d"));
	assert_true(reply_u64(json, "d") == 0);
}

static void test_larger_ones_are_shown_as_large(void **state UNUSED)
{
	_cleanup_json_ json_t *json =
		parse("{\"a\":18446744073709551615,\"b\":7,\"c\":-9,\"d\":-18446744073709551615,\"e\":1.5}");

	assert_non_null(json);
	assert_true(reply_u64(json, "a") == INT64_MAX);
	assert_true(reply_u64(json, "b") == 7);
	assert_true(reply_s64(json, "c") == -9);
	assert_true(reply_s64(json, "d") == INT64_MIN);
	assert_true(reply_double(json, "e") == 1.5);
	assert_true(reply_is_known(json, "b"));
}

static void test_no_object(void **state UNUSED)
{
	assert_null(parse(""));
	assert_null(parse("[1]"));
	assert_null(parse("18446744073709551615"));
	assert_null(parse("{\"a\":18446744073709551615"));
	assert_null(parse("{} x"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_integers_are_exact),
		cmocka_unit_test(test_larger_ones_are_shown_as_large),
		cmocka_unit_test(test_no_object),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
