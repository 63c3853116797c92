/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The matrices of NUMA nodes as they were lately; see placement.c. */
#ifndef MEMOIR_MODEL_PLACEMENT_H
#define MEMOIR_MODEL_PLACEMENT_H

#include "numa.h"

struct placement {
	struct placement_point *ring;
	__u64 *cells;    /* of all points */
	__u64 nr_points; /* that there ever were */
};

/* Memory for matrices of that many nodes; 0 or -ENOMEM. placement_free() in any case. */
int placement_reserve(struct placement *placement, const struct cube cubes[NR_METRICS]);
void placement_free(struct placement *placement);
/* Notes the matrices of the snapshot that has just become visible, if a point is due. */
void placement_add(struct model *model);

#endif
