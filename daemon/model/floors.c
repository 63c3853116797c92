/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Floors of windows and of blocks; see floors.h. */
#include "floors.h"

#include "internal.h"

#define FEW_BLOCKS 5u
#define MANY_POINTS 20u

/*
 * Student's t of 8 and of 3 degrees of freedom, for 9 and for 4 rises: one-sided 0.1 %, and two-sided 1 % for
 * intervals.
 */
#define T_OF_MANY 4.501
#define T_OF_FEW 10.215
#define T99_OF_MANY 3.355
#define T99_OF_FEW 5.841

__u32 floors_min_points(enum growth_window window)
{
	static const __u32 min_points[NR_GROWTH_WINDOWS] = {
		[WINDOW_QUARTER_HOUR] = 10,
		[WINDOW_TWO_HOURS] = 20,
		[WINDOW_DAY] = 10,
	};

	return min_points[window];
}

__u32 floors_points(const struct model *model, const struct series *series, enum growth_window window,
		    struct trend_point ret[GROWTH_POINTS])
{
	const struct window_clock *clock = &model->growth.windows[window];
	__u32 first = series->first[window], nr = 0;

	if (clock->next - first > GROWTH_POINTS)
		first = clock->next - GROWTH_POINTS;
	for (__u32 i = first; i != clock->next; i++)
		ret[nr++] = (struct trend_point){
			.t = (double)(clock->time_ns[i % GROWTH_POINTS] -
				      clock->time_ns[first % GROWTH_POINTS]) /
			     1e9,
			.value = series->value[window][i % GROWTH_POINTS],
		};
	return nr;
}

void floors_blocks(const struct trend_point *points, __u32 nr, struct blocks *ret)
{
	bool is_many = nr >= MANY_POINTS;
	__u32 nr_rises;
	double squares = 0;

	*ret = (struct blocks){ .nr = is_many ? MAX_BLOCKS : FEW_BLOCKS,
				.min_steps = is_many ? T_OF_MANY : T_OF_FEW,
				.t99 = is_many ? T99_OF_MANY : T99_OF_FEW };
	for (__u32 block = 0; block < ret->nr; block++) {
		__u32 end = (block + 1) * nr / ret->nr;

		ret->floor[block] = __builtin_inf();
		for (__u32 i = block * nr / ret->nr; i < end; i++)
			if (points[i].value < ret->floor[block])
				ret->floor[block] = points[i].value;
	}
	nr_rises = ret->nr - 1;
	ret->mean = (ret->floor[nr_rises] - ret->floor[0]) / nr_rises;
	for (__u32 i = 0; i < nr_rises; i++) {
		double off = ret->floor[i + 1] - ret->floor[i] - ret->mean;

		squares += off * off;
	}
	ret->variance = squares / (nr_rises - 1) / nr_rises;
	ret->is_steady = ret->mean > 0 &&
			 ret->mean * ret->mean > ret->min_steps * ret->min_steps * ret->variance;
}

double floors_per_second(const struct blocks *blocks, const struct trend_point *points, __u32 nr)
{
	return blocks->nr * (nr - 1.0) / nr / points[nr - 1].t;
}
