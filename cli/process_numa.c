// SPDX-License-Identifier: GPL-2.0-or-later
/* memoir process PID --numa: what the command adds to the daemon's answer, and how it shows it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../daemon/util.h"
#include "../exporters/human.h"
#include "../exporters/json.h"
#include "command.h"
#include "residency.h"
#include "view.h"

static const char *const kind_keys[NR_NUMA_KINDS] = {
	[NUMA_ANONYMOUS] = "anonymous_bytes",
	[NUMA_FILE] = "file_bytes",
	[NUMA_SHARED] = "shared_bytes",
	[NUMA_HUGETLB] = "hugetlb_bytes",
};

/* --- into the answer -------------------------------------------------------------------------- */

static void write_node(struct json *json, size_t node)
{
	char name[24];

	snprintf(name, sizeof(name), "%zu", node);
	json_add_string(json, "node", name);
}

static void write_nodes(struct json *json, const struct numa_maps *maps)
{
	json_array_begin(json, "nodes");
	for (size_t node = 0; node < NUMA_MAX_NODES; node++) {
		if (!numa_maps_on_node(maps, node))
			continue;
		json_object_begin(json, NULL);
		write_node(json, node);
		json_add_u64(json, "bytes", numa_maps_on_node(maps, node));
		for (int kind = 0; kind < NR_NUMA_KINDS; kind++)
			json_add_u64(json, kind_keys[kind], maps->bytes[kind][node]);
		json_object_end(json);
	}
	json_array_end(json);
}

static void write_policy(struct json *json, const struct numa_policy *policy)
{
	char address[24];

	json_object_begin(json, NULL);
	json_add_string(json, "policy", policy->name);
	json_add_u64(json, "mappings", policy->nr_mappings);
	json_array_begin(json, "nodes");
	for (size_t node = 0; node < NUMA_MAX_NODES; node++) {
		if (!policy->bytes[node])
			continue;
		json_object_begin(json, NULL);
		write_node(json, node);
		json_add_u64(json, "bytes", policy->bytes[node]);
		json_object_end(json);
	}
	json_array_end(json);
	json_object_begin(json, "largest");
	snprintf(address, sizeof(address), "%" PRIx64, policy->largest_start);
	json_add_string(json, "address", address);
	json_add_string(json, "name", policy->largest_name);
	json_add_u64(json, "bytes", policy->largest_bytes);
	json_object_end(json);
	json_object_end(json);
}

static void write_residency(const struct residency *residency, struct text *ret)
{
	struct json json = { .text = ret };

	json_object_begin(&json, NULL);
	json_add_string(&json, "end", space_end_names[residency->end]);
	json_add_u64(&json, "mapped_bytes", residency->mapped_bytes);
	json_add_u64(&json, "seen_bytes", residency->seen_bytes);
	json_add_u64(&json, "cpu_ns", residency->cpu_ns);
	json_add_bool(&json, "mappings_changed", residency->is_changed);
	json_add_u64(&json, "mappings", residency->maps.nr_mappings);
	write_nodes(&json, &residency->maps);
	json_array_begin(&json, "policies");
	for (size_t i = 0; i < residency->maps.nr_policies; i++)
		write_policy(&json, &residency->maps.policy[i]);
	json_array_end(&json);
	json_object_end(&json);
}

int process_numa_maps_write(const struct cli *cli, const json_t *process, struct text *ret)
{
	pid_t pid = (pid_t)reply_u64(process, "pid");
	static struct residency residency;
	int err;

	if (reply_bool(process, "kernel_thread")) {
		complain("NUMA residency: %d is a kernel thread, which has no memory of its own", pid);
		return EXIT_FAILED;
	}
	err = residency_read(pid, reply_u64(process, "start_ns"), cli->seconds * NSEC_PER_SEC, &residency);
	if (err) {
		complain("NUMA residency: %s", residency.problem);
		return EXIT_FAILED;
	}
	write_residency(&residency, ret);
	if (residency.end != SPACE_GONE)
		return EXIT_OK;
	complain("NUMA residency: process %d ended, or executed another program, while it was looked at",
		 pid);
	return EXIT_FAILED;
}

/* --- out of the answer ------------------------------------------------------------------------ */

static double sum_of(const json_t *array, const char *key)
{
	double sum = 0;
	json_t *value;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)array, i, value) sum += reply_double(value, key);
	return sum;
}

static double share(double part, double whole)
{
	return whole > 0 ? part / whole : 0;
}

static void show_nodes(const json_t *nodes, size_t width, struct text *out)
{
	static const struct table_column columns[] = {
		{ .header = "NODE", .align = TABLE_RIGHT },
		{ .header = "RESIDENT", .align = TABLE_RIGHT, .min_width = 8 },
		{ .header = "SHARE", .align = TABLE_RIGHT, .min_width = 6 },
		{ .header = "ANONYMOUS", .align = TABLE_RIGHT },
		{ .header = "FILE", .align = TABLE_RIGHT, .min_width = 8 },
		{ .header = "SHARED", .align = TABLE_RIGHT, .min_width = 8 },
		{ .header = "HUGETLB", .align = TABLE_RIGHT, .min_width = 8 },
	};
	struct table table = TABLE_NEW(columns);
	double all = sum_of(nodes, "bytes");
	json_t *node;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)nodes, i, node)
	{
		table_cell(&table, reply_string(node, "node"));
		table_cell(&table, human_bytes(reply_u64(node, "bytes")).text);
		table_cell(&table, human_percent(share(reply_double(node, "bytes"), all)).text);
		for (int kind = 0; kind < NR_NUMA_KINDS; kind++)
			table_cell(&table, human_bytes(reply_u64(node, kind_keys[kind])).text);
	}
	view_table(out, width, "Memory that it maps, by NUMA node (numa_maps)", &table);
}

/* "99% on 0, 1.0% on 1". */
static void nodes_text(const json_t *nodes, struct text *ret)
{
	double all = sum_of(nodes, "bytes");
	json_t *node;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)nodes, i, node)
		text_add_format(ret, "%s%s on %s", i ? ", " : "",
				human_percent(share(reply_double(node, "bytes"), all)).text,
				reply_string(node, "node"));
}

static void show_policies(const json_t *policies, size_t width, struct text *out)
{
	static const struct table_column columns[] = {
		{ .header = "POLICY", .min_width = 9 },
		{ .header = "MAPPINGS", .align = TABLE_RIGHT },
		{ .header = "RESIDENT", .align = TABLE_RIGHT, .min_width = 8 },
		{ .header = "NODES", .min_width = 8 },
		{ .header = "LARGEST", .is_flexible = true, .min_width = 12 },
	};
	struct table table = TABLE_NEW(columns);
	json_t *policy;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)policies, i, policy)
	{
		const json_t *nodes = reply_member(policy, "nodes"),
			     *largest = reply_member(policy, "largest");
		struct text text = {};

		table_cell(&table, reply_string(policy, "policy"));
		table_cell(&table, human_count(reply_u64(policy, "mappings")).text);
		table_cell(&table, human_bytes(human_round(sum_of(nodes, "bytes"))).text);
		nodes_text(nodes, &text);
		table_cell(&table, text.data ? text.data : "-");
		text_clear(&text);
		text_add_format(&text, "%s %s", reply_string(largest, "address"),
				*reply_string(largest, "name") ? reply_string(largest, "name")
							       : "(anonymous)");
		table_cell(&table, text.data ? text.data : "");
		text_free(&text);
	}
	view_table(out, width, NULL, &table);
	if (json_array_size(policies) > 1)
		view_line(out, width, "A policy that only some mappings have was set for them, by mbind(2).");
}

static void show_how_far(const json_t *maps, size_t width, struct text *out)
{
	struct human mapped = human_bytes(reply_u64(maps, "mapped_bytes"));
	const char *end = reply_string(maps, "end");

	if (!strcmp(end, space_end_names[SPACE_COMPLETE]))
		view_field(out, width, "Read", "all %s of addresses in %s of CPU%s", mapped.text,
			   human_ns(reply_u64(maps, "cpu_ns")).text,
			   reply_bool(maps, "mappings_changed") ? "; mappings changed meanwhile" : "");
	else
		view_field(out, width, "Read", "%s of %s of addresses, from the lowest on: %s",
			   human_bytes(reply_u64(maps, "seen_bytes")).text, mapped.text, end);
}

void process_numa_maps_show(const json_t *reply, size_t width, struct text *out)
{
	const json_t *maps = reply_member(reply, "numa_maps");

	if (!json_is_object(maps))
		return;
	show_nodes(reply_member(maps, "nodes"), width, out);
	show_policies(reply_member(maps, "policies"), width, out);
	text_add(out, "\n");
	show_how_far(maps, width, out);
}
