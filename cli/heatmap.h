/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The free blocks of a zone as a picture: orders from the largest down, time from left to right, and the more
 * free blocks the darker. Pure; from the answer to "/v1/fragmentation" with its history. Its signs serve other
 * pictures, too.
 */
#ifndef MEMOIR_HEATMAP_H
#define MEMOIR_HEATMAP_H

#include <jansson.h>

#include "../exporters/text.h"

/*
 * Appends a picture for each zone, the largest first, with no line wider than width. Where there is no room
 * for all points, a column is several of them, and shows the fewest blocks that there were.
 */
void heatmap_add(struct text *out, size_t width, const json_t *reply);

/* The sign for a share, from 0 to 1: blank for nothing, then one for each ninth that is begun. */
char heatmap_share(double share);

/* Appends one line that says which sign stands for how many blocks. */
void heatmap_add_legend(struct text *out, size_t width);

#endif
