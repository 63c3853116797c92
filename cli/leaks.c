// SPDX-License-Identifier: GPL-2.0-or-later
/* memoir leaks: whose memory grows, what that is judged to be, and what to do next. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../exporters/human.h"
#include "command.h"
#include "view.h"

#define MAX_ROWS 15
#define MAX_DETAILS 4
/* Of those of which it cannot be told yet; the head says how long that takes. */
#define MAX_UNSURE 1
#define INDENT 2

/* "growing_working_set" in the words of the table. */
static const char *verdict_text(const json_t *suspect)
{
	static const struct {
		const char *verdict, *text;
	} texts[] = {
		{ "leak", "LEAK" },   { "allocator_fragmentation", "fragmented" },
		{ "cache", "cache" }, { "growing_working_set", "working set" },
		{ "none", "none" },   { "cannot_tell_yet", "cannot tell" },
	};
	const char *verdict = reply_string(suspect, "verdict");

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (!strcmp(verdict, texts[i].verdict))
			return texts[i].text;
	return verdict;
}

static bool is_verdict(const json_t *suspect, const char *verdict)
{
	return !strcmp(reply_string(suspect, "verdict"), verdict);
}

/* "-1.50MiB", with a sign where it shrinks; "?" where too little is known. */
static void rate_cell(struct table *table, const json_t *suspect, const char *key)
{
	double rate = reply_signed_double(suspect, key);
	char cell[48];

	snprintf(cell, sizeof(cell), "%s%s", rate < 0 ? "-" : "+",
		 human_bytes(human_round(rate < 0 ? -rate : rate)).text);
	table_cell(table, reply_is_known(suspect, key) ? cell : "?");
}

static void left_cell(struct table *table, const json_t *suspect)
{
	bool is_known = reply_is_known(suspect, "seconds_left");

	table_cell(table,
		   is_known ? human_duration(human_round(reply_double(suspect, "seconds_left") * 1e9)).text
			    : "-");
}

static void figure_cells(struct table *table, const json_t *suspect)
{
	table_cell(table, human_bytes(reply_u64(suspect, "bytes")).text);
	rate_cell(table, suspect, "bytes_per_hour");
	table_cell(table, human_percent(reply_double(suspect, "confidence")).text);
	left_cell(table, suspect);
	table_cell(table, verdict_text(suspect));
}

/* --- tables ----------------------------------------------------------------------------------- */

#define FIGURE_COLUMNS                                                      \
	{ .header = "SIZE", .align = TABLE_RIGHT, .min_width = 7 },         \
		{ .header = "PER HOUR", .align = TABLE_RIGHT },             \
		{ .header = "SURE", .align = TABLE_RIGHT, .min_width = 5 }, \
		{ .header = "LEFT", .align = TABLE_RIGHT, .min_width = 7 }, \
	{                                                                   \
		.header = "VERDICT", .min_width = 11                        \
	}

/* Those that are not in the table. */
struct rest {
	size_t nr_rows, nr_small, nr_new;
};

/* Whether there is something to say of it; counts it. */
static bool is_shown(const json_t *suspect, struct rest *rest)
{
	if (is_verdict(suspect, "none"))
		rest->nr_small++;
	else if (!reply_is_known(suspect, "bytes_per_hour") &&
		 !is_verdict(suspect, "allocator_fragmentation"))
		rest->nr_new++;
	else
		return rest->nr_rows++ < MAX_ROWS;
	return false;
}

static void show_rest(const struct rest *rest, size_t width, struct text *out)
{
	const char *more = rest->nr_rows ? " more" : "";

	if (rest->nr_rows > MAX_ROWS)
		view_line(out, width, "and %zu more", rest->nr_rows - MAX_ROWS);
	if (rest->nr_new)
		view_line(out, width, "%zu%s grew, watched for less than three minutes: too short to judge.",
			  rest->nr_new, more);
	if (rest->nr_small)
		view_line(out, width, "%zu%s grew by less than what is told from chance.", rest->nr_small,
			  more);
}

static void show_processes(const json_t *processes, size_t width, struct text *out)
{
	static const struct table_column columns[] = {
		{ .header = "PID", .align = TABLE_RIGHT, .min_width = 6 },
		{ .header = "COMM", .is_flexible = true, .min_width = 8 },
		{ .header = "KIND", .min_width = 9 },
		FIGURE_COLUMNS,
	};
	struct table table = TABLE_NEW(columns);
	struct rest rest = {};
	json_t *process;
	char pid[24];
	size_t i;

	table.gap = 1;
	json_array_foreach((json_t *)(uintptr_t)processes, i, process)
	{
		if (!is_shown(process, &rest))
			continue;
		snprintf(pid, sizeof(pid), "%" PRIu64, reply_u64(process, "pid"));
		table_cell(&table, pid);
		table_cell(&table, reply_string(process, "comm"));
		table_cell(&table, reply_string(process, "kind"));
		figure_cells(&table, process);
	}
	view_table(out, width, "Processes whose memory grows", &table);
	show_rest(&rest, width, out);
}

/* What a group of one process says is in that process's row. */
static bool group_says_more(const json_t *group)
{
	return reply_u64(group, "processes") != 1 || reply_u64(group, "leaky_lives");
}

/* header: of the column of names, which are in key; NULL: the kind says who it is. */
static void show_named(const json_t *suspects, const char *title, const char *header, const char *key,
		       size_t width, struct text *out)
{
	const struct table_column columns[] = {
		{ .header = header, .is_flexible = true, .min_width = 8 },
		{ .header = header ? "KIND" : "SUBSYSTEM", .min_width = 9 },
		FIGURE_COLUMNS,
	};
	struct table table = TABLE_NEW(columns);
	struct rest rest = {};
	json_t *suspect;
	size_t i;

	table.gap = 1;
	if (!header) {
		table.columns++;
		table.nr_columns--;
	}
	json_array_foreach((json_t *)(uintptr_t)suspects, i, suspect)
	{
		if ((!strcmp(key, "comm") && !group_says_more(suspect)) || !is_shown(suspect, &rest))
			continue;
		if (header)
			table_cell(&table, reply_string(suspect, key));
		table_cell(&table, reply_string(suspect, "kind"));
		figure_cells(&table, suspect);
	}
	/* What is not shown of these is in the tables of processes. */
	view_table(out, width, title, &table);
}

/* --- the worst, in sentences ------------------------------------------------------------------ */

/* What would use up all that is left within an hour; sure or not. */
static bool is_pressing(const json_t *suspect)
{
	return reply_is_known(suspect, "seconds_left") && reply_double(suspect, "seconds_left") < 3600 &&
	       (is_verdict(suspect, "leak") || is_verdict(suspect, "cannot_tell_yet"));
}

static void show_detail(const json_t *suspect, const char *name, size_t width, struct text *out)
{
	json_t *sentence;
	size_t i;

	text_add(out, "\n");
	view_line(out, width, "%s, %s memory: %s", name, reply_string(suspect, "kind"),
		  verdict_text(suspect));
	if (reply_is_known(suspect, "since_age_ns") && (is_verdict(suspect, "leak") || is_pressing(suspect)))
		view_line(out, width, "  since %s, %s in all; %s of the %s left",
			  human_duration(reply_u64(suspect, "since_age_ns")).text,
			  human_bytes(reply_u64(suspect, "grown_bytes")).text,
			  reply_is_known(suspect, "left_bytes")
				  ? human_bytes(human_round(reply_double(suspect, "left_bytes"))).text
				  : "an unknown part",
			  reply_string(suspect, "limit")[0] ? reply_string(suspect, "limit") : "memory");
	json_array_foreach((json_t *)(uintptr_t)reply_member(suspect, "evidence"), i, sentence)
		view_paragraph(out, width, INDENT, "", json_string_value(sentence));
	view_paragraph(out, width, INDENT, "Next:", reply_string(suspect, "next"));
}

static bool is_sure(const json_t *suspect)
{
	return !is_pressing(suspect) &&
	       (is_verdict(suspect, "leak") || is_verdict(suspect, "allocator_fragmentation"));
}

static bool is_unsure(const json_t *suspect)
{
	return !is_pressing(suspect) && is_verdict(suspect, "cannot_tell_yet") &&
	       reply_is_known(suspect, "bytes_per_hour");
}

static bool is_same(const json_t *a, const char *key_of_a, const json_t *b, const char *key_of_b)
{
	return !strcmp(reply_string(a, key_of_a), reply_string(b, key_of_b));
}

static bool is_process_of_group(const json_t *process, const json_t *group)
{
	return is_same(process, "group", group, "comm") && is_same(process, "unit", group, "unit");
}

static bool is_process_of_cgroup(const json_t *process, const json_t *cgroup)
{
	return is_same(process, "cgroup", cgroup, "cgroup");
}

static bool is_group_of_cgroup(const json_t *group, const json_t *cgroup)
{
	return is_same(group, "unit", cgroup, "cgroup");
}

/* Whether a part of the sum leaks memory of the same kind. */
static bool leaks_of(const json_t *suspects, const json_t *sum,
		     bool (*is_part)(const json_t *suspect, const json_t *sum))
{
	json_t *suspect;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)suspects, i, suspect)
	{
		if (is_verdict(suspect, "leak") && is_same(suspect, "kind", sum, "kind") &&
		    is_part(suspect, sum))
			return true;
	}
	return false;
}

/* A sum that says no more than those that it is of. */
static bool is_told_by_others(const json_t *reply, const json_t *suspect, const char *key)
{
	if (!strcmp(key, "cgroup"))
		return strcmp(reply_string(suspect, "kind"), "kernel") != 0 &&
		       (leaks_of(reply_member(reply, "processes"), suspect, is_process_of_cgroup) ||
			leaks_of(reply_member(reply, "groups"), suspect, is_group_of_cgroup));
	return !strcmp(key, "comm") && !reply_is_known(suspect, "pid") && !group_says_more(suspect);
}

/* Those of one array of which this holds, as long as there is room. */
static void show_details(const json_t *reply, const char *member, const char *key,
			 bool (*is_wanted)(const json_t *suspect), size_t *nr, size_t width, struct text *out)
{
	char name[96];
	json_t *suspect;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)reply_member(reply, member), i, suspect)
	{
		if (*nr >= (is_wanted == is_unsure ? MAX_UNSURE : MAX_DETAILS) || !is_wanted(suspect) ||
		    is_told_by_others(reply, suspect, key))
			continue;
		++*nr;
		if (reply_is_known(suspect, "pid"))
			snprintf(name, sizeof(name), "%" PRIu64 " %s", reply_u64(suspect, "pid"),
				 reply_string(suspect, key));
		else
			snprintf(name, sizeof(name), "%s", reply_string(suspect, key));
		show_detail(suspect, name, width, out);
	}
}

static void show_sentences(const json_t *reply, size_t width, struct text *out)
{
	static bool (*const order[])(const json_t *suspect) = { is_pressing, is_sure, is_unsure };
	size_t nr = 0;

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		/* What is not sure is told where nothing is. */
		if (nr && order[i] == is_unsure)
			break;
		show_details(reply, "processes", "comm", order[i], &nr, width, out);
		show_details(reply, "groups", "comm", order[i], &nr, width, out);
		show_details(reply, "cgroups", "cgroup", order[i], &nr, width, out);
		show_details(reply, "kernel", "kind", order[i], &nr, width, out);
	}
}

/* --- the head --------------------------------------------------------------------------------- */

/* How long there have been points, by the longest window that has some. */
static uint64_t watched_ns(const json_t *reply)
{
	uint64_t watched = 0;
	json_t *window;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)reply_member(reply, "windows"), i, window)
	{
		uint64_t points = reply_u64(window, "points");
		uint64_t span = points ? (points - 1) * reply_u64(window, "step_ns") : 0;

		if (span > watched)
			watched = span;
	}
	return watched;
}

static bool leaks(const json_t *reply, const json_t *suspect)
{
	(void)reply;
	return is_verdict(suspect, "leak");
}

static bool leaks_in_kernel(const json_t *reply, const json_t *suspect)
{
	return leaks(reply, suspect) && !strcmp(reply_string(suspect, "kind"), "kernel");
}

/* A group that leaks as a whole, while no process of it is seen to leak the same. */
static bool group_leaks(const json_t *reply, const json_t *suspect)
{
	return leaks(reply, suspect) && group_says_more(suspect) &&
	       !leaks_of(reply_member(reply, "processes"), suspect, is_process_of_group);
}

/* Likewise. */
static bool cgroup_leaks(const json_t *reply, const json_t *suspect)
{
	return leaks(reply, suspect) && !leaks_in_kernel(reply, suspect) &&
	       !is_told_by_others(reply, suspect, "cgroup");
}

static size_t count(const json_t *reply, const char *member,
		    bool (*is_counted)(const json_t *reply, const json_t *suspect))
{
	json_t *suspect;
	size_t i, nr = 0;

	json_array_foreach((json_t *)(uintptr_t)reply_member(reply, member), i, suspect)
		nr += is_counted(reply, suspect);
	return nr;
}

static void show_head(const json_t *reply, size_t width, struct text *out)
{
	size_t nr_processes = count(reply, "processes", leaks);
	size_t nr_kernel = count(reply, "kernel", leaks) + count(reply, "cgroups", leaks_in_kernel);
	size_t nr_sums = count(reply, "groups", group_leaks) + count(reply, "cgroups", cgroup_leaks);
	char sums[64] = "";
	uint64_t nr_lost = reply_u64(reply, "not_followed"), nr_unjudged = reply_u64(reply, "not_judged");
	uint64_t unplaced = reply_u64(reply_member(reply, "stacks_reading"), "unplaced_bytes");

	if (nr_sums)
		snprintf(sums, sizeof(sums), " %zu group%s or cgroup%s as a whole,", nr_sums, plural(nr_sums),
			 plural(nr_sums));
	view_field(out, width, "Leaks", "%zu process%s,%s %zu part%s of the kernel", nr_processes,
		   nr_processes == 1 ? "" : "es", sums, nr_kernel, plural(nr_kernel));
	if (reply_is_known(reply, "detection_limit_bytes_per_hour"))
		view_field(out, width, "Watched", "%s: a steady leak of more than %s/h would be told",
			   human_duration(watched_ns(reply)).text,
			   human_bytes(human_round(reply_double(reply, "detection_limit_bytes_per_hour")))
				   .text);
	else
		view_field(out, width, "Watched", "%s: a leak is told after 40 minutes at best",
			   human_duration(watched_ns(reply)).text);
	if (nr_lost)
		view_field(out, width, "Unfollowed", "%" PRIu64 " that grew less than those that are",
			   nr_lost);
	if (nr_unjudged)
		view_field(out, width, "Unjudged",
			   "%" PRIu64 " that grew less steadily or more slowly than those that are",
			   nr_unjudged);
	if (unplaced)
		view_field(out, width, "Unplaced", "%s: there was no room for where it was allocated",
			   human_bytes(unplaced).text);
}

int leaks_view(struct cli *cli, const json_t *reply, struct text *out)
{
	size_t width = output_width();

	(void)cli;
	view_field(out, width, "Snapshot", "%s old",
		   human_ns(reply_u64(reply_member(reply, "snapshot"), "age_ns")).text);
	show_head(reply, width, out);
	show_processes(reply_member(reply, "processes"), width, out);
	show_named(reply_member(reply, "groups"), "Groups of several processes", "GROUP", "comm", width, out);
	show_named(reply_member(reply, "cgroups"), "Cgroups: of their processes, and of the kernel for them",
		   "CGROUP", "cgroup", width, out);
	show_named(reply_member(reply, "kernel"), "Memory of the kernel", NULL, "kind", width, out);
	leaks_kernel_show(reply, width, out);
	show_sentences(reply, width, out);
	return EXIT_OK;
}
