/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of numa_maps, of any bytes: what is borrowed lies in its line, and sums agree. */
#include <stdlib.h>
#include <string.h>

#include "../../cli/numa_maps.h"
#include "check.h"

static void check_mapping(const struct numa_mapping *mapping, const char *line, size_t size)
{
	must(mapping->policy > line && mapping->policy_len);
	must(mapping->policy + mapping->policy_len <= line + size);
	must(!mapping->name_len ||
	     (mapping->name > mapping->policy && mapping->name + mapping->name_len <= line + size));
	must(mapping->nr_nodes <= NUMA_MAX_NODES);
	for (size_t i = 0; i < mapping->nr_nodes; i++)
		must(mapping->node[i].node < NUMA_MAX_NODES);
}

/* By kind and by policy it is the same memory, unless it is too much. */
static void check_sums(const struct numa_maps *maps)
{
	uint64_t nr_mappings = 0;

	for (size_t i = 0; i < maps->nr_policies; i++)
		nr_mappings += maps->policy[i].nr_mappings;
	must(nr_mappings == maps->nr_mappings);
	for (size_t node = 0; node < NUMA_MAX_NODES; node++) {
		uint64_t sum = 0;

		for (size_t i = 0; i < maps->nr_policies; i++)
			if (__builtin_add_overflow(sum, maps->policy[i].bytes[node], &sum))
				sum = UINT64_MAX;
		must(sum == numa_maps_on_node(maps, node));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct numa_mapping mapping;
	static struct numa_maps maps;

	maps = (struct numa_maps){};
	for (size_t at = 0; at < size;) {
		const uint8_t *eol = memchr(data + at, '\n', size - at);
		size_t len = (size_t)((eol ? eol : data + size) - (data + at));
		char *line = malloc(len ? len : 1);

		must(line);
		memcpy(line, data + at, len);
		if (numa_maps_parse(line, len, &mapping)) {
			check_mapping(&mapping, line, len);
			numa_maps_add(&maps, &mapping, at % 2);
		}
		free(line);
		at += len + 1;
	}
	check_sums(&maps);
	return 0;
}
