/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rows of top: what a reply becomes, which are kept, and in what order. */
#include "cli_test.h"

#include "../../cli/top_rows.h"

static const char processes[] =
	"{\"processes\":["
	"{\"pid\":3,\"comm\":\"beta\",\"unit\":\"ssh.service\",\"rss_anon_bytes\":10,\"rss_file_bytes\":20,\"rss_shmem_bytes\":30,"
	"\"swap_bytes\":999,\"direct_reclaim_stall_ns\":900,\"direct_reclaim_stall_self_ns\":5,\"memcg_reclaim_stall_self_ns\":6,"
	"\"rate\":{\"minor_faults\":1.5,\"major_faults\":0.5,\"allocated_bytes\":4096,\"direct_reclaim_stall_ns\":9e8,"
	"\"direct_reclaim_stall_self_ns\":2e8,\"direct_compaction_stall_self_ns\":3e8}},"
	"{\"pid\":1,\"comm\":\"Alpha\",\"unit\":\"init.scope\",\"rss_anon_bytes\":60,\"rate\":{\"minor_faults\":7}},"
	"{\"pid\":2,\"comm\":\"gamma\",\"unit\":\"\",\"rss_anon_bytes\":61,\"rate\":{}}]}";

static struct top_rows read_rows(json_t **json, const char *text, bool is_groups)
{
	struct top_rows rows;

	*json = json_loads(text, 0, NULL);
	assert_non_null(*json);
	assert_true(top_rows_read(&rows, *json, is_groups));
	return rows;
}

static void expect_order(struct top_rows *rows, enum top_key key, bool is_reversed, const char *pids)
{
	char order[16] = "";

	top_rows_sort(rows, key, is_reversed);
	for (size_t i = 0; i < rows->nr; i++)
		order[i] = (char)('0' + rows->row[i].pid);
	assert_string_equal(order, pids);
}

static void test_read(void **state UNUSED)
{
	_cleanup_json_ json_t *json = NULL;
	struct top_rows rows = read_rows(&json, processes, false);
	const struct top_row *row = &rows.row[0];

	assert_int_equal(rows.nr, 3);
	assert_string_equal(row->comm, "beta");
	assert_int_equal(row->rss_bytes, 60);
	assert_true(row->faults_per_second == 2.0 && row->major_per_second == 0.5);
	assert_true(row->allocated_per_second == 4096.0);
	/* Own time of each kind; nested time would count twice. */
	assert_true(row->stall > 0.499 && row->stall < 0.501);
	assert_int_equal(row->stalled_ns, 11);
	top_rows_free(&rows);
}

static void test_order(void **state UNUSED)
{
	_cleanup_json_ json_t *json = NULL;
	struct top_rows rows = read_rows(&json, processes, false);

	expect_order(&rows, TOP_PID, false, "123");
	expect_order(&rows, TOP_PID, true, "321");
	expect_order(&rows, TOP_COMM, false, "132");
	expect_order(&rows, TOP_UNIT, false, "213");
	expect_order(&rows, TOP_FAULTS, false, "132");
	expect_order(&rows, TOP_ALLOC, false, "321");
	expect_order(&rows, TOP_STALL, false, "321");
	/* 1 and 3 are equal: in order of pid, also in reverse. */
	expect_order(&rows, TOP_RSS, false, "213");
	expect_order(&rows, TOP_RSS, true, "132");
	/* 1 and 2 have none: in order of RSS. */
	expect_order(&rows, TOP_MAJOR, false, "321");
	expect_order(&rows, TOP_TOTAL, true, "213");
	top_rows_free(&rows);
}

static void expect_filter(const char *substring, const char *pids)
{
	_cleanup_json_ json_t *json = NULL;
	struct top_rows rows = read_rows(&json, processes, false);

	top_rows_filter(&rows, substring);
	expect_order(&rows, TOP_PID, false, pids);
	top_rows_free(&rows);
}

static void test_filter(void **state UNUSED)
{
	expect_filter("", "123");
	expect_filter("alpha", "1");
	expect_filter("SERVICE", "3");
	expect_filter("s", "13");
	expect_filter("nothing", "");
}

static void test_groups(void **state UNUSED)
{
	static const char text[] =
		"{\"groups\":["
		"{\"comm\":\"[interrupt]\",\"unit\":\"kernel\",\"exported\":true,\"processes\":0,\"rate\":{\"minor_faults\":1}},"
		"{\"comm\":\"other\",\"unit\":\"other\",\"exported\":true,\"processes\":4,\"rate\":{\"minor_faults\":10}},"
		"{\"comm\":\"small\",\"unit\":\"x\",\"exported\":false,\"processes\":4,\"rate\":{\"minor_faults\":10}}]}";
	_cleanup_json_ json_t *json = NULL;
	struct top_rows rows = read_rows(&json, text, true);

	assert_int_equal(rows.nr, 3);
	assert_int_equal(rows.row[1].pid, 4);
	/* A group that is not exported is in "other" as well. */
	assert_true(rows.total.faults_per_second == 11.0);
	assert_int_equal(rows.total.pid, 4);
	top_rows_free(&rows);
}

/* Anything may be missing, or be something else. */
static void test_odd_replies(void **state UNUSED)
{
	static const char *const replies[] = {
		"{}",
		"{\"processes\":7}",
		"{\"processes\":{}}",
		"{\"processes\":[]}",
		"{\"processes\":[1,null,\"x\",[],{}]}",
		"{\"processes\":[{\"pid\":-5,\"comm\":7,\"rss_anon_bytes\":\"x\",\"rate\":[1]}]}",
		"{\"processes\":[{\"rate\":{\"minor_faults\":-1e308,\"a_stall_self_ns\":1e308,\"b_stall_self_ns\":\"x\"}}]}",
	};

	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		_cleanup_json_ json_t *json = NULL;
		struct top_rows rows = read_rows(&json, replies[i], false);
		_cleanup_table_ struct table table = { .columns = top_columns(false),
						       .nr_columns = NR_TOP_KEYS };
		struct text text = {};

		top_rows_sort(&rows, TOP_RSS, false);
		top_rows_add(&rows, 0, rows.nr, &table);
		table_render(&table, 80, &text);
		assert_int_equal(table.nr_cells, rows.nr * NR_TOP_KEYS);
		text_free(&text);
		top_rows_free(&rows);
	}
}

static void test_keys(void **state UNUSED)
{
	assert_int_equal(top_key_find("alloc"), TOP_ALLOC);
	assert_int_equal(top_key_find("nothing"), -1);
	for (int key = 0; key < NR_TOP_KEYS; key++) {
		assert_int_equal(top_key_find(top_key_name((enum top_key)key)), key);
		assert_non_null(strstr(TOP_KEY_LIST, top_key_name((enum top_key)key)));
	}
}

static void test_slice(void **state UNUSED)
{
	_cleanup_json_ json_t *json = NULL;
	struct top_rows rows = read_rows(&json, processes, false);
	_cleanup_table_ struct table table = { .columns = top_columns(false), .nr_columns = NR_TOP_KEYS };

	top_rows_add(&rows, 2, 5, &table);
	assert_int_equal(table.nr_cells, NR_TOP_KEYS);
	top_rows_add(&rows, 3, 5, &table);
	assert_int_equal(table.nr_cells, NR_TOP_KEYS);
	top_rows_free(&rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),        cmocka_unit_test(test_order),
		cmocka_unit_test(test_filter),      cmocka_unit_test(test_groups),
		cmocka_unit_test(test_odd_replies), cmocka_unit_test(test_keys),
		cmocka_unit_test(test_slice),
	};

	return cmocka_run_group_tests(tests, use_utf8, NULL);
}
