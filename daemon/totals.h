/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The system-wide totals, ours and the kernel's own, read so that one can be held against the other: cells,
 * accounts, /proc/vmstat, and numastat of each node.
 */
#ifndef MEMOIR_TOTALS_H
#define MEMOIR_TOTALS_H

#include "collector.h"
#include "plane.h"

struct totals;

/* What is read around the tasks, to tell whether the moment was quiet. */
struct totals_reading {
	struct ledger_counts accounts[NR_ACCOUNTS];
	__u64 vmstat[NR_VMSTAT_ITEMS];
	bool has_vmstat; /* else nothing can be compared */
	bool cells_quiet;
};

/* 0, or a negative errno after one logged line. What is given must outlive it. */
int totals_open(const struct collector_options *options, const struct plane *plane, struct totals **ret);
/* Accepts NULL. */
void totals_free(struct totals *totals);

bool totals_have_vmstat(const struct totals *totals);

/* As vmstat_read() of procfs.h. */
int totals_read_vmstat(struct totals *totals, __u64 ret[NR_VMSTAT_ITEMS]);

void totals_read_accounts(struct totals *totals, struct ledger_counts ret[NR_ACCOUNTS]);

/* Reads cells and vmstat; accounts are the caller's to read, before. */
void totals_read(struct totals *totals, struct totals_reading *ret);

/* Whether nothing was counted, no task ended, no fault happened and no page came from swap since. */
bool totals_are_unchanged(struct totals *totals, const struct totals_reading *reading);

/* All cells as last read: nr_cells of the options. */
const __u64 *totals_cells(const struct totals *totals);

/* A metric of tasks as last read, over all kinds. */
__u64 totals_of_tasks(const struct totals *totals, enum metric metric);

#endif
