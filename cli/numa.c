// SPDX-License-Identifier: GPL-2.0-or-later
/* memoir numa: from which node to which memory is used, what was migrated for it, and who is worst placed. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../exporters/human.h"
#include "command.h"
#include "locality.h"
#include "numa_matrix.h"
#include "view.h"

#define MAX_ROWS 20
/* Bits of kernel.numa_balancing. */
#define BALANCING_NORMAL 1
#define BALANCING_TIERING 2

/* --- what can be seen ------------------------------------------------------------------------- */

static void show_balancing(const json_t *reply, size_t width, struct text *out)
{
	const char *value = reply_string(reply, "balancing");
	unsigned long mode = strtoul(value, NULL, 10);

	if (!*value)
		view_paragraph(
			out, width, 0, "Balancing",
			"is not in this kernel (CONFIG_NUMA_BALANCING): no hint faults are taken, so which "
			"memory is accessed from where cannot be seen. Where it was allocated, and where it "
			"lies, is told all the same.");
	else if (mode & BALANCING_NORMAL)
		view_paragraph(out, width, 0, "Balancing",
			       "is on: hint faults are samples of accesses that the kernel's balancer takes, "
			       "not all accesses. It samples neither shared memory nor what a policy binds, "
			       "and of a process with one thread only what is on another node than that runs "
			       "on.");
	else if (mode & BALANCING_TIERING)
		view_paragraph(
			out, width, 0, "Balancing",
			"is for memory tiers only (kernel.numa_balancing=2): hint faults are samples of "
			"accesses to the slower tiers alone.");
	else
		view_paragraph(
			out, width, 0, "Balancing",
			"is off: no hint faults are taken, so which memory is accessed from where cannot be "
			"seen now; sysctl kernel.numa_balancing=1 turns it on. Where memory was allocated, "
			"and where it lies, is told all the same.");
	if (!reply_bool(reply, "page_nodes_known"))
		view_paragraph(out, width, 0,
			       "The node of a page cannot be told here:", reply_string(reply, "why_not"));
}

static void show_matrices(const json_t *reply, size_t width, struct text *out)
{
	static const struct numa_matrix_format faults = { "Hint faults", "count", human_count, 5 };
	static const struct numa_matrix_format allocated = { "Allocated", "bytes", human_bytes, 7 };
	const json_t *nodes = reply_member(reply, "nodes");

	if (json_is_array(reply_member(reply, "hint_faults"))) {
		numa_matrix_add(out, width, nodes, reply_member(reply, "hint_faults"), &faults);
	} else {
		text_add(out, "\n");
		view_paragraph(out, width, 0, "Hint faults cannot be counted here:",
			       reply_string(reply, "hint_faults_why_not"));
	}
	numa_matrix_add(out, width, nodes, reply_member(reply, "allocated"), &allocated);
	view_line(out, width, "Columns are nodes of memory. The darker, the larger the share of its row.");
}

/* --- nodes ------------------------------------------------------------------------------------ */

static void show_nodes(const json_t *nodes, size_t width, struct text *out)
{
	static const struct table_column columns[] = {
		{ .header = "NODE", .align = TABLE_RIGHT },
		{ .header = "CPUS", .align = TABLE_RIGHT },
		{ .header = "MEMORY", .align = TABLE_RIGHT, .min_width = 8 },
		{ .header = "FREE", .align = TABLE_RIGHT, .min_width = 8 },
		{ .header = "HIT", .align = TABLE_RIGHT, .min_width = 6 },
		{ .header = "MISS", .align = TABLE_RIGHT, .min_width = 6 },
		{ .header = "FOREIGN", .align = TABLE_RIGHT },
		{ .header = "LOCAL", .align = TABLE_RIGHT, .min_width = 6 },
		{ .header = "OTHER", .align = TABLE_RIGHT, .min_width = 6 },
	};
	static const char *const keys[] = { "hit", "miss", "foreign", "local", "other" };
	struct table table = TABLE_NEW(columns);
	json_t *node;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)nodes, i, node)
	{
		const json_t *numastat = reply_member(node, "numastat");

		table_cell(&table, reply_string(node, "node"));
		table_cell(&table, human_count(reply_u64(node, "cpus")).text);
		table_cell(&table, human_bytes(reply_u64(node, "managed_bytes")).text);
		table_cell(&table, human_bytes(reply_u64(node, "free_bytes")).text);
		for (size_t key = 0; key < sizeof(keys) / sizeof(keys[0]); key++)
			table_cell(&table, reply_is_known(numastat, keys[key])
						   ? human_count(reply_u64(numastat, keys[key])).text
						   : "-");
	}
	view_table(out, width, NULL, &table);
	view_line(out, width,
		  "Allocations since boot (numastat). MISS: here, though another node was wanted;");
	view_line(out, width, "FOREIGN: wanted here, and taken elsewhere; OTHER: for a CPU of another node.");
}

/* --- migration -------------------------------------------------------------------------------- */

static void show_migrated(const json_t *migrated, size_t width, struct text *out)
{
	static const struct table_column columns[] = {
		{ .header = "MIGRATED", .min_width = 17 },
		{ .header = "FROM", .align = TABLE_RIGHT },
		{ .header = "TO", .align = TABLE_RIGHT },
		{ .header = "SUM", .align = TABLE_RIGHT, .min_width = 8 },
	};
	struct table table = TABLE_NEW(columns);
	size_t i, nr = 0;
	json_t *flow;

	json_array_foreach((json_t *)(uintptr_t)migrated, i, flow)
	{
		if (!reply_u64(flow, "bytes") || nr++ >= MAX_ROWS)
			continue;
		table_cell(&table, reply_string(flow, "reason"));
		table_cell(&table, reply_string(flow, "from_node"));
		table_cell(&table, reply_string(flow, "to_node"));
		table_cell(&table, human_bytes(reply_u64(flow, "bytes")).text);
	}
	view_table(out, width, NULL, &table);
	if (nr > MAX_ROWS)
		view_line(out, width, "and %zu more", nr - MAX_ROWS);
}

/* One line "Name        a 1, b 2" of the elements that have counts; what they are called is in one or two keys. */
static void show_counts(const char *name, const json_t *array, const char *key, const char *second_key,
			size_t width, struct text *out)
{
	struct text list = {};
	json_t *element;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)array, i, element)
	{
		if (!reply_u64(element, "count"))
			continue;
		text_add_format(&list, "%s%s", list.len ? ", " : "", reply_string(element, key));
		if (second_key)
			text_add_format(&list, " %s", reply_string(element, second_key));
		text_add_format(&list, " %s", human_count(reply_u64(element, "count")).text);
	}
	view_field(out, width, name, "%s", list.data ? list.data : "none");
	out->is_failed |= list.is_failed;
	text_free(&list);
}

static uint64_t remote_faults(const json_t *cells)
{
	double sum = 0;
	json_t *cell;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)cells, i,
			   cell) if (strcmp(reply_string(cell, "cpu_node"),
					    reply_string(cell, "memory_node")) != 0)
		sum += reply_double(cell, "count");
	return human_round(sum);
}

static void show_migration(const json_t *reply, size_t width, struct text *out)
{
	const json_t *stall = reply_member(reply, "migration_stall");

	if (json_is_array(reply_member(reply, "migrated")))
		show_migrated(reply_member(reply, "migrated"), width, out);
	text_add(out, "\n");
	if (!json_is_array(reply_member(reply, "migrated")))
		view_line(out, width, "From which node to which pages were migrated cannot be seen here.");
	show_counts("Pages moved", reply_member(reply, "migrated_pages"), "reason", "result", width, out);
	if (reply_is_known(stall, "count"))
		view_field(out, width, "Waited", "%s in faults for pages to be migrated, %s times",
			   human_ns(reply_u64(stall, "sum_ns")).text,
			   human_count(reply_u64(stall, "count")).text);
	if (json_is_array(reply_member(reply, "hint_faults")))
		view_field(out, width, "Remote", "%s hint faults were on memory of another node",
			   human_count(remote_faults(reply_member(reply, "hint_faults"))).text);
	if (json_is_array(reply_member(reply, "task_moves")))
		show_counts("Tasks", reply_member(reply, "task_moves"), "decision", NULL, width, out);
}

int numa_view(struct cli *cli, const json_t *reply, struct text *out)
{
	const json_t *nodes = reply_member(reply, "nodes");
	size_t width = output_width();

	(void)cli;
	view_field(out, width, "Snapshot", "%s old",
		   human_ns(reply_u64(reply_member(reply, "snapshot"), "age_ns")).text);
	if (!json_array_size(nodes)) {
		view_line(out, width, "The NUMA nodes of this machine are not visible here.");
		return EXIT_OK;
	}
	if (json_array_size(nodes) == 1) {
		view_paragraph(
			out, width, 0, "",
			"This machine has one NUMA node: every access is local, and there is nothing to "
			"place better.");
		return EXIT_OK;
	}
	show_balancing(reply, width, out);
	show_matrices(reply, width, out);
	show_nodes(nodes, width, out);
	show_migration(reply, width, out);
	locality_show_processes(reply_member(reply, "processes"), width, out);
	return EXIT_OK;
}
