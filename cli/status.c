// SPDX-License-Identifier: GPL-2.0-or-later
/* memoir status: can its numbers be believed, and what does it cost? */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../daemon/util.h"
#include "../exporters/human.h"
#include "command.h"
#include "view.h"

/* A snapshot this many intervals old means that the daemon does not collect any more, as for /healthz. */
#define STALE_INTERVALS 3

/* Local time as ISO 8601. */
static void format_time(uint64_t time_ns, char *ret, size_t size)
{
	time_t seconds = (time_t)(time_ns / NSEC_PER_SEC);
	struct tm tm;

	if (!localtime_r(&seconds, &tm) || !strftime(ret, size, "%Y-%m-%dT%H:%M:%S%z", &tm))
		snprintf(ret, size, "an unknown time");
}

static void show_daemon(const struct cli *cli, const json_t *reply, size_t width, struct text *out)
{
	const json_t *daemon = reply_member(reply, "daemon"), *tracer = reply_member(reply, "tracer");
	uint64_t uptime_ns = reply_u64(reply, "uptime_ns"), restarts = reply_u64(reply, "restarts_survived");

	if (cli->replay) {
		view_field(out, width, "Record", "%s, written by memoird %s", cli->replay,
			   reply_string(reply, "version"));
		return;
	}
	view_field(out, width, "Daemon", "memoird %s, up %s, %" PRIu64 " restart%s survived",
		   reply_string(reply, "version"), human_duration(uptime_ns).text, restarts,
		   plural(restarts));
	view_field(out, width, "Overhead", "%s of a CPU since it started, %s resident",
		   human_percent((double)(reply_u64(daemon, "cpu_ns") + reply_u64(tracer, "cpu_ns")) /
				 (double)(uptime_ns ? uptime_ns : 1))
			   .text,
		   human_bytes(reply_u64(daemon, "rss_bytes") + reply_u64(tracer, "rss_bytes")).text);
	if (!reply_bool(tracer, "is_running"))
		view_field(out, width, "Tracer", "not running: %s", reply_string(tracer, "problem"));
}

static void show_machine(const json_t *reply, size_t width, struct text *out)
{
	const json_t *snapshot = reply_member(reply, "snapshot"), *probes = reply_member(reply, "probes");
	uint64_t cpus = reply_u64(reply, "cpus"), nodes = reply_u64(reply, "nodes");
	char since[64];

	format_time(reply_u64(reply, "installed_time_ns"), since, sizeof(since));
	view_field(out, width, "Kernel", "%s, %" PRIu64 " CPU%s, %" PRIu64 " node%s, pages of %s",
		   reply_string(reply, "kernel"), cpus, plural(cpus), nodes, plural(nodes),
		   human_bytes(reply_u64(reply, "page_size_bytes")).text);
	view_field(out, width, "Probes", "%" PRIu64 " of %" PRIu64 " attached, counting since %s",
		   reply_u64(probes, "attached"), reply_u64(probes, "total"), since);
	view_field(out, width, "Snapshot", "%" PRIu64 ", %s old, took %s; one every %s",
		   reply_u64(snapshot, "sequence"), human_ns(reply_u64(snapshot, "age_ns")).text,
		   human_ns(reply_u64(snapshot, "duration_ns")).text,
		   human_ns(reply_u64(snapshot, "interval_ns")).text);
	view_field(out, width, "Watching", "%s processes, %s tasks, %s groups",
		   human_count(reply_u64(reply, "processes")).text,
		   human_count(reply_u64(reply, "tasks")).text, human_count(reply_u64(reply, "groups")).text);
}

static void show_agreement(const json_t *reply, size_t width, struct text *out)
{
	static const struct table_column columns[] = {
		{ .header = "ITEM" },
		{ .header = "KERNEL", .align = TABLE_RIGHT },
		{ .header = "MEMOIR", .align = TABLE_RIGHT },
		{ .header = "REMAINDER", .align = TABLE_RIGHT },
	};
	const json_t *agreement = reply_member(reply, "agreement");
	struct table table = TABLE_NEW(columns);
	char title[128], remainder[40];
	size_t i;
	json_t *item;

	snprintf(title, sizeof(title),
		 "Agreement with /proc/vmstat, %s ago:", human_ns(reply_u64(agreement, "age_ns")).text);
	json_array_foreach(reply_member(agreement, "items"), i, item)
	{
		int64_t rest = reply_s64(item, "remainder");

		snprintf(remainder, sizeof(remainder), "%s%s", rest < 0 ? "-" : "",
			 human_count(rest < 0 ? -(uint64_t)rest : (uint64_t)rest).text);
		table_cell(&table, reply_string(item, "item"));
		table_cell(&table, human_count(reply_u64(item, "kernel")).text);
		table_cell(&table, human_count(reply_u64(item, "memoir")).text);
		table_cell(&table, remainder);
	}
	if (!table.nr_cells)
		view_line(out, width,
			  "Agreement   no moment yet at which memoir and /proc/vmstat could be compared");
	view_table(out, width, title, &table);
}

static void show_losses(const json_t *reply, size_t width, struct text *out)
{
	static const struct table_column columns[] = {
		{ .header = "LOST" },
		{ .header = "COUNT", .align = TABLE_RIGHT },
	};
	struct table table = TABLE_NEW(columns);
	const char *cause;
	json_t *count;

	json_object_foreach((json_t *)(uintptr_t)reply_member(reply, "lost"), cause, count)
	{
		if (json_integer_value(count) <= 0)
			continue;
		table_cell(&table, cause);
		table_cell(&table, human_count((uint64_t)json_integer_value(count)).text);
	}
	view_table(out, width, NULL, &table);
}

/* --- the verdict ------------------------------------------------------------------------------ */

static void __attribute__((format(printf, 2, 3))) add_problem(struct text *problems, const char *format, ...)
{
	char problem[128];
	va_list args;

	va_start(args, format);
	vsnprintf(problem, sizeof(problem), format, args);
	va_end(args);
	text_add_format(problems, "%s%s", problems->len ? "; " : "", problem);
}

/* The kernel does it at all times: part of what the remainders are made of. */
static bool is_expected(const char *cause)
{
	return !strcmp(cause, "recursion_missed");
}

static void show_verdict(const json_t *reply, size_t width, struct text *out)
{
	const json_t *probes = reply_member(reply, "probes"), *snapshot = reply_member(reply, "snapshot");
	uint64_t total = reply_u64(probes, "total"), attached = reply_u64(probes, "attached");
	uint64_t missing = total > attached ? total - attached : 0;
	uint64_t nr_exact = 0;
	const json_t *items = reply_member(reply_member(reply, "agreement"), "items");
	struct text problems = {};
	const char *cause;
	json_t *value;
	size_t i;

	json_array_foreach(items, i, value) nr_exact += reply_s64(value, "remainder") == 0;
	if (reply_u64(snapshot, "age_ns") / STALE_INTERVALS > reply_u64(snapshot, "interval_ns"))
		add_problem(&problems, "the last snapshot is too old");
	if (!attached)
		add_problem(&problems, "no probe is attached (memoir probes)");
	else if (missing)
		add_problem(&problems, "%" PRIu64 " probe%s not attached (memoir probes)", missing,
			    plural(missing));
	json_object_foreach((json_t *)(uintptr_t)reply_member(reply, "lost"), cause, value)
	{
		if (json_integer_value(value) > 0 && !is_expected(cause))
			add_problem(&problems, "%s %s", human_count((uint64_t)json_integer_value(value)).text,
				    cause);
	}
	if (problems.len)
		view_line(out, width, "Incomplete: %s.", problems.data);
	else if (!json_array_size(items))
		view_line(out, width,
			  "Complete: all probes attached, nothing lost; not yet compared with /proc/vmstat.");
	else
		view_line(out, width,
			  "Complete: all probes attached, nothing lost, %" PRIu64
			  " of %zu items agree exactly.",
			  nr_exact, json_array_size(items));
	text_free(&problems);
}

int status_view(struct cli *cli, const json_t *reply, struct text *out)
{
	size_t width = output_width();

	show_verdict(reply, width, out);
	text_add(out, "\n");
	show_daemon(cli, reply, width, out);
	show_machine(reply, width, out);
	show_agreement(reply, width, out);
	show_losses(reply, width, out);
	return EXIT_OK;
}
