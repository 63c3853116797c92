/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads the table of what goes from node to node for each process (bpf/flow.bpf.h), and makes room in it.
 */
#ifndef MEMOIR_NUMA_FLOWS_H
#define MEMOIR_NUMA_FLOWS_H

#include "model/model.h"
#include "probes.h"

struct numa_flows;

/* NULL without memory. What is given must outlive it. The model says who lives. */
struct numa_flows *numa_flows_new(const struct probes *probes, const struct model *model);
/* Accepts NULL. */
void numa_flows_free(struct numa_flows *flows);

/* Hands out a REC_NUMA_FLOW for each flow of a process that lives. 0 or a negative errno. */
int numa_flows_read(struct numa_flows *flows, void (*emit)(void *ctx, const struct rec_header *record),
		    void *ctx);

#endif
