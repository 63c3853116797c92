/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the system-wide totals were during the last hour, so that "how much lately" and "since when"
 * have an answer: one point for each step of 15 seconds, or for each snapshot where those are rarer.
 * Of which nodes were short, what was at the first snapshot is kept too.
 */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>

#define STEP_NS (15 * 1000000000ULL)
#define NR_POINTS 240
/* Growth that pauses for longer has ended. */
#define PAUSE_NS (300 * 1000000000ULL)

struct watch_point {
	__u64 time_ns;
	struct ledger_counts total;
	__u64 major_fault_ns[NR_FAULT_CAUSES];
};

int watch_init(struct watch *watch)
{
	watch->ring = calloc(NR_POINTS, sizeof(*watch->ring));
	return watch->ring ? 0 : -ENOMEM;
}

int watch_reserve(struct watch *watch, __u32 nr_nodes)
{
	__u64 *foreign = calloc((size_t)NR_POINTS * nr_nodes, sizeof(*foreign));
	struct watch_node *nodes = calloc(nr_nodes, sizeof(*nodes));

	if (!foreign || !nodes) {
		free(foreign);
		free(nodes);
		return -ENOMEM;
	}
	watch->foreign = foreign;
	watch->nodes = nodes;
	watch->nr_nodes = nr_nodes;
	return 0;
}

void watch_free(struct watch *watch)
{
	free(watch->ring);
	free(watch->foreign);
	free(watch->nodes);
}

static __u64 oldest(const struct watch *watch)
{
	return watch->nr_points > NR_POINTS ? watch->nr_points - NR_POINTS : 0;
}

static const struct watch_point *point(const struct watch *watch, __u64 number)
{
	return &watch->ring[number % NR_POINTS];
}

static __u64 *foreign_row(const struct watch *watch, __u64 number)
{
	return watch->foreign + number % NR_POINTS * watch->nr_nodes;
}

/* At every snapshot, so that it is known when a count has grown. */
static void watch_nodes(struct model *model)
{
	const struct cube *cube = model_cube(model, METRIC_NUMASTAT);
	const __u64 *foreign = model_cells(model, METRIC_NUMASTAT) + NUMASTAT_FOREIGN * cube->stride[1];
	struct watch *watch = &model->watch;

	for (__u32 i = 0; i < watch->nr_nodes; i++) {
		struct watch_node *node = &watch->nodes[i];
		__u64 now = foreign[i * cube->stride[0]];

		if (!watch->nr_points)
			node->first = now;
		else if (now > node->last)
			node->grew_ns = model->status.time_ns;
		node->last = now;
	}
	if (!watch->nr_points)
		watch->first_ns = model->status.time_ns;
}

/* Time in major faults of a kind, since the probes were installed. */
static __u64 major_fault_ns(const struct model *model, enum fault_cause cause)
{
	const struct cube *cube = model_cube(model, METRIC_PAGE_FAULT);

	return model_cells(model, METRIC_PAGE_FAULT)[cause * cube->stride[0] + FAULT_MAJOR * cube->stride[1] +
						     HIST_SUM];
}

void watch_add(struct model *model)
{
	struct watch *watch = &model->watch;
	struct watch_point *new = &watch->ring[watch->nr_points % NR_POINTS];

	watch_nodes(model);
	if (watch->nr_points && model->status.time_ns - point(watch, watch->nr_points - 1)->time_ns < STEP_NS)
		return;
	new->time_ns = model->status.time_ns;
	new->total = model->groups.total;
	for (__u32 cause = 0; cause < NR_FAULT_CAUSES; cause++)
		new->major_fault_ns[cause] = major_fault_ns(model, (enum fault_cause)cause);
	for (__u32 i = 0; i < watch->nr_nodes; i++)
		foreign_row(watch, watch->nr_points)[i] = watch->nodes[i].last;
	watch->nr_points++;
}

/* The first point within the window, or NULL. */
static const struct watch_point *first_within(const struct model *model, __u64 window_ns)
{
	const struct watch *watch = &model->watch;

	for (__u64 i = oldest(watch); i < watch->nr_points; i++)
		if (model->status.time_ns - point(watch, i)->time_ns <= window_ns)
			return point(watch, i);
	return NULL;
}

__u64 model_growth(const struct model *model, enum ledger row, __u64 window_ns, __u64 *ret_covered_ns)
{
	const struct watch_point *first = first_within(model, window_ns);

	*ret_covered_ns = first ? model->status.time_ns - first->time_ns : 0;
	return first ? model->groups.total.v[row] - first->total.v[row] : 0;
}

__u64 model_major_fault_growth(const struct model *model, enum fault_cause cause, __u64 window_ns)
{
	const struct watch_point *first = first_within(model, window_ns);

	return first ? major_fault_ns(model, cause) - first->major_fault_ns[cause] : 0;
}

__u64 model_growing_since(const struct model *model, enum ledger row)
{
	const struct watch *watch = &model->watch;
	__u64 newer_ns = model->status.time_ns, newer = model->groups.total.v[row];
	__u64 since_ns = model->status.time_ns;
	bool is_growing = false;

	for (__u64 i = watch->nr_points; i > oldest(watch); i--) {
		const struct watch_point *older = point(watch, i - 1);

		if (newer > older->total.v[row]) {
			if (since_ns - newer_ns > PAUSE_NS)
				break;
			since_ns = older->time_ns;
			is_growing = true;
		}
		newer_ns = older->time_ns;
		newer = older->total.v[row];
	}
	return is_growing ? since_ns : 0;
}

__u64 model_foreign_growth(const struct model *model, __u32 node, __u64 since_ns, __u64 *ret_since_ns)
{
	const struct watch *watch = &model->watch;
	__u64 before;

	*ret_since_ns = watch->first_ns;
	if (node >= watch->nr_nodes || watch->nodes[node].grew_ns <= since_ns)
		return 0;
	/* What was before the hour that is kept may be days ago: of that, all or nothing is told. */
	before = watch->nodes[node].first;
	if (since_ns > watch->first_ns) {
		before = foreign_row(watch, oldest(watch))[node];
		*ret_since_ns = point(watch, oldest(watch))->time_ns;
	}
	for (__u64 i = oldest(watch); i < watch->nr_points && point(watch, i)->time_ns <= since_ns; i++) {
		before = foreign_row(watch, i)[node];
		*ret_since_ns = point(watch, i)->time_ns;
	}
	return watch->nodes[node].last > before ? watch->nodes[node].last - before : 0;
}
