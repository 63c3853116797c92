/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A stack with all its frames: a line each, with file and line, safe to show and not cut. */
#include "cli_test.h"

#include "../../cli/leak_stack.h"

#define LONG "std::vector<std::pair<int,std::string>>::emplace_back_a_name_of_more_than_eighty_columns_in_all"

/* clang-format off */
static const char stack[] =
	"{\"user_stack\":{\"found_by\":\"unwind_tables\",\"frames\":["
	"{\"address\":\"0x11\",\"name\":\"" LONG "+0x1a\",\"module\":\"app\",\"file\":\"a.cc\",\"line\":27},"
	"{\"address\":\"0x22\",\"name\":null,\"module\":\"libx.so\",\"file\":null,\"line\":null},"
	"{\"address\":\"0x0\",\"name\":null,\"module\":null,\"file\":null,\"line\":null},"
	"{\"address\":\"0x33\",\"name\":\"ma\\u001b[2Jin\",\"module\":null,\"file\":\"b.c\",\"line\":null}]}}";
/* clang-format on */

static void test_backtrace(void **state UNUSED)
{
	json_t *json = json_loads(stack, 0, NULL);
	struct text out = {};

	assert_non_null(json);
	leak_stack_add_backtrace(&out, json);
	json_decref(json);
	assert_null(strchr(out.data, '\x1b'));
	assert_non_null(strstr(out.data, "  #0 " LONG "+0x1a at a.cc:27\n  #1 0x22 in libx.so\n  #2 ma"));
	assert_non_null(strstr(out.data, "in at b.c\n"));
	text_free(&out);
}

static void test_without_frames(void **state UNUSED)
{
	json_t *json = json_loads("{\"user_stack\":{\"found_by\":null,\"frames\":[]}}", 0, NULL);
	struct text out = {};

	leak_stack_add_backtrace(&out, json);
	json_decref(json);
	expect_text(&out, "");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_backtrace),
		cmocka_unit_test(test_without_frames),
	};

	return cmocka_run_group_tests(tests, use_utf8, NULL);
}
