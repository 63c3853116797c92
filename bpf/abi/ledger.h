/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ledger: what is counted per task, and the accounts that keep what belongs to no living task.
 */
#ifndef MEMOIR_ABI_LEDGER_H
#define MEMOIR_ABI_LEDGER_H

#include "metrics.h"
#include "types.h"

enum ledger {
#define LEDGER(id, type, unit, source, help) id,
#include "ledger.def"
#undef LEDGER
	NR_LEDGER
};

_Static_assert(NR_LEDGER <= 64, "a bit for each row");

struct ledger_counts {
	__u64 v[NR_LEDGER];
};

/* The rows of a stall kind lie together: count, inclusive time, exclusive time. */
#define LEDGER_STALLS(kind) (LEDGER_DIRECT_RECLAIMS + 3 * (kind))
#define LEDGER_STALL_NS(kind) (LEDGER_STALLS(kind) + 1)
#define LEDGER_STALL_SELF_NS(kind) (LEDGER_STALLS(kind) + 2)
_Static_assert(LEDGER_STALLS(STALL_DIRECT_COMPACTION) == LEDGER_DIRECT_COMPACTIONS,
	       "stall rows lie in the order of enum stall_kind");
_Static_assert(LEDGER_STALL_SELF_NS(STALL_NUMA_MIGRATION) == LEDGER_NUMA_MIGRATION_STALL_SELF,
	       "three rows a stall kind");

_Static_assert(LEDGER_STALLS_OVER_1MS + 3 == LEDGER_STALLS_OVER_1S,
	       "rows of waits lie in the order of their length");

/* The rows of the kernel's own faults are the first, and lie in the order of enum fault_kind. */
_Static_assert((int)LEDGER_MINOR_FAULTS == (int)FAULT_MINOR && (int)LEDGER_MAJOR_FAULTS == (int)FAULT_MAJOR,
	       "fault rows come first");

/* The rows of the fault exceptions lie in the order of enum fault_access. */
_Static_assert(LEDGER_READ_FAULTS + FAULT_PROTECTION == LEDGER_PROTECTION_FAULTS,
	       "fault rows lie in the order of enum fault_access");

/* ... and those of the faults by cause in that of enum fault_cause. */
_Static_assert(LEDGER_ANONYMOUS_FAULTS + FAULT_USERFAULTFD == LEDGER_USERFAULTFD_FAULTS,
	       "fault rows lie in the order of enum fault_cause");

/* ... and those that failed in that of enum fault_error. */
#define LEDGER_FAULT_ERRORS(error) (LEDGER_OOM_FAULTS + (error))
_Static_assert(LEDGER_FAULT_ERRORS(FAULT_SIGSEGV) == LEDGER_SIGSEGV_FAULTS,
	       "rows of failed faults lie in the order of enum fault_error");

/*
 * The resident rows lie in the order of the kernel's mm counters (MM_FILEPAGES, MM_ANONPAGES,
 * MM_SWAPENTS, MM_SHMEMPAGES).
 */
#define LEDGER_RSS_FIRST LEDGER_RSS_FILE
#define NR_MM_COUNTERS 4
_Static_assert(LEDGER_RSS_FIRST + NR_MM_COUNTERS == NR_LEDGER, "resident rows come last");

/* Owners that are not tasks. */
enum account {
	ACCOUNT_INTERRUPT,    /* work done in hard and soft interrupts */
	ACCOUNT_UNATTRIBUTED, /* work of tasks that had no ledger yet */
	ACCOUNT_EXITED, /* the final ledgers of all tasks that are gone, whether or not their names arrived */
	NR_ACCOUNTS
};

/* What one CPU has of them; it shares no line of the cache with another. */
struct cpu_accounts {
	struct ledger_counts of[NR_ACCOUNTS];
} __attribute__((aligned(64)));

/* Who a task is. A process is (tgid, start_ns), never a bare pid. */
struct task_identity {
	__u64 start_ns;  /* of the thread group leader, since boot (CLOCK_BOOTTIME) */
	__u64 cgroup_id; /* in the cgroup v2 hierarchy; 0 where there is none */
	__u32 tgid;
	__u32 pid;
	__u32 flags;                /* TASK_IS_* */
	char comm[MEMOIR_COMM_LEN]; /* of the thread group leader: bytes that it chose, perhaps hostile */
	__u32 pad;
};

/* Where a task may run and take memory, and where it is; bits are nodes, none beyond 63. */
struct task_place {
	__u64 allowed_nodes; /* of memory, by its cpuset */
	__u32 cpu_node;      /* of the CPU that it runs on, or ran on last */
	__u32 policy;        /* MPOL_* of linux/mempolicy.h that the task has itself; 0: none */
};

#define TASK_IS_KTHREAD 1u
#define TASK_IS_LEADER 2u
#define TASK_HAS_EXITED 4u /* and waits to be reaped; set in snapshots only */
#define TASK_IS_DEAD 8u    /* and may be in the sum of ended threads already; set in snapshots only */

#endif
