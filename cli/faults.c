// SPDX-License-Identifier: GPL-2.0-or-later
/* memoir faults: page faults of the whole machine. */
#include "../exporters/human.h"
#include "command.h"
#include "view.h"

static void show_kinds(const json_t *reply, size_t width, struct text *out)
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
	view_line(out, width, "~: estimated from one page in 32; a fault that is retried counts again.");
}

int faults_view(struct cli *cli, const json_t *reply, struct text *out)
{
	size_t width = output_width();

	(void)cli;
	view_field(out, width, "Snapshot", "%s old; counts since the probes were installed",
		   human_ns(reply_u64(reply_member(reply, "snapshot"), "age_ns")).text);
	show_kinds(reply, width, out);
	show_exceptions(reply, width, out);
	return EXIT_OK;
}
