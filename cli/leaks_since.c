// SPDX-License-Identifier: GPL-2.0-or-later
/* What changed between two answers about leaks; see leaks_since.h. */
#include "leaks_since.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../daemon/model/model.h"
#include "../exporters/human.h"
#include "leak_stack.h"
#include "leaks_changes.h"
#include "reply.h"
#include "view.h"

#define MAX_ROWS 10

/* Up to these, an error is less than 2^64: of so many samples, of so many bytes each. */
#define MAX_SAMPLES (1ULL << 40)
#define MAX_SAMPLE_BYTES (1ULL << 32)

const char *leaks_since_problem(const json_t *then, const json_t *now)
{
	if (!json_is_object(then) || !json_is_array(reply_member(then, "sizes")))
		return "it is no answer of memoir leaks --json";
	if (!reply_string(then, "boot_id")[0] || !reply_string(now, "boot_id")[0])
		return "it does not say of which boot it is";
	if (strcmp(reply_string(then, "boot_id"), reply_string(now, "boot_id")) != 0)
		return "it is of another boot, or of another machine";
	if (reply_u64(then, "time_ns") > reply_u64(now, "time_ns"))
		return "it is later than what it is compared with";
	return NULL;
}

/* --- tables ----------------------------------------------------------------------------------- */

static const json_t *either(const struct change *change)
{
	return change->now ? change->now : change->then;
}

static void change_cell(struct table *table, const struct change *change)
{
	uint64_t size = change->bytes < 0 ? -(uint64_t)change->bytes : (uint64_t)change->bytes;
	char cell[80];

	snprintf(cell, sizeof(cell), "%s%s", change->bytes < 0 ? "-" : "+", human_bytes(size).text);
	table_cell(table, cell);
}

static void size_cell(struct table *table, const json_t *row)
{
	table_cell(table, row ? human_bytes(reply_u64(row, "bytes")).text : "-");
}

static void pid_cell(struct table *table, const json_t *row)
{
	char cell[24];

	snprintf(cell, sizeof(cell), "%" PRIu64, reply_u64(row, "pid"));
	table_cell(table, reply_is_known(row, "pid") ? cell : "-");
}

/* Whether it was started since, or has ended, or may only be too small to be listed. */
static const char *state_of(const struct change *change, const struct list *then, const struct list *now)
{
	if (!change->then)
		return reply_u64(change->now, "start_ns") > then->time_ns ? "new" : "";
	if (change->now)
		return "";
	return now->rest_bytes ? "not listed" : "gone";
}

/* The changes that are shown, from the largest growth; then from the largest fall. */
static bool is_shown(const struct changes *changes, size_t i)
{
	return changes->all[i].bytes && (i < MAX_ROWS || i + MAX_ROWS >= changes->nr);
}

static void add_process_key(struct text *text, const json_t *size)
{
	text_add_format(text, "%" PRIu64 " %" PRIu64, reply_u64(size, "pid"), reply_u64(size, "start_ns"));
}

static struct list list_of_sizes(const json_t *answer)
{
	return (struct list){ .rows = reply_member(answer, "sizes"),
			      .time_ns = reply_u64(answer, "time_ns"),
			      .rest_bytes = reply_u64(answer, "other_size_bytes") };
}

static void show_processes(const json_t *then, const json_t *now, size_t width, struct text *out)
{
	static const struct table_column columns[] = {
		{ .header = "PID", .align = TABLE_RIGHT },    { .header = "COMM", .is_flexible = true },
		{ .header = "THEN", .align = TABLE_RIGHT },   { .header = "NOW", .align = TABLE_RIGHT },
		{ .header = "CHANGE", .align = TABLE_RIGHT }, { .header = "" },
	};
	struct list sizes_then = list_of_sizes(then), sizes_now = list_of_sizes(now);
	struct changes changes = changes_find(&sizes_then, &sizes_now, add_process_key);
	struct table table = TABLE_NEW(columns);

	for (size_t i = 0; i < changes.nr; i++) {
		const struct change *change = &changes.all[i];

		if (!is_shown(&changes, i))
			continue;
		pid_cell(&table, either(change));
		table_cell(&table, reply_string(either(change), "comm"));
		size_cell(&table, change->then);
		size_cell(&table, change->now);
		change_cell(&table, change);
		table_cell(&table, state_of(change, &sizes_then, &sizes_now));
	}
	view_table(out, width, "Processes, by anonymous and shared memory, swapped out or not:", &table);
	changes_free(&changes);
}

/* What is there now, and was there so long ago: the least that the ages of its pages tell. */
static uint64_t bytes_that_stayed(const struct change *change, uint64_t since_ns)
{
	json_t *older;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)reply_member(change->now, "older"), i, older)
	{
		if (reply_u64(older, "age_ns") >= since_ns)
			return reply_u64(older, "bytes");
	}
	return 0;
}

/*
 * The same pages are followed all the time, so that the error of a change is that of the pages which came and
 * went: a sample's bytes * sqrt(their number + 3), as in live_error_pages().
 */
static uint64_t error_of(const struct change *change, uint64_t since_ns, uint64_t sample_bytes)
{
	uint64_t before = reply_u64(change->then, "bytes"), after = reply_u64(change->now, "bytes");
	uint64_t stayed = bytes_that_stayed(change, since_ns), least = before < after ? before : after;
	uint64_t came_and_went;

	if (stayed > least)
		stayed = least;
	came_and_went = before - stayed + (after - stayed);
	if (!sample_bytes || sample_bytes > MAX_SAMPLE_BYTES || came_and_went / sample_bytes > MAX_SAMPLES)
		return came_and_went;
	/* The root in 1/1024. */
	return square_root((came_and_went / sample_bytes + 3) << 20) * sample_bytes >> 10;
}

/* A change that is not even as large as its error is none. */
static void drop_untold(struct changes *changes, uint64_t since_ns, uint64_t sample_bytes)
{
	size_t nr = 0;

	for (size_t i = 0; i < changes->nr; i++) {
		struct change *change = &changes->all[i];
		uint64_t size = change->bytes < 0 ? -(uint64_t)change->bytes : (uint64_t)change->bytes;

		change->error = error_of(change, since_ns, sample_bytes);
		if (size > change->error)
			changes->all[nr++] = *change;
	}
	changes->nr = nr;
}

static void place_cell(struct table *table, const json_t *row)
{
	struct text place = {};

	leak_stack_add_place(&place, row);
	table_cell(table, place.data ? place.data : "");
	text_free(&place);
}

static uint64_t last_bytes(const json_t *rows)
{
	return reply_u64(json_array_get(rows, json_array_size(rows) - 1), "bytes");
}

/* Suspects come first, and then the largest; and the daemon itself has records of the largest only. */
static struct list list_of_places(const json_t *answer)
{
	const json_t *rows = reply_member(answer, "stacks"),
		     *reading = reply_member(answer, "stacks_reading");
	uint64_t rest = reply_u64(reading, "not_shown") ? last_bytes(rows) : 0;

	if (reply_u64(reading, "least_bytes") > rest)
		rest = reply_u64(reading, "least_bytes");
	if (reply_u64(reading, "least_kernel_bytes") > rest)
		rest = reply_u64(reading, "least_kernel_bytes");
	return (struct list){ .rows = rows, .time_ns = reply_u64(answer, "time_ns"), .rest_bytes = rest };
}

/*
 * Whether both answers have these rows. What one of them does not know is not 0, and would look like growth
 * or like its end; which one that is, is said.
 */
static bool are_known(const char *what, const json_t *then, const json_t *now, size_t width, struct text *out)
{
	const bool was = json_is_array(then), is = json_is_array(now);

	if (was != is)
		view_line(out, width, "%s: not known %s, so that nothing can be compared.", what,
			  is ? "then" : "now");
	return was && is;
}

static void show_places(const json_t *then, const json_t *now, size_t width, struct text *out)
{
	static const struct table_column columns[] = {
		{ .header = "CHANGE", .align = TABLE_RIGHT },
		{ .header = "+-", .align = TABLE_RIGHT },
		{ .header = "NOW", .align = TABLE_RIGHT },
		{ .header = "PID", .align = TABLE_RIGHT },
		{ .header = "COMM" },
		{ .header = "FROM", .is_flexible = true },
	};
	struct list places_then = list_of_places(then), places_now = list_of_places(now);
	struct changes changes;
	struct table table = TABLE_NEW(columns);

	if (!json_is_array(places_now.rows))
		view_line(out, width, "Places are not visible here: %s", reply_string(now, "stacks_reason"));
	if (!are_known("Places", places_then.rows, places_now.rows, width, out))
		return;
	changes = changes_find(&places_then, &places_now, leak_stack_add_key);
	table.gap = 1;
	drop_untold(&changes, reply_u64(now, "time_ns") - reply_u64(then, "time_ns"),
		    reply_u64(reply_member(now, "stacks_reading"), "sample_bytes"));
	for (size_t i = 0; i < changes.nr; i++) {
		const struct change *change = &changes.all[i];
		const json_t *row = either(change);

		if (!is_shown(&changes, i))
			continue;
		change_cell(&table, change);
		table_cell(&table, human_bytes(change->error).text);
		size_cell(&table, change->now);
		pid_cell(&table, row);
		table_cell(&table, reply_is_known(row, "pid") ? reply_string(row, "comm") : "[kernel]");
		place_cell(&table, row);
	}
	view_table(out, width, "Places where memory was allocated, an estimate:", &table);
	changes_free(&changes);
}

static struct list list_of_sites(const json_t *answer, const char *member)
{
	const json_t *rows = reply_member(reply_member(answer, member), "sites");
	uint64_t rest = reply_u64(reply_member(answer, member), "bytes");
	json_t *row;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)rows, i, row)
	{
		uint64_t bytes = reply_u64(row, "bytes");

		rest = rest > bytes ? rest - bytes : 0;
	}
	if (rest > last_bytes(rows))
		rest = last_bytes(rows);
	return (struct list){ .rows = rows, .time_ns = reply_u64(answer, "time_ns"), .rest_bytes = rest };
}

static void add_site_key(struct text *text, const json_t *site)
{
	text_add_format(text, "%s %s %s", reply_string(site, "place"), reply_string(site, "module"),
			reply_string(site, "function"));
}

static void show_kernel(const json_t *then, const json_t *now, const char *member, const char *title,
			size_t width, struct text *out)
{
	static const struct table_column columns[] = {
		{ .header = "CHANGE", .align = TABLE_RIGHT },
		{ .header = "NOW", .align = TABLE_RIGHT },
		{ .header = "FUNCTION", .is_flexible = true },
		{ .header = "AT" },
	};
	struct list sites_then = list_of_sites(then, member), sites_now = list_of_sites(now, member);
	struct changes changes;
	struct table table = TABLE_NEW(columns);

	if (!are_known(member, sites_then.rows, sites_now.rows, width, out))
		return;
	changes = changes_find(&sites_then, &sites_now, add_site_key);
	table.gap = 1;
	for (size_t i = 0; i < changes.nr; i++) {
		const struct change *change = &changes.all[i];

		if (!is_shown(&changes, i))
			continue;
		change_cell(&table, change);
		size_cell(&table, change->now);
		table_cell(&table, reply_string(either(change), "function"));
		table_cell(&table, reply_string(either(change), "place"));
	}
	view_table(out, width, title, &table);
	changes_free(&changes);
}

static struct list list_of_subsystems(const json_t *answer)
{
	return (struct list){ .rows = reply_member(reply_member(answer, "memory"), "kernel"),
			      .time_ns = reply_u64(answer, "time_ns") };
}

/* One that is not known has not grown from 0. */
static void add_subsystem_key(struct text *text, const json_t *subsystem)
{
	if (reply_is_known(subsystem, "bytes"))
		text_add(text, reply_string(subsystem, "subsystem"));
}

/* Exact, and all of it: also what is in no place, as pages that are handed out in bulk. */
static void show_subsystems(const json_t *then, const json_t *now, size_t width, struct text *out)
{
	static const struct table_column columns[] = {
		{ .header = "KIND" },
		{ .header = "THEN", .align = TABLE_RIGHT },
		{ .header = "NOW", .align = TABLE_RIGHT },
		{ .header = "CHANGE", .align = TABLE_RIGHT },
	};
	struct list list_then = list_of_subsystems(then), list_now = list_of_subsystems(now);
	struct changes changes;
	struct table table = TABLE_NEW(columns);

	if (!are_known("Memory of the kernel", list_then.rows, list_now.rows, width, out))
		return;
	changes = changes_find(&list_then, &list_now, add_subsystem_key);
	for (size_t i = 0; i < changes.nr; i++) {
		const struct change *change = &changes.all[i];

		if (!change->bytes || !change->then || !change->now)
			continue;
		table_cell(&table, reply_string(change->now, "subsystem"));
		size_cell(&table, change->then);
		size_cell(&table, change->now);
		change_cell(&table, change);
	}
	view_table(out, width, "Memory of the kernel:", &table);
	changes_free(&changes);
}

void leaks_since_show(const json_t *then, const json_t *now, size_t width, struct text *out)
{
	uint64_t since_ns = reply_u64(now, "time_ns") - reply_u64(then, "time_ns");

	view_field(out, width, "Since", "%s ago", human_duration(since_ns).text);
	show_processes(then, now, width, out);
	show_subsystems(then, now, width, out);
	show_places(then, now, width, out);
	show_kernel(then, now, "allocinfo",
		    "What is allocated in the kernel, by its own account (allocinfo):", width, out);
	show_kernel(then, now, "page_owner", "Pages that are in use, by its own account (page_owner):", width,
		    out);
}
