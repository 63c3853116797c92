// SPDX-License-Identifier: GPL-2.0-or-later
/* memoir faults: page faults by kind, how long they take, who waits for them, and where they happen. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "../exporters/human.h"
#include "fault_owners.h"
#include "fault_sites.h"
#include "fault_view.h"
#include "histogram.h"

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

/* --- the view --------------------------------------------------------------------------------- */

int faults_show(const json_t *reply, const json_t *processes, const json_t *groups, bool is_here,
		size_t width, struct text *out)
{
	bool ends_are_seen = json_is_array(reply_member(reply, "causes"));
	int status;

	view_field(out, width, "Snapshot", "%s old; counts since the probes were installed",
		   human_ns(reply_u64(reply_member(reply, "snapshot"), "age_ns")).text);
	show_totals(reply, width, out);
	show_kinds(reply, width, out);
	show_errors(reply, width, out);
	status = fault_processes_show(processes, ends_are_seen, width, out);
	if (!status && ends_are_seen)
		status = fault_groups_show(groups, width, out);
	fault_mappings_show(reply, width, out);
	fault_stacks_show(reply, is_here, width, out);
	show_exceptions(reply, width, out);
	show_errors_of_estimates(width, out);
	return status;
}

int faults_view(struct cli *cli, const json_t *reply, struct text *out)
{
	const struct source_query query = { .max_age_ms = ANY_AGE };
	_cleanup_answer_ struct answer processes, groups = {};
	int status = command_ask(cli, "/v1/processes", &query, &processes);

	if (!status)
		status = command_ask(cli, "/v1/groups", &query, &groups);
	return status ? status
		      : faults_show(reply, processes.json, groups.json, !cli->replay, output_width(), out);
}
