// SPDX-License-Identifier: GPL-2.0-or-later
/* NUMA locality of processes; see locality.h. */
#include "locality.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../daemon/util.h"
#include "../exporters/human.h"
#include "reply.h"
#include "table.h"
#include "view.h"

#define MAX_ROWS 15
#define MAX_CAUSES 5
/* Of a process's lists: those that come first. */
#define MAX_NODES 8

/* "0,1", or "-" for none. */
static void add_list(const json_t *array, const char *separator, struct text *ret)
{
	size_t i, nr = json_array_size(array);

	for (i = 0; i < nr && i < MAX_NODES; i++) {
		const char *name = json_string_value(json_array_get(array, i));

		text_add_format(ret, "%s%s", i ? separator : "", name ? name : "?");
	}
	text_add(ret, nr > MAX_NODES ? "..." : nr ? "" : "-");
}

static double sum_of(const json_t *array, const char *key)
{
	double sum = 0;
	json_t *value;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)array, i, value) sum += reply_double(value, key);
	return sum;
}

/* "~98% on 1, ~2.0% on 0": an estimate by sampled pages. */
static void add_shares(const json_t *resident, struct text *ret)
{
	double all = sum_of(resident, "bytes");
	size_t i, nr = json_array_size(resident);

	for (i = 0; all > 0 && i < nr && i < MAX_NODES; i++) {
		const json_t *node = json_array_get(resident, i);

		text_add_format(ret, "%s~%s on %s", ret->len ? ", " : "",
				human_percent(reply_double(node, "bytes") / all).text,
				reply_string(node, "node"));
	}
	if (!ret->len)
		text_add(ret, "-");
}

static bool is_remote(const json_t *process)
{
	return reply_double(process, "remote_share") > 0;
}

/* Allocations are all counted; hint faults and the pages that are followed are samples. */
static struct human remote_share(const json_t *process)
{
	struct human share = human_percent(reply_double(process, "remote_share"));

	return strcmp(reply_string(process, "basis"), "allocations") ? human_about(share) : share;
}

/* "hint_faults" as people write it. */
static const char *basis_of(const json_t *process, char *ret, size_t size)
{
	snprintf(ret, size, "%s", reply_string(process, "basis"));
	for (char *at = ret; *at; at++)
		if (*at == '_')
			*at = ' ';
	return ret;
}

static void add_text_cell(struct table *table, struct text *text)
{
	table_cell(table, text->data ? text->data : "");
	table->cells.is_failed |= text->is_failed;
	text_clear(text);
}

static void add_process(struct table *table, const json_t *process)
{
	struct text text = {};
	char word[32];

	snprintf(word, sizeof(word), "%" PRIu64, reply_u64(process, "pid"));
	table_cell(table, word);
	table_cell(table, reply_string(process, "comm"));
	add_list(reply_member(process, "cpu_nodes"), ",", &text);
	add_text_cell(table, &text);
	add_shares(reply_member(process, "resident"), &text);
	add_text_cell(table, &text);
	table_cell(table, remote_share(process).text);
	table_cell(table, basis_of(process, word, sizeof(word)));
	table_cell(table, reply_string(process, "cause"));
	text_free(&text);
}

static void show_cause(const json_t *process, size_t width, size_t indent, struct text *out)
{
	const char *cause = reply_string(process, "cause_text"), *remedy = reply_string(process, "remedy");

	if (*cause)
		view_paragraph(out, width, indent, "", cause);
	if (*remedy)
		view_paragraph(out, width, indent, "What helps:", remedy);
}

static void show_causes(const json_t *processes, size_t width, struct text *out)
{
	size_t i, nr = 0;
	json_t *process;

	json_array_foreach((json_t *)(uintptr_t)processes, i, process)
	{
		if (nr == MAX_CAUSES)
			break;
		if (!is_remote(process) || !*reply_string(process, "cause_text"))
			continue;
		if (!nr++)
			text_add(out, "\n");
		view_line(out, width, "%" PRIu64 " %s", reply_u64(process, "pid"),
			  reply_string(process, "comm"));
		show_cause(process, width, 2, out);
	}
}

void locality_show_processes(const json_t *processes, size_t width, struct text *out)
{
	static const struct table_column columns[] = {
		{ .header = "PID", .align = TABLE_RIGHT },
		{ .header = "COMM", .min_width = 8 },
		{ .header = "CPUS" },
		{ .header = "MEMORY", .is_flexible = true, .min_width = 12 },
		{ .header = "REMOTE", .align = TABLE_RIGHT },
		{ .header = "BY", .min_width = 9 },
		{ .header = "CAUSE", .min_width = 7 },
	};
	struct table table = TABLE_NEW(columns);
	size_t i, nr = 0;
	json_t *process;

	table.gap = 1;
	json_array_foreach((json_t *)(uintptr_t)processes, i, process)
	{
		if (!is_remote(process))
			continue;
		if (nr++ < MAX_ROWS)
			add_process(&table, process);
	}
	if (!nr) {
		table_free(&table);
		text_add(out, "\n");
		view_line(out, width, "No process is seen to use memory of another node.");
		return;
	}
	view_table(out, width, "Processes that use memory of another node than they run on, worst first",
		   &table);
	if (nr > MAX_ROWS)
		view_line(out, width, "and %zu more", nr - MAX_ROWS);
	view_line(out, width, "REMOTE: share by what BY says. ~: estimated from samples.");
	show_causes(processes, width, out);
}

/* --- one process ------------------------------------------------------------------------------ */

static void show_where(const json_t *locality, size_t width, struct text *out)
{
	struct text cpus = {}, allowed = {};
	char basis[32];

	add_list(reply_member(locality, "cpu_nodes"), ",", &cpus);
	add_list(reply_member(locality, "allowed_nodes"), ",", &allowed);
	view_field(out, width, "NUMA", "runs on node %s; policy %s, may use memory of %s",
		   cpus.data ? cpus.data : "", reply_string(locality, "policy"),
		   allowed.data ? allowed.data : "");
	if (reply_is_known(locality, "remote_share"))
		view_field(out, width, "Remote", "%s, by %s", remote_share(locality).text,
			   basis_of(locality, basis, sizeof(basis)));
	out->is_failed |= cpus.is_failed || allowed.is_failed;
	text_free(&cpus);
	text_free(&allowed);
}

static void show_resident(const json_t *resident, size_t width, struct text *out)
{
	size_t i, nr = json_array_size(resident);
	struct text text = {};

	for (i = 0; i < nr && i < MAX_NODES; i++) {
		const json_t *node = json_array_get(resident, i);

		text_add_format(&text, "%s~%s+-%s on %s", i ? ", " : "",
				human_bytes(reply_u64(node, "bytes")).text,
				human_bytes(reply_u64(node, "error_bytes")).text, reply_string(node, "node"));
	}
	if (nr)
		view_field(out, width, "Holds", "%s", text.data ? text.data : "");
	out->is_failed |= text.is_failed;
	text_free(&text);
}

static void show_counts(const json_t *locality, size_t width, struct text *out)
{
	if (reply_is_known(locality, "numa_local_faults"))
		view_field(out, width, "Hint faults", "%s on local memory, %s on remote",
			   human_count(reply_u64(locality, "numa_local_faults")).text,
			   human_count(reply_u64(locality, "numa_remote_faults")).text);
	else
		view_field(out, width, "Hint faults", "cannot be seen here");
	if (reply_is_known(locality, "allocated_remote_bytes"))
		view_field(out, width, "Allocated", "%s, %s of it on other nodes than that of the CPU",
			   human_bytes(reply_u64(locality, "allocated_bytes")).text,
			   human_bytes(reply_u64(locality, "allocated_remote_bytes")).text);
	else
		view_field(out, width, "Allocated", "%s; on which nodes cannot be seen here",
			   human_bytes(reply_u64(locality, "allocated_bytes")).text);
	if (reply_is_known(locality, "numa_refused_bytes"))
		view_field(out, width, "Migrated", "%s to its own node, %s more could not be; it waited %s",
			   human_bytes(reply_u64(locality, "numa_migrated_bytes")).text,
			   human_bytes(reply_u64(locality, "numa_refused_bytes")).text,
			   human_ns(reply_u64(locality, "numa_migration_stall_ns")).text);
	else
		view_field(out, width, "Migrated", "%s to its own node; it waited %s",
			   human_bytes(reply_u64(locality, "numa_migrated_bytes")).text,
			   human_ns(reply_u64(locality, "numa_migration_stall_ns")).text);
}

void locality_show(const json_t *locality, size_t width, struct text *out)
{
	if (!json_is_object(locality))
		return;
	text_add(out, "\n");
	show_where(locality, width, out);
	show_resident(reply_member(locality, "resident"), width, out);
	show_counts(locality, width, out);
	if (is_remote(locality))
		show_cause(locality, width, 0, out);
}
