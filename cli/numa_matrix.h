/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What CPUs of one NUMA node did with memory of another, as a picture: a row for each node of CPUs, a column
 * for each node of memory, and the larger its share of the row the darker. Pure; from arrays of the answer to
 * "/v1/numa".
 */
#ifndef MEMOIR_NUMA_MATRIX_H
#define MEMOIR_NUMA_MATRIX_H

#include <jansson.h>
#include <stdbool.h>

#include "../exporters/human.h"
#include "../exporters/text.h"

struct numa_matrix_format {
	const char *title;
	const char *key;                   /* of the value in a cell: "count", "bytes" */
	struct human (*human)(uint64_t n); /* how it is shown */
	size_t columns;                    /* that it then takes at most */
};

/* Whether it is the name of many nodes together. */
bool numa_matrix_is_above(const char *name);

/*
 * Appends the picture under an empty line and its title, which says also how much is local. nodes are those
 * of the machine, in their order; cells have cpu_node, memory_node and the value, and what is of no node of
 * the machine is left out. Where cells have "31 and above", that is one row and one column for all those
 * nodes; what is in both may be local or remote, and is counted as neither. Numbers stand beside the signs
 * where width has room for them.
 */
void numa_matrix_add(struct text *out, size_t width, const json_t *nodes, const json_t *cells,
		     const struct numa_matrix_format *format);

#endif
