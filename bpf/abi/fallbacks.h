/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table of fallback allocations by who made them and from which kernel stack, which the programs fill
 * and the daemon reads.
 */
#ifndef MEMOIR_ABI_FALLBACKS_H
#define MEMOIR_ABI_FALLBACKS_H

#include "ledger.h"
#include "types.h"

/* Entries of the table. When it is nearly full, the daemon drops the rarest. */
#define MAX_FALLBACKS 2048u

struct fallback_key {
	__u64 stack;    /* key in stacks; 0: not known */
	__u64 start_ns; /* of the process, as in struct task_identity; with tgid it names the process */
	__u32 tgid;     /* 0: in an interrupt */
	__u16 migratetype, fallback_migratetype;
};

struct fallback_count {
	__u64 count;
	struct task_identity id; /* of the task that was the first; zero in an interrupt */
};

#endif
