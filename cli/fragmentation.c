// SPDX-License-Identifier: GPL-2.0-or-later
/* memoir fragmentation: what is free in each zone, and whether an allocation of each order would succeed. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../exporters/human.h"
#include "command.h"
#include "holders.h"
#include "view.h"

/* As people say it of what is itself an estimate: one unit. */
static void about(double seconds, char *ret, size_t size)
{
	static const struct {
		double seconds, most;
		const char *unit;
	} units[] = { { 1, 90, "s" }, { 60, 90 * 60.0, "m" }, { 3600, 48 * 3600.0, "h" } };

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (seconds >= units[i].most)
			continue;
		snprintf(ret, size, "%" PRIu64 "%s", human_round(seconds / units[i].seconds), units[i].unit);
		return;
	}
	snprintf(ret, size, "%" PRIu64 "d", human_round(seconds / 86400));
}

static void trend_words(const json_t *order, char *ret, size_t size)
{
	const json_t *trend = reply_member(order, "trend");
	double per_hour = reply_signed_double(trend, "per_hour");
	char from[32], to[32];

	if (!json_is_object(trend)) {
		snprintf(ret, size, "-");
	} else if (!reply_bool(trend, "is_significant") || per_hour == 0) {
		snprintf(ret, size, "steady");
	} else if (per_hour > 0) {
		snprintf(ret, size, "+%s/h", human_rate(per_hour).text);
	} else {
		about(reply_double(trend, "seconds_left_low"), from, sizeof(from));
		about(reply_double(trend, "seconds_left_high"), to, sizeof(to));
		if (reply_is_known(trend, "seconds_left_high"))
			snprintf(ret, size, "-%s/h, none left in %s to %s", human_rate(-per_hour).text, from,
				 to);
		else
			snprintf(ret, size, "-%s/h, none left in %s or more", human_rate(-per_hour).text,
				 from);
	}
}

/* A power of two: no digits behind a point. */
static void block_size(uint64_t bytes, char *ret, size_t size)
{
	if (bytes < 1 << 20)
		snprintf(ret, size, "%" PRIu64 "KiB", bytes >> 10);
	else
		snprintf(ret, size, "%" PRIu64 "MiB", bytes >> 20);
}

static void show_orders(const json_t *reply, const json_t *zone, size_t width, struct text *out)
{
	static const struct table_column columns[] = {
		{ .header = "ORDER", .align = TABLE_RIGHT },
		{ .header = "SIZE", .align = TABLE_RIGHT, .min_width = 6 },
		{ .header = "FREE", .align = TABLE_RIGHT, .min_width = 5 },
		{ .header = "AVAILABLE", .align = TABLE_RIGHT },
		{ .header = "UNUSABLE", .align = TABLE_RIGHT },
		{ .header = "INDEX", .align = TABLE_RIGHT, .min_width = 8 },
		{ .header = "TREND", .is_flexible = true },
	};
	uint64_t page_bytes = reply_u64(reply, "page_size_bytes");
	struct table table = TABLE_NEW(columns);
	json_t *order;
	size_t i;

	table.gap = 1;
	json_array_foreach(reply_member(zone, "orders"), i, order)
	{
		uint64_t number = reply_u64(order, "order");
		char text[128];

		snprintf(text, sizeof(text), "%" PRIu64, number);
		table_cell(&table, text);
		block_size(number < 32 ? page_bytes << number : 0, text, sizeof(text));
		table_cell(&table, text);
		table_cell(&table, human_count(reply_u64(order, "free_blocks")).text);
		table_cell(&table, human_count(reply_u64(order, "available_blocks")).text);
		snprintf(text, sizeof(text), "%.3f", reply_double(order, "unusable"));
		table_cell(&table, text);
		snprintf(text, sizeof(text), "%.3f", reply_signed_double(order, "fragmentation_index"));
		table_cell(&table, reply_is_known(order, "fragmentation_index") ? text : "succeeds");
		trend_words(order, text, sizeof(text));
		table_cell(&table, text);
	}
	table_render(&table, width, out);
	out->is_failed |= table.cells.is_failed;
	table_free(&table);
}

static void show_pageblocks(const json_t *reply, const json_t *zone, size_t width, struct text *out)
{
	const json_t *pageblocks = reply_member(zone, "pageblocks");
	uint64_t order = reply_u64(reply, "page_block_order");
	struct text list = {};
	char size[32];
	json_t *type;
	size_t i;

	if (!json_is_object(pageblocks)) {
		view_line(out, width, "Pageblocks: not visible here");
		return;
	}
	json_array_foreach(reply_member(pageblocks, "types"), i, type)
	{
		if (reply_u64(type, "count"))
			text_add_format(&list, "%s %s %s", list.len ? "," : "",
					human_count(reply_u64(type, "count")).text,
					reply_string(type, "migratetype"));
	}
	block_size(order < 32 ? reply_u64(reply, "page_size_bytes") << order : 0, size, sizeof(size));
	view_line(out, width, "Pageblocks of %s:%s, %s ago", size, list.data ? list.data : " none",
		  human_duration(reply_u64(pageblocks, "age_ns")).text);
	out->is_failed |= list.is_failed;
	text_free(&list);
}

static void show_zone(const json_t *reply, const json_t *zone, size_t width, struct text *out)
{
	const json_t *watermarks = reply_member(zone, "watermarks");

	text_add(out, "\n");
	view_line(out, width, "Node %s, zone %s: %s free of %s", reply_string(zone, "node"),
		  reply_string(zone, "zone"), human_bytes(reply_u64(zone, "free_bytes")).text,
		  human_bytes(reply_u64(zone, "managed_bytes")).text);
	view_line(out, width, "Watermarks: min %s, low %s, high %s",
		  human_bytes(reply_u64(watermarks, "min_bytes")).text,
		  human_bytes(reply_u64(watermarks, "low_bytes")).text,
		  human_bytes(reply_u64(watermarks, "high_bytes")).text);
	show_orders(reply, zone, width, out);
	show_pageblocks(reply, zone, width, out);
}

int fragmentation_view(struct cli *cli, const json_t *reply, struct text *out)
{
	size_t width = output_width(), i;
	json_t *zone;

	(void)cli;
	view_field(out, width, "Snapshot", "%s old",
		   human_ns(reply_u64(reply_member(reply, "snapshot"), "age_ns")).text);
	json_array_foreach(reply_member(reply, "zones"), i, zone) show_zone(reply, zone, width, out);
	if (!json_array_size(reply_member(reply, "zones"))) {
		view_line(out, width, "What is free in each zone is not visible here.");
		return EXIT_OK;
	}
	text_add(out, "\n");
	view_line(out, width,
		  "FREE: blocks of this size. AVAILABLE: those that all free memory could be split");
	view_line(out, width,
		  "into. UNUSABLE: share of it in smaller blocks. INDEX: why an allocation would");
	view_line(out, width, "fail: 0 for lack of memory, 1 because of fragmentation. TREND: of AVAILABLE.");
	holders_show(reply, width, out);
	fallbacks_show(reply, width, out);
	huge_pages_show(reply, width, out);
	return EXIT_OK;
}
