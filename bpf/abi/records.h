/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The records: what the ring buffer carries, what the collector hands to the model, and what a
 * record file holds. Fixed-width fields, no pointers, native byte order; every record begins with
 * struct rec_header and its size is a multiple of 8.
 */
#ifndef MEMOIR_ABI_RECORDS_H
#define MEMOIR_ABI_RECORDS_H

#include "faults.h"
#include "heap.h"
#include "kernelmem.h"
#include "kerneltrace.h"
#include "ledger.h"
#include "live.h"
#include "live_records.h"
#include "metrics.h"
#include "numa.h"
#include "record_header.h"
#include "slab.h"
#include "trace_records.h"
#include "types.h"

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
	__u32 nr_migrate_reasons, nr_scan_results;
	/* What this kernel counts itself; 0: nothing of the kind. */
	__u32 nr_thp_events, nr_swap_directions, nr_compaction_works, nr_compaction_events;
	__u32 nr_zones;
	__u32 nr_matrix_nodes; /* of a matrix of nodes; the last is for all from its own on */
	__u32 pad;
	__u32 vmstat_known;         /* bit per vmstat item that this kernel has, and memoir counts here */
	__u64 ledger_unseen;        /* bit per ledger row that nothing counts here: its 0 means nothing */
	__u64 metrics_unseen;       /* likewise, bit per metric */
	char kernel[REC_NAME_LEN];  /* uname -r */
	char version[REC_NAME_LEN]; /* of memoir */
	char boot_id[REC_NAME_LEN]; /* no two starts of any machines have the same one; empty: not known */
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
	PROBE_ON_REQUEST,
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

/* A living task in a snapshot. */
struct rec_task {
	struct rec_header h;
	struct task_identity id;
	struct task_place place; /* zeroes where there is one node only */
	struct ledger_counts counts;
	/* The kernel's sum over all threads of its process that had left the task list by then. */
	__u64 ended_faults[NR_FAULT_KINDS];
};

/* The final ledger of a task that is gone. It begins as the other does. */
struct rec_task_exit {
	struct rec_header h;
	struct task_identity id;
	struct task_place place; /* zeroes */
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

enum setting {
#define SETTING(id, name, path) id,
#include "settings.def"
#undef SETTING
	NR_SETTINGS
};

/* A setting of the kernel's, the first time and whenever it has changed. */
struct rec_setting {
	struct rec_header h;
	__u32 setting; /* enum setting */
	__u32 pad;
	char text[REC_NAME_LEN]; /* as the kernel shows it; empty where it has no such setting */
};

/* A kernel stack, once in a stream before the first record that refers to it. */
struct rec_stack {
	struct rec_header h;
	__u64 stack; /* its key */
	__u32 nr;
	__u32 pad;
	__u64 ip[STACK_MAX_FRAMES]; /* innermost first; the first ones are the probe's own */
};

#define REC_SYMBOL_LEN 80

/* What the kernel calls an address: "symbol+0x1/0x2 [module]". Once in a stream. */
struct rec_symbol {
	struct rec_header h;
	__u64 ip;
	char text[REC_SYMBOL_LEN];
};

/*
 * Fallback allocations of one process from one kernel stack, since the probes were installed. A
 * snapshot has those that are most frequent, at most REC_MAX_FALLBACKS of them, the most frequent
 * first.
 */
#define REC_MAX_FALLBACKS 50
struct rec_fallback {
	struct rec_header h;
	struct task_identity id; /* tgid 0: in interrupts */
	__u64 stack;             /* key of a kernel stack; 0: not known */
	__u64 count;
	__u32 migratetype;          /* that was wanted */
	__u32 fallback_migratetype; /* that was taken */
};

/*
 * What went from one node to another for one process since the probes were installed (enum numa_flow). A
 * snapshot has at most so many, of processes that live.
 */
#define REC_MAX_NUMA_FLOWS MAX_NUMA_FLOWS
struct rec_numa_flow {
	struct rec_header h;
	struct numa_flow_key key;
	__u64 nr;
};

/*
 * On one node, what a process allocated for itself and still holds, by a reading of live pages: no kernel
 * memory. Only where there are several nodes. A reading has at most so many, the heaviest processes'.
 */
#define REC_MAX_RESIDENCIES 2048
struct rec_residency {
	struct rec_header h;
	__u64 start_ns; /* of the process, since boot; with tgid it names the process */
	__u32 tgid;
	__u32 node;
	__u64 nr_pages; /* followed pages; each stands for step_pages */
};

/*
 * Page faults of one process in one file or kind of memory, of one cause, since the probes were
 * installed. A snapshot has those that took most time, at most REC_MAX_FAULT_MAPPINGS of them, the
 * longest first.
 */
#define REC_MAX_FAULT_MAPPINGS 50
struct rec_fault_mapping {
	struct rec_header h;
	struct task_identity id; /* of the task that was the first; zero for AREA_OTHERS */
	__u64 count, nr_major;   /* estimates where the histogram's are */
	__u64 total_ns;
	__u64 longest_ns; /* of those that were timed */
	__u64 ino;        /* 0: no file */
	__u32 dev;        /* as the kernel encodes it: 12 bits major, 20 bits minor */
	__u32 cause;      /* enum fault_cause */
	__u32 area;       /* enum fault_area */
	__u32 pad;
	char name[FAULT_NAME_LEN]; /* last part of the file's path: of any origin, perhaps cut */
};

/*
 * Page faults of one process from one user stack, likewise: the most frequent, the most frequent first.
 */
#define REC_MAX_FAULT_STACKS 50
struct rec_fault_stack {
	struct rec_header h;
	struct task_identity id;
	__u64 count;                     /* estimated: those that were seen times FAULT_STACK_SAMPLE */
	__u64 address;                   /* of the last one */
	__u32 access;                    /* of the last one, enum fault_access */
	__u32 nr;                        /* frames, at least one */
	__u64 ip[FAULT_MAX_USER_FRAMES]; /* innermost first, where it faulted */
};

/* How the frames of a user stack were found. */
enum stack_how {
	STACK_BY_FRAME_POINTERS, /* by the kernel; what has none may hide frames, and invent some */
	/*
	 * By the tables of the program, from a copy of the stack; libdw goes by frame pointers where there
	 * are none, and does not say where.
	 */
	STACK_BY_UNWIND_TABLES,
	STACK_BY_CALL_SITE, /* the caller only */
	NR_STACK_HOWS
};

/* A user stack, in a stream before the first record that refers to it. */
#define USER_STACK_MAX_FRAMES 48
struct rec_user_stack {
	struct rec_header h;
	__u64 stack;    /* its key, never 0 */
	__u64 start_ns; /* of the process, since boot; with tgid it names the process */
	__u32 tgid;
	__u32 nr;  /* frames, at least one */
	__u32 how; /* enum stack_how */
	__u32 pad;
	__u64 ip[USER_STACK_MAX_FRAMES]; /* innermost first */
};

/*
 * What an address of a process is: the function with the offset in it, demangled,
 * "std::map<int>::find+0x1a"; the source where debug information exists. Of any origin, perhaps cut;
 * empty where it is not known.
 */
#define USER_SYMBOL_TEXT_LEN 128
#define USER_SYMBOL_NAME_LEN 64
struct rec_user_symbol {
	struct rec_header h;
	__u64 start_ns; /* of the process, likewise */
	__u32 tgid;
	__u32 line; /* 0: not known */
	__u64 ip;
	char text[USER_SYMBOL_TEXT_LEN];
	char module[USER_SYMBOL_NAME_LEN]; /* last part of the path of the file that is mapped there */
	char file[USER_SYMBOL_NAME_LEN];   /* the end of the path of the source */
};

/*
 * What the slab allocators gave one process at one call site from one cache, of the allocations that were
 * looked at while somebody asked for it.
 */
struct rec_slab_site {
	struct rec_header h;
	struct task_identity id; /* tgid 0: in interrupts */
	__u64 call_site;         /* address of the caller */
	__u64 nr_samples;        /* allocations that were looked at; each stands for `every` of them */
	__u64 requested_bytes, given_bytes;
	__u64 wasted_squares;      /* sum of the squares of what was given beyond the request, in bytes */
	char cache[SLAB_NAME_LEN]; /* "": kmalloc() */
};

/* A slab cache, as /proc/slabinfo shows it. */
struct rec_slab_cache {
	struct rec_header h;
	__u64 nr_objects; /* in use, those that wait on a CPU to be given out included */
	__u64 object_bytes;
	__u64 held_bytes; /* the pages of its slabs */
	char name[SLAB_NAME_LEN];
};

/* A look at the slab allocators that is complete: its records go before it. */
struct rec_slab {
	struct rec_header h; /* time_ns: when it ended */
	__u64 duration_ns;   /* for how long allocations were looked at */
	__u64 nr_lost;       /* of those looked at, allocations that found no place in the table */
	__u32 every;         /* one allocation in so many was looked at; 0: none, and why_not says why */
	__u32 pad;
	char why_not[REC_TEXT_LEN];
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

/*
 * The memory of the machine and of the kernel itself; KERNEL_MEMORY_UNKNOWN for what the kernel does
 * not say. In a snapshot at least every KERNEL_MEMORY_STEP_NS, if snapshots are as frequent.
 */
#define KERNEL_MEMORY_STEP_NS 15000000000ULL
struct rec_kernel_memory {
	struct rec_header h;
	__u64 total_pages, available_pages; /* MemTotal, MemAvailable */
	__u64 swap_free_pages;
	__u64 pages[NR_KERNEL_MEMORY]; /* enum kernel_memory */
};

/*
 * The memory of a cgroup in which something grows; KERNEL_MEMORY_UNKNOWN for what it does not say. In a
 * snapshot with struct rec_kernel_memory, and behind that.
 */
#define REC_MAX_CGROUP_MEMORIES 16
struct rec_cgroup_memory {
	struct rec_header h;
	__u64 cgroup_id;
	__u64 usage_bytes;
	__u64 limit_bytes; /* its own; KERNEL_MEMORY_UNKNOWN: none */
	__u64 left_bytes;  /* until the nearest limit of its own and of those above it, likewise */
	__u64 anon_bytes, file_bytes, shmem_bytes, kernel_bytes; /* file_bytes: shmem_bytes too */
};

/*
 * What the kernel holds for a cgroup and all below it, and nobody can make it give back: without reclaimable
 * slabs, and without page tables, which are known by process. In a snapshot with struct rec_kernel_memory,
 * for as many cgroups as are read at a time.
 */
struct rec_cgroup_kernel {
	struct rec_header h;
	__u64 cgroup_id;
	__u64 bytes;
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

_Static_assert(NR_METRICS <= 64, "a bit for each metric");

#endif
