// SPDX-License-Identifier: GPL-2.0-or-later
/* The reference of all metrics; see describe.h. */
#include "describe.h"

#include "../daemon/model/model.h"
#include "prometheus_internal.h"

static const char *const type_names[] = {
	[COUNTER] = "counter", [GAUGE] = "gauge", [HISTOGRAM] = "histogram"
};

static void describe_metric(struct text *text, const struct metric_row *row)
{
	char name[ROW_NAME_LEN];

	row_metric_name(name, "memoir", row->id, row->type, row->unit);
	text_add_format(text, "| `%s` | %s | ", name, type_names[row->type]);
	for (int d = 0; d < METRIC_MAX_DIMS && row->dims[d] != DIM_NONE; d++)
		text_add_format(text, "%s%s", d ? ", " : "", dim_name(row->dims[d]));
	text_add_format(text, " | %s |\n", row->help);
}

static void describe_ledger(struct text *text, const struct ledger_row *row)
{
	char name[ROW_NAME_LEN], key[ROW_NAME_LEN];

	row_metric_name(name, "memoir_group", row->id, row->type, row->unit);
	row_key(key, row->id, row->unit);
	text_add_format(text, "| `%s` | %s | `%s` | %s |\n", name, type_names[row->type], key, row->help);
}

void metrics_describe(struct text *text)
{
	text_add(
		text,
		"# Metrics\n\n"
		"Written by `memoird --describe-metrics` from `bpf/abi/metrics.def` and `bpf/abi/ledger.def`; do not edit.\n\n"
		"## System-wide\n\n"
		"Counters count from the moment the probes were installed (`memoir_probes_installed_time_seconds`), "
		"across restarts of the daemon; those that the kernel keeps itself count since boot, and say so.\n"
		"In a counter or histogram with more than 64 cells a label combination appears once it has counted. "
		"A gauge has no series where it has no value: in a zone without memory, for instance.\n\n"
		"| metric | type | labels | meaning |\n|---|---|---|---|\n");
	for (int metric = 0; metric < NR_METRICS; metric++)
		describe_metric(text, &metric_rows[metric]);
	text_add(
		text,
		"| `memoir_probe_up` | gauge | probe, reason | Whether the probe is attached, and the reason if it is not. |\n"
		"| `memoir_build_info` | gauge | version, kernel | Always 1; the labels say what runs. |\n\n"
		"## Per group\n\n"
		"Labels: `comm` (of the thread group leader; bytes that are not printable UTF-8 as `\\xNN`) and `unit` "
		"(systemd unit, container, or cgroup path).\n"
		"`[interrupt]`, `[unattributed]` and `[exited]` stand for work that belongs to no living process, "
		"`other` for the groups beyond `--max-groups`.\n"
		"For every counter, the sum over groups and `memoir_retired_groups_...` is the system's total. "
		"The key is the column's name in the JSON API and in `memoir`.\n\n"
		"| metric | type | key | meaning |\n|---|---|---|---|\n"
		"| `memoir_group_processes` | gauge | | Processes in the group at the last snapshot. |\n");
	for (int row = 0; row < NR_LEDGER; row++)
		describe_ledger(text, &ledger_rows[row]);
	for (int row = 0; row < NR_HELD; row++)
		text_add_format(text, "| `%s` | gauge | | %s |\n", held_rows[row].name, held_rows[row].help);
	text_add(
		text,
		"\nFor each counter there is a gauge `memoir_retired_groups_...`: what groups had counted when they lost "
		"their series.\n\n"
		"## Leaks\n\n"
		"A series for each kind of memory that `memoir leaks` calls a leak, with the labels of a group and `kind`; for "
		"what the kernel holds for a cgroup, where the memory controller is of version 2, with `unit` and `kind`; "
		"for the kernel's own memory with `kind` alone; none for what does not leak, or is not known to. No group is left out "
		"for `--max-groups`.\n\n"
		"| metric | type | meaning |\n|---|---|---|\n");
	for (int i = 0; i < NR_LEAK_METRICS; i++)
		text_add_format(text, "| `%s` | gauge | %s |\n", leak_metrics[i].name, leak_metrics[i].help);
}
