// SPDX-License-Identifier: GPL-2.0-or-later
/* Tasks between their exit and the taking of their ledger; see ends.h. */
#include "ends.h"

#include "util.h"

/*
 * A task that has exited is freed an RCU grace period after it left the task list; lazy RCU begins that
 * only after 10 seconds. One that stays in between for longer was freed unseen: as many as there were at
 * the least during one period.
 */
#define END_PERIOD_NS (12 * NSEC_PER_SEC)

struct ends ends_from(__u64 nr_missed)
{
	return (struct ends){ .nr_missed = nr_missed, .nr_least = nr_missed };
}

bool ends_follow(struct ends *ends, __u64 nr_not_reaped, __u64 time_ns)
{
	__u64 nr_between = nr_not_reaped - ends->nr_zombies;

	/* A zombie that was freed while the tasks were read is in neither: then it is less than nothing. */
	if ((__s64)nr_between < 0)
		return false;
	if (nr_between < ends->nr_least)
		ends->nr_least = nr_between;
	if (time_ns >= ends->period_end_ns) {
		ends->nr_missed = ends->nr_least;
		ends->nr_least = nr_between;
		ends->period_end_ns = time_ns + END_PERIOD_NS;
	}
	if (nr_between < ends->nr_missed)
		ends->nr_missed = nr_between;
	return nr_between == ends->nr_missed;
}
