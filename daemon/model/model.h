/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The model: everything memoir knows, built from a stream of records and nothing else. It is pure:
 * no files, no clock, no logging, no libbpf; the same records give the same answers, live or in
 * replay. Memory is allocated by model_new() and, as tables grow, by model_apply().
 *
 * Values change only when a snapshot ends, so readers between two calls of model_apply() see one
 * consistent moment. Quantities are in the units of their row: PAGES and NSEC are raw here and
 * become bytes and seconds in the exporters.
 */
#ifndef MEMOIR_MODEL_H
#define MEMOIR_MODEL_H

#include <stddef.h>

#include "../../bpf/abi/ledger.h"
#include "../../bpf/abi/metrics.h"
#include "../../bpf/abi/records.h"
#include "footprint.h"
#include "livesites.h"
#include "packed.h"
#include "slablook.h"
#include "stacks.h"
#include "traces.h"

/* --- rows: what metrics.def and ledger.def say ------------------------------------------------ */

enum value_type { COUNTER, GAUGE, HISTOGRAM };
enum value_unit { EVENTS, PAGES, BYTES, NSEC, RATIO, INDEX };
enum value_source { BPF, MODEL, KERNEL, BY_CPU };

struct metric_row {
	const char *id; /* "METRIC_STALL" */
	enum value_type type;
	enum value_unit unit;
	enum dim dims[METRIC_MAX_DIMS]; /* unused ones are DIM_NONE and come last */
	enum value_source source;
	const char *help;
};

struct ledger_row {
	const char *id; /* "LEDGER_RSS_ANON" */
	enum value_type type;
	enum value_unit unit;
	enum value_source source;
	const char *help;
};

extern const struct metric_row metric_rows[NR_METRICS];
extern const struct ledger_row ledger_rows[NR_LEDGER];

#define ROW_NAME_LEN 80

/*
 * The exported name of a row: id in lower case behind prefix ("memoir", "memoir_group"), with the
 * unit's suffix and, for counters, _total. ret is always terminated.
 */
void row_metric_name(char ret[ROW_NAME_LEN], const char *prefix, const char *id, enum value_type type,
		     enum value_unit unit);

/*
 * The key of a ledger row in JSON and on the command line: "rss_anon_bytes", "direct_reclaim_stall_ns",
 * "minor_faults".
 */
void row_key(char ret[ROW_NAME_LEN], const char *id, enum value_unit unit);

/*
 * Lays out all cubes for these dimension sizes (indexed by enum dim); returns the number of cells. Those that
 * programs count (BPF) come first, then what is added up of those (BY_CPU), then those that the kernel counts
 * (KERNEL), then what is computed (MODEL).
 */
__u32 cubes_layout(struct cube cubes[NR_METRICS], const __u32 dim_sizes[NR_DIMS]);
/* How many there are up to the last cell of this source. */
__u32 cubes_nr_cells(const struct cube cubes[NR_METRICS], enum value_source last);

/* --- the model -------------------------------------------------------------------------------- */

struct model;

struct model_options {
	__u32 max_groups;    /* groups with series of their own, at least 1 */
	__u32 max_processes; /* processes kept at a time, at least 1 */
	__u32 max_events;    /* events kept for readers, at least 1 */
	void *durable;       /* model_durable_size() bytes that outlive the process (zeroed or as an earlier
	                      * model with the same layout left them), or NULL; borrowed */
};

#define MODEL_DEFAULT_GROUPS 100
#define MODEL_DEFAULT_PROCESSES 65536
#define MODEL_DEFAULT_EVENTS 1024

/* A new model, or NULL without memory. Free with model_free(), which accepts NULL. */
struct model *model_new(const struct model_options *options);
void model_free(struct model *model);
size_t model_durable_size(__u32 max_groups);

/*
 * Takes one record, aligned to 8. size is what is there; the record's own size must not exceed it.
 * Returns 0, or -EINVAL for a record that is malformed, out of order or from another layout,
 * -ENOMEM. A record that is refused changes nothing.
 */
int model_apply(struct model *model, const void *record, size_t size);

/* The hash of the tables that this build was compiled with: the layout of every record. */
__u64 model_layout(void);

/* --- system-wide ------------------------------------------------------------------------------ */

struct model_status {
	const struct rec_machine *machine; /* NULL before the first record */
	__u64 sequence;                    /* of the last complete snapshot; 0: none yet */
	__u64 time_ns;                     /* of that snapshot, CLOCK_BOOTTIME */
	__u64 duration_ns, interval_ns;
	__u64 span_ns;                  /* from the snapshot before, which rates are of; 0: there was none */
	__u64 vmstat[NR_VMSTAT_ITEMS];  /* the kernel's counters at that snapshot, as read */
	__u64 counted[NR_VMSTAT_ITEMS]; /* memoir's totals then, since the probes were installed */
	__u64 quiet_time_ns; /* of the last snapshot at which both can be compared exactly; 0: none yet */
	__u64 quiet_vmstat[NR_VMSTAT_ITEMS], quiet_counted[NR_VMSTAT_ITEMS]; /* at that moment */
	__u32 nr_tasks, nr_processes, nr_groups;
};
void model_status(const struct model *model, struct model_status *ret);

/* The size of a dimension, and the label text of one of its values (never NULL). */
__u32 model_dim_size(const struct model *model, enum dim dim);
const char *model_dim_label(const struct model *model, enum dim dim, __u32 index);
const char *dim_name(enum dim dim);

/*
 * A metric's cells, laid out by its cube; GAUGE cells are two's complement. Valid until the next
 * model_apply().
 */
const struct cube *model_cube(const struct model *model, enum metric metric);
const __u64 *model_cells(const struct model *model, enum metric metric);

/* Whether a metric is counted on this kernel; where it is not, it has no series and is null in JSON. */
bool model_sees_metric(const struct model *model, enum metric metric);

/*
 * Which vmstat items this kernel has, and memoir counts, is in machine->vmstat_known. The kernel's name:
 * "pgalloc".
 */
const char *vmstat_item_name(enum vmstat_item item);

__u32 model_nr_probes(const struct model *model);
const struct rec_probe *model_probe(const struct model *model, __u32 index);
/* The probe of that name, or NULL. */
const struct rec_probe *model_find_probe(const struct model *model, const char *name);
const char *probe_state_name(enum probe_state state);
/*
 * Whether a probe in this state is to be attached: neither do others do its work, nor does it wait for a
 * request.
 */
bool probe_is_wanted(enum probe_state state);

/* --- zones: the state of free memory ------------------------------------------------------------ */

/* A zone that has memory. */
struct zone {
	__u32 node, zone; /* values of DIM_NODE and DIM_ZONE */
	__u64 present_pages, managed_pages;
	__u64 min_pages, low_pages, high_pages; /* watermarks */
	__u64 free_pages;
	__u64 nr_free[REC_MAX_ORDERS];          /* blocks by order */
	__u64 pageblocks_time_ns;               /* when they were counted, CLOCK_BOOTTIME; 0: they were not */
	__u32 pageblock_order;                  /* the next two mean nothing then */
	__u64 pageblocks[REC_MAX_MIGRATETYPES]; /* by migratetype */
};

/* Zones that had memory at the last snapshot, by node and then zone; valid until the next model_apply(). */
__u32 model_nr_zones(const struct model *model);
const struct zone *model_zone(const struct model *model, __u32 index);

/* Of a zone and an order below the size of DIM_ORDER, as METRIC_AVAILABLE_BLOCKS and its like hold it. */
__u64 zone_available(const struct model *model, const struct zone *zone, __u32 order);
__u64 zone_unusable(const struct model *model, const struct zone *zone, __u32 order);
__u64 zone_fragmentation(const struct model *model, const struct zone *zone, __u32 order);

/* Free blocks are kept for an hour: so many points, at least so far apart. */
#define HISTORY_POINTS 240u
#define HISTORY_STEP_NS 15000000000ULL

/* Points of the history, from the oldest. */
__u32 model_nr_points(const struct model *model);
__u64 model_point_time_ns(const struct model *model, __u32 point); /* CLOCK_BOOTTIME */
/* A zone's free blocks by order at a point, or NULL: it had no memory then or at some point since. */
const __u32 *model_point_free(const struct model *model, __u32 point, const struct zone *zone);

/*
 * How the available blocks of an order developed over the last quarter of an hour; see trend.h. Computed when
 * it is called.
 */
struct zone_trend {
	double per_hour, per_hour_low,
		per_hour_high; /* with 99 % confidence; infinite where nothing bounds it */
	bool is_significant;
	/* Until none is left if it goes on like that; 0 or more. Infinite unless it shrinks significantly. */
	double seconds_left, seconds_left_low, seconds_left_high;
};
/* False where there are too few points. */
bool model_zone_trend(const struct model *model, const struct zone *zone, __u32 order,
		      struct zone_trend *ret);

/* --- processes -------------------------------------------------------------------------------- */

struct process {
	__u64 start_ns;
	__u64 cgroup_id;
	__u64 seen; /* sequence of the snapshot that saw it last */
	__u32 tgid;
	__u32 nr_threads;
	__u32 group; /* index for model_group() */
	bool is_kthread;
	char comm[MEMOIR_COMM_LEN]; /* raw bytes, terminated */
	/* Bits are nodes, none beyond 63; 0 where there is one node only. */
	__u64 allowed_nodes; /* for memory, by the cpuset of its thread group leader */
	__u64 cpu_nodes;     /* of the CPUs that its threads run on, or ran on last */
	__u32 policy;        /* MPOL_* of linux/mempolicy.h, of the leader; 0: none of its own */
	/* private to the model */
	struct packed_counts counted; /* see process_counted() */
	__u64 faults[NR_FAULT_KINDS]; /* the kernel's own sums; see process_total() */
	__u32 rates;                  /* the row of model_process_rates(); 0: it has none, all are 0 */
	struct ledger_counts *gone;   /* final ledgers of its exited threads; NULL: there are none */
	__u64 left_ns;                /* when the first snapshot began that did not see it; 0: it was seen */
	__u32 pass;                   /* the pass of the open snapshot, if that has seen it */
	struct footprint footprint;
};

/*
 * What all its threads have counted, living and gone: one row, or all. Minor and major faults are the
 * kernel's own sums; in the other rows those are gone that ended since the model has known the process.
 */
__u64 process_total(const struct process *process, enum ledger row);
void process_totals(const struct process *process, struct ledger_counts *ret);
/* Processes alive at the last snapshot, in no order; valid until the next model_apply(). */
__u32 model_nr_processes(const struct model *model);
const struct process *model_process(const struct model *model, __u32 index);
/* Its NR_LEDGER rates: growth per second over the last interval; of gauges also below 0. */
const float *model_process_rates(const struct model *model, const struct process *process);
/* The process with this tgid, or NULL. */
const struct process *model_find_process(const struct model *model, __u32 tgid);
/* The one that was started then, CLOCK_BOOTTIME; NULL if it did not live any more. */
const struct process *model_find_living(const struct model *model, __u32 tgid, __u64 start_ns);
/* Whether that one lived at the last snapshot, or was started since. */
bool model_lives(const struct model *model, __u32 tgid, __u64 start_ns);

/* --- groups ----------------------------------------------------------------------------------- */

/*
 * A group is (comm of the leader, unit). At most max_groups are exported by name; "other" holds
 * the rest, and fixed owners hold what belongs to no process. For every counter row, the sum of
 * total over all groups with is_exported, plus model_retired(), equals the system-wide total at a
 * quiet moment. Totals of exported groups never decrease.
 */
struct group {
	char comm[MEMOIR_COMM_LEN]; /* raw bytes, terminated */
	char unit[REC_NAME_LEN];    /* raw bytes, terminated */
	bool is_exported;
	__u32 nr_processes;
	struct ledger_counts total; /* exported groups: as exported; others: their living processes */
	/* As model_process_rates(); of gauges, of processes that were there before and are there now. */
	float rate[NR_LEDGER];
};
__u32 model_nr_groups(const struct model *model);
const struct group *model_group(const struct model *model, __u32 index);
/* Whether it is one of memoir's own: "other", interrupts, what has no name. */
bool group_is_fixed(__u32 index);

/* What groups that lost their series had been exported with: bookkeeping, not a rate. */
const struct ledger_counts *model_retired(const struct model *model);

/*
 * System-wide total of a counter row at the last snapshot: all living and all exited tasks, and all
 * accounts.
 */
__u64 model_ledger_total(const struct model *model, enum ledger row);

/*
 * How much a counter row's total has grown over the last window_ns, at most an hour. *ret_covered_ns:
 * the time that this really is about, from the first point of it that is known; 0 where none is.
 */
__u64 model_growth(const struct model *model, enum ledger row, __u64 window_ns, __u64 *ret_covered_ns);

/* Likewise of the time in major faults of a kind, in nanoseconds. */
__u64 model_major_fault_growth(const struct model *model, enum fault_cause cause, __u64 window_ns);

/*
 * When a counter row began to grow, if it has grown during the last five minutes, and before that never
 * paused for longer; at the earliest the first point that is known. 0: it does not grow. CLOCK_BOOTTIME.
 */
__u64 model_growing_since(const struct model *model, enum ledger row);

/* Whether a row is counted on this kernel; where it is not, its 0 means nothing. */
bool model_sees_row(const struct model *model, enum ledger row);

const struct ledger_counts *model_account(const struct model *model, enum account account);
const char *account_name(enum account account);

/* --- fallback allocations --------------------------------------------------------------------- */

/*
 * Fallback allocations by process and kernel stack at the last snapshot: the most frequent, not all. What
 * they lack of METRIC_FALLBACK_ALLOCATIONS is by others. id.comm is terminated.
 */
__u32 model_nr_fallbacks(const struct model *model);
const struct rec_fallback *model_fallback(const struct model *model, __u32 index);

/* --- page faults ------------------------------------------------------------------------------ */

/*
 * Page faults by process and mapping at the last snapshot, those that took most time, and by process and user
 * stack, the most frequent; not all. name and id.comm are terminated. An entry of AREA_OTHERS is of many
 * processes, and its id is zero.
 */
__u32 model_nr_fault_mappings(const struct model *model);
const struct rec_fault_mapping *model_fault_mapping(const struct model *model, __u32 index);
__u32 model_nr_fault_stacks(const struct model *model);
const struct rec_fault_stack *model_fault_stack(const struct model *model, __u32 index);
/* Whether such faults are estimated from one page in FAULT_SAMPLE; else each is counted. */
bool fault_is_estimated(enum fault_cause cause, enum fault_kind severity);
/* "file", "heap", "stack", "anonymous", "others" */
const char *fault_area_name(enum fault_area area);

/* --- events ----------------------------------------------------------------------------------- */

union event {
	struct rec_header h;
	struct rec_stall stall;
	struct rec_oom_kill oom_kill;
	struct rec_alloc_failure alloc_failure;
};

/* Events are numbered from 1. The kept ones are first..last, none where first > last. */
void model_event_range(const struct model *model, __u64 *ret_first, __u64 *ret_last);
const union event *model_event(const struct model *model, __u64 number);
/* The unit of a cgroup, or "" where it is unknown. */
const char *model_cgroup_unit(const struct model *model, __u64 cgroup_id);

const char *record_name(enum record kind); /* "stall" */
bool record_is_event(enum record kind);

/* --- settings --------------------------------------------------------------------------------- */

/* The kernel's own name of a setting ("vm.swappiness"); its value as the kernel shows it, or "". */
const char *setting_name(enum setting setting);
const char *model_setting(const struct model *model, enum setting setting);

/* --- live pages --------------------------------------------------------------------------------- */

/*
 * The last complete reading of live pages, or NULL. What it consists of is valid until the next
 * model_apply().
 */
const struct rec_live *model_live(const struct model *model);

/*
 * Its owners, a record for each stack; those of an owner follow each other. comm is terminated. In some,
 * is_rest, are many owners who have no record of their own.
 */
__u32 model_nr_holders(const struct model *model);
const struct rec_holder *model_holder(const struct model *model, __u32 index);
/* Whether two of them are of the same owner. */
bool holder_is_of_same(const struct rec_holder *a, const struct rec_holder *b);
/* The owner, if it is a process that the last snapshot found; else NULL. */
const struct process *model_holder_process(const struct model *model, const struct rec_holder *holder);
/* Whether it is a process that lives, or was started since the last snapshot. */
bool model_holder_is_alive(const struct model *model, const struct rec_holder *holder);

/* What somebody holds, as the last reading of live pages estimates it. */
enum held_row {
	HELD_PAGES,
	HELD_HUGE_PAGES,      /* allocated in blocks of a pageblock or more */
	HELD_UNMOVABLE_PAGES, /* asked for with another migratetype than movable */
	HELD_SPOILED,         /* pageblocks that these spoil, in thousandths */
	NR_HELD
};

struct held {
	__u64 v[NR_HELD];
};

struct held_info {
	const char *name; /* the exported series */
	enum value_unit unit;
	const char *help;
};
extern const struct held_info held_rows[NR_HELD];

/*
 * What a group holds: its processes that live, and whoever had its name and cgroup when he allocated. "other"
 * has all that no exported group has. Zeroes where pages are not followed.
 */
struct held model_group_held(const struct model *model, __u32 index);

/* Its census of pageblocks, by node. */
__u32 model_nr_censuses(const struct model *model);
const struct rec_census *model_census(const struct model *model, __u32 index);

/*
 * Standard errors of estimates from samples. The truth lies within three of them in 99 of 100 readings, also
 * where little was seen: an error that is computed from what was seen alone is too small just when too
 * little was seen, and so some more is added.
 */

/*
 * In pages, of an estimate of nr_pages * step_pages pages from so many followed pages, with three more:
 * step_pages * sqrt(nr_pages + 3). It supposes that pages are held independently of each other; of blocks
 * larger than a group every page is known, and the true error is smaller.
 */
__u64 live_error_pages(__u64 nr_pages, __u32 step_pages);

/*
 * In thousandths, of the sum of spoiled_e6 of some records of the last reading, whose spoiled_error_e6 add
 * up to the other; with three more pages that spoil as much as one of these does, or one of all if that is
 * more. That is a mean in which a page counts by what it spoils: the sum of squares by the sum.
 */
__u64 live_error_spoiled_e3(const struct model *model, __u64 spoiled_e6, __u64 spoiled_error_e6);

/*
 * In millionths, of the mean sum / nr of nr blocks of a census, not none, each of which is something from 0
 * to 1; squares is the sum of the squares of that, for a share the same as sum. It is sqrt(v / nr), where v
 * is the variance with ten more blocks, five of 0 and five of 1.
 */
__u64 census_error_e6(double sum, double squares, __u32 nr);

/* The largest number whose square is not above. */
__u64 square_root(__u64 square);

#endif
