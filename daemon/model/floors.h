/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The floors of one kind of memory in one window, and those of its blocks: 10 that follow each other, or 5
 * where there are fewer than 20 points; the floor of a block is its least. What they say is told in leak.h.
 */
#ifndef MEMOIR_MODEL_FLOORS_H
#define MEMOIR_MODEL_FLOORS_H

#include "growth.h"
#include "trend.h"

#define MAX_BLOCKS 10u

struct blocks {
	__u32 nr;
	double floor[MAX_BLOCKS];
	double mean;      /* of the rises from one to the next */
	double variance;  /* of that mean: its standard error, squared */
	double min_steps; /* so many standard errors tell growth */
	double t99;       /* so many are either half of its interval, with 99 % confidence */
	bool is_steady;   /* the mean is more than min_steps standard errors */
};

/* Points that a window has to have before it tells anything. */
__u32 floors_min_points(enum growth_window window);

/* The points of the series, and how many there are. */
__u32 floors_points(const struct model *model, const struct series *series, enum growth_window window,
		    struct trend_point ret[GROWTH_POINTS]);

/* At least floors_min_points() of them. */
void floors_blocks(const struct trend_point *points, __u32 nr, struct blocks *ret);

/* The factor that makes a rise from block to block one in a second. */
double floors_per_second(const struct blocks *blocks, const struct trend_point *points, __u32 nr);

#endif
