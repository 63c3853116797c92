// SPDX-License-Identifier: GPL-2.0-or-later
/* The stacks of a traced heap; see leaks_trace_stacks.h. */
#include "leaks_trace_stacks.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../daemon/util.h"
#include "../exporters/human.h"
#include "leak_stack.h"
#include "reply.h"
#include "view.h"

#define MAX_ROWS 10
/* Stacks that are shown with all their frames. */
#define MAX_WHOLE 3

/* How the frames of a stack were found: by the API's name, in a table, and in words. */
static const struct way {
	const char *name, *shown, *text;
} ways[] = { { "unwind_tables", "tables", "found by unwind tables" },
	     { "frame_pointers", "frames", "found by frame pointers: code without them is missing" },
	     { "call_site", "call site", "only the direct caller is known" } };

static const struct way *way_of(const json_t *stack)
{
	static const struct way unknown = { "", "", "its frames are not known" };
	const char *name = reply_string(reply_member(stack, "user_stack"), "found_by");

	for (size_t i = 0; i < ARRAY_SIZE(ways); i++)
		if (!strcmp(name, ways[i].name))
			return &ways[i];
	return &unknown;
}

void leaks_trace_add_not_freed(struct table *table, const json_t *row)
{
	uint64_t bytes = reply_u64(row, "outstanding_bytes"),
		 error = reply_u64(row, "outstanding_bytes_error");
	char text[80];

	snprintf(text, sizeof(text), "%s%s%s", human_bytes(bytes).text, error ? "+-" : "",
		 error ? human_percent((double)error / (double)bytes).text : "");
	table_cell(table, text);
}

static void add_place(struct table *table, const json_t *stack)
{
	struct text place = {};

	leak_stack_add_place(&place, stack);
	if (!place.len)
		text_add(&place, "(there was no room for its stack)");
	table_cell(table, place.is_failed ? "" : place.data);
	text_free(&place);
}

static void show_stacks(const json_t *stacks, size_t width, struct text *out)
{
	static const struct table_column columns[] = {
		{ .header = "NOT FREED", .align = TABLE_RIGHT },
		{ .header = "COUNT", .align = TABLE_RIGHT },
		{ .header = "OLDEST", .align = TABLE_RIGHT },
		{ .header = "ALLOCATED", .align = TABLE_RIGHT },
		{ .header = "TIMES", .align = TABLE_RIGHT },
		{ .header = "FOUND BY", .is_optional = true },
		{ .header = "WHERE", .is_flexible = true },
	};
	struct table table = TABLE_NEW(columns);
	json_t *stack;
	size_t i;

	table.gap = 1;
	json_array_foreach((json_t *)(uintptr_t)stacks, i, stack)
	{
		if (i == MAX_ROWS || !reply_u64(stack, "outstanding"))
			break;
		leaks_trace_add_not_freed(&table, stack);
		table_cell(&table, human_count(reply_u64(stack, "outstanding")).text);
		table_cell(&table, human_duration(reply_u64(stack, "oldest_ns")).text);
		table_cell(&table, human_bytes(reply_u64(stack, "allocated_bytes")).text);
		table_cell(&table, human_count(reply_u64(stack, "allocations")).text);
		table_cell(&table, way_of(stack)->shown);
		add_place(&table, stack);
	}
	view_table(out, width, "Not freed, by where it was allocated:", &table);
}

/* What a row of a table has no room for. */
static void show_whole_stacks(const json_t *stacks, size_t width, struct text *out)
{
	json_t *stack;
	size_t i, nr = 0;

	json_array_foreach((json_t *)(uintptr_t)stacks, i, stack)
	{
		if (nr == MAX_WHOLE || !reply_u64(stack, "outstanding"))
			break;
		text_add(out, "\n");
		view_line(out, width, "%zu. %s not freed; %s:", ++nr,
			  human_bytes(reply_u64(stack, "outstanding_bytes")).text, way_of(stack)->text);
		leak_stack_add_backtrace(out, stack);
	}
}

void leaks_trace_show_stacks(const json_t *stacks, size_t width, struct text *out)
{
	show_stacks(stacks, width, out);
	show_whole_stacks(stacks, width, out);
}
