/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a short series of readings grows or shrinks, how fast, and how sure that is, without assuming how
 * the readings are distributed. Pure arithmetic, no allocation.
 *
 * slope: the median of the slopes between all pairs of points, and its confidence interval from the ranks of
 *	those slopes. P. K. Sen, "Estimates of the regression coefficient based on Kendall's tau", Journal of
 *	the American Statistical Association 63 (1968).
 * test: S = sum over pairs of the sign of their difference; with groups of t equal values
 *	var S = (n(n-1)(2n+5) - sum t(t-1)(2t+5)) / 18, and (|S| - 1) / sqrt(var S) is about normal from ten
 *	points on. M. G. Kendall, "Rank Correlation Methods" (1975); H. B. Mann, Econometrica 13 (1945).
 * correction: memory that is free now was mostly free a moment ago, and both of the above take readings for
 *	independent. var S is multiplied by 1 + 2 sum over lags k of (1 - k/n) r^k, the number of readings by
 *	that of independent ones that would say as much. S. Yue and C. Wang, "The Mann-Kendall test modified
 *	by effective sample size", Water Resources Management 18 (2004). r is the autocorrelation at lag 1 of
 *	the ranks of what the slope leaves, where it is above 0; it comes out too low by (2 + 4r)/n on the
 *	average, which is corrected: N. P. A. van Giersbergen, Economics Letters 89 (2005). Of 2000 simulated
 *	series without a trend, 0.7 % of 60 independent readings passed the test, and 4.5 % where each was 0.9
 *	of the one before; without the correction it would be half of them.
 */
#ifndef MEMOIR_MODEL_TREND_H
#define MEMOIR_MODEL_TREND_H

#include "../../bpf/abi/types.h"

#define TREND_MIN_POINTS 5u
#define TREND_MAX_POINTS 60u

/* Below this many points a test of this kind finds hardly anything; the reader's to decide. */
#define TREND_FAIR_POINTS 10u

struct trend_point {
	double t, value;
};

struct trend {
	double slope;        /* of value by t */
	double low, high;    /* of the slope, with 99 % confidence; infinite where the points bound nothing */
	bool is_significant; /* the test refuses at the level of 1 % that there is no trend */
};

/*
 * Estimates the trend of the points, which come in the order of their times. False, with ret untouched, where
 * there are too few or too many, or two have the same time.
 */
bool trend_estimate(const struct trend_point *points, __u32 nr, struct trend *ret);

#endif
