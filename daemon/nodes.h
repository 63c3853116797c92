/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The NUMA nodes of the machine, as the kernel shows them in /sys/devices/system/node: which CPUs belong to
 * which, and what was allocated where. Programs are told the nodes of CPUs.
 */
#ifndef MEMOIR_NODES_H
#define MEMOIR_NODES_H

#include "machine.h"
#include "probes.h"

struct nodes;

/* NULL without memory. What is given must outlive it. */
struct nodes *nodes_new(const struct machine *machine, const struct probes *probes);
/* Accepts NULL. */
void nodes_free(struct nodes *nodes);

/*
 * Reads which CPUs are where, and tells the programs what has changed. A CPU that is offline stays where it
 * was, and one that was never online is on node 0.
 */
void nodes_refresh(struct nodes *nodes);

/* The node of each CPU, nr_cpu_ids of the machine; valid as long as nodes. */
const __u32 *nodes_of_cpus(const struct nodes *nodes);

/* How many CPUs of each node are online: nr_nodes of the machine; valid likewise. */
const __u64 *nodes_nr_cpus(const struct nodes *nodes);

/* Writes what numastat says: NR_NUMASTAT_ITEMS for each of nr_nodes; of a node offline nothing. */
void nodes_read_numastat(struct nodes *nodes, __u64 *ret);

#endif
