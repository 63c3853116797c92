// SPDX-License-Identifier: GPL-2.0-or-later
/* memoir probes: every BPF program, and why one is not there. */
#include <stdio.h>
#include <string.h>

#include "../exporters/human.h"
#include "command.h"
#include "view.h"

#define REASON_INDENT 2

static const struct table_column columns[] = {
	{ .header = "NAME" },
	{ .header = "STATE" },
	{ .header = "ns/RUN", .align = TABLE_RIGHT },
	{ .header = "MISSES", .align = TABLE_RIGHT },
	{ .header = "TARGET", .is_flexible = true, .min_width = 12, .is_optional = true },
};

static void add_probe(const json_t *probe, struct table *table)
{
	uint64_t runs = reply_u64(probe, "run_count");
	char cost[32] = "-";

	if (runs)
		snprintf(cost, sizeof(cost), "%s",
			 human_rate((double)reply_u64(probe, "run_time_ns") / (double)runs).text);
	table_cell(table, reply_string(probe, "name"));
	table_cell(table, reply_string(probe, "state"));
	table_cell(table, cost);
	table_cell(table, human_count(reply_u64(probe, "recursion_misses")).text);
	table_cell(table, reply_string(probe, "target"));
}

/* A reason is what one came for: it is wrapped between words, not cut. */
static void add_reason(const json_t *probe, size_t width, struct text *out)
{
	const char *rest = reply_string(probe, "reason");
	size_t room = width > 2 * REASON_INDENT ? width - REASON_INDENT : REASON_INDENT;

	if (!*rest)
		return;
	view_line(out, width, "%s:", reply_string(probe, "name"));
	while (*rest) {
		size_t len = strlen(rest);

		if (len > room) {
			len = room;
			while (len && rest[len] != ' ')
				len--;
			/* One long word. */
			len = len ? len : strcspn(rest, " ");
		}
		view_line(out, width, "%*s%.*s", REASON_INDENT, "", (int)len, rest);
		rest += len + strspn(rest + len, " ");
	}
}

int probes_view(struct cli *cli, const json_t *reply, struct text *out)
{
	const json_t *probes = reply_member(reply, "probes");
	struct table table = TABLE_NEW(columns);
	size_t width = output_width(), i;
	bool is_timed = false;
	json_t *probe;

	(void)cli;
	json_array_foreach(probes, i, probe)
	{
		add_probe(probe, &table);
		is_timed |= reply_u64(probe, "run_count") > 0;
	}
	table_render(&table, width, out);
	table_free(&table);
	json_array_foreach(probes, i, probe) add_reason(probe, width, out);
	if (!is_timed)
		view_line(out, width, "ns/RUN is known while kernel.bpf_stats_enabled is 1.");
	return EXIT_OK;
}
