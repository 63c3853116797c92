/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trends of short series; see trend.h. */
#include "trend.h"

/* The square of the normal distribution's quantile, two-sided 1 %; squared, so that no root is taken. */
#define Z99_SQUARED (2.5758 * 2.5758)

/* Corrected for its bias it may come out as more than a series of this length can have. */
#define MAX_AUTOCORRELATION 0.99

#define MAX_PAIRS (TREND_MAX_POINTS * (TREND_MAX_POINTS - 1) / 2)

static int sign(double difference)
{
	return (difference > 0) - (difference < 0);
}

static void swap(double *a, double *b)
{
	double old = *a;

	*a = *b;
	*b = old;
}

/* The k-th smallest of all, from 0; they change their places (Hoare's selection). */
static double smallest(double *all, __u32 nr, __u32 k)
{
	__u32 from = 0, to = nr - 1;

	while (from < to) {
		double pivot = all[from + (to - from) / 2];
		__u32 i = from, j = to;

		/* Both stop at the pivot at the latest, and each round leaves less than all. */
		for (;;) {
			while (all[i] < pivot)
				i++;
			while (all[j] > pivot)
				j--;
			if (i >= j)
				break;
			swap(&all[i++], &all[j--]);
		}
		if (k <= j)
			to = j;
		else
			from = j + 1;
	}
	return all[k];
}

static double median(double *all, __u32 nr)
{
	double upper = smallest(all, nr, nr / 2);

	return nr % 2 ? upper : (smallest(all, nr, nr / 2 - 1) + upper) / 2;
}

/* The ranks of values, from 1, equal ones sharing their mean; less the mean of all ranks. */
static void centred_ranks(const double *values, __u32 nr, double *ret)
{
	for (__u32 i = 0; i < nr; i++) {
		double below = 0;

		for (__u32 j = 0; j < nr; j++)
			below += (1 + sign(values[i] - values[j])) / 2.0;
		ret[i] = below - nr / 2.0;
	}
}

/* By how much the variance of S is larger than that of independent readings; see trend.h. */
static double dependence(const struct trend_point *points, __u32 nr, double slope)
{
	double rest[TREND_MAX_POINTS], rank[TREND_MAX_POINTS], square = 0, product = 0, n = nr;
	double r, power = 1, factor = 1;

	for (__u32 i = 0; i < nr; i++)
		rest[i] = points[i].value - slope * (points[i].t - points[0].t);
	centred_ranks(rest, nr, rank);
	for (__u32 i = 0; i < nr; i++) {
		square += rank[i] * rank[i];
		product += i ? rank[i - 1] * rank[i] : 0;
	}
	/* On a line exactly, nothing is left that could depend on anything. */
	if (square == 0)
		return 1;
	r = (n * product / square + 2) / (n - 4);
	if (r <= 0)
		return 1;
	if (r > MAX_AUTOCORRELATION)
		r = MAX_AUTOCORRELATION;
	for (__u32 k = 1; k < nr; k++) {
		power *= r;
		factor += 2 * (1 - k / n) * power;
	}
	return factor;
}

/* The variance of S without a trend, of independent readings. */
static double variance(const struct trend_point *points, __u32 nr)
{
	double n = nr, var = n * (n - 1) * (2 * n + 5);

	/* Each group of ties is counted at its first member. */
	for (__u32 i = 0; i < nr; i++) {
		double ties = 0;
		bool is_first = true;

		for (__u32 j = 0; j < nr; j++) {
			if (points[j].value != points[i].value)
				continue;
			is_first &= j >= i;
			ties++;
		}
		if (is_first)
			var -= ties * (ties - 1) * (2 * ties + 5);
	}
	return var / 18;
}

bool trend_estimate(const struct trend_point *points, __u32 nr, struct trend *ret)
{
	double slopes[MAX_PAIRS], var;
	__u32 nr_slopes = 0, outside;
	__s32 s = 0;

	if (nr < TREND_MIN_POINTS || nr > TREND_MAX_POINTS)
		return false;
	for (__u32 i = 1; i < nr; i++)
		if (!(points[i].t > points[i - 1].t))
			return false;
	for (__u32 j = 1; j < nr; j++) {
		for (__u32 i = 0; i < j; i++) {
			double difference = points[j].value - points[i].value;

			slopes[nr_slopes++] = difference / (points[j].t - points[i].t);
			s += sign(difference);
		}
	}
	ret->slope = median(slopes, nr_slopes);
	var = variance(points, nr) * dependence(points, nr, ret->slope);
	ret->is_significant = s && (double)(s - sign(s)) * (s - sign(s)) > Z99_SQUARED * var;

	/* So many slopes are outside on either side: the most m with nr_slopes - 2m >= z * sqrt(var). */
	outside = nr_slopes / 2;
	while (outside &&
	       ((double)nr_slopes - 2.0 * outside) * ((double)nr_slopes - 2.0 * outside) < Z99_SQUARED * var)
		outside--;
	ret->low = outside ? smallest(slopes, nr_slopes, outside - 1) : -__builtin_inf();
	ret->high = outside ? smallest(slopes, nr_slopes, nr_slopes - outside) : __builtin_inf();
	return true;
}
