// SPDX-License-Identifier: GPL-2.0-or-later
/* Who fragments memory, and who pays for it; see holders.h. */
#include "holders.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../exporters/human.h"
#include "reply.h"
#include "view.h"

#define MAX_ROWS 5

static void add_pid(struct table *table, const json_t *row)
{
	char pid[24];

	snprintf(pid, sizeof(pid), "%" PRIu64, reply_u64(row, "pid"));
	table_cell(table, pid);
}

/* --- holders ---------------------------------------------------------------------------------- */

static const char *first_callers(const json_t *owner)
{
	const json_t *stack = json_array_get(reply_member(owner, "stacks"), 0);

	return stack ? reply_string(stack, "callers") : "";
}

static void add_owner(struct table *table, const json_t *owner)
{
	char spoiled[80];

	snprintf(spoiled, sizeof(spoiled), "%s+-%s",
		 human_count(human_round(reply_double(owner, "spoiled_blocks"))).text,
		 human_count(human_round(reply_double(owner, "spoiled_blocks_error"))).text);
	add_pid(table, owner);
	table_cell(table, reply_string(owner, "comm"));
	table_cell(table, human_bytes(reply_u64(owner, "bytes")).text);
	table_cell(table, reply_string(owner, "migratetype"));
	table_cell(table, reply_is_known(owner, "spoiled_blocks") ? spoiled : "-");
	table_cell(table, human_duration(reply_u64(owner, "mean_age_ns")).text);
	table_cell(table, first_callers(owner));
}

/* "9% +- 1.8%" */
static void share_text(const json_t *census, const char *share, const char *error, char *ret, size_t size)
{
	snprintf(ret, size, "%s +- %s", human_percent(reply_double(census, share)).text,
		 human_percent(reply_double(census, error)).text);
}

static void show_census(const json_t *holders, size_t width, struct text *out)
{
	json_t *census;
	size_t i;

	json_array_foreach(reply_member(holders, "census"), i, census)
	{
		char mixed[80], spoiled[80];

		share_text(census, "mixed_share", "mixed_share_error", mixed, sizeof(mixed));
		share_text(census, "spoiled_share", "spoiled_share_error", spoiled, sizeof(spoiled));
		view_line(out, width, "Node %s: %s of pageblocks are mixed, %s spoiled",
			  reply_string(census, "node"), mixed, spoiled);
	}
}

void holders_show(const json_t *reply, size_t width, struct text *out)
{
	static const struct table_column columns[] = {
		{ .header = "PID", .align = TABLE_RIGHT },      { .header = "COMM" },
		{ .header = "HOLDS", .align = TABLE_RIGHT },    { .header = "TYPE" },
		{ .header = "SPOILS", .align = TABLE_RIGHT },   { .header = "AGE", .align = TABLE_RIGHT },
		{ .header = "MOST FROM", .is_flexible = true },
	};
	const json_t *holders = reply_member(reply, "holders");
	struct table table = TABLE_NEW(columns);
	size_t i, nr = 0;
	json_t *owner;

	table.gap = 1;
	json_array_foreach(reply_member(holders, "owners"), i, owner)
	{
		bool is_other = !strcmp(reply_string(owner, "owner"), "other");

		if (nr == MAX_ROWS || is_other || !strcmp(reply_string(owner, "migratetype"), "movable"))
			continue;
		add_owner(&table, owner);
		nr++;
	}
	view_table(out, width,
		   "Who holds what cannot be moved, and how many huge pages that spoils:", &table);
	if (reply_string(holders, "reason")[0] || reply_string(holders, "blocks_reason")[0])
		view_line(out, width, "Not visible here: %s%s", reply_string(holders, "reason"),
			  reply_string(holders, "blocks_reason"));
	show_census(holders, width, out);
}

/* --- fallback allocations --------------------------------------------------------------------- */

void fallbacks_show(const json_t *reply, size_t width, struct text *out)
{
	static const struct table_column columns[] = {
		{ .header = "PID", .align = TABLE_RIGHT },
		{ .header = "COMM" },
		{ .header = "TIMES", .align = TABLE_RIGHT },
		{ .header = "WANTED" },
		{ .header = "TOOK" },
		{ .header = "FROM", .is_flexible = true },
	};
	struct table table = TABLE_NEW(columns);
	json_t *stack;
	size_t i;

	table.gap = 1;
	json_array_foreach(reply_member(reply, "fallback_stacks"), i, stack)
	{
		if (i == MAX_ROWS)
			break;
		add_pid(&table, stack);
		table_cell(&table, reply_string(stack, "comm"));
		table_cell(&table, human_count(reply_u64(stack, "count")).text);
		table_cell(&table, reply_string(stack, "migratetype"));
		table_cell(&table, reply_string(stack, "fallback_migratetype"));
		table_cell(&table, reply_string(stack, "callers"));
	}
	view_table(out, width,
		   "Who took pages of another migratetype than wanted, since the probes came:", &table);
}

/* --- huge pages ------------------------------------------------------------------------------- */

/* "WHAT NAME COUNT, ..." of the rows that have counted; nothing if none has. */
static void show_counts(struct text *out, size_t width, const char *what, const json_t *rows,
			const char *name)
{
	struct text counts = {};
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		if (reply_u64(row, "count"))
			text_add_format(&counts, "%s%s %s", counts.len ? ", " : "", reply_string(row, name),
					human_count(reply_u64(row, "count")).text);
	}
	if (counts.len)
		view_paragraph(out, width, 0, what, counts.data);
	out->is_failed |= counts.is_failed;
	text_free(&counts);
}

void huge_pages_show(const json_t *reply, size_t width, struct text *out)
{
	const json_t *huge_pages = reply_member(reply, "huge_pages");
	struct text lines = {};

	show_counts(&lines, width, "Huge pages since boot:", reply_member(huge_pages, "events"), "event");
	show_counts(&lines, width, "Attempts to collapse:", reply_member(huge_pages, "collapses"), "result");
	show_counts(&lines, width, "Pages moved, by reason:", reply_member(reply, "migrated"), "reason");
	if (lines.len) {
		text_add(out, "\n");
		text_add(out, lines.data);
	}
	out->is_failed |= lines.is_failed;
	text_free(&lines);
}
