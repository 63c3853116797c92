/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Series: what a recording says of the memory of some processes, as text that outlives the layout of
 * records. to_series.c writes it, from_series.c makes a recording of it. A line is one of
 *
 *	rows ID...   the rows of the ledger that follow, gauges, by their names in ledger.def
 *	t MS         a snapshot, so many milliseconds after the one before
 *	p N MS NAME  process N, which began so many milliseconds after the first snapshot; before it: 0
 *	N CHANGE...  what its rows changed by since the snapshot before; without a line: by nothing
 *	x N          process N has ended
 *
 * Lines of a snapshot follow its t. Numbers of processes begin at 0 and are never used again.
 */
#ifndef MEMOIR_TESTS_REPLAY_SERIES_H
#define MEMOIR_TESTS_REPLAY_SERIES_H

#include "../../bpf/abi/records.h"

#define SERIES_MAX_PROCESSES 4096

struct series_process {
	__u64 start_ns; /* in the recording that is read or written */
	__u32 tgid;     /* 0: it has ended */
	char comm[MEMOIR_COMM_LEN];
	struct ledger_counts counts;
};

#endif
