/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the model share with each other and with nobody else.
 *
 * How every count finds one owner. The kernel's raw total of a counter row is
 *
 *	R = sum over living tasks + ACCOUNT_EXITED + ACCOUNT_INTERRUPT + ACCOUNT_UNATTRIBUTED
 *
 * A slot is what is exported under a name: slot 0 is "other", the rest belong to at most max_groups
 * groups. Each slot holds raw = live + offset. live is the sum over its processes, offset carries
 * what is not live: exited tasks, what a group had before it got its slot, what it handed over. An
 * exit record moves its counts into an offset (or into its process, while that lives), and whatever
 * moves between slots is taken from one offset and added to another. So the sum over slots changes
 * only by what tasks did. Exported totals follow raw and never decrease; what R has and no slot has
 * been given is "[exited]".
 */
#ifndef MEMOIR_MODEL_INTERNAL_H
#define MEMOIR_MODEL_INTERNAL_H

#include "following.h"
#include "index.h"
#include "model.h"
#include "population.h"
#include "placement.h"
#include "recent.h"
#include "sites.h"

#include "../../bpf/abi/hist.h"

/*
 * How long a process that is gone from the task list may wait for its exit records: the kernel frees
 * a task an RCU grace period after it left the list, seconds on a busy machine, and puts that off for 10
 * seconds where RCU is lazy (CONFIG_RCU_LAZY).
 */
#define LINGER_NS 12000000000ULL

/* --- ledger.c --------------------------------------------------------------------------------- */

#define for_each_counter(row)                       \
	for (__u32 row = 0; row < NR_LEDGER; row++) \
		if (ledger_rows[row].type == COUNTER)
#define for_each_gauge(row)                         \
	for (__u32 row = 0; row < NR_LEDGER; row++) \
		if (ledger_rows[row].type == GAUGE)

static inline __u64 counter_max(__u64 a, __u64 b)
{
	return (__s64)(b - a) > 0 ? b : a;
}

void counters_add(struct ledger_counts *to, const struct ledger_counts *counts);
void counters_sub(struct ledger_counts *from, const struct ledger_counts *counts);
/* to = max(to, counts) */
void counters_raise(struct ledger_counts *to, const struct ledger_counts *counts);
void gauges_add(struct ledger_counts *to, const struct ledger_counts *counts);
void gauges_sub(struct ledger_counts *from, const struct ledger_counts *counts);

/* --- records.c -------------------------------------------------------------------------------- */

#define terminate(array) ((array)[sizeof(array) - 1] = '\0')

/* 0 where kind and size are right, so that a handler may read its whole record; else -EINVAL. */
int record_check(const void *record, size_t size);

/* --- metrics.c -------------------------------------------------------------------------------- */

__u32 dim_fixed_size(enum dim dim); /* 0: the machine decides */
const char *dim_fixed_label(enum dim dim, __u32 index);

/* --- rows.c ----------------------------------------------------------------------------------- */

/*
 * An array of rows of that size with room for one more behind nr of them; *capacity is how many it has room
 * for. The array as it is from now on; or NULL without memory, and then it is as it was.
 */
void *rows_reserve(void *rows, size_t size, __u32 nr, __u32 *capacity);

/* --- shape.c ------------------------------------------------------------------------------------ */

#define MAX_PROBES 128

/*
 * More pages than any machine has, and a larger page than any kernel's: so many of those are less than 2^63
 * bytes, which every reader of JSON can hold.
 */
#define MAX_PAGES (1ULL << 44)
#define MAX_PAGE_SIZE (1u << 18)

struct shape {
	struct rec_machine rec; /* rec.h.size is 0 before the first record */
	__u32 sizes[NR_DIMS];
	__u32 first_label[NR_DIMS]; /* of the machine's own dimensions, among labels */
	char (*labels)[REC_NAME_LEN];
	struct cube cubes[NR_METRICS];
	__u32 nr_cells;
	__u64 *cells;   /* as of the last snapshot */
	__u64 *pending; /* as of the open one */
	struct rec_probe probes[MAX_PROBES];
	__u32 nr_probes;
};

/* The first cell of a metric's cube. */
static inline __u64 *metric_cells(struct shape *shape, enum metric metric)
{
	return shape->cells + shape->cubes[metric].base;
}

/* Says of all cells of a gauge that they have no value. */
static inline void metric_clear(struct shape *shape, enum metric metric)
{
	const struct cube *cube = &shape->cubes[metric];

	for (__u32 cell = 0; cell < cube->size[0] * cube->stride[0]; cell++)
		metric_cells(shape, metric)[cell] = CELL_NONE;
}

void shape_free(struct shape *shape);
int apply_machine(struct model *model, const struct rec_header *h);
int apply_label(struct model *model, const struct rec_header *h);
int apply_probe(struct model *model, const struct rec_header *h);

/* --- units.c ----------------------------------------------------------------------------------- */

struct units {
	struct recent cgroups;
	__u32 generation; /* grows with every change */
};

void units_init(struct units *units);
int apply_cgroup(struct model *model, const struct rec_header *h);

/* --- events.c --------------------------------------------------------------------------------- */

struct events {
	union event *ring;
	__u32 max;
	__u64 nr_stored;
};

int events_init(struct events *events, __u32 max_events);
void events_free(struct events *events);
int apply_stall(struct model *model, const struct rec_header *h);
int apply_oom_kill(struct model *model, const struct rec_header *h);
int apply_alloc_failure(struct model *model, const struct rec_header *h);

/* --- settings.c ------------------------------------------------------------------------------- */

struct settings {
	char text[NR_SETTINGS][REC_NAME_LEN];
};

int apply_setting(struct model *model, const struct rec_header *h);

/* --- watch.c ---------------------------------------------------------------------------------- */

/* Of a node: numastat's count of what was wanted there and taken elsewhere. */
struct watch_node {
	__u64 first, last; /* at the first snapshot and at the last */
	__u64 grew_ns;     /* when it was last seen to have grown; 0: never */
};

struct watch {
	struct watch_point *ring;
	__u64 *foreign; /* a row for each point, with a count for each node */
	struct watch_node *nodes;
	__u32 nr_nodes;
	__u64 first_ns;  /* of the first snapshot */
	__u64 nr_points; /* that there ever were */
};

int watch_init(struct watch *watch);
/* Memory for what is kept of each node; 0 or -ENOMEM. */
int watch_reserve(struct watch *watch, __u32 nr_nodes);
void watch_free(struct watch *watch);
/* Notes the totals of the snapshot that has just become visible, if a point is due. */
void watch_add(struct model *model);

/* --- history.c -------------------------------------------------------------------------------- */

/* The free blocks of one zone at the points of the history; point n is in row n % HISTORY_POINTS. */
struct zone_history {
	__u32 *nr_free;    /* HISTORY_POINTS rows, a block count for each order; NULL: it never had memory */
	__u64 first, next; /* numbers: it is in all points from first on and before next */
};

struct history {
	struct zone_history *zones; /* by zone_key(); NULL before the first zone */
	__u64 time_ns[HISTORY_POINTS];
	__u64 first, next; /* numbers of points: those before first are forgotten */
};

void history_free(struct history *history, __u32 nr_keys);
/* Memory for a zone's points; 0, also where it is there already, or -ENOMEM. */
int history_reserve(struct history *history, __u32 nr_keys, __u32 key, __u32 nr_orders);
/* Adds a point of all zones at the moment of the snapshot that ends, if the last one is old enough. */
void history_end(struct model *model);

/* --- zones.c ---------------------------------------------------------------------------------- */

/* Zones that have memory, by node and then zone. */
struct zones {
	struct zone *shown;   /* as of the last snapshot */
	struct zone *pending; /* as of the open one */
	__u32 nr_shown, nr_pending, capacity;
	struct history history;
};

static inline __u32 zone_key(const struct shape *shape, __u32 node, __u32 zone)
{
	return node * shape->sizes[DIM_ZONE] + zone;
}

void zones_free(struct model *model);
int apply_zone(struct model *model, const struct rec_header *h);
int apply_pageblocks(struct model *model, const struct rec_header *h);
/* Says of all cells about zones that they have no value. */
void zones_clear_cells(struct shape *shape);
/* Brings the zones to the snapshot that ends. */
void zones_end(struct model *model);

/* --- snapshot.c ------------------------------------------------------------------------------- */

struct snapshot {
	bool is_open;
	bool has_vmstat;
	__u32 pass; /* counts attempts: a discarded one leaves no trace */
	__u64 sequence;
	__u64 time_ns;
	double per_second; /* 1 / seconds since the last complete snapshot, 0 where there is none */
	struct ledger_counts accounts[NR_ACCOUNTS];
	__u64 vmstat[NR_VMSTAT_ITEMS];
	struct ledger_counts tasks;    /* counters: sum over all rows */
	struct ledger_counts overflow; /* of them, those that found no place in the process table */
	__u32 nr_tasks;
	__u32 nr_overflow;
};

int apply_snapshot_begin(struct model *model, const struct rec_header *h);
int apply_cells(struct model *model, const struct rec_header *h);
int apply_account(struct model *model, const struct rec_header *h);
int apply_vmstat(struct model *model, const struct rec_header *h);
int apply_snapshot_end(struct model *model, const struct rec_header *h);

/* --- stacks.c --------------------------------------------------------------------------------- */

struct stacks {
	struct recent all, symbols;
};

void stacks_init(struct stacks *stacks);
int apply_stack(struct model *model, const struct rec_header *h);
int apply_symbol(struct model *model, const struct rec_header *h);

/* --- userstacks.c ----------------------------------------------------------------------------- */

struct user_stacks {
	struct recent all, symbols;
};

void user_stacks_init(struct user_stacks *stacks);
int apply_user_stack(struct model *model, const struct rec_header *h);
int apply_user_symbol(struct model *model, const struct rec_header *h);

/* --- holders.c -------------------------------------------------------------------------------- */

/* What a reading may have; more is refused. */
#define MAX_HOLDERS 2048u
#define MAX_CENSUSES 64u

/* One reading. */
struct holder_list {
	struct rec_holder *all;
	__u32 nr, capacity;
	__u64 nr_pages, age_sum_ms, spoiled_e6, spoiled_error_e6; /* of all of them */
	struct rec_census censuses[MAX_CENSUSES];
	__u32 nr_censuses;
};

struct holders {
	struct rec_live rec;        /* of the last complete reading; rec.h.size is 0 before the first */
	struct holder_list shown;   /* of that reading */
	struct holder_list pending; /* of the one that has not ended */
	struct held total;          /* of all owners */
};

void holders_free(struct holders *holders);
int apply_holder(struct model *model, const struct rec_header *h);
int apply_census(struct model *model, const struct rec_header *h);
int apply_live(struct model *model, const struct rec_header *h);
/* Gives what is held to the groups that there are at the end of a snapshot. */
void holders_end(struct model *model);
/* Says of all cells about live pages that they have no value. */
void holders_clear_cells(struct shape *shape);

/* --- livesites.c ------------------------------------------------------------------------------ */

#define HISTORY_SITE_POINTS 32u

struct site_point {
	__u32 time_s; /* since boot */
	__u32 nr_pages;
};

struct site_history {
	struct site_point points[HISTORY_SITE_POINTS];
	__u32 nr;
	__u32 step_s;         /* between points */
	__u32 most_forgotten; /* pages, of all points that went */
	__u64 reading;        /* the last one that it was in */
};

struct known_site {
	struct rec_live_site rec;
	struct live_site_growth growth;
};

struct site_list {
	struct known_site *all;
	__u32 nr, capacity;
};

struct live_sites {
	struct site_list shown;   /* of the last complete reading */
	struct site_list pending; /* of the one that has not ended */
	struct recent histories;
	__u64 nr_readings; /* that were complete; the rest is of the last one */
	__u32 time_s;
	__u32 least_pages, least_kernel_pages; /* as in struct rec_live */
};

void live_sites_init(struct live_sites *sites);
void live_sites_free(struct live_sites *sites);
int apply_live_site(struct model *model, const struct rec_header *h);
/* Whether the reading that has not ended can be of a machine, where each page stands for so many. */
bool live_sites_are_possible(const struct live_sites *sites, __u32 step_pages);
/* That reading has ended. */
void live_sites_end(struct live_sites *sites, const struct rec_live *rec);

/* --- numa.c ----------------------------------------------------------------------------------- */

/* Records that begin with their process, of one kind and size. */
struct process_list {
	void *all;
	__u32 nr, capacity;
	__u64 nr_pages; /* of all of them, where they have some */
};

struct numa {
	struct process_list flows;         /* as of the last snapshot, by process: struct rec_numa_flow */
	struct process_list pending_flows; /* as of the open one */
	struct process_list
		residencies; /* of the last reading of live pages, likewise: struct rec_residency */
	struct process_list pending_residencies; /* of the one that has not ended */
};

void numa_free(struct numa *numa);
int apply_numa_flow(struct model *model, const struct rec_header *h);
int apply_residency(struct model *model, const struct rec_header *h);
void numa_begin(struct numa *numa);
void numa_end(struct numa *numa);
/* Whether the reading that has not ended can be of a machine, where each page stands for so many. */
bool numa_is_possible(const struct numa *numa, __u32 step_pages);
/* That reading has ended. */
void numa_live_end(struct numa *numa);

/* --- traces.c --------------------------------------------------------------------------------- */

#define MAX_TRACE_STACKS 1024u

struct trace_rows {
	struct rec_trace_stack *stacks;
	__u32 nr, max;
};

struct traces {
	struct rec_trace rec;      /* of the last trace that has ended; rec.h.size is 0 before the first */
	struct trace_rows shown;   /* of that one */
	struct trace_rows pending; /* of the one that has not ended */
	struct traced traced[MAX_TRACED]; /* the oldest first */
	__u32 nr_traced;
};

void traces_free(struct traces *traces);
int apply_trace_stack(struct model *model, const struct rec_header *h);
int apply_trace(struct model *model, const struct rec_header *h);

/* --- slab.c ----------------------------------------------------------------------------------- */

/* What a look may have; more is refused. */
#define MAX_SLAB_CACHES 4096u

struct slab_look {
	struct rec_slab_site *sites;
	struct rec_slab_cache *caches;
	__u32 nr_sites, max_sites, nr_caches, max_caches;
	__u64 given_bytes, held_bytes; /* sums, so that no sum can leave 64 bits */
};

struct slab_looks {
	struct rec_slab rec;      /* of the last complete look; rec.h.size is 0 before the first */
	struct slab_look shown;   /* of that look */
	struct slab_look pending; /* of the one that has not ended */
};

void slab_looks_free(struct slab_looks *slab);
int apply_slab_site(struct model *model, const struct rec_header *h);
int apply_slab_cache(struct model *model, const struct rec_header *h);
int apply_slab(struct model *model, const struct rec_header *h);

/* --- model.c ---------------------------------------------------------------------------------- */

struct model {
	struct model_options options;
	struct shape shape;
	struct units units;
	struct events events;
	struct settings settings;
	struct watch watch;
	struct placement placement;
	struct snapshot snapshot;
	struct fallbacks fallbacks;
	struct fault_sites fault_sites;
	struct processes processes;
	struct groups groups;
	struct stacks stacks;
	struct user_stacks user_stacks;
	struct holders holders;
	struct live_sites live_sites;
	struct numa numa;
	struct slab_looks slab;
	struct traces traces;
	struct zones zones;
	struct growth growth;
	struct model_status status;
	__u64 nr_snapshots;
	__u64 nr_table_full;
};

#endif
