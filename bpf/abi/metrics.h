/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * System-wide metrics and their dimensions. A metric is a dense cube of 64-bit cells; the daemon
 * sizes the dimensions at start and hands each cube's place to the BPF programs as struct cube.
 * Names and label values are the business of daemon/model/metrics.c.
 */
#ifndef MEMOIR_ABI_METRICS_H
#define MEMOIR_ABI_METRICS_H

#include "types.h"

/* DIM(id, label, fixed size or 0 where the machine decides). */
#define MEMOIR_DIMS(DIM)                                         \
	DIM(DIM_NONE, "", 1)                                     \
	DIM(DIM_NODE, "node", 0)                                 \
	DIM(DIM_MIGRATETYPE, "migratetype", 0)                   \
	DIM(DIM_ORDER, "order", 0)                               \
	DIM(DIM_ZONE, "zone", 0)                                 \
	DIM(DIM_COMPACT_RESULT, "result", 0)                     \
	DIM(DIM_FAULT_KIND, "kind", NR_FAULT_KINDS)              \
	DIM(DIM_FAULT_MODE, "mode", NR_FAULT_MODES)              \
	DIM(DIM_FAULT_ACCESS, "access", NR_FAULT_ACCESSES)       \
	DIM(DIM_FAULT_CAUSE, "kind", NR_FAULT_CAUSES)            \
	DIM(DIM_FAULT_SEVERITY, "severity", NR_FAULT_KINDS)      \
	DIM(DIM_FAULT_ERROR, "error", NR_FAULT_ERRORS)           \
	DIM(DIM_STALL_KIND, "kind", NR_STALL_KINDS)              \
	DIM(DIM_COMPACT_MODE, "mode", NR_COMPACT_MODES)          \
	DIM(DIM_TASK_KIND, "kind", NR_TASK_KINDS)                \
	DIM(DIM_LOSS, "cause", NR_LOSSES)                        \
	DIM(DIM_VMSTAT_ITEM, "item", NR_VMSTAT_ITEMS)            \
	DIM(DIM_FALLBACK_MIGRATETYPE, "fallback_migratetype", 0) \
	DIM(DIM_STOLEN, "stolen", NR_STOLEN)                     \
	DIM(DIM_MIGRATE_REASON, "reason", 0)                     \
	DIM(DIM_MIGRATE_RESULT, "result", NR_MIGRATE_RESULTS)    \
	DIM(DIM_SCAN_RESULT, "result", 0)                        \
	DIM(DIM_THP_EVENT, "event", 0)                           \
	DIM(DIM_SWAP_DIRECTION, "direction", 0)                  \
	DIM(DIM_COMPACTION_WORK, "work", 0)                      \
	DIM(DIM_COMPACTION_EVENT, "event", 0)                    \
	DIM(DIM_CPU_NODE, "cpu_node", 0)                         \
	DIM(DIM_MEMORY_NODE, "memory_node", 0)                   \
	DIM(DIM_FROM_NODE, "from_node", 0)                       \
	DIM(DIM_TO_NODE, "to_node", 0)                           \
	DIM(DIM_TASK_MOVE, "decision", NR_TASK_MOVES)            \
	DIM(DIM_NUMASTAT_ITEM, "item", NR_NUMASTAT_ITEMS)

enum fault_kind { FAULT_MINOR, FAULT_MAJOR, NR_FAULT_KINDS };
enum fault_mode { FAULT_USER, FAULT_KERNEL, NR_FAULT_MODES };

/*
 * What the CPU says of the access; FAULT_PROTECTION is a write to a page that is there (mostly copy-
 * on-write).
 */
enum fault_access { FAULT_READ, FAULT_WRITE, FAULT_PROTECTION, FAULT_EXEC, NR_FAULT_ACCESSES };

/* What a fault was for. The first ones have rows of the ledger, in this order. */
enum fault_cause {
	FAULT_ANONYMOUS,
	FAULT_FILE,
	FAULT_COPY_ON_WRITE,
	FAULT_SWAP,
	FAULT_SHARED_MEMORY,
	FAULT_HUGE_PAGE,
	FAULT_USERFAULTFD,
	FAULT_NUMA_HINT,
	NR_FAULT_CAUSES
};

/* How a fault failed. */
enum fault_error { FAULT_OOM, FAULT_SIGBUS, FAULT_HWPOISON, FAULT_SIGSEGV, NR_FAULT_ERRORS };

enum stall_kind {
	STALL_DIRECT_RECLAIM,
	STALL_MEMCG_RECLAIM,
	STALL_NODE_RECLAIM,
	STALL_DIRECT_COMPACTION,
	STALL_NUMA_MIGRATION, /* of the page that a hint fault is about, to the node of the CPU */
	NR_STALL_KINDS
};

/*
 * Who ran a compaction: an allocation, kcompactd on demand, kcompactd proactively, or anything else
 * (sysctl, contiguous ranges).
 */
enum compact_mode { COMPACT_DIRECT, COMPACT_KCOMPACTD, COMPACT_PROACTIVE, COMPACT_OTHER, NR_COMPACT_MODES };

/* Whether the whole pageblock changed its migratetype when pages of it were taken. */
enum stolen { STOLEN_NO, STOLEN_YES, STOLEN_UNKNOWN, NR_STOLEN };

enum migrate_result { MIGRATE_SUCCEEDED, MIGRATE_FAILED, NR_MIGRATE_RESULTS };

/*
 * A matrix of nodes has a row and a column for so many at most; the last one is for all nodes from its own
 * on.
 */
#define MAX_MATRIX_NODES 32u

/* What NUMA balancing did with a task: moved it, swapped it with another, or tried and did neither. */
enum task_move { TASK_MOVED, TASK_SWAPPED, TASK_STAYED, NR_TASK_MOVES };

/* Allocations, as the kernel counts them for each node (zone_statistics(), mm/page_alloc.c). */
enum numastat_item {
	NUMASTAT_HIT,        /* on the node that was wanted */
	NUMASTAT_MISS,       /* here, though another was wanted */
	NUMASTAT_FOREIGN,    /* elsewhere, though this one was wanted */
	NUMASTAT_INTERLEAVE, /* here, as interleaving wanted */
	NUMASTAT_LOCAL,      /* here, by a CPU of this node */
	NUMASTAT_OTHER,      /* here, by a CPU of another node */
	NR_NUMASTAT_ITEMS
};

enum task_kind { TASK_PROCESS, TASK_THREAD, NR_TASK_KINDS };

enum loss {
	LOSS_RING_FULL,          /* a record found no room in the ring buffer */
	LOSS_EXIT_NAME,          /* ... and it was a task's exit: its counts are kept, its name is not */
	LOSS_STORAGE_CREATE,     /* no ledger could be created for a new task */
	LOSS_STORAGE_MISSING,    /* work by a task without a ledger, kept in ACCOUNT_UNATTRIBUTED */
	LOSS_STALL_BEGIN_MISSED, /* a stall ended that had not been seen to begin */
	LOSS_STALL_END_MISSED,   /* a stall was still open when an enclosing one ended or a new one began */
	LOSS_STALL_NESTING,      /* a stall nested deeper than the ledger follows */
	LOSS_OUT_OF_RANGE,       /* a label value that the machine did not announce */
	LOSS_RECURSION_MISSED,   /* a program that the kernel skipped because it was running on that CPU */
	LOSS_PROCESS_TABLE_FULL, /* a process that found no place in the daemon's table */
	LOSS_END_MISSED,         /* a task that exited and was freed where this kernel runs no programs */
	LOSS_LIVE_PAGE, /* a followed page that was allocated and found no place in the table of live pages */
	LOSS_LIVE_FREE, /* the free of a followed page that could not be noted */
	LOSS_STACK,     /* a stack that could not be taken or found no place */
	LOSS_FALLBACK,  /* a fallback allocation that found no place in the table by stack */
	LOSS_NUMA_FLOW, /* something between two nodes that found no place in the table by process */
	LOSS_FAULT_SITE, /* a page fault that found no place in the tables by mapping or by stack */
	LOSS_USER_STACK, /* a process's stack that could not be taken or found no place */
	NR_LOSSES
};

/* The kernel counters that memoir's totals are held against. */
enum vmstat_item {
	VMSTAT_PGALLOC,                /* pgalloc_* summed over zones, pages */
	VMSTAT_PGFREE,                 /* pages */
	VMSTAT_PGFAULT,                /* faults */
	VMSTAT_ALLOCSTALL,             /* allocstall_* summed over zones, passes */
	VMSTAT_COMPACT_STALL,          /* stalls */
	VMSTAT_OOM_KILL,               /* victims */
	VMSTAT_PGMIGRATE_SUCCESS,      /* pages */
	VMSTAT_PGMIGRATE_FAIL,         /* pages */
	VMSTAT_PSWPIN,                 /* pages */
	VMSTAT_NUMA_HINT_FAULTS,       /* faults */
	VMSTAT_NUMA_HINT_FAULTS_LOCAL, /* faults */
	VMSTAT_NUMA_PAGES_MIGRATED,    /* pages */
	VMSTAT_PGMAJFAULT,             /* faults */
	NR_VMSTAT_ITEMS
};

enum dim {
#define DIM(id, label, size) id,
	MEMOIR_DIMS(DIM)
#undef DIM
		NR_DIMS
};

enum metric {
#define METRIC(id, type, unit, d0, d1, d2, d3, source, help) id,
#include "metrics.def"
#undef METRIC
	NR_METRICS
};

#define METRIC_MAX_DIMS 4

/*
 * A cell of a gauge that has no value now: of a zone without memory, or of an index that is not defined
 * there. It has no series in /metrics and is null in JSON; 0 is a value like any other.
 */
#define CELL_NONE (1ULL << 63)

/*
 * Where a metric's cube lies among all cells: cell (i, j, k, l) is base + i * stride[0] + j * stride[1] +
 * k * stride[2] + l * stride[3]; i < size[0] and so on. A histogram's strides count HIST_CELLS.
 */
struct cube {
	__u32 base;
	__u32 size[METRIC_MAX_DIMS];
	__u32 stride[METRIC_MAX_DIMS];
};

/* Cells lie in chunks of this many, a page, so that no two CPUs write to the same line of the cache. */
#define CELLS_PER_CHUNK 512

static inline __u32 cells_nr_chunks(__u32 nr_cells)
{
	return (nr_cells + CELLS_PER_CHUNK - 1) / CELLS_PER_CHUNK;
}

#endif
