// SPDX-License-Identifier: GPL-2.0-or-later
/* memoir stalls: time lost to reclaim and compaction, and whose time it was. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../exporters/human.h"
#include "command.h"
#include "histogram.h"
#include "top_rows.h"
#include "view.h"

#define MAX_PROCESSES 5

static void show_kinds(const json_t *reply, size_t width, struct text *out)
{
	static const struct table_column columns[] = {
		{ .header = "STALLS" },
		{ .header = "NODE" },
		{ .header = "COUNT", .align = TABLE_RIGHT, .min_width = 7 },
		{ .header = "TOTAL", .align = TABLE_RIGHT, .min_width = 7 },
		{ .header = "SELF", .align = TABLE_RIGHT, .min_width = 7 },
		{ .header = "p50", .align = TABLE_RIGHT, .min_width = 9 },
		{ .header = "p99", .align = TABLE_RIGHT, .min_width = 9 },
	};
	struct table table = TABLE_NEW(columns);
	json_t *stall;
	size_t i;

	json_array_foreach(reply_member(reply, "stalls"), i, stall)
	{
		struct histogram histogram = {};
		char p50[32], p99[32];

		histogram_read(reply, stall, &histogram);
		histogram_range(&histogram, histogram_percentile(&histogram, 0.50), p50, sizeof(p50));
		histogram_range(&histogram, histogram_percentile(&histogram, 0.99), p99, sizeof(p99));
		table_cell(&table, reply_string(stall, "kind"));
		table_cell(&table, reply_string(stall, "node"));
		table_cell(&table, human_count(reply_u64(stall, "count")).text);
		table_cell(&table, human_ns(reply_u64(stall, "total_ns")).text);
		table_cell(&table, human_ns(reply_u64(stall, "self_ns")).text);
		table_cell(&table, p50);
		table_cell(&table, p99);
	}
	if (!table.nr_cells)
		view_line(out, width, "No stalls since the probes were installed.");
	else
		table_render(&table, width, out);
	if (table.nr_cells)
		view_line(out, width,
			  "TOTAL includes stalls nested in it, SELF does not; p50 and p99 are upper bounds.");
	table_free(&table);
}

/* One histogram per kind, all nodes together; the API lists the nodes of a kind one after the other. */
static void show_histograms(const json_t *reply, size_t width, struct text *out)
{
	const json_t *stalls = reply_member(reply, "stalls");
	struct histogram sum = {};
	json_t *stall;
	size_t i;

	json_array_foreach(stalls, i, stall)
	{
		const char *kind = reply_string(stall, "kind");
		const json_t *next = json_array_get(stalls, i + 1);
		struct histogram histogram = {};

		histogram_read(reply, stall, &histogram);
		histogram_add(&sum, &histogram);
		if (next && !strcmp(reply_string(next, "kind"), kind))
			continue;
		view_line(out, width, "%s", "");
		view_line(out, width, "%s, all nodes:", kind);
		histogram_draw(&sum, width, out);
		sum = (struct histogram){};
	}
}

static void show_compactions(const json_t *reply, size_t width, struct text *out)
{
	static const struct table_column by_result[] = {
		{ .header = "COMPACTIONS" },
		{ .header = "RESULT" },
		{ .header = "NODE" },
		{ .header = "COUNT", .align = TABLE_RIGHT, .min_width = 7 },
	};
	static const struct table_column by_order[] = {
		{ .header = "DIRECT COMPACTIONS OF ORDER" },
		{ .header = "COUNT", .align = TABLE_RIGHT, .min_width = 7 },
	};
	struct table results = TABLE_NEW(by_result), orders = TABLE_NEW(by_order);
	json_t *row;
	size_t i;

	json_array_foreach(reply_member(reply, "compactions"), i, row)
	{
		table_cell(&results, reply_string(row, "mode"));
		table_cell(&results, reply_string(row, "result"));
		table_cell(&results, reply_string(row, "node"));
		table_cell(&results, human_count(reply_u64(row, "count")).text);
	}
	json_array_foreach(reply_member(reply, "direct_compactions"), i, row)
	{
		char order[32];

		snprintf(order, sizeof(order), "%" PRIu64, reply_u64(row, "order"));
		table_cell(&orders,
			   json_is_string(reply_member(row, "order")) ? reply_string(row, "order") : order);
		table_cell(&orders, human_count(reply_u64(row, "count")).text);
	}
	view_table(out, width, NULL, &results);
	view_table(out, width, NULL, &orders);
}

static void show_sums(const json_t *reply, size_t width, struct text *out)
{
	json_t *row;
	size_t i;

	text_add(out, "\n");
	json_array_foreach(reply_member(reply, "reclaimed"), i, row)
		view_line(out, width, "Reclaimed by stalled tasks in %s: %s", reply_string(row, "kind"),
			  human_bytes(reply_u64(row, "bytes")).text);
	view_line(out, width, "Compaction stalls as /proc/vmstat counts them: %s; OOM kills: %s",
		  human_count(reply_u64(reply, "compact_stalls")).text,
		  human_count(reply_u64(reply, "oom_kills")).text);
}

static int show_processes(struct cli *cli, size_t width, struct text *out)
{
	static const struct table_column columns[] = {
		{ .header = "PID", .align = TABLE_RIGHT, .min_width = 7 },
		{ .header = "COMM", .min_width = 15 },
		{ .header = "STALLED", .align = TABLE_RIGHT, .min_width = 7 },
		{ .header = "NOW", .align = TABLE_RIGHT, .min_width = 7 },
		{ .header = "UNIT", .is_flexible = true },
	};
	const struct source_query query = { .max_age_ms = ANY_AGE };
	_cleanup_answer_ struct answer answer;
	int status = command_ask(cli, "/v1/processes", &query, &answer);
	struct table table = TABLE_NEW(columns);
	struct top_rows rows;

	if (status)
		return status;
	if (!top_rows_read(&rows, answer.json, false)) {
		complain("out of memory");
		return EXIT_FAILED;
	}
	top_rows_sort(&rows, TOP_TOTAL, false);
	for (size_t i = 0; i < rows.nr && i < MAX_PROCESSES && rows.row[i].stalled_ns; i++) {
		char pid[24];

		snprintf(pid, sizeof(pid), "%" PRIu64, rows.row[i].pid);
		table_cell(&table, pid);
		table_cell(&table, rows.row[i].comm);
		table_cell(&table, human_ns(rows.row[i].stalled_ns).text);
		table_cell(&table, human_percent(rows.row[i].stall).text);
		table_cell(&table, rows.row[i].unit);
	}
	view_table(out, width, "Living processes that were stalled longest:", &table);
	top_rows_free(&rows);
	return EXIT_OK;
}

int stalls_view(struct cli *cli, const json_t *reply, struct text *out)
{
	size_t width = output_width();

	show_kinds(reply, width, out);
	show_histograms(reply, width, out);
	show_compactions(reply, width, out);
	show_sums(reply, width, out);
	return show_processes(cli, width, out);
}
