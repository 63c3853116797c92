/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NUMA: which nodes there are, and, process by process, what went from node to node for it, as a snapshot
 * has it, and where its memory lies, as a reading of live pages has it: two lists in the order of processes.
 */
#include "internal.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* --- lists ------------------------------------------------------------------------------------ */

/* How the records of both lists begin. */
struct of_process {
	struct rec_header h;
	__u64 start_ns;
	__u32 tgid;
};

_Static_assert(offsetof(struct rec_numa_flow, key.start_ns) == offsetof(struct of_process, start_ns) &&
		       offsetof(struct rec_numa_flow, key.tgid) == offsetof(struct of_process, tgid),
	       "a flow begins with its process");
_Static_assert(offsetof(struct rec_residency, start_ns) == offsetof(struct of_process, start_ns) &&
		       offsetof(struct rec_residency, tgid) == offsetof(struct of_process, tgid),
	       "a residency begins with its process");

/* 0 or -ENOMEM. */
static int list_add(struct process_list *list, const struct rec_header *h)
{
	char *all = rows_reserve(list->all, h->size, list->nr, &list->capacity);

	if (!all)
		return -ENOMEM;
	list->all = all;
	memcpy(all + (size_t)list->nr++ * h->size, h, h->size);
	return 0;
}

static void list_clear(struct process_list *list)
{
	list->nr = 0;
	list->nr_pages = 0;
}

/* Shows what was pending, in order, and leaves nothing pending. */
static void list_show(struct process_list *shown, struct process_list *pending, size_t size,
		      int (*compare)(const void *a, const void *b))
{
	struct process_list before = *shown;

	*shown = *pending;
	*pending = before;
	list_clear(pending);
	if (shown->nr)
		qsort(shown->all, shown->nr, size, compare);
}

static int compare_processes(const struct of_process *a, __u32 tgid, __u64 start_ns)
{
	if (a->tgid != tgid)
		return a->tgid < tgid ? -1 : 1;
	return a->start_ns < start_ns ? -1 : a->start_ns > start_ns;
}

/* The rows of a process, which lie in a row. */
static const void *list_find(const struct process_list *list, size_t size, const struct process *process,
			     __u32 *ret_nr)
{
	const char *all = list->all;
	__u32 first = 0, end = list->nr;

	while (first < end) {
		__u32 middle = (first + end) / 2;

		if (compare_processes((const void *)(all + middle * size), process->tgid, process->start_ns) <
		    0)
			first = middle + 1;
		else
			end = middle;
	}
	while (end < list->nr &&
	       !compare_processes((const void *)(all + end * size), process->tgid, process->start_ns))
		end++;
	*ret_nr = end - first;
	return *ret_nr ? all + first * size : NULL;
}

void numa_free(struct numa *numa)
{
	free(numa->flows.all);
	free(numa->pending_flows.all);
	free(numa->residencies.all);
	free(numa->pending_residencies.all);
}

/* --- nodes ------------------------------------------------------------------------------------ */

bool model_has_node(const struct model *model, __u32 node)
{
	if (node >= model_dim_size(model, DIM_NODE))
		return false;
	for (__u32 i = 0; i < model_nr_zones(model); i++)
		if (model_zone(model, i)->node == node && model_zone(model, i)->managed_pages)
			return true;
	return model_cells(model, METRIC_NODE_CPUS)[node];
}

__u32 model_nr_nodes(const struct model *model)
{
	__u32 nr = 0;

	for (__u32 node = 0; node < model_dim_size(model, DIM_NODE); node++)
		nr += model_has_node(model, node);
	return nr ? nr : 1;
}

/* --- flows ------------------------------------------------------------------------------------ */

/* So that no sum of them leaves 64 bits, in bytes neither. */
static bool is_flow_possible(const struct model *model, const struct rec_numa_flow *rec)
{
	__u32 nr_nodes = model->shape.sizes[DIM_NODE];

	return rec->key.flow < NR_NUMA_FLOWS && rec->key.from < nr_nodes && rec->key.to < nr_nodes &&
	       rec->key.reason < model->shape.sizes[DIM_MIGRATE_REASON] && rec->nr <= MAX_PAGES;
}

int apply_numa_flow(struct model *model, const struct rec_header *h)
{
	struct process_list *pending = &model->numa.pending_flows;

	if (pending->nr == REC_MAX_NUMA_FLOWS || !is_flow_possible(model, (const struct rec_numa_flow *)h))
		return -EINVAL;
	return list_add(pending, h);
}

static int compare_flows(const void *a, const void *b)
{
	const struct of_process *of_b = b;
	const struct numa_flow_key *key_a = &((const struct rec_numa_flow *)a)->key;
	const struct numa_flow_key *key_b = &((const struct rec_numa_flow *)b)->key;
	int order = compare_processes(a, of_b->tgid, of_b->start_ns);
	__u64 rest_a = (__u64)key_a->flow << 48 | (__u64)key_a->reason << 32 | (__u32)key_a->from << 16 |
		       key_a->to;
	__u64 rest_b = (__u64)key_b->flow << 48 | (__u64)key_b->reason << 32 | (__u32)key_b->from << 16 |
		       key_b->to;

	return order ? order : rest_a < rest_b ? -1 : rest_a > rest_b;
}

void numa_begin(struct numa *numa)
{
	list_clear(&numa->pending_flows);
}

void numa_end(struct numa *numa)
{
	list_show(&numa->flows, &numa->pending_flows, sizeof(struct rec_numa_flow), compare_flows);
}

const struct rec_numa_flow *model_numa_flows(const struct model *model, const struct process *process,
					     __u32 *ret_nr)
{
	return list_find(&model->numa.flows, sizeof(struct rec_numa_flow), process, ret_nr);
}

/* --- residency -------------------------------------------------------------------------------- */

int apply_residency(struct model *model, const struct rec_header *h)
{
	const struct rec_residency *rec = (const struct rec_residency *)h;
	struct process_list *pending = &model->numa.pending_residencies;
	int err;

	if (pending->nr == REC_MAX_RESIDENCIES || rec->node >= model->shape.sizes[DIM_NODE] ||
	    rec->nr_pages > MAX_PAGES - pending->nr_pages)
		return -EINVAL;
	err = list_add(pending, h);
	if (!err)
		pending->nr_pages += rec->nr_pages;
	return err;
}

static int compare_residencies(const void *a, const void *b)
{
	const struct of_process *of_b = b;
	__u32 node_a = ((const struct rec_residency *)a)->node,
	      node_b = ((const struct rec_residency *)b)->node;
	int order = compare_processes(a, of_b->tgid, of_b->start_ns);

	return order ? order : node_a < node_b ? -1 : node_a > node_b;
}

bool numa_is_possible(const struct numa *numa, __u32 step_pages)
{
	return !step_pages || numa->pending_residencies.nr_pages <= MAX_PAGES / step_pages;
}

void numa_live_end(struct numa *numa)
{
	list_show(&numa->residencies, &numa->pending_residencies, sizeof(struct rec_residency),
		  compare_residencies);
}

const struct rec_residency *model_residency(const struct model *model, const struct process *process,
					    __u32 *ret_nr)
{
	return list_find(&model->numa.residencies, sizeof(struct rec_residency), process, ret_nr);
}
