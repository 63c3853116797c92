/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whoever is counted: processes, the groups that they are in, and the slots that groups are exported by. A
 * part of internal.h, which says how every count finds one owner.
 */
#ifndef MEMOIR_MODEL_POPULATION_H
#define MEMOIR_MODEL_POPULATION_H

#include "growth.h"
#include "index.h"
#include "model.h"

/* --- process_table.c -------------------------------------------------------------------------- */

struct rates {
	float v[NR_LEDGER];
};

/* What the open snapshot has seen of a process. */
struct process_next {
	struct ledger_counts sum;     /* what its exited threads had, and what the living ones have */
	__u64 faults[NR_FAULT_KINDS]; /* by the kernel's own sums */
	__u64 cgroup_id;
	__u64 allowed_nodes, cpu_nodes;
	__u32 policy;
	__u32 nr_threads;
	char comm[MEMOIR_COMM_LEN];
};

struct processes {
	struct process *all; /* the living first, then those that only wait for their exit records */
	/* By entry, for those that it has seen; only while a snapshot is open: it is half of the table. */
	struct process_next *next;
	/* The rates of those that did anything in the last interval: most do nothing. */
	struct rates *rates;
	__u32 nr_rates, max_rates;
	__u32 nr, nr_alive, capacity, max;
	__u32 units_generation; /* that the processes' groups were last looked up with */
	struct index index;
};

void processes_free(struct processes *processes);
struct process *process_find(const struct processes *processes, __u32 tgid, __u64 start_ns);
/* NULL where the table is full, or memory is out. */
struct process *process_add(struct processes *processes, const struct task_identity *id);
void process_remove(struct processes *processes, __u32 entry);
void process_swap(struct processes *processes, __u32 a, __u32 b);
/* Memory for what the open snapshot sees, all of its pages; false where it is out. */
bool processes_make_next(struct processes *processes);

/* --- processes.c ------------------------------------------------------------------------------ */

int apply_task(struct model *model, const struct rec_header *h);
int apply_task_exit(struct model *model, const struct rec_header *h);
/* What the exited threads of a process had counted; never NULL. */
const struct ledger_counts *process_gone(const struct process *process);
/*
 * What it counts for in its group, where every count has one owner: all rows by the ledgers of its threads.
 * The kernel's sums of faults, as process_totals() has them, are also of threads whose counts are elsewhere:
 * what ended before this model knew the process is in its group already, or was before the probes.
 */
void process_counted(const struct process *process, struct ledger_counts *ret);
/* Brings all processes to the snapshot that ends, and counts them into their groups. */
void processes_end(struct model *model);

/* --- groups.c --------------------------------------------------------------------------------- */

enum { GROUP_OTHER, GROUP_INTERRUPT, GROUP_UNATTRIBUTED, GROUP_EXITED, NR_FIXED_GROUPS };

/* Groups known beside those with a slot. */
#define MAX_KNOWN_GROUPS 4096u

/* Padded with zeroes, so that it can be hashed and compared as bytes. */
struct group_key {
	char comm[MEMOIR_COMM_LEN];
	char unit[REC_NAME_LEN];
};

struct known_group {
	struct group pub;
	struct held held;          /* as of the last reading of live pages */
	struct ledger_counts live; /* of its processes; "other": of those of all groups without a slot */
	__u32 hash;
	__u32 slot;       /* 0: it is part of "other" */
	__u32 nr_members; /* processes, lingering ones included */
	__u32 streak;     /* snapshots in a row in which it was much more active than the weakest slot */
	float activity;   /* since the last snapshot */
	float score;      /* activity a second, decayed */
	struct footprint footprint;
	struct leaky_lives leaky;
	double left_pages; /* by leak_note_left_pages() */
};

struct slot {
	__u32 group; /* GROUP_OTHER: free, except for slot 0 */
	struct ledger_counts offset;
};

struct groups {
	struct known_group *all;
	__u32 nr, nr_visible, capacity, max;
	__u32 *moved; /* scratch: where each group goes when gaps are closed */
	struct index index;
	struct slot *slots; /* max_slots + 1, the first is "other" */
	__u32 max_slots;
	struct ledger_counts retired;
	struct ledger_counts total;                 /* published system-wide total */
	struct ledger_counts accounts[NR_ACCOUNTS]; /* at the last snapshot */
	__u32 nr_overflow;                          /* rows without a process at the last snapshot */
	__u64 overflow_until_ns;                    /* until then an unknown process may be one of them */
	bool is_resumed;    /* from a durable state, and no snapshot has ended since */
	bool has_begun;     /* a snapshot has ended */
	bool is_opening;    /* the first one is ending */
	__u64 installed_ns; /* of the probes that the durable state is about */
	__u64 settle_ns;    /* when what a restart left open is settled; 0: nothing is open */
};

int groups_init(struct groups *groups, __u32 max_groups);
void groups_free(struct groups *groups);
/* Forgets everything but the fixed groups: the probes count from zero again. */
void groups_reset(struct groups *groups);

/* Whether only a fixed group may have this key. */
bool group_key_is_reserved(const struct group_key *key);
void group_key_make(struct group_key *ret, const struct model *model, const char *comm, __u64 cgroup_id,
		    bool is_kthread);
/* The group's index, created where it is new; GROUP_OTHER where there is no room. */
__u32 groups_add(struct groups *groups, const struct group_key *key);
/* The group's index; GROUP_OTHER where it is not known. */
__u32 groups_find(const struct groups *groups, const struct group_key *key);
/* The same for a group that counts are about to be added to: it gets a slot if one is free. */
__u32 groups_get(struct groups *groups, const struct group_key *key);
float activity_of(const struct ledger_counts *growth);

static inline bool slot_is_used(const struct groups *groups, __u32 slot)
{
	return !slot || groups->slots[slot].group != GROUP_OTHER;
}

static inline struct slot *group_slot(struct groups *groups, __u32 group)
{
	return &groups->slots[groups->all[group].slot];
}

/* At the end of a snapshot: begin, then every process is counted, then end. */
void groups_begin(struct model *model);
void groups_end(struct model *model);

/* --- slots.c ---------------------------------------------------------------------------------- */

/* Hands out slots to the most active groups. Changes no exported total. */
void slots_assign(struct groups *groups);
void slot_give(struct groups *groups, __u32 slot, __u32 group);
/* Gives a group that nothing has been counted for a slot, if one is free. */
void slot_give_free(struct groups *groups, __u32 entry);

/* --- durable.c -------------------------------------------------------------------------------- */

/* Continues from what an earlier model left, if that is complete and of this layout. */
void durable_read(struct groups *groups, const void *durable);
void durable_write(const struct model *model, void *durable);

#endif
