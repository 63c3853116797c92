/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The matrices of NUMA nodes during the last ten minutes, so that what is remote now is told apart from what
 * once was: one point a minute, or for each snapshot where those are rarer.
 */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define STEP_NS (60 * 1000000000ULL)
#define NR_POINTS 11
#define WINDOW_NS (NR_POINTS * STEP_NS) /* ten minutes, and the step that may have passed since a point */

struct placement_point {
	__u64 time_ns;
	__u64 *cells; /* of each matrix, one after the other */
};

static const enum metric matrices[] = { METRIC_NUMA_HINT_FAULTS, METRIC_NUMA_ALLOCATED };
#define NR_MATRICES (sizeof(matrices) / sizeof(matrices[0]))

static __u32 nr_cells(const struct cube *cube)
{
	return cube->size[0] * cube->stride[0];
}

int placement_reserve(struct placement *placement, const struct cube cubes[NR_METRICS])
{
	size_t nr = 0;

	for (size_t i = 0; i < NR_MATRICES; i++)
		nr += nr_cells(&cubes[matrices[i]]);
	placement->ring = calloc(NR_POINTS, sizeof(*placement->ring));
	placement->cells = calloc(NR_POINTS * nr, sizeof(*placement->cells));
	if (!placement->ring || !placement->cells)
		return -ENOMEM;
	for (size_t i = 0; i < NR_POINTS; i++)
		placement->ring[i].cells = placement->cells + i * nr;
	return 0;
}

void placement_free(struct placement *placement)
{
	free(placement->ring);
	free(placement->cells);
}

void placement_add(struct model *model)
{
	struct placement *placement = &model->placement;
	struct placement_point *last = &placement->ring[(placement->nr_points + NR_POINTS - 1) % NR_POINTS],
			       *new = &placement->ring[placement->nr_points % NR_POINTS];
	__u64 *to = new->cells;

	if (placement->nr_points && model->status.time_ns - last->time_ns < STEP_NS)
		return;
	new->time_ns = model->status.time_ns;
	for (size_t i = 0; i < NR_MATRICES; i++) {
		__u32 nr = nr_cells(model_cube(model, matrices[i]));

		memcpy(to, model_cells(model, matrices[i]), nr * sizeof(*to));
		to += nr;
	}
	placement->nr_points++;
}

/*
 * Valid where there is one: the oldest within the window, or where snapshots are so rare that there is none,
 * the last before this snapshot.
 */
static const struct placement_point *oldest(const struct model *model)
{
	const struct placement *placement = &model->placement;
	__u64 number = placement->nr_points > NR_POINTS ? placement->nr_points - NR_POINTS : 0;

	while (number + 1 < placement->nr_points &&
	       model->status.time_ns - placement->ring[number % NR_POINTS].time_ns > WINDOW_NS &&
	       placement->ring[(number + 1) % NR_POINTS].time_ns < model->status.time_ns)
		number++;
	return &placement->ring[number % NR_POINTS];
}

__u64 model_placement_covered_ns(const struct model *model)
{
	return model->placement.nr_points ? model->status.time_ns - oldest(model)->time_ns : 0;
}

__u64 model_placement_growth(const struct model *model, enum metric metric, __u32 cell)
{
	const __u64 *then = oldest(model)->cells;
	__u64 now = model_cells(model, metric)[cell];

	for (size_t i = 0; i < NR_MATRICES && matrices[i] != metric; i++)
		then += nr_cells(model_cube(model, matrices[i]));
	return model->placement.nr_points && now > then[cell] ? now - then[cell] : 0;
}
