/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The records: what the ring buffer carries, what the collector hands to the model, and what a
 * record file holds. Fixed-width fields, no pointers, native byte order; every record begins with
 * struct rec_header and its size is a multiple of 8.
 */
#ifndef MEMOIR_ABI_RECORDS_H
#define MEMOIR_ABI_RECORDS_H

#include "ledger.h"
#include "metrics.h"
#include "types.h"

#define REC_NAME_LEN 64
#define REC_TEXT_LEN 128

struct rec_header {
	__u32 kind;    /* enum record */
	__u32 size;    /* bytes, header included */
	__u64 time_ns; /* CLOCK_BOOTTIME when it happened */
};

/* The machine, once per stream and first of all. */
struct rec_machine {
	struct rec_header h;
	__u64 layout; /* hash of the .def tables that wrote the stream; another one cannot be applied */
	__u64 wall_offset_ns;               /* CLOCK_REALTIME less CLOCK_BOOTTIME */
	__u64 installed_ns;                 /* CLOCK_REALTIME when the probes were installed */
	__u64 vmstat_base[NR_VMSTAT_ITEMS]; /* the kernel's counters at that moment */
	__u32 page_size;                    /* bytes */
	__u32 nr_cpus;
	__u32 nr_nodes, nr_migratetypes, nr_orders, nr_compact_results; /* dimension sizes */
	__u32 vmstat_known;         /* bit per vmstat item that this kernel has */
	__u32 nr_zones;             /* another dimension size */
	char kernel[REC_NAME_LEN];  /* uname -r */
	char version[REC_NAME_LEN]; /* of memoir */
};

/* One value of a dimension that the machine decides. */
struct rec_label {
	struct rec_header h;
	__u32 dim; /* enum dim */
	__u32 index;
	char text[REC_NAME_LEN];
};

enum probe_state {
	PROBE_ATTACHED,
	PROBE_ABSENT,
	PROBE_UNSUPPORTED,
	PROBE_REJECTED,
	PROBE_OFF,
	PROBE_OPTIONAL,
	NR_PROBE_STATES
};

/* The state of one BPF program; sent again whenever it changes, and with each snapshot's counts. */
struct rec_probe {
	struct rec_header h;
	__u32 index;
	__u32 state;     /* enum probe_state */
	__u64 run_count; /* only while kernel.bpf_stats_enabled is 1, like run_time_ns */
	__u64 run_time_ns;
	__u64 recursion_misses;
	char name[REC_NAME_LEN];   /* of the program */
	char target[REC_NAME_LEN]; /* its section: kind and kernel object */
	char reason[REC_TEXT_LEN]; /* why it is not attached; else empty */
};

/* The unit that a cgroup stands for; a cgroup without a record is unknown. */
struct rec_cgroup {
	struct rec_header h;
	__u64 cgroup_id;
	char unit[REC_NAME_LEN];
};

struct rec_snapshot_begin {
	struct rec_header h;
	__u64 sequence;
};

/* System-wide cells, summed over CPUs: nr of them from index first. */
#define REC_MAX_CELLS 512
struct rec_cells {
	struct rec_header h;
	__u32 first;
	__u32 nr;
	__u64 cells[REC_MAX_CELLS];
};

struct rec_account {
	struct rec_header h;
	__u32 account; /* enum account */
	__u32 pad;
	struct ledger_counts counts;
};

struct rec_vmstat {
	struct rec_header h;
	__u64 value[NR_VMSTAT_ITEMS];
};

/* REC_TASK: a living task in a snapshot. REC_TASK_EXIT: the final ledger of one that is gone. */
struct rec_task {
	struct rec_header h;
	struct task_identity id;
	struct ledger_counts counts;
};

struct rec_snapshot_end {
	struct rec_header h;
	__u64 duration_ns;
	__u64 interval_ns;
	__u32 quiet; /* nothing was counted while cells and vmstat were read: they can be compared exactly */
	__u32 nr_ends_missed; /* tasks that exited, and are gone without having been seen to be freed */
};

/* A stall that lasted at least the threshold. */
struct rec_stall {
	struct rec_header h; /* time_ns: its end */
	struct task_identity id;
	__u64 total_ns, self_ns;
	__u64 reclaimed_pages;
	__u32 kind; /* enum stall_kind */
	__u32 order;
	__u32 node;
	__u32 result; /* compact_result for compaction, else 0 */
};

struct rec_oom_kill {
	struct rec_header h;
	struct task_identity id; /* the task in whose context the victim was chosen */
	__u32 victim_pid;
	char victim_comm[MEMOIR_COMM_LEN];
	__u32 oom_score_adj; /* two's complement */
	__u64 total_vm_kb, anon_rss_kb, file_rss_kb, shmem_rss_kb,
		pgtables_kb; /* of the victim; 0 where the kernel does not say */
};

/* A page allocation that returned nothing and did not ask for silence (__GFP_NOWARN). */
struct rec_alloc_failure {
	struct rec_header h;
	struct task_identity id;
	__u64 gfp_flags;
	__u32 order;
	__u32 migratetype;
	__u32 in_interrupt;
	__u32 pad;
};

/*
 * The free memory of one zone that has memory. In a snapshot zones come by node, and within a node in the
 * order of DIM_ZONE.
 */
#define REC_MAX_ORDERS 32
struct rec_zone {
	struct rec_header h;
	__u32 node, zone;
	__u64 present_pages, managed_pages;
	__u64 min_pages, low_pages, high_pages; /* watermarks */
	__u64 nr_free[REC_MAX_ORDERS];          /* blocks by order, 0 for orders that there are not */
};

/* The pageblocks of the zone whose record is the one before; h.time_ns is when they were counted. */
#define REC_MAX_MIGRATETYPES 16
struct rec_pageblocks {
	struct rec_header h;
	__u32 node, zone;
	__u32 pageblock_order;
	__u32 pad;
	__u64 nr[REC_MAX_MIGRATETYPES]; /* by migratetype, 0 for those that there are not */
};

enum record {
#define RECORD(id, type, is_event) id,
#include "records.def"
#undef RECORD
	NR_RECORDS
};

#define RECORD(id, type, is_event) _Static_assert(sizeof(type) % 8 == 0, #id " must keep records aligned");
#include "records.def"
#undef RECORD

#endif
