/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers for people: three significant digits and a unit, in at most eight columns. Pure; what
 * must be exact is --json.
 */
#ifndef MEMOIR_HUMAN_H
#define MEMOIR_HUMAN_H

#include <stdint.h>

/* Returned by value: human_bytes(n).text is a terminated string until the end of the full expression. */
struct human {
	char text[32];
};

struct human human_bytes(uint64_t bytes);      /* "0", "512B", "1.50KiB", "1023KiB", "12.3GiB" */
struct human human_ns(uint64_t ns);            /* "0", "999ns", "2.05ms", "17.2s", "86400s" */
struct human human_count(uint64_t count);      /* exact to 99999, then "123k", "1.23M" */
struct human human_estimate(uint64_t count);   /* the same behind "~", for what was sampled; "0" stays "0" */
struct human human_about(struct human number); /* "~" before any number that is not "0" */
struct human human_rate(double per_second);    /* "0", "<0.1", "4.2", "123k"; negative and NaN are "0" */
struct human human_byte_rate(double per_second);
struct human human_percent(double fraction); /* of 1: "0%", "<0.1%", "12.3%", "150%" */
struct human human_duration(uint64_t ns);    /* "59s", "5m 2s", "3h 12m", "2d 3h" */

/* The nearest whole number that is not negative; NaN is 0, and what is too large the largest. */
uint64_t human_round(double value);

#endif
