// SPDX-License-Identifier: GPL-2.0-or-later
/* memoir faults: page faults by kind, how long they take, who waits for them, and where they happen. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "../exporters/human.h"
#include "fault_sites.h"
#include "fault_view.h"
#include "histogram.h"

#define MAX_PROCESSES 5

/* --- what faults are for ---------------------------------------------------------------------- */

static void show_totals(const json_t *reply, size_t width, struct text *out)
{
	static const struct table_column columns[] = {
		{ .header = "FAULTS", .min_width = 17 },
		{ .header = "COUNT", .align = TABLE_RIGHT, .min_width = 7 },
	};
	struct table table = TABLE_NEW(columns);
	json_t *kind;
	size_t i;

	json_array_foreach(reply_member(reply, "faults"), i, kind)
	{
		table_cell(&table, reply_string(kind, "kind"));
		table_cell(&table, human_count(reply_u64(kind, "count")).text);
	}
	view_table(out, width, NULL, &table);
}

static void add_kind(const json_t *reply, const json_t *kind, struct table *table)
{
	struct human count = human_count(reply_u64(kind, "count")),
		     total = human_ns(reply_u64(kind, "total_ns"));
	bool is_estimated = reply_bool(kind, "estimated");
	struct histogram histogram = {};
	char p50[32], p99[32];

	histogram_read(reply, kind, &histogram);
	histogram_range(&histogram, histogram_percentile(&histogram, 0.50), p50, sizeof(p50));
	histogram_range(&histogram, histogram_percentile(&histogram, 0.99), p99, sizeof(p99));
	table_cell(table, reply_string(kind, "kind"));
	table_cell(table, reply_string(kind, "severity"));
	table_cell(table, is_estimated ? human_about(count).text : count.text);
	table_cell(table, is_estimated ? human_about(total).text : total.text);
	table_cell(table, p50);
	table_cell(table, p99);
}

static void show_kinds(const json_t *reply, size_t width, struct text *out)
{
	static const struct table_column columns[] = {
		{ .header = "KIND", .min_width = 17 },
		{ .header = "SEVERITY" },
		{ .header = "COUNT", .align = TABLE_RIGHT, .min_width = 7 },
		{ .header = "TOTAL", .align = TABLE_RIGHT, .min_width = 7 },
		{ .header = "p50", .align = TABLE_RIGHT, .min_width = 9 },
		{ .header = "p99", .align = TABLE_RIGHT, .min_width = 9 },
	};
	const json_t *kinds = reply_member(reply, "causes");
	struct table table = TABLE_NEW(columns);
	json_t *kind;
	size_t i;

	if (!json_is_array(kinds)) {
		text_add(out, "\n");
		view_paragraph(
			out, width, 0, "",
			"What faults are for and how long they take is not visible here: this kernel does not let "
			"memoir see the end of a fault.");
		view_paragraph(out, width, 0, "Why:", reply_string(reply, "why_not"));
		return;
	}
	json_array_foreach(kinds, i, kind) add_kind(reply, kind, &table);
	view_table(out, width, NULL, &table);
	view_line(out, width, "Major: read from storage. p50 and p99 are upper bounds.");
}

static void show_errors(const json_t *reply, size_t width, struct text *out)
{
	json_t *error;
	size_t i;

	json_array_foreach(reply_member(reply, "errors"), i, error) if (reply_u64(error, "count"))
		view_line(out, width, "Failed with %s: %s", reply_string(error, "error"),
			  human_count(reply_u64(error, "count")).text);
}

static void show_exceptions(const json_t *reply, size_t width, struct text *out)
{
	static const struct table_column columns[] = {
		{ .header = "EXCEPTIONS" },
		{ .header = "MODE" },
		{ .header = "COUNT", .align = TABLE_RIGHT, .min_width = 7 },
	};
	struct table table = TABLE_NEW(columns);
	json_t *exception;
	size_t i;

	json_array_foreach(reply_member(reply, "exceptions"), i, exception)
	{
		table_cell(&table, reply_string(exception, "access"));
		table_cell(&table, reply_string(exception, "mode"));
		table_cell(&table, human_estimate(reply_u64(exception, "count")).text);
	}
	view_table(out, width, NULL, &table);
	view_line(out, width, "An exception that is retried counts again.");
}

static void show_errors_of_estimates(size_t width, struct text *out)
{
	text_add(out, "\n");
	view_paragraph(
		out, width, 0, "",
		"~: estimated from one page in 32; of n faults, the standard error is sqrt(32 n), as 3200 of "
		"320000. Time in all faults is estimated where their kind is.");
}

/* --- who waits -------------------------------------------------------------------------------- */

struct waiting {
	const json_t *process;
};

/* What they are sorted by: time where it is known, and that in major faults first. */
static int compare(const void *a, const void *b)
{
	static const char *const keys[] = { "major_fault_time_ns", "fault_time_ns", "major_faults",
					    "minor_faults" };
	const json_t *one = ((const struct waiting *)a)->process,
		     *other = ((const struct waiting *)b)->process;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		uint64_t value = reply_u64(one, keys[i]), other_value = reply_u64(other, keys[i]);

		if (value != other_value)
			return value < other_value ? 1 : -1;
	}
	return 0;
}

/* All time is estimated, that in major faults is not. */
static const char *time_text(const json_t *process, const char *key, bool is_estimated, char *ret,
			     size_t size)
{
	struct human time = human_ns(reply_u64(process, key));

	if (!reply_is_known(process, key))
		snprintf(ret, size, "-");
	else
		snprintf(ret, size, "%s", is_estimated ? human_about(time).text : time.text);
	return ret;
}

static void add_process(const json_t *process, struct table *table)
{
	char pid[24], major_time[32], time[32];

	snprintf(pid, sizeof(pid), "%" PRIu64, reply_u64(process, "pid"));
	table_cell(table, pid);
	table_cell(table, reply_string(process, "comm"));
	table_cell(table, human_count(reply_u64(process, "major_faults")).text);
	table_cell(table, time_text(process, "major_fault_time_ns", false, major_time, sizeof(major_time)));
	table_cell(table, human_count(reply_u64(process, "minor_faults")).text);
	table_cell(table, time_text(process, "fault_time_ns", true, time, sizeof(time)));
	table_cell(table, reply_string(process, "unit"));
}

static int show_processes(const json_t *processes, bool is_timed, size_t width, struct text *out)
{
	static const struct table_column columns[] = {
		{ .header = "PID", .align = TABLE_RIGHT, .min_width = 7 },
		{ .header = "COMM", .min_width = 15 },
		{ .header = "MAJOR", .align = TABLE_RIGHT, .min_width = 6 },
		{ .header = "WAITED", .align = TABLE_RIGHT, .min_width = 6 },
		{ .header = "MINOR", .align = TABLE_RIGHT, .min_width = 6 },
		{ .header = "ALL TIME", .align = TABLE_RIGHT },
		{ .header = "UNIT", .is_flexible = true },
	};
	const json_t *array = reply_member(processes, "processes");
	size_t nr = json_array_size(array);
	struct table table = TABLE_NEW(columns);
	struct waiting *sorted = calloc(nr ? nr : 1, sizeof(*sorted));

	if (!sorted) {
		complain("out of memory");
		return EXIT_FAILED;
	}
	for (size_t i = 0; i < nr; i++)
		sorted[i].process = json_array_get(array, i);
	qsort(sorted, nr, sizeof(*sorted), compare);
	for (size_t i = 0; i < nr && i < MAX_PROCESSES && reply_u64(sorted[i].process, "minor_faults"); i++)
		add_process(sorted[i].process, &table);
	view_table(out, width,
		   is_timed ? "Living processes that waited longest in major faults:"
			    : "Living processes with most major faults:",
		   &table);
	free(sorted);
	return EXIT_OK;
}

int faults_show(const json_t *reply, const json_t *processes, bool is_here, size_t width, struct text *out)
{
	int status;

	view_field(out, width, "Snapshot", "%s old; counts since the probes were installed",
		   human_ns(reply_u64(reply_member(reply, "snapshot"), "age_ns")).text);
	show_totals(reply, width, out);
	show_kinds(reply, width, out);
	show_errors(reply, width, out);
	status = show_processes(processes, json_is_array(reply_member(reply, "causes")), width, out);
	fault_mappings_show(reply, width, out);
	fault_stacks_show(reply, is_here, width, out);
	show_exceptions(reply, width, out);
	show_errors_of_estimates(width, out);
	return status;
}

int faults_view(struct cli *cli, const json_t *reply, struct text *out)
{
	const struct source_query query = { .max_age_ms = ANY_AGE };
	_cleanup_answer_ struct answer answer;
	int status = command_ask(cli, "/v1/processes", &query, &answer);

	return status ? status : faults_show(reply, answer.json, !cli->replay, output_width(), out);
}
