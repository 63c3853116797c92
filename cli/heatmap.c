// SPDX-License-Identifier: GPL-2.0-or-later
/* The free blocks of a zone as a picture; see heatmap.h. */
#include "heatmap.h"

#include <inttypes.h>
#include <stdio.h>

#include "../exporters/human.h"
#include "reply.h"
#include "view.h"

/* "   9 " before a row, " 12345" behind it. */
#define LABEL_WIDTH 5
#define COUNT_WIDTH 7

/* Of none, 1 and more, 4 and more, 16 and more: each sign is for four times as many as the one before. */
static const char shades[] = " .:-=+*#%@";

static char shade(uint64_t nr_blocks)
{
	size_t i = 0;

	for (; nr_blocks && i < sizeof(shades) - 2; nr_blocks /= 4)
		i++;
	return shades[i];
}

char heatmap_share(double share)
{
	size_t darkest = sizeof(shades) - 2;

	if (!(share > 0))
		return shades[0];
	for (size_t i = 1; i < darkest; i++)
		if (share * (double)darkest <= (double)i)
			return shades[i];
	return shades[darkest];
}

/* Points of a history, several to a column where there are more than columns. */
struct columns {
	const json_t *points;
	size_t nr_points, points_per_column, nr_columns;
};

static struct columns columns_of(const json_t *reply, size_t width)
{
	size_t room = width > LABEL_WIDTH + COUNT_WIDTH ? width - LABEL_WIDTH - COUNT_WIDTH : 1;
	struct columns columns = { .points = reply_member(reply_member(reply, "history"), "points") };

	columns.nr_points = json_array_size(columns.points);
	columns.points_per_column = (columns.nr_points + room - 1) / room;
	if (columns.nr_points)
		columns.nr_columns = (columns.nr_points + columns.points_per_column - 1) /
				     columns.points_per_column;
	return columns;
}

/* The fewest blocks of the column's points, or false where none of them knows. */
static bool fewest(const struct columns *columns, size_t column, size_t zone, size_t order, uint64_t *ret)
{
	size_t begin = column * columns->points_per_column, end = begin + columns->points_per_column;
	bool is_known = false;

	for (size_t i = begin; i < end && i < columns->nr_points; i++) {
		const json_t *zones = reply_member(json_array_get(columns->points, i), "free_blocks");
		const json_t *count = json_array_get(json_array_get(zones, zone), order);
		uint64_t nr_blocks = json_is_integer(count) ? (uint64_t)json_integer_value(count) : 0;

		if (!json_is_integer(count) || (is_known && nr_blocks >= *ret))
			continue;
		*ret = nr_blocks;
		is_known = true;
	}
	return is_known;
}

static void add_row(struct text *out, const struct columns *columns, size_t zone, size_t order, uint64_t now)
{
	text_add_format(out, "%*zu ", LABEL_WIDTH - 1, order);
	for (size_t column = 0; column < columns->nr_columns; column++) {
		uint64_t nr_blocks = 0;
		char sign = fewest(columns, column, zone, order, &nr_blocks) ? shade(nr_blocks) : '?';

		text_add_bytes(out, &sign, 1);
	}
	text_add_format(out, " %s\n", human_count(now).text);
}

static void add_zone(struct text *out, size_t width, const struct columns *columns, const json_t *zones,
		     size_t i)
{
	const json_t *zone = json_array_get(zones, i), *orders = reply_member(zone, "orders");
	uint64_t age_ns = reply_u64(json_array_get(columns->points, 0), "age_ns");

	view_line(out, width, "Node %s, zone %s: free blocks by order, the last %s",
		  reply_string(zone, "node"), reply_string(zone, "zone"), human_duration(age_ns).text);
	for (size_t order = json_array_size(orders); order-- > 0;)
		add_row(out, columns, i, order, reply_u64(json_array_get(orders, order), "free_blocks"));
}

/* Whether a zone comes before another: the larger one does, and of two alike the first. */
static bool is_before(const json_t *zones, size_t a, size_t b)
{
	uint64_t size_a = reply_u64(json_array_get(zones, a), "managed_bytes");
	uint64_t size_b = reply_u64(json_array_get(zones, b), "managed_bytes");

	return size_a != size_b ? size_a > size_b : a < b;
}

void heatmap_add(struct text *out, size_t width, const json_t *reply)
{
	const json_t *zones = reply_member(reply, "zones");
	struct columns columns = columns_of(reply, width);
	size_t nr = json_array_size(zones), shown = nr;

	if (!columns.nr_points) {
		view_line(out, width, "No history of free memory yet.");
		return;
	}
	for (size_t turn = 0; turn < nr; turn++) {
		size_t next = nr;

		for (size_t i = 0; i < nr; i++)
			if ((turn == 0 || is_before(zones, shown, i)) &&
			    (next == nr || is_before(zones, i, next)))
				next = i;
		add_zone(out, width, &columns, zones, next);
		shown = next;
	}
}

void heatmap_add_legend(struct text *out, size_t width)
{
	struct text legend = {};
	uint64_t least = 1;

	for (size_t i = 1; i < sizeof(shades) - 1; i++, least *= 4)
		text_add_format(&legend, "%s%c %s", i > 1 ? "  " : "blocks: ", shades[i],
				human_count(least).text);
	view_line(out, width, "%s or more", legend.data ? legend.data : "");
	out->is_failed |= legend.is_failed;
	text_free(&legend);
}
