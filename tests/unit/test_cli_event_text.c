/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events as lines. */
#include "cli_test.h"

#include <time.h>

#include "../../cli/event_text.h"
#include "../../cli/reply.h"

static void expect(const char *json_text, size_t width, const char *wanted)
{
	_cleanup_json_ json_t *json = json_loads(json_text, 0, NULL);
	struct text text = {};

	assert_non_null(json);
	event_text_add(&text, json, width);
	expect_text(&text, wanted);
}

static void test_stall(void **state UNUSED)
{
	static const char event[] =
		"{\"event\":\"stall\",\"time_ns\":1700000000123999999,\"tgid\":77,\"pid\":78,\"comm\":\"a\\nb\",\"unit\":\"x.service\","
		"\"kind\":\"direct_compaction\",\"total_ns\":12345678,\"self_ns\":1000,\"order\":9,\"node\":\"0\","
		"\"result\":\"success\",\"reclaimed_bytes\":0}";

	expect(event, 200,
	       "2023-11-14T22:13:20.123 direct_compaction 12.3ms a\xef\xbf\xbd"
	       "b[77] success order 9 self 1.00us "
	       "node 0 in x.service\n");
	expect(event, 30, "2023-11-14T22:13:20.123 direc…\n");
}

static void test_reclaim(void **state UNUSED)
{
	expect("{\"event\":\"stall\",\"time_ns\":1000000,\"tgid\":7,\"comm\":\"x\",\"kind\":\"direct_reclaim\",\"total_ns\":1000,"
	       "\"node\":\"1\",\"result\":null,\"reclaimed_bytes\":4096}",
	       200, "1970-01-01T00:00:00.001 direct_reclaim 1.00us x[7] got 4.00KiB order 0 self 0 node 1\n");
}

static void test_oom_kill(void **state UNUSED)
{
	expect("{\"event\":\"oom_kill\",\"time_ns\":0,\"tgid\":1,\"comm\":\"killer\",\"victim_pid\":5,\"victim_comm\":\"\\u001b[1m\","
	       "\"oom_score_adj\":-17,\"anon_rss_bytes\":1048576,\"unit\":\"\"}",
	       200,
	       "1970-01-01T00:00:00.000 oom_kill \xef\xbf\xbd[1m[5] anon 1.00MiB file 0 shmem 0 adj -17, by killer[1]\n");
}

static void test_alloc_failure(void **state UNUSED)
{
	expect("{\"event\":\"alloc_failure\",\"time_ns\":0,\"tgid\":1,\"comm\":\"x\",\"order\":10,\"migratetype\":\"Movable\","
	       "\"gfp_flags\":255,\"in_interrupt\":true}",
	       200, "1970-01-01T00:00:00.000 alloc_failure order 10 x[1] Movable gfp 0xff in interrupt\n");
}

/* An event that a later daemon may know. */
static void test_unknown(void **state UNUSED)
{
	expect("{\"event\":\"steal\"}", 200, "1970-01-01T00:00:00.000 steal\n");
	expect("{}", 200, "1970-01-01T00:00:00.000 \n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stall),    cmocka_unit_test(test_reclaim),
		cmocka_unit_test(test_oom_kill), cmocka_unit_test(test_alloc_failure),
		cmocka_unit_test(test_unknown),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, use_utf8, NULL);
}
