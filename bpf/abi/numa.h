/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table of what goes from node to node for each process, which the programs fill and the daemon reads.
 * It is kept only where there are several nodes.
 */
#ifndef MEMOIR_ABI_NUMA_H
#define MEMOIR_ABI_NUMA_H

#include "types.h"

/* Entries of the table. When it is nearly full, the daemon drops those of processes that are gone. */
#define MAX_NUMA_FLOWS 16384u

enum numa_flow {
	FLOW_HINT_FAULTS, /* faults, from the node of the CPU to that of the memory */
	FLOW_ALLOCATED,   /* pages, likewise; only where they are not the same */
	FLOW_MIGRATED,    /* pages, from where they were to where they are; likewise */
	FLOW_TASK_MOVES,  /* tasks, likewise */
	NR_NUMA_FLOWS
};

struct numa_flow_key {
	__u64 start_ns; /* of the process, as in struct task_identity; with tgid it names the process */
	__u32 tgid;
	__u16 flow;   /* enum numa_flow */
	__u16 reason; /* enum migrate_reason of the kernel's for what was migrated, else 0 */
	__u16 from, to;
	__u32 pad;
};

#endif
