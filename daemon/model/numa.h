/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the model knows of NUMA nodes. */
#ifndef MEMOIR_MODEL_NUMA_H
#define MEMOIR_MODEL_NUMA_H

#include "model.h"

/* Nodes with memory or an online CPU, and how many; 1 where it is not known yet. Others may be added. */
bool model_has_node(const struct model *model, __u32 node);
__u32 model_nr_nodes(const struct model *model);

/*
 * What went from node to node for a process since the probes were installed, at the last snapshot: so many in
 * a row. Valid until the next model_apply().
 */
const struct rec_numa_flow *model_numa_flows(const struct model *model, const struct process *process,
					     __u32 *ret_nr);

/*
 * What a process allocated for itself and still holds, by node, as the last reading of live pages estimates
 * it (see live_error_pages()): so many in a row. None where it holds little, or there is one node only.
 */
const struct rec_residency *model_residency(const struct model *model, const struct process *process,
					    __u32 *ret_nr);

/*
 * Growth of numastat's foreign of a node since then or a little before. An hour is kept: since earlier it is
 * that of the hour, and since before the first snapshot all that there was from that on. *ret_since_ns: since
 * when really. Both are of CLOCK_BOOTTIME.
 */
__u64 model_foreign_growth(const struct model *model, __u32 node, __u64 since_ns, __u64 *ret_since_ns);

/*
 * The growth of a cell of METRIC_NUMA_HINT_FAULTS or METRIC_NUMA_ALLOCATED during the last nine to eleven
 * minutes, or less where that is all that is known: model_placement_covered_ns() says how long that is. With
 * snapshots more than a minute apart it is that of the intervals that fit into eleven minutes, and of the
 * last one at least.
 */
__u64 model_placement_growth(const struct model *model, enum metric metric, __u32 cell);
__u64 model_placement_covered_ns(const struct model *model);

#endif
