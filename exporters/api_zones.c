// SPDX-License-Identifier: GPL-2.0-or-later
/* The state of free memory in the JSON API, zone by zone; see api.h. */
#include "api_request.h"

static __u64 bytes(const struct request *request, __u64 pages)
{
	return pages * request->status.machine->page_size;
}

/* A number without a bound is null. */
static void add_bounded(struct json *json, const char *key, double value)
{
	if (__builtin_isfinite(value))
		json_add_double(json, key, value);
	else
		json_add_null(json, key);
}

static void write_trend(struct request *request, const struct zone *zone, __u32 order)
{
	struct json *json = &request->json;
	struct zone_trend trend;

	if (!model_zone_trend(request->model, zone, order, &trend)) {
		json_add_null(json, "trend");
		return;
	}
	json_object_begin(json, "trend");
	json_add_double(json, "per_hour", trend.per_hour);
	add_bounded(json, "per_hour_low", trend.per_hour_low);
	add_bounded(json, "per_hour_high", trend.per_hour_high);
	json_add_bool(json, "is_significant", trend.is_significant);
	add_bounded(json, "seconds_left", trend.seconds_left);
	/* Without an estimate its lower bound is none either. */
	if (__builtin_isfinite(trend.seconds_left))
		json_add_double(json, "seconds_left_low", trend.seconds_left_low);
	else
		json_add_null(json, "seconds_left_low");
	add_bounded(json, "seconds_left_high", trend.seconds_left_high);
	json_object_end(json);
}

static void write_order(struct request *request, const struct zone *zone, __u32 order)
{
	__u64 fragmentation = zone_fragmentation(request->model, zone, order);
	struct json *json = &request->json;

	json_object_begin(json, NULL);
	json_add_u64(json, "order", order);
	json_add_u64(json, "free_blocks", zone->nr_free[order]);
	json_add_u64(json, "available_blocks", zone_available(request->model, zone, order));
	json_add_thousandths(json, "unusable", (__s64)zone_unusable(request->model, zone, order));
	if (fragmentation == CELL_NONE)
		json_add_null(json, "fragmentation_index");
	else
		json_add_thousandths(json, "fragmentation_index", (__s64)fragmentation);
	write_trend(request, zone, order);
	json_object_end(json);
}

static void write_pageblocks(struct request *request, const struct zone *zone)
{
	struct json *json = &request->json;

	if (!zone->pageblocks_time_ns) {
		json_add_null(json, "pageblocks");
		return;
	}
	json_object_begin(json, "pageblocks");
	json_add_u64(json, "age_ns", age_ns(request, zone->pageblocks_time_ns));
	json_array_begin(json, "types");
	for (__u32 i = 0; i < model_dim_size(request->model, DIM_MIGRATETYPE); i++) {
		json_object_begin(json, NULL);
		json_add_string(json, "migratetype", model_dim_label(request->model, DIM_MIGRATETYPE, i));
		json_add_u64(json, "count", zone->pageblocks[i]);
		json_object_end(json);
	}
	json_array_end(json);
	json_object_end(json);
}

static void write_zone(struct request *request, const struct zone *zone)
{
	struct json *json = &request->json;

	json_object_begin(json, NULL);
	json_add_string(json, "node", model_dim_label(request->model, DIM_NODE, zone->node));
	json_add_string(json, "zone", model_dim_label(request->model, DIM_ZONE, zone->zone));
	json_add_u64(json, "present_bytes", bytes(request, zone->present_pages));
	json_add_u64(json, "managed_bytes", bytes(request, zone->managed_pages));
	json_add_u64(json, "free_bytes", bytes(request, zone->free_pages));
	json_object_begin(json, "watermarks");
	json_add_u64(json, "min_bytes", bytes(request, zone->min_pages));
	json_add_u64(json, "low_bytes", bytes(request, zone->low_pages));
	json_add_u64(json, "high_bytes", bytes(request, zone->high_pages));
	json_object_end(json);
	json_array_begin(json, "orders");
	for (__u32 order = 0; order < model_dim_size(request->model, DIM_ORDER); order++)
		write_order(request, zone, order);
	json_array_end(json);
	write_pageblocks(request, zone);
	json_object_end(json);
}

/* --- history ---------------------------------------------------------------------------------- */

static void write_point(struct request *request, __u32 point)
{
	struct json *json = &request->json;

	json_object_begin(json, NULL);
	json_add_u64(json, "age_ns", age_ns(request, model_point_time_ns(request->model, point)));
	json_array_begin(json, "free_blocks");
	for (__u32 i = 0; i < model_nr_zones(request->model); i++) {
		const __u32 *nr_free = model_point_free(request->model, point, model_zone(request->model, i));

		if (!nr_free) {
			json_add_null(json, NULL);
			continue;
		}
		json_array_begin(json, NULL);
		for (__u32 order = 0; order < model_dim_size(request->model, DIM_ORDER); order++)
			json_add_u64(json, NULL, nr_free[order]);
		json_array_end(json);
	}
	json_array_end(json);
	json_object_end(json);
}

static void write_history(struct request *request)
{
	struct json *json = &request->json;

	json_object_begin(json, "history");
	json_add_u64(json, "interval_ns", HISTORY_STEP_NS);
	json_array_begin(json, "points");
	for (__u32 point = 0; point < model_nr_points(request->model); point++)
		write_point(request, point);
	json_array_end(json);
	json_object_end(json);
}

/* Of all zones alike, since it is a constant of the kernel. */
static void write_pageblock_order(struct request *request)
{
	for (__u32 i = 0; i < model_nr_zones(request->model); i++) {
		const struct zone *zone = model_zone(request->model, i);

		if (!zone->pageblocks_time_ns)
			continue;
		json_add_u64(&request->json, "page_block_order", zone->pageblock_order);
		return;
	}
	json_add_null(&request->json, "page_block_order");
}

void write_zones(struct request *request)
{
	json_add_u64(&request->json, "page_size_bytes", request->status.machine->page_size);
	write_pageblock_order(request);
	json_array_begin(&request->json, "zones");
	for (__u32 i = 0; i < model_nr_zones(request->model); i++)
		write_zone(request, model_zone(request->model, i));
	json_array_end(&request->json);
	if (request->query->v[API_HISTORY])
		write_history(request);
}
