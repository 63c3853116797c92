/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memoir leaks --heap: what a heap makes of a verdict. */
#include "cli_test.h"

#include "../../cli/leaks_heap.h"
#include "../../cli/reply.h"

#define MIB (1ULL << 20)

static json_t *suspect(const char *verdict)
{
	json_t *json = json_pack("{s:i,s:s,s:s,s:[s],s:s}", "pid", 42, "kind", "anonymous", "verdict",
				 verdict, "evidence", "It grew.", "next", "x");

	assert_non_null(json);
	return json;
}

/* A heap of 100 MiB of a process with a little more; so much of it is free. */
static json_t *tell(const char *verdict, uint64_t free_bytes, enum space_end end)
{
	struct heap_arena arena = { .figures = { .resident_bytes = 100 * MIB,
						 .used_resident_bytes = 100 * MIB - free_bytes,
						 .free_resident_bytes = free_bytes,
						 .trimmable_bytes = free_bytes / 4 } };
	const struct heap heap = { .arena = &arena,
				   .nr_arenas = 1,
				   .end = end,
				   .has_anonymous = end == SPACE_COMPLETE,
				   .anonymous_bytes = 110 * MIB };
	json_t *json = suspect(verdict);

	assert_int_equal(leaks_heap_tell(json, &heap), 0);
	return json;
}

static const char *evidence(const json_t *json, size_t index)
{
	return json_string_value(json_array_get(reply_member(json, "evidence"), index));
}

static void test_what_is_mostly_free(void **state UNUSED)
{
	json_t *json = tell("growing_working_set", 56 * MIB, SPACE_COMPLETE);

	assert_string_equal(reply_string(json, "verdict"), "allocator_fragmentation");
	assert_string_equal(reply_string(json, "next"), "memoir process 42 --heap");
	assert_string_equal(evidence(json, 0), "It grew.");
	assert_string_equal(evidence(json, 1),
			    "malloc has handed out 44.0MiB of what is resident, and keeps 56.0MiB that is "
			    "free; it could give back 14.0MiB.");
	json_decref(json);
}

/* Half a heap is free after a peak, and something beside it leaks. */
static void test_a_leak_stays_one(void **state UNUSED)
{
	json_t *json = tell("leak", 56 * MIB, SPACE_COMPLETE);

	assert_string_equal(reply_string(json, "verdict"), "leak");
	assert_string_equal(reply_string(json, "next"), "x");
	assert_int_equal(json_array_size(reply_member(json, "evidence")), 2);
	json_decref(json);
}

/* Just less than half of all the process has. */
static void test_what_is_mostly_used(void **state UNUSED)
{
	json_t *json = tell("growing_working_set", 54 * MIB, SPACE_COMPLETE);

	assert_string_equal(reply_string(json, "verdict"), "growing_working_set");
	assert_string_equal(reply_string(json, "next"), "x");
	assert_int_equal(json_array_size(reply_member(json, "evidence")), 2);
	json_decref(json);
}

static void test_half_a_reading_proves_nothing(void **state UNUSED)
{
	json_t *json = tell("growing_working_set", 90 * MIB, SPACE_TIME);

	assert_string_equal(reply_string(json, "verdict"), "growing_working_set");
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_mostly_free),
		cmocka_unit_test(test_a_leak_stays_one),
		cmocka_unit_test(test_what_is_mostly_used),
		cmocka_unit_test(test_half_a_reading_proves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
