/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the free memory of each zone developed: its free blocks by order at points in the last hour, in memory
 * that is allocated once for each zone, and the trend of what could be allocated.
 */
#include "internal.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "contig.h"
#include "trend.h"

#define SECONDS_PER_HOUR 3600.0

/* --- points ----------------------------------------------------------------------------------- */

void history_free(struct history *history, __u32 nr_keys)
{
	for (__u32 key = 0; history->zones && key < nr_keys; key++)
		free(history->zones[key].nr_free);
	free(history->zones);
}

int history_reserve(struct history *history, __u32 nr_keys, __u32 key, __u32 nr_orders)
{
	struct zone_history *zone;

	if (!history->zones)
		history->zones = calloc(nr_keys, sizeof(*history->zones));
	if (!history->zones)
		return -ENOMEM;
	zone = &history->zones[key];
	if (!zone->nr_free)
		zone->nr_free = calloc((size_t)HISTORY_POINTS * nr_orders, sizeof(*zone->nr_free));
	return zone->nr_free ? 0 : -ENOMEM;
}

static __u64 point_time_ns(const struct history *history, __u64 number)
{
	return history->time_ns[number % HISTORY_POINTS];
}

static void add_zone(struct history *history, const struct shape *shape, const struct zone *zone)
{
	struct zone_history *of = &history->zones[zone_key(shape, zone->node, zone->zone)];
	__u32 *row = of->nr_free + history->next % HISTORY_POINTS * shape->sizes[DIM_ORDER];

	for (__u32 order = 0; order < shape->sizes[DIM_ORDER]; order++)
		row[order] = zone->nr_free[order] < UINT32_MAX ? (__u32)zone->nr_free[order] : UINT32_MAX;
	if (of->next != history->next)
		of->first = history->next;
	of->next = history->next + 1;
}

void history_end(struct model *model)
{
	struct history *history = &model->zones.history;
	__u64 time_ns = model->status.time_ns;

	if (history->next > history->first) {
		__u64 last_ns = point_time_ns(history, history->next - 1);

		/* Where the clock went back, the points before it are not to be compared with. */
		if (time_ns < last_ns)
			history->first = history->next;
		else if (time_ns - last_ns < HISTORY_STEP_NS)
			return;
	}
	for (__u32 i = 0; i < model->zones.nr_shown; i++)
		add_zone(history, &model->shape, &model->zones.shown[i]);
	history->time_ns[history->next++ % HISTORY_POINTS] = time_ns;
	if (history->next - history->first > HISTORY_POINTS)
		history->first = history->next - HISTORY_POINTS;
}

__u32 model_nr_points(const struct model *model)
{
	return (__u32)(model->zones.history.next - model->zones.history.first);
}

__u64 model_point_time_ns(const struct model *model, __u32 point)
{
	const struct history *history = &model->zones.history;

	return point < model_nr_points(model) ? point_time_ns(history, history->first + point) : 0;
}

const __u32 *model_point_free(const struct model *model, __u32 point, const struct zone *zone)
{
	const struct history *history = &model->zones.history;
	const struct shape *shape = &model->shape;
	const struct zone_history *of = &history->zones[zone_key(shape, zone->node, zone->zone)];
	__u64 number = history->first + point;

	if (point >= model_nr_points(model) || number < of->first || number >= of->next)
		return NULL;
	return of->nr_free + number % HISTORY_POINTS * shape->sizes[DIM_ORDER];
}

/* --- trends ----------------------------------------------------------------------------------- */

/* The available blocks of an order at a point; NULL of model_point_free() is the caller's to know. */
static double available_at(const __u32 *nr_free, __u32 nr_orders, __u32 order)
{
	double available = 0;

	for (__u32 i = order; i < nr_orders; i++)
		available += (double)((__u64)nr_free[i] << (i - order));
	return available;
}

/* The last points of a zone that follow each other up to the newest; returns how many. */
static __u32 last_points(const struct model *model, const struct zone *zone, __u32 order,
			 struct trend_point ret[TREND_MAX_POINTS])
{
	__u32 nr_points = model_nr_points(model), nr = 0;
	__u32 from = nr_points > TREND_MAX_POINTS ? nr_points - TREND_MAX_POINTS : 0;

	for (__u32 point = from; point < nr_points; point++) {
		const __u32 *nr_free = model_point_free(model, point, zone);

		if (!nr_free)
			continue;
		ret[nr++] = (struct trend_point){
			.t = (double)(model_point_time_ns(model, point) - model_point_time_ns(model, from)) /
			     1e9,
			.value = available_at(nr_free, model->shape.sizes[DIM_ORDER], order),
		};
	}
	return nr;
}

/* Infinite where it does not shrink. */
static double seconds_until_none(double available, double per_second)
{
	return per_second < 0 ? available / -per_second : __builtin_inf();
}

bool model_zone_trend(const struct model *model, const struct zone *zone, __u32 order, struct zone_trend *ret)
{
	struct trend_point points[TREND_MAX_POINTS];
	__u32 nr = last_points(model, zone, order, points);
	double available = (double)zone_available(model, zone, order);
	struct trend trend;

	if (nr < TREND_FAIR_POINTS || !trend_estimate(points, nr, &trend))
		return false;
	*ret = (struct zone_trend){
		.per_hour = trend.slope * SECONDS_PER_HOUR,
		.per_hour_low = trend.low * SECONDS_PER_HOUR,
		.per_hour_high = trend.high * SECONDS_PER_HOUR,
		.is_significant = trend.is_significant,
		.seconds_left = __builtin_inf(),
		.seconds_left_low = __builtin_inf(),
		.seconds_left_high = __builtin_inf(),
	};
	if (trend.is_significant && trend.slope < 0) {
		ret->seconds_left = seconds_until_none(available, trend.slope);
		ret->seconds_left_low = seconds_until_none(available, trend.low);
		ret->seconds_left_high = seconds_until_none(available, trend.high);
	}
	return true;
}
