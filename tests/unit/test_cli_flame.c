/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Flame graphs: stacks are merged, sums are whole, hostile names stay names, and what is drawn nests. */
#include "cli_test.h"

#include "../../cli/flame.h"
#include "../../cli/leak_stack.h"

#define ADD(flame, bytes, ...)                                                                               \
	do {                                                                                                 \
		const char *const frames_[] = { __VA_ARGS__ };                                               \
                                                                                                             \
		assert_int_equal(flame_add(flame, frames_, sizeof(frames_) / sizeof(frames_[0]), bytes), 0); \
	} while (0)

static void test_stacks_are_merged(void **state UNUSED)
{
	struct flame *flame = flame_new();
	struct text out = {};

	assert_non_null(flame);
	ADD(flame, 10, "app", "main", "grow");
	ADD(flame, 5, "app", "main");
	ADD(flame, 7, "other", "main", "grow");
	ADD(flame, 3, "app", "main", "grow");
	ADD(flame, 1, "app", "main", "shrink", "kfree" FLAME_KERNEL);
	flame_fold(flame, &out);
	expect_text(&out, "app;main 5\n"
			  "app;main;grow 13\n"
			  "app;main;shrink;kfree_[k] 1\n"
			  "other;main;grow 7\n");
	flame_free(flame);
}

/* No name can begin a line, end a frame, or leave the element that it is in. */
static void test_hostile_names(void **state UNUSED)
{
	struct flame *flame = flame_new();
	struct text out = {};

	assert_non_null(flame);
	ADD(flame, 1, "a;b\nc 5\n", "\x1b[31m]]></title><script>\"'&", "", "\xff\xef\xbf\xbf");
	flame_fold(flame, &out);
	expect_text(&out, "a:b\uFFFDc 5\uFFFD;\uFFFD[31m]]></title><script>\"'&;?;\uFFFD\uFFFD 1\n");
	flame_draw(flame, "<&\n>", &out);
	assert_non_null(strstr(out.data, "<title>&lt;&amp;\uFFFD&gt;</title>"));
	assert_non_null(strstr(out.data, "\uFFFD[31m]]&gt;&lt;/title&gt;&lt;script&gt;&quot;'&amp;"));
	assert_null(strstr(out.data, "\x1b"));
	assert_null(strstr(out.data, "<script>\""));
	text_free(&out);
	flame_free(flame);
}

/* A box lies on the one that called it, within its edges; what is too narrow to be seen is not drawn. */
static void test_boxes_nest(void **state UNUSED)
{
	struct flame *flame = flame_new();
	struct text out = {};

	assert_non_null(flame);
	ADD(flame, 600000, "app", "main");
	ADD(flame, 399900, "app", "other", "deep");
	ADD(flame, 100, "tiny");
	flame_draw(flame, "held", &out);
	assert_false(out.is_failed);
	assert_non_null(strstr(out.data, "height=\"103\" font"));
	assert_non_null(
		strstr(out.data,
		       "x=\"0.0000%\" y=\"81\" width=\"100.0000%\" height=\"16\"><title>all: 977KiB, 100%"));
	assert_non_null(strstr(out.data,
			       "x=\"0.0000%\" y=\"64\" width=\"99.9900%\" height=\"16\"><title>app: "));
	assert_non_null(strstr(out.data,
			       "x=\"0.0000%\" y=\"47\" width=\"60.0000%\" height=\"16\"><title>main: "));
	assert_non_null(strstr(out.data,
			       "x=\"60.0000%\" y=\"47\" width=\"39.9900%\" height=\"16\"><title>other: "));
	assert_non_null(strstr(out.data,
			       "x=\"60.0000%\" y=\"30\" width=\"39.9900%\" height=\"16\"><title>deep: "));
	assert_null(strstr(out.data, "tiny"));
	text_free(&out);
	flame_free(flame);
}

static void test_nothing_and_too_deep(void **state UNUSED)
{
	const char *frames[FLAME_MAX_DEPTH + 10];
	struct flame *flame = flame_new();
	struct text out = {};
	size_t nr = 0;

	assert_non_null(flame);
	flame_fold(flame, &out);
	expect_text(&out, "");
	out = (struct text){};
	flame_draw(flame, "held", &out);
	assert_null(strstr(out.data, "class=\"f\""));
	text_free(&out);
	for (size_t i = 0; i < FLAME_MAX_DEPTH + 10; i++)
		frames[i] = "f";
	assert_int_equal(flame_add(flame, frames, FLAME_MAX_DEPTH + 10, 3), 0);
	flame_fold(flame, &out);
	for (const char *c = out.data; *c; c++)
		nr += *c == 'f';
	assert_int_equal(nr, FLAME_MAX_DEPTH);
	text_free(&out);
	flame_free(flame);
}

static void expect_frames(const char *json_text, const char *folded, const char *place)
{
	json_t *json = json_loads(json_text, 0, NULL);
	struct leak_frames frames;
	struct text out = {};

	assert_non_null(json);
	leak_frames_read(json, &frames);
	for (size_t i = 0; i < frames.nr; i++)
		text_add_format(&out, "%s%s", i ? ";" : "", frames.frames[i]);
	expect_text(&out, folded);
	out = (struct text){};
	leak_stack_add_place(&out, json);
	expect_text(&out, place);
	json_decref(json);
}

static void test_frames_of_an_answer(void **state UNUSED)
{
	expect_frames(
		"{\"owner\":\"process\",\"comm\":\"app\",\"user_stack\":{\"frames\":["
		"{\"address\":\"0x4010\",\"name\":\"std::f<+0x1>+0x1a\"},{\"address\":\"0x5\",\"module\":\"libx.so\"},"
		"{\"address\":\"0x6\"},{\"address\":\"0x0\"}]},"
		"\"kernel_stack\":{\"callers\":\"a, b\",\"frames\":[\"a+0x1/0x2\",\"b+0x3/0x4 [mod]\",\"0xfff\"]}}",
		"app;0x6;[libx.so];std::f<+0x1>;0xfff_[k];b [mod]_[k];a_[k]",
		"std::f<+0x1> < [libx.so] < 0x6");
	expect_frames(
		"{\"owner\":\"kernel\",\"comm\":\"\",\"kernel_stack\":{\"callers\":\"a, b\",\"frames\":[\"a\",7]}}",
		"[kernel];a_[k]", "a, b");
	expect_frames("{}", "[kernel]", "");
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup(test_stacks_are_merged, use_utf8),
	cmocka_unit_test_setup(test_hostile_names, use_utf8),
	cmocka_unit_test_setup(test_boxes_nest, use_utf8),
	cmocka_unit_test_setup(test_nothing_and_too_deep, use_utf8),
	cmocka_unit_test_setup(test_frames_of_an_answer, use_utf8),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
