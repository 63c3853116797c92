// SPDX-License-Identifier: GPL-2.0-or-later
/* memoir process PID --heap: how the command shows it. */
#include <stdio.h>
#include <string.h>

#include "../daemon/util.h"
#include "../exporters/human.h"
#include "address_space.h"
#include "command.h"
#include "histogram.h"
#include "view.h"

#define MAX_BAR 30
/* Arenas with a row of their own: those that have most resident. */
#define MAX_ROWS 12

/* --- tables ----------------------------------------------------------------------------------- */

static void add_row(struct table *table, const char *name, const json_t *figures, const char *note)
{
	static const char *const keys[] = { "bytes",      "resident_bytes",     "used_bytes",
					    "free_bytes", "largest_free_bytes", "trimmable_bytes" };

	table_cell(table, name);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		table_cell(table, human_bytes(reply_u64(figures, keys[i])).text);
	table_cell(table, note);
}

static const char *note_of(const json_t *arena)
{
	if (strcmp(reply_string(arena, "end"), "complete") != 0 || reply_u64(arena, "unseen_bytes"))
		return "in part";
	return reply_bool(arena, "changed") ? "in motion" : "";
}

static void show_arenas(const json_t *heap, size_t width, struct text *out)
{
	static const struct table_column columns[] = {
		{ .header = "ARENA", .min_width = 6 },
		{ .header = "SIZE", .align = TABLE_RIGHT, .min_width = 8 },
		{ .header = "RESIDENT", .align = TABLE_RIGHT, .min_width = 8 },
		{ .header = "HANDED OUT", .align = TABLE_RIGHT, .min_width = 8 },
		{ .header = "FREE", .align = TABLE_RIGHT, .min_width = 8 },
		{ .header = "LARGEST", .align = TABLE_RIGHT, .min_width = 8 },
		{ .header = "TRIMS", .align = TABLE_RIGHT, .min_width = 8 },
		{ .header = "", .is_flexible = true },
	};
	const json_t *arenas = reply_member(heap, "arenas");
	struct table table = TABLE_NEW(columns);
	size_t nr = json_array_size(arenas), i;
	char all[32];

	for (i = 0; i < nr && i < MAX_ROWS; i++) {
		const json_t *arena = json_array_get(arenas, i);

		add_row(&table, reply_string(arena, "kind"), arena, note_of(arena));
	}
	snprintf(all, sizeof(all), "all %zu", nr);
	add_row(&table, all, reply_member(heap, "all"), "");
	view_table(out, width, "Heap: what glibc's malloc has from the kernel, and what became of it",
		   &table);
	view_line(out, width,
		  "HANDED OUT and FREE are blocks with malloc's own bytes, resident or not; LARGEST");
	view_line(out, width, "is the largest free run, TRIMS what malloc_trim(0) would give back.");
}

static void show_runs(const json_t *heap, size_t width, struct text *out)
{
	static const struct table_column columns[] = {
		{ .header = "FREE RUN OF", .align = TABLE_RIGHT, .min_width = 15 },
		{ .header = "RUNS", .align = TABLE_RIGHT, .min_width = 7 },
		{ .header = "FREE", .align = TABLE_RIGHT, .min_width = 8 },
		{ .header = "RESIDENT", .align = TABLE_RIGHT, .min_width = 8 },
		{ .header = "", .is_flexible = true, .is_optional = true },
	};
	const json_t *runs = reply_member(heap, "free_runs");
	struct table table = TABLE_NEW(columns);
	uint64_t largest = 1;
	json_t *run;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)runs, i, run) if (reply_u64(run, "resident_bytes") > largest)
		largest = reply_u64(run, "resident_bytes");
	json_array_foreach((json_t *)(uintptr_t)runs, i, run)
	{
		struct text bar = {};
		char from[48];

		snprintf(from, sizeof(from), ">= %s", human_bytes(reply_u64(run, "min_bytes")).text);
		histogram_bar(reply_u64(run, "resident_bytes"), largest, MAX_BAR, &bar);
		table_cell(&table, from);
		table_cell(&table, human_count(reply_u64(run, "runs")).text);
		table_cell(&table, human_bytes(reply_u64(run, "bytes")).text);
		table_cell(&table, human_bytes(reply_u64(run, "resident_bytes")).text);
		table_cell(&table, bar.data ? bar.data : "");
		text_free(&bar);
	}
	view_table(out, width, NULL, &table);
}

/* --- fields ----------------------------------------------------------------------------------- */

static void show_handed_out(const json_t *heap, size_t width, struct text *out)
{
	const json_t *all = reply_member(heap, "all");
	uint64_t cached = reply_u64(reply_member(heap, "thread_caches"), "bytes");

	view_field(out, width, "Handed out", "at most %s in %s blocks: threads' caches have %s",
		   human_bytes(reply_u64(all, "used_bytes")).text,
		   human_count(reply_u64(all, "used_blocks")).text,
		   cached ? human_bytes(cached).text : "some");
}

static void show_mapped(const json_t *heap, size_t width, struct text *out)
{
	const json_t *mapped = reply_member(heap, "mapped_blocks");
	uint64_t bytes = reply_u64(mapped, "bytes"), found = reply_u64(mapped, "found_bytes");

	if (!json_is_object(mapped))
		view_field(out, width, "Large", "blocks in mappings of their own: unknown; not in the table");
	else if (bytes && found == bytes)
		view_field(out, width, "Large", "%s in %s mapping%s of their own, %s resident; not above",
			   human_bytes(bytes).text, human_count(reply_u64(mapped, "found")).text,
			   plural(reply_u64(mapped, "found")),
			   human_bytes(reply_u64(mapped, "found_resident_bytes")).text);
	else if (bytes)
		view_field(out, width, "Large",
			   "%s in mappings of their own, of which %s was found; not above",
			   human_bytes(bytes).text, human_bytes(found).text);
}

/* What is resident of the process, and in no heap of malloc's. */
static void show_elsewhere(const json_t *heap, size_t width, struct text *out)
{
	uint64_t anonymous = reply_u64(heap, "process_anonymous_bytes");
	uint64_t seen = reply_u64(reply_member(heap, "all"), "resident_bytes") +
			reply_u64(reply_member(heap, "mapped_blocks"), "found_resident_bytes");
	const json_t *others = reply_member(heap, "other_allocators");
	const char *other = json_string_value(json_array_get(others, 0));

	if (!reply_is_known(heap, "process_anonymous_bytes"))
		return;
	view_field(out, width, "Elsewhere", "%s anonymous and resident: data, stacks, what else it maps%s%s",
		   human_bytes(anonymous > seen ? anonymous - seen : 0).text, other ? "; it has " : "",
		   other ? other : "");
}

static void show_unknown(const json_t *heap, size_t width, struct text *out)
{
	static const struct {
		const char *end, *why;
	} whys[] = {
		{ "absent", ": sizes are on pages that are not in memory" },
		{ "strange", ": sizes make no sense" },
		{ "limit", ": the limit was reached" },
	};
	const json_t *all = reply_member(heap, "all"), *arenas = reply_member(heap, "arenas");
	uint64_t unknown = reply_u64(all, "unknown_bytes"), swapped = reply_u64(all, "swapped_bytes");
	const char *why = ": not in [heap] or a thread's heap";
	json_t *arena;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)arenas, i, arena)
	{
		unknown += reply_u64(arena, "unseen_bytes");
		for (size_t j = 0; j < ARRAY_SIZE(whys); j++)
			if (!strcmp(reply_string(arena, "end"), whys[j].end))
				why = whys[j].why;
	}
	if (unknown)
		view_field(out, width, "Unknown", "%s%s", human_bytes(unknown).text, why);
	if (swapped)
		view_field(out, width, "Swapped out", "%s", human_bytes(swapped).text);
	if (!reply_bool(heap, "all_arenas"))
		view_field(out, width, "Arenas", "more than these");
}

static void show_how_far(const json_t *heap, size_t width, struct text *out)
{
	const char *end = reply_string(heap, "end");
	bool is_complete = !strcmp(end, space_end_names[SPACE_COMPLETE]);

	view_field(out, width, "Read", "%s of CPU%s%s", human_ns(reply_u64(heap, "cpu_ns")).text,
		   is_complete ? "" : ", not to the end: ", is_complete ? "" : end);
}

/* What the numbers say together. */
static void show_meaning(const json_t *heap, size_t width, struct text *out)
{
	const json_t *all = reply_member(heap, "all");
	uint64_t resident = reply_u64(all, "resident_bytes") - reply_u64(all, "unknown_resident_bytes");
	uint64_t free_bytes = reply_u64(all, "free_resident_bytes");
	uint64_t whole = reply_u64(all, "whole_pages_bytes"), trims = reply_u64(all, "trimmable_bytes");
	struct text text = {};

	if (!resident)
		return;
	text_add_format(&text,
			"%s of the resident heap%s is free inside malloc: malloc_trim(0) would give back %s",
			human_percent((double)free_bytes / (double)resident).text,
			reply_u64(all, "unknown_bytes") ? ", as far as it is known," : "",
			trims ? human_bytes(trims).text : "nothing");
	if (whole > trims)
		text_add_format(&text, "; %s is kept at the ends of threads' heaps",
				human_bytes(whole - trims).text);
	if (free_bytes > whole)
		text_add_format(&text, "; %s is in fragments, on pages with blocks in use",
				human_bytes(free_bytes - whole).text);
	text_add(&text, ".");
	text_add(out, "\n");
	view_paragraph(out, width, 0, "", text.data ? text.data : "");
	text_free(&text);
}

void process_heap_show(const json_t *reply, size_t width, struct text *out)
{
	const json_t *heap = reply_member(reply, "heap");

	if (!json_is_object(heap))
		return;
	show_arenas(heap, width, out);
	show_runs(heap, width, out);
	text_add(out, "\n");
	show_handed_out(heap, width, out);
	show_mapped(heap, width, out);
	show_elsewhere(heap, width, out);
	show_unknown(heap, width, out);
	show_how_far(heap, width, out);
	show_meaning(heap, width, out);
}
