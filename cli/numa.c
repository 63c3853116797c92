// SPDX-License-Identifier: GPL-2.0-or-later
/* memoir numa: from which node to which memory is used, what was migrated for it, and who is worst placed. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../daemon/util.h"
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

static void show_unseen(const char *what, size_t width, struct text *out)
{
	view_line(out, width, "%s: not visible on this kernel (memoir probes)", what);
}

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
		view_paragraph(
			out, width, 0, "Balancing",
			"is on: hint faults are samples of accesses that the kernel's balancer takes, "
			"not all accesses. What has a memory policy it does not sample, nor shared memory on "
			"older kernels, and of a process with one thread only what is on another node "
			"than that runs on.");
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
}

/* Whether nodes of memory are told at all. */
static bool has_page_nodes(const json_t *reply)
{
	return !json_is_false(reply_member(reply, "page_nodes_known"));
}

static void show_matrix(const json_t *reply, const char *member, const struct numa_matrix_format *format,
			size_t width, struct text *out)
{
	const json_t *cells = reply_member(reply, member);

	if (json_is_array(cells)) {
		numa_matrix_add(out, width, reply_member(reply, "nodes"), cells, format);
		return;
	}
	text_add(out, "\n");
	show_unseen(format->title, width, out);
}

/* The same of the last minutes, which may be another. */
static void show_recent(const json_t *reply, const char *member, struct numa_matrix_format format,
			size_t width, struct text *out)
{
	uint64_t minutes = reply_u64(reply, "recent_ns") / (60 * NSEC_PER_SEC);
	char title[64];

	if (!minutes || !json_is_array(reply_member(reply, member)))
		return;
	snprintf(title, sizeof(title), "%s in the last %" PRIu64 " min", format.title, minutes);
	format.title = title;
	show_matrix(reply, member, &format, width, out);
}

static void show_matrices(const json_t *reply, size_t width, struct text *out)
{
	static const struct numa_matrix_format faults = { "Hint faults", "count", human_count, 5 },
					       recent_faults = { "Hint faults", "recent_count", human_count,
								 5 },
					       allocated = { "Allocated", "bytes", human_bytes, 7 },
					       recently_allocated = { "Allocated", "recent_bytes",
								      human_bytes, 7 };

	if (!has_page_nodes(reply)) {
		text_add(out, "\n");
		view_paragraph(
			out, width, 0, "",
			"The node of a page cannot be told on this kernel: which memory is used, allocated or "
			"migrated from where is not shown.");
		return;
	}
	show_matrix(reply, "hint_faults", &faults, width, out);
	show_recent(reply, "hint_faults", recent_faults, width, out);
	show_matrix(reply, "allocated", &allocated, width, out);
	show_recent(reply, "allocated", recently_allocated, width, out);
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

/* Of what was migrated, up to MAX_ROWS, the largest first; returns how many there are in all. */
static size_t largest_of(const json_t *migrated, const json_t *ret[MAX_ROWS])
{
	size_t i, nr = 0;
	json_t *flow;

	json_array_foreach((json_t *)(uintptr_t)migrated, i, flow)
	{
		uint64_t bytes = reply_u64(flow, "bytes");
		size_t place = nr < MAX_ROWS ? nr : MAX_ROWS;

		if (!bytes)
			continue;
		nr++;
		for (; place > 0 && bytes > reply_u64(ret[place - 1], "bytes"); place--)
			if (place < MAX_ROWS)
				ret[place] = ret[place - 1];
		if (place < MAX_ROWS)
			ret[place] = flow;
	}
	return nr;
}

static void show_migrated(const json_t *migrated, size_t width, struct text *out)
{
	static const struct table_column columns[] = {
		{ .header = "MIGRATED", .min_width = 17 },
		{ .header = "FROM", .align = TABLE_RIGHT },
		{ .header = "TO", .align = TABLE_RIGHT },
		{ .header = "SUM", .align = TABLE_RIGHT, .min_width = 8 },
	};
	struct table table = TABLE_NEW(columns);
	const json_t *largest[MAX_ROWS];
	size_t nr = largest_of(migrated, largest);

	for (size_t i = 0; i < nr && i < MAX_ROWS; i++) {
		table_cell(&table, reply_string(largest[i], "reason"));
		table_cell(&table, reply_string(largest[i], "from_node"));
		table_cell(&table, reply_string(largest[i], "to_node"));
		table_cell(&table, human_bytes(reply_u64(largest[i], "bytes")).text);
	}
	view_table(out, width, NULL, &table);
	if (nr > MAX_ROWS)
		view_line(out, width, "and %zu more", nr - MAX_ROWS);
}

/* "numa_misplaced failed" */
static void label_of(const json_t *element, const char *key, const char *second_key, char *ret, size_t size)
{
	snprintf(ret, size, "%s%s%s", reply_string(element, key), second_key ? " " : "",
		 second_key ? reply_string(element, second_key) : "");
}

/*
 * A line "Name        a 1, b 2" of what has counts. What it is called is in one or two keys; elements of the
 * same name follow one another, and are one.
 */
static void show_counts(const char *name, const json_t *array, const char *key, const char *second_key,
			size_t width, struct text *out)
{
	char label[96], next[96];
	struct text list = {};
	json_t *element;
	double sum = 0;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)array, i, element)
	{
		sum += reply_double(element, "count");
		label_of(element, key, second_key, label, sizeof(label));
		label_of(json_array_get(array, i + 1), key, second_key, next, sizeof(next));
		if (i + 1 < json_array_size(array) && !strcmp(label, next))
			continue;
		if (sum > 0)
			text_add_format(&list, "%s%s %s", list.len ? ", " : "", label,
					human_count(human_round(sum)).text);
		sum = 0;
	}
	view_field(out, width, name, "%s", list.data ? list.data : "none");
	out->is_failed |= list.is_failed;
	text_free(&list);
}

/* Sums a key over cells; those on the diagonal, too, or not. */
static uint64_t sum_of(const json_t *cells, const char *key, bool is_remote_only)
{
	double sum = 0;
	json_t *cell;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)cells, i, cell)
	{
		const char *cpu_node = reply_string(cell, "cpu_node");

		if (!is_remote_only || strcmp(cpu_node, reply_string(cell, "memory_node")) != 0)
			sum += reply_double(cell, key);
	}
	return human_round(sum);
}

/* Whether some of it is between nodes that are shown as one, and so may be remote or not. */
static bool has_above(const json_t *cells)
{
	json_t *cell;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)cells, i,
			   cell) if (numa_matrix_is_above(reply_string(cell, "cpu_node")) &&
				     numa_matrix_is_above(reply_string(cell, "memory_node"))) return true;
	return false;
}

/* What has a node of memory in it, but for the pictures. */
static void show_page_nodes(const json_t *reply, size_t width, struct text *out)
{
	const json_t *faults = reply_member(reply, "hint_faults");

	if (json_is_array(reply_member(reply, "refused")))
		view_field(out, width, "Refused", "%s was to follow a hint fault, and could not be moved",
			   human_bytes(sum_of(reply_member(reply, "refused"), "bytes", false)).text);
	if (json_is_array(faults))
		view_field(out, width, "Remote", "%s%s hint faults were on memory of another node",
			   has_above(faults) ? "at least " : "",
			   human_count(sum_of(faults, "count", true)).text);
}

static void show_migration(const json_t *reply, size_t width, struct text *out)
{
	const json_t *stall = reply_member(reply, "migration_stall");
	bool is_told = has_page_nodes(reply), is_seen = json_is_array(reply_member(reply, "migrated"));

	if (is_told && is_seen)
		show_migrated(reply_member(reply, "migrated"), width, out);
	text_add(out, "\n");
	if (is_told && !is_seen)
		view_line(out, width, "From which node to which pages were migrated cannot be seen here.");
	show_counts("Pages moved", reply_member(reply, "migrated_pages"), "reason", "result", width, out);
	if (reply_is_known(stall, "count"))
		view_field(out, width, "Waited", "%s in faults for pages to be migrated, %s times",
			   human_ns(reply_u64(stall, "sum_ns")).text,
			   human_count(reply_u64(stall, "count")).text);
	if (is_told)
		show_page_nodes(reply, width, out);
	if (json_is_array(reply_member(reply, "task_moves")))
		show_counts("Tasks", reply_member(reply, "task_moves"), "decision", NULL, width, out);
}

int numa_view(struct cli *cli, const json_t *reply, struct text *out)
{
	const json_t *nodes = reply_member(reply, "nodes");
	size_t width = output_width();

	(void)cli;
	view_field(out, width, "Snapshot", "%s old; counts since the probes were installed",
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
	if (has_page_nodes(reply))
		locality_show_processes(reply_member(reply, "processes"), width, out);
	return EXIT_OK;
}
