// SPDX-License-Identifier: GPL-2.0-or-later
/* The NUMA nodes of the machine; see nodes.h. */
#include "nodes.h"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "nodetext.h"
#include "procfs.h"
#include "util.h"

struct nodes {
	__u32 nr_nodes, nr_cpus;
	int map_fd;       /* of the programs' own list */
	__u32 node;       /* that is being read */
	__u64 *nr_online; /* CPUs, by node */
	bool is_online[MACHINE_MAX_NODES + 1];
	__u32 of_cpu[];
};

struct nodes *nodes_new(const struct machine *machine, const struct probes *probes)
{
	__u32 nr_cpus = machine->nr_cpu_ids;
	struct nodes *nodes = calloc(1, sizeof(*nodes) + nr_cpus * sizeof(nodes->of_cpu[0]));

	if (!nodes)
		return NULL;
	nodes->nr_nodes = machine->record.nr_nodes;
	nodes->nr_online = calloc(nodes->nr_nodes, sizeof(nodes->nr_online[0]));
	if (!nodes->nr_online) {
		free(nodes);
		return NULL;
	}
	nodes->nr_cpus = nr_cpus;
	nodes->map_fd = probes_map_fd(probes, "cpu_nodes");
	/* As an earlier daemon knew them: what a CPU has counted that is offline now stays where it was. */
	for (__u32 cpu = 0; cpu < nr_cpus; cpu++)
		bpf_map_lookup_elem(nodes->map_fd, &cpu, &nodes->of_cpu[cpu]);
	return nodes;
}

void nodes_free(struct nodes *nodes)
{
	if (!nodes)
		return;
	free(nodes->nr_online);
	free(nodes);
}

const __u32 *nodes_of_cpus(const struct nodes *nodes)
{
	return nodes->of_cpu;
}

static int open_node_file(__u32 node, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/devices/system/node/node%u/%s", node, name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* --- CPUs ------------------------------------------------------------------------------------- */

static void take_cpu(void *ctx, __u32 cpu)
{
	struct nodes *nodes = ctx;

	nodes->nr_online[nodes->node]++;
	if (nodes->of_cpu[cpu] == nodes->node)
		return;
	nodes->of_cpu[cpu] = nodes->node;
	bpf_map_update_elem(nodes->map_fd, &cpu, &nodes->node, BPF_ANY);
}

static void take_node(void *ctx, __u32 node)
{
	struct nodes *nodes = ctx;
	_cleanup_close_ int fd = open_node_file(node, "cpulist");
	char list[NODE_TEXT_SIZE];

	nodes->is_online[node] = true;
	nodes->node = node;
	if (node_text_read(fd, list, sizeof(list)))
		node_list_parse(list, nodes->nr_cpus, take_cpu, nodes);
}

void nodes_refresh(struct nodes *nodes)
{
	_cleanup_close_ int fd = open("/sys/devices/system/node/online", O_RDONLY | O_CLOEXEC);
	char list[NODE_TEXT_SIZE];

	memset(nodes->is_online, 0, sizeof(nodes->is_online));
	memset(nodes->nr_online, 0, nodes->nr_nodes * sizeof(nodes->nr_online[0]));
	if (node_text_read(fd, list, sizeof(list)))
		node_list_parse(list, nodes->nr_nodes, take_node, nodes);
}

const __u64 *nodes_nr_cpus(const struct nodes *nodes)
{
	return nodes->nr_online;
}

/* --- numastat --------------------------------------------------------------------------------- */

static void take_numastat(void *ctx, const char *line, size_t size)
{
	numastat_line_parse(line, size, ctx);
}

void nodes_read_numastat(struct nodes *nodes, __u64 *ret)
{
	for (__u32 node = 0; node < nodes->nr_nodes; node++) {
		_cleanup_close_ int fd = nodes->is_online[node] ? open_node_file(node, "numastat") : -1;

		if (fd >= 0)
			lines_read(fd, take_numastat, ret + node * NR_NUMASTAT_ITEMS);
	}
}
