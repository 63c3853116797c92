/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two answers about leaks compared: what grew, shrank, is new and is gone; and what cannot be compared is
 * refused.
 */
#include "cli_test.h"

#include "../../cli/leaks_since.h"
#include "../../cli/reply.h"

#define MOMENT(boot, time_ns) "\"boot_id\":\"" boot "\",\"time_ns\":" time_ns ","

static const char then_text[] = "{" MOMENT(
	"b",
	"60000000000") "\"sizes\":["
		       "{\"pid\":1,\"start_ns\":1,\"comm\":\"grower\\n\",\"bytes\":1048576},"
		       "{\"pid\":2,\"start_ns\":1,\"comm\":\"shrinker\",\"bytes\":2097152},"
		       "{\"pid\":3,\"start_ns\":1,\"comm\":\"old\",\"bytes\":4096},"
		       "{\"pid\":4,\"start_ns\":1,\"comm\":\"still\",\"bytes\":4096}],\"stacks\":["
		       "{\"owner\":\"process\",\"pid\":1,\"start_ns\":1,\"comm\":\"grower\",\"migratetype\":\"movable\",\"bytes\":1048576,\"bytes_error\":300000,"
		       "\"user_stack\":{\"frames\":[{\"address\":\"0x10\",\"name\":null}]}},"
		       "{\"owner\":\"process\",\"pid\":1,\"start_ns\":1,\"comm\":\"grower\",\"migratetype\":\"movable\",\"bytes\":1048576,\"bytes_error\":300000,"
		       "\"user_stack\":{\"frames\":[{\"address\":\"0x20\",\"name\":\"noise\"}]}}],"
		       "\"allocinfo\":{\"sites\":[{\"bytes\":1048576,\"function\":\"grow\",\"place\":\"fs/pipe.c:1\"},"
		       "{\"bytes\":4096,\"function\":\"still\",\"place\":\"mm/slub.c:2\"}]}}";

static const char now_text[] = "{" MOMENT(
	"b",
	"3660000000000") "\"sizes\":["
			 "{\"pid\":1,\"start_ns\":1,\"comm\":\"grower\\n\",\"bytes\":11534336},"
			 "{\"pid\":2,\"start_ns\":1,\"comm\":\"shrinker\",\"bytes\":1048576},"
			 "{\"pid\":3,\"start_ns\":90000000000,\"comm\":\"young\",\"bytes\":8192},"
			 "{\"pid\":4,\"start_ns\":1,\"comm\":\"still\",\"bytes\":4096}],\"stacks\":["
			 "{\"owner\":\"process\",\"pid\":1,\"start_ns\":1,\"comm\":\"grower\",\"migratetype\":\"movable\",\"bytes\":11534336,\"bytes_error\":400000,"
			 "\"older\":[{\"age_ns\":10000000000,\"bytes\":9999999},{\"age_ns\":3600000000000,\"bytes\":1048576},"
			 "{\"age_ns\":21600000000000,\"bytes\":0}],"
			 "\"user_stack\":{\"frames\":[{\"address\":\"0x10\",\"name\":\"grow+0x1\"}]}},"
			 "{\"owner\":\"process\",\"pid\":1,\"start_ns\":1,\"comm\":\"grower\",\"migratetype\":\"movable\",\"bytes\":1248576,\"bytes_error\":300000,"
			 "\"user_stack\":{\"frames\":[{\"address\":\"0x20\",\"name\":\"noise\"}]}},"
			 "{\"owner\":\"kernel\",\"pid\":null,\"migratetype\":\"unmovable\",\"bytes\":2097152,\"bytes_error\":300000,"
			 "\"kernel_stack\":{\"callers\":\"pipe_write\",\"frames\":[\"pipe_write+0x1/0x2\"]}}],"
			 "\"stacks_reading\":{\"sample_bytes\":262144},"
			 "\"allocinfo\":{\"sites\":[{\"bytes\":3145728,\"function\":\"grow\",\"place\":\"fs/pipe.c:1\"},"
			 "{\"bytes\":4096,\"function\":\"still\",\"place\":\"mm/slub.c:2\"}]}}";

/* What is shown of two answers, which can be compared. Free with text_free(). */
static struct text compare(const char *before, const char *after)
{
	_cleanup_json_ json_t *then = json_loads(before, 0, NULL), *now = json_loads(after, 0, NULL);
	struct text out = {};

	assert_non_null(then);
	assert_non_null(now);
	assert_null(leaks_since_problem(then, now));
	leaks_since_show(then, now, 80, &out);
	return out;
}

static void test_what_changed(void **state UNUSED)
{
	struct text out = compare(then_text, now_text);

	expect_text(&out, "Since       1h 0m ago\n"
			  "\n"
			  "Processes, by anonymous and shared memory, swapped out or not:\n"
			  "PID  COMM         THEN      NOW    CHANGE\n"
			  "  1  grower\uFFFD   1.00MiB  11.0MiB  +10.0MiB\n"
			  "  3  young           -  8.00KiB  +8.00KiB  new\n"
			  "  3  old       4.00KiB        -  -4.00KiB  gone\n"
			  "  2  shrinker  2.00MiB  1.00MiB  -1.00MiB\n"
			  "\n"
			  "Places where memory was allocated, an estimate:\n"
			  "  CHANGE      +-     NOW PID COMM     FROM\n"
			  "+10.0MiB 1.64MiB 11.0MiB   1 grower   grow\n"
			  "+2.00MiB  849KiB 2.00MiB   - [kernel] pipe_write\n"
			  "\n"
			  "What is allocated in the kernel, by its own account (allocinfo):\n"
			  "  CHANGE     NOW FUNCTION AT\n"
			  "+2.00MiB 3.00MiB grow     fs/pipe.c:1\n");
}

/* Bulk pages, of which there are no places; what is not known has no change, and what is alike no line. */
static void test_memory_of_the_kernel(void **state UNUSED)
{
	static const char before[] =
		"{" MOMENT("b", "60000000000") "\"sizes\":[],\"stacks\":[],\"memory\":{\"kernel\":["
					       "{\"subsystem\":\"slab\",\"bytes\":2097152},"
					       "{\"subsystem\":\"stacks\",\"bytes\":1048576},"
					       "{\"subsystem\":\"vmalloc\",\"bytes\":1048576},"
					       "{\"subsystem\":\"percpu\",\"bytes\":null}]}}";
	static const char after[] =
		"{" MOMENT("b", "90000000000") "\"sizes\":[],\"stacks\":[],\"memory\":{\"kernel\":["
					       "{\"subsystem\":\"slab\",\"bytes\":1048576},"
					       "{\"subsystem\":\"stacks\",\"bytes\":1048576},"
					       "{\"subsystem\":\"vmalloc\",\"bytes\":1074790400},"
					       "{\"subsystem\":\"percpu\",\"bytes\":4096}]}}";
	struct text out = compare(before, after);

	expect_text(&out, "Since       30s ago\n"
			  "\n"
			  "Memory of the kernel:\n"
			  "KIND        THEN      NOW    CHANGE\n"
			  "vmalloc  1.00MiB  1.00GiB  +1.00GiB\n"
			  "slab     2.00MiB  1.00MiB  -1.00MiB\n");
}

/* What one answer does not list may have had as much as the least that it does. */
static void test_what_is_not_listed(void **state UNUSED)
{
	static const char before[] =
		"{" MOMENT("b", "60000000000") "\"sizes\":[{\"pid\":1,\"start_ns\":1,\"comm\":\"shrinker\","
					       "\"bytes\":3145728}],\"other_size_bytes\":2097152,"
					       "\"stacks\":[{\"owner\":\"process\",\"pid\":2,\"start_ns\":1,"
					       "\"bytes\":10485760,\"user_stack\":{\"frames\":[]}}],"
					       "\"stacks_reading\":{\"not_shown\":1}}";
	static const char after[] =
		"{" MOMENT("b", "90000000000") "\"sizes\":[{\"pid\":2,\"start_ns\":1,\"comm\":\"grower\","
					       "\"bytes\":3145728}],\"other_size_bytes\":1048576,"
					       "\"stacks\":[{\"owner\":\"process\",\"pid\":3,\"start_ns\":1,"
					       "\"bytes\":10485760,\"user_stack\":{\"frames\":[]}}],"
					       "\"stacks_reading\":{\"not_shown\":1,\"sample_bytes\":4096}}";
	struct text out = compare(before, after);

	expect_text(&out, "Since       30s ago\n"
			  "\n"
			  "Processes, by anonymous and shared memory, swapped out or not:\n"
			  "PID  COMM         THEN      NOW    CHANGE\n"
			  "  2  grower          -  3.00MiB  +1.00MiB\n"
			  "  1  shrinker  3.00MiB        -  -2.00MiB  not listed\n");
}

/* What is not known is not 0; and rows that cannot be told apart are one. */
static void test_what_one_of_them_does_not_know(void **state UNUSED)
{
	static const char before[] = "{" MOMENT(
		"b", "60000000000") "\"sizes\":[],\"stacks\":null,\"allocinfo\":null,"
				    "\"page_owner\":{\"sites\":[{\"bytes\":8388608,\"function\":\"fault\"},"
				    "{\"bytes\":4194304,\"function\":\"fault\"}]}}";
	static const char after[] = "{" MOMENT(
		"b", "90000000000") "\"sizes\":[],\"stacks\":["
				    "{\"owner\":\"process\",\"pid\":3,\"start_ns\":1,\"bytes\":10485760}],"
				    "\"allocinfo\":{\"sites\":[{\"bytes\":1048576,\"function\":\"grow\"}]},"
				    "\"page_owner\":{\"sites\":[{\"bytes\":10485760,\"function\":\"fault\"},"
				    "{\"bytes\":4194304,\"function\":\"fault\"}]}}";
	struct text out = compare(before, after);

	expect_text(&out, "Since       30s ago\n"
			  "Places: not known then, so that nothing can be compared.\n"
			  "allocinfo: not known then, so that nothing can be compared.\n"
			  "\n"
			  "Pages that are in use, by its own account (page_owner):\n"
			  "  CHANGE     NOW FUNCTION AT\n"
			  "+2.00MiB 14.0MiB fault\n");
}

/* On a machine of a terabyte one page in 4,096 is followed. */
static void test_large_samples(void **state UNUSED)
{
	static const char before[] = "{" MOMENT(
		"b",
		"60000000000") "\"sizes\":[],\"stacks\":[{\"owner\":\"process\",\"pid\":2,\"start_ns\":1,"
			       "\"bytes\":1073741824,\"user_stack\":{\"frames\":[]}}]}";
	static const char after[] = "{" MOMENT(
		"b",
		"90000000000") "\"sizes\":[],\"stacks\":[{\"owner\":\"process\",\"pid\":2,\"start_ns\":1,"
			       "\"comm\":\"grower\",\"bytes\":107374182400,\"user_stack\":{\"frames\":[]}}],"
			       "\"stacks_reading\":{\"sample_bytes\":16777216}}";
	struct text out = compare(before, after);

	assert_non_null(out.data);
	/* 16 MiB * sqrt(101 GiB / 16 MiB + 3) */
	assert_non_null(strstr(out.data, "+99.0GiB 1.26GiB 100GiB   2 grower"));
	text_free(&out);
}

static void expect_problem(const char *text, const char *problem)
{
	_cleanup_json_ json_t *then = json_loads(text, 0, NULL), *now = json_loads(now_text, 0, NULL);
	const char *said = leaks_since_problem(then, now);

	assert_non_null(now);
	assert_non_null(said);
	assert_non_null(strstr(said, problem));
}

static void test_what_cannot_be_compared(void **state UNUSED)
{
	expect_problem("[]", "no answer");
	expect_problem("{\"processes\":[]}", "no answer");
	expect_problem("{\"sizes\":[]}", "of which boot");
	expect_problem("{" MOMENT("", "1") "\"sizes\":[]}", "of which boot");
	expect_problem("{" MOMENT("c", "1") "\"sizes\":[]}", "another boot");
	expect_problem("{" MOMENT("b", "3660000000001") "\"sizes\":[]}", "later");
}

/* Rows of any form: nothing is shown of what cannot be told, and nothing breaks. */
static void test_hostile_snapshot(void **state UNUSED)
{
	static const char text[] =
		"{" MOMENT("b", "1") "\"sizes\":[1,null,[],{\"pid\":-1,\"bytes\":-5},"
				     "{\"pid\":1,\"start_ns\":1,\"bytes\":9223372036854775807}],"
				     "\"stacks\":[{},7,{\"user_stack\":[1],\"kernel_stack\":{\"frames\":{}}},"
				     "{\"bytes\":9223372036854775807,\"bytes_error\":9223372036854775807}]}";
	struct text out = compare(text, now_text);

	assert_false(out.is_failed);
	assert_non_null(strstr(out.data, "-8.00EiB"));
	text_free(&out);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup(test_what_changed, use_utf8),
	cmocka_unit_test_setup(test_memory_of_the_kernel, use_utf8),
	cmocka_unit_test_setup(test_what_is_not_listed, use_utf8),
	cmocka_unit_test_setup(test_what_one_of_them_does_not_know, use_utf8),
	cmocka_unit_test_setup(test_large_samples, use_utf8),
	cmocka_unit_test_setup(test_what_cannot_be_compared, use_utf8),
	cmocka_unit_test_setup(test_hostile_snapshot, use_utf8),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
