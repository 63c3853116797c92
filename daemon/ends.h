/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tasks between their exit and the moment their ledger is taken, when they are freed; and those of which that
 * moment was never seen, because this kernel ran no program then.
 */
#ifndef MEMOIR_ENDS_H
#define MEMOIR_ENDS_H

#include <linux/types.h>
#include <stdbool.h>

struct ends {
	__u64 nr_zombies; /* that the last reading of all tasks met */
	__u64 nr_missed;  /* freed unseen, as far as is known */
	__u64 nr_least;   /* in between, since the period began */
	__u64 period_end_ns;
};

/* What an earlier daemon knew to be missed. */
struct ends ends_from(__u64 nr_missed);

/*
 * Takes the number of tasks that have exited and were not reaped, at this time (CLOCK_BOOTTIME), zombies
 * included. Whether there is none of which more is to come.
 */
bool ends_follow(struct ends *ends, __u64 nr_not_reaped, __u64 time_ns);

#endif
