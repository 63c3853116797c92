/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel says of a process's memory by NUMA node: lines of /proc/PID/numa_maps, and their sums by
 * node, kind of mapping and policy. Pure; takes bytes.
 */
#ifndef MEMOIR_NUMA_MAPS_H
#define MEMOIR_NUMA_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As many as a kernel can be configured to have. */
#define NUMA_MAX_NODES 1024
/* Policies that are told apart; more are in the last of them, under another name. */
#define NUMA_MAX_POLICIES 16
#define NUMA_OTHER_POLICIES "(others)"

/* What a mapping is. Pages that a process has written of a private file are in its FILE. */
enum numa_kind {
	NUMA_ANONYMOUS,
	NUMA_FILE,   /* private */
	NUMA_SHARED, /* of a file or not */
	NUMA_HUGETLB,
	NR_NUMA_KINDS,
};

/* A line. What is borrowed from it is not terminated, and of any origin. */
struct numa_mapping {
	uint64_t start;
	const char *policy; /* in the kernel's words: "default", "bind:0-1", "prefer (many):1" */
	size_t policy_len;
	const char *name; /* the file, as the kernel escapes it, or "heap", "stack", or empty */
	size_t name_len;
	bool has_file, is_hugetlb;
	size_t nr_nodes;
	struct {
		uint64_t node, bytes;
	} node[NUMA_MAX_NODES];
};

struct numa_policy {
	char name[64];
	uint64_t nr_mappings, bytes[NUMA_MAX_NODES];
	/* Of its mappings the one with most resident memory; the first of those alike. */
	uint64_t largest_bytes, largest_start;
	char largest_name[128];
};

struct numa_maps {
	uint64_t nr_mappings;
	uint64_t bytes[NR_NUMA_KINDS][NUMA_MAX_NODES]; /* resident; what is too much is UINT64_MAX */
	size_t nr_policies;
	struct numa_policy policy[NUMA_MAX_POLICIES];
};

/* Reads a line without its end. False for what is none; ret is then in no state to be used. */
bool numa_maps_parse(const char *line, size_t size, struct numa_mapping *ret);

/* Adds a line to the sums. is_shared: it was mapped shared, which the line itself does not say. */
void numa_maps_add(struct numa_maps *maps, const struct numa_mapping *mapping, bool is_shared);

/* Resident memory on a node, of all kinds. */
uint64_t numa_maps_on_node(const struct numa_maps *maps, size_t node);

#endif
