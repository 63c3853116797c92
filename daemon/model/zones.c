/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The zones of physical memory: what is free in each, and what that means for an allocation of each order.
 * How it was before is in history.c.
 */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "contig.h"

/* No zone has more than this machine could; a thousand times that does not overflow. */
#define MAX_ZONE_PAGES MAX_PAGES

#define MIN_CAPACITY 8u

static const enum metric zone_metrics[] = {
	METRIC_FREE_BLOCKS,         METRIC_AVAILABLE_BLOCKS, METRIC_UNUSABLE_FREE,
	METRIC_FRAGMENTATION_INDEX, METRIC_PAGEBLOCKS,
};

static __u32 nr_keys(const struct shape *shape)
{
	return shape->sizes[DIM_NODE] * shape->sizes[DIM_ZONE];
}

void zones_free(struct model *model)
{
	struct zones *zones = &model->zones;

	history_free(&zones->history, nr_keys(&model->shape));
	free(zones->shown);
	free(zones->pending);
}

/* --- records ---------------------------------------------------------------------------------- */

static bool is_sane(const struct shape *shape, const struct rec_zone *rec)
{
	__u64 free_pages = 0;

	if (rec->node >= shape->sizes[DIM_NODE] || rec->zone >= shape->sizes[DIM_ZONE] ||
	    rec->present_pages > MAX_ZONE_PAGES || rec->managed_pages > MAX_ZONE_PAGES ||
	    rec->min_pages > MAX_ZONE_PAGES || rec->low_pages > MAX_ZONE_PAGES ||
	    rec->high_pages > MAX_ZONE_PAGES)
		return false;
	for (__u32 order = 0; order < REC_MAX_ORDERS; order++) {
		if (rec->nr_free[order] > (order < shape->sizes[DIM_ORDER] ? MAX_ZONE_PAGES >> order : 0))
			return false;
		free_pages += rec->nr_free[order] << order;
	}
	return free_pages <= MAX_ZONE_PAGES;
}

static int grow(struct zones *zones)
{
	__u32 capacity = zones->capacity ? 2 * zones->capacity : MIN_CAPACITY;
	struct zone *shown, *pending;

	shown = realloc(zones->shown, capacity * sizeof(*shown));
	if (shown)
		zones->shown = shown;
	pending = realloc(zones->pending, capacity * sizeof(*pending));
	if (pending)
		zones->pending = pending;
	if (!shown || !pending)
		return -ENOMEM;
	zones->capacity = capacity;
	return 0;
}

int apply_zone(struct model *model, const struct rec_header *h)
{
	const struct rec_zone *rec = (const struct rec_zone *)h;
	const struct shape *shape = &model->shape;
	struct zones *zones = &model->zones;
	const struct zone *last = zones->nr_pending ? &zones->pending[zones->nr_pending - 1] : NULL;
	struct zone *zone;
	__u32 key;
	int err;

	if (!is_sane(shape, rec))
		return -EINVAL;
	key = zone_key(shape, rec->node, rec->zone);
	if (last && key <= zone_key(shape, last->node, last->zone))
		return -EINVAL;
	err = history_reserve(&zones->history, nr_keys(shape), key, shape->sizes[DIM_ORDER]);
	if (!err && zones->nr_pending == zones->capacity)
		err = grow(zones);
	if (err)
		return err;
	zone = &zones->pending[zones->nr_pending++];
	*zone = (struct zone){
		.node = rec->node,
		.zone = rec->zone,
		.present_pages = rec->present_pages,
		.managed_pages = rec->managed_pages,
		.min_pages = rec->min_pages,
		.low_pages = rec->low_pages,
		.high_pages = rec->high_pages,
	};
	memcpy(zone->nr_free, rec->nr_free, sizeof(zone->nr_free));
	for (__u32 order = 0; order < shape->sizes[DIM_ORDER]; order++)
		zone->free_pages += rec->nr_free[order] << order;
	return 0;
}

int apply_pageblocks(struct model *model, const struct rec_header *h)
{
	const struct rec_pageblocks *rec = (const struct rec_pageblocks *)h;
	struct zones *zones = &model->zones;
	struct zone *zone = zones->nr_pending ? &zones->pending[zones->nr_pending - 1] : NULL;

	if (!zone || rec->node != zone->node || rec->zone != zone->zone || !h->time_ns ||
	    rec->pageblock_order >= REC_MAX_ORDERS)
		return -EINVAL;
	for (__u32 i = 0; i < REC_MAX_MIGRATETYPES; i++)
		if (rec->nr[i] > (i < model->shape.sizes[DIM_MIGRATETYPE] ? MAX_ZONE_PAGES : 0))
			return -EINVAL;
	zone->pageblocks_time_ns = h->time_ns;
	zone->pageblock_order = rec->pageblock_order;
	memcpy(zone->pageblocks, rec->nr, sizeof(zone->pageblocks));
	return 0;
}

/* --- the end of a snapshot -------------------------------------------------------------------- */

void zones_clear_cells(struct shape *shape)
{
	for (size_t i = 0; i < sizeof(zone_metrics) / sizeof(zone_metrics[0]); i++)
		metric_clear(shape, zone_metrics[i]);
}

static void set_cell(struct shape *shape, enum metric metric, const struct zone *zone, __u32 last,
		     __u64 value)
{
	const struct cube *cube = &shape->cubes[metric];

	metric_cells(shape, metric)[zone->node * cube->stride[0] + zone->zone * cube->stride[1] +
				    last * cube->stride[2]] = value;
}

static void show_cells(struct model *model, const struct zone *zone)
{
	struct shape *shape = &model->shape;

	for (__u32 order = 0; order < shape->sizes[DIM_ORDER]; order++) {
		set_cell(shape, METRIC_FREE_BLOCKS, zone, order, zone->nr_free[order]);
		set_cell(shape, METRIC_AVAILABLE_BLOCKS, zone, order, zone_available(model, zone, order));
		set_cell(shape, METRIC_UNUSABLE_FREE, zone, order, zone_unusable(model, zone, order));
		set_cell(shape, METRIC_FRAGMENTATION_INDEX, zone, order,
			 zone_fragmentation(model, zone, order));
	}
	for (__u32 i = 0; zone->pageblocks_time_ns && i < shape->sizes[DIM_MIGRATETYPE]; i++)
		set_cell(shape, METRIC_PAGEBLOCKS, zone, i, zone->pageblocks[i]);
}

void zones_end(struct model *model)
{
	struct zones *zones = &model->zones;
	struct zone *pending = zones->pending;

	zones->pending = zones->shown;
	zones->shown = pending;
	zones->nr_shown = zones->nr_pending;
	zones->nr_pending = 0;
	zones_clear_cells(&model->shape);
	for (__u32 i = 0; i < zones->nr_shown; i++)
		show_cells(model, &zones->shown[i]);
	history_end(model);
}

/* --- accessors -------------------------------------------------------------------------------- */

__u32 model_nr_zones(const struct model *model)
{
	return model->zones.nr_shown;
}

const struct zone *model_zone(const struct model *model, __u32 index)
{
	return index < model->zones.nr_shown ? &model->zones.shown[index] : NULL;
}

static struct contig_page_info info_of(const struct model *model, const struct zone *zone, __u32 order)
{
	struct contig_page_info info;

	contig_page_info(zone->nr_free, model->shape.sizes[DIM_ORDER], order, &info);
	return info;
}

__u64 zone_available(const struct model *model, const struct zone *zone, __u32 order)
{
	return info_of(model, zone, order).free_blocks_suitable;
}

__u64 zone_unusable(const struct model *model, const struct zone *zone, __u32 order)
{
	const struct contig_page_info info = info_of(model, zone, order);

	return contig_unusable(&info, order);
}

__u64 zone_fragmentation(const struct model *model, const struct zone *zone, __u32 order)
{
	const struct contig_page_info info = info_of(model, zone, order);

	return contig_fragmentation(&info, order);
}
