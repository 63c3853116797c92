/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of free memory in the JSON API: exact numbers, what has no value is null, history only where it
 * is asked for.
 */
#include "api_test.h"

#include "../../exporters/api_request.h"

#define STEP_NS HISTORY_STEP_NS

static void feed_snapshot(struct model *model, __u64 sequence, bool has_pageblocks)
{
	const struct rec_zone zone = {
		.h = HEADER(REC_ZONE, struct rec_zone, 1),
		.node = 1,
		.zone = 2,
		.present_pages = 5000,
		.managed_pages = 4900,
		.min_pages = 10,
		.low_pages = 12,
		.high_pages = 14,
		.nr_free = { 1000 - 10 * sequence, 1 },
	};
	const struct rec_pageblocks pageblocks = {
		.h = HEADER(REC_PAGEBLOCKS, struct rec_pageblocks, sequence * STEP_NS - 7),
		.node = 1,
		.zone = 2,
		.pageblock_order = 9,
		.nr = { 3, 4 },
	};
	const struct rec_label label = {
		.h = HEADER(REC_LABEL, struct rec_label, 1), .dim = DIM_ZONE, .index = 2, .text = "Nor\"mal"
	};

	assert_int_equal(feed(model, &label), 0);
	assert_int_equal(feed_begin(model, sequence, sequence * STEP_NS), 0);
	assert_int_equal(feed(model, &zone), 0);
	if (has_pageblocks)
		assert_int_equal(feed(model, &pageblocks), 0);
	assert_int_equal(feed_end(model, sequence * STEP_NS, true), 0);
}

/* A moment after the snapshot. */
static json_t *reply(const struct model *model, bool with_history)
{
	const struct api_query query = { .v = { [API_HISTORY] = with_history } };
	struct api_context context = { .model = model };
	struct model_status status;

	model_status(model, &status);
	context.now_ns = status.time_ns + 3;
	return api_answer(&context, "/v1/fragmentation", &query);
}

static void test_zone(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);
	const json_t *zone, *order;
	json_t *json;

	feed_snapshot(model, 1, true);
	json = reply(model, false);
	has(json, "page_size_bytes", "4096");
	has(json, "page_block_order", "9");
	assert_null(json_object_get(json, "history"));
	assert_int_equal(json_array_size(json_object_get(json, "zones")), 1);
	zone = json_array_get(json_object_get(json, "zones"), 0);
	has(zone, "node", "\"1\"");
	has(zone, "zone", "\"Nor\\\"mal\"");
	has(zone, "present_bytes", "20480000");
	has(zone, "managed_bytes", "20070400");
	has(zone, "free_bytes", "4063232");
	has(zone, "watermarks", "{\"min_bytes\":40960,\"low_bytes\":49152,\"high_bytes\":57344}");
	has(zone, "pageblocks",
	    "{\"age_ns\":10,\"types\":[{\"migratetype\":\"0\",\"count\":3},{\"migratetype\":\"1\",\"count\":4},"
	    "{\"migratetype\":\"2\",\"count\":0},{\"migratetype\":\"3\",\"count\":0},"
	    "{\"migratetype\":\"4\",\"count\":0},{\"migratetype\":\"5\",\"count\":0}]}");
	assert_int_equal(json_array_size(json_object_get(zone, "orders")), 11);
	order = json_array_get(json_object_get(zone, "orders"), 1);
	has(order, "order", "1");
	has(order, "free_blocks", "1");
	has(order, "available_blocks", "1");
	has(order, "unusable", "0.997");
	has(order, "fragmentation_index", "null");
	has(order, "trend", "null");
	order = json_array_get(json_object_get(zone, "orders"), 2);
	has(order, "available_blocks", "0");
	has(order, "unusable", "1.0");
	has(order, "fragmentation_index", "0.749"); /* 1000 - (1000 + 992000/4) / 991 */
	json_decref(json);
	model_free(model);
}

static void test_what_is_not_known(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);
	json_t *json = reply(model, true);

	has(json, "page_block_order", "null");
	has(json, "zones", "[]");
	has(json, "history", "{\"interval_ns\":15000000000,\"points\":[]}");
	json_decref(json);
	feed_snapshot(model, 1, false);
	json = reply(model, false);
	has(json, "page_block_order", "null");
	has(json_array_get(json_object_get(json, "zones"), 0), "pageblocks", "null");
	json_decref(json);
	model_free(model);
}

static void test_trend_and_history(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);
	const json_t *orders, *points;
	json_t *json;

	/* The zone was away at the second of eleven points. */
	for (__u64 sequence = 1; sequence <= 12; sequence++) {
		if (sequence != 2) {
			feed_snapshot(model, sequence, false);
			continue;
		}
		assert_int_equal(feed_begin(model, sequence, sequence * STEP_NS), 0);
		assert_int_equal(feed_end(model, sequence * STEP_NS, true), 0);
	}
	json = reply(model, true);
	orders = json_object_get(json_array_get(json_object_get(json, "zones"), 0), "orders");
	has(json_array_get(orders, 0), "trend",
	    "{\"per_hour\":-2400.0,\"per_hour_low\":-2400.0,\"per_hour_high\":-2400.0,\"is_significant\":true,"
	    "\"seconds_left\":1323.0,\"seconds_left_low\":1323.0,\"seconds_left_high\":1323.0}");
	has(json_array_get(orders, 1), "trend",
	    "{\"per_hour\":0.0,\"per_hour_low\":0.0,\"per_hour_high\":0.0,\"is_significant\":false,"
	    "\"seconds_left\":null,\"seconds_left_low\":null,\"seconds_left_high\":null}");
	points = json_object_get(json_object_get(json, "history"), "points");
	assert_int_equal(json_array_size(points), 12);
	has(json_array_get(points, 1), "free_blocks", "[null]");
	has(json_array_get(points, 11), "age_ns", "3");
	has(json_array_get(points, 11), "free_blocks", "[[880,1,0,0,0,0,0,0,0,0,0]]");
	json_decref(json);
	model_free(model);
}

/* A cube of a gauge: what has no value is left out or null, and thousandths have three decimals. */
static void test_cube(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);
	struct text text = {};
	struct request request = { .model = model, .json = { .text = &text } };

	feed_snapshot(model, 1, false);
	model_status(model, &request.status);
	json_object_begin(&request.json, NULL);
	write_cube(&request, "index", METRIC_FRAGMENTATION_INDEX, "value", true);
	json_object_end(&request.json);
	assert_non_null(strstr(text.data,
			       "{\"node\":\"1\",\"zone\":\"Nor\\\"mal\",\"order\":\"1\",\"value\":null}"));
	assert_non_null(strstr(text.data,
			       "{\"node\":\"1\",\"zone\":\"Nor\\\"mal\",\"order\":\"2\",\"value\":0.749}"));
	assert_non_null(strstr(text.data, "{\"node\":\"0\",\"zone\":\"0\",\"order\":\"0\",\"value\":null}"));
	text_free(&text);
	model_free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zone),
		cmocka_unit_test(test_what_is_not_known),
		cmocka_unit_test(test_trend_and_history),
		cmocka_unit_test(test_cube),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
