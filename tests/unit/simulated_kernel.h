/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A simulated kernel: processes and threads are born, work, change their name and cgroup, leave the task
 * list, are freed later, and may lose their exit record. It keeps the truth that the model is held against.
 */
#ifndef MEMOIR_TEST_SIMULATED_KERNEL_H
#define MEMOIR_TEST_SIMULATED_KERNEL_H

#include "model_stream.h"

#define MAX_TASKS 400
#define MAX_RING 4000
#define MAX_SERIES 64
#define NR_COMMS 12
#define NR_UNITS 4

enum task_state { TASK_NONE, TASK_LIVING, TASK_RELEASED /* in no list, not yet freed */ };

struct sim_task {
	enum task_state state;
	__u64 released_ns;
	struct task_identity id;
	struct ledger_counts counts;
	__u64 ended_faults[NR_FAULT_KINDS]; /* of its process's threads that were released */
};

struct sim_series {
	char comm[MEMOIR_COMM_LEN];
	char unit[REC_NAME_LEN];
	struct ledger_counts total;
	/* At the last quiet moment, if it was exported then and ever since. */
	bool was_quiet;
	struct ledger_counts quiet_total, quiet_truth;
};

/* What a run may do, beside the births, deaths and work that every run does. */
struct sim_options {
	__u32 seed, nr_snapshots, max_groups, max_processes;
	bool loses_records, renames, restarts;
};

struct sim {
	struct sim_options options;
	struct model *model;
	void *durable;
	__u64 random;
	__u64 time_ns, sequence;
	__u32 last_pid;
	struct sim_task tasks[MAX_TASKS];
	struct rec_task_exit ring[MAX_RING];
	__u32 nr_ring;
	struct ledger_counts accounts[NR_ACCOUNTS];
	struct ledger_counts freed[NR_COMMS][NR_UNITS]; /* of them, ACCOUNT_EXITED by name */
	struct sim_series series[MAX_SERIES];
	__u32 nr_series;
	__u32 nr_lost, nr_restarts, nr_evictions, nr_named; /* that the run did what it is there for */
};

static inline __u32 sim_random(struct sim *sim, __u32 below)
{
	sim->random ^= sim->random << 13;
	sim->random ^= sim->random >> 7;
	sim->random ^= sim->random << 17;
	return (__u32)((sim->random >> 20) % below);
}

static inline void sim_work(struct sim *sim, struct ledger_counts *counts, __u32 most)
{
	for (__u32 row = 0; row < NR_LEDGER; row++) {
		if (ledger_rows[row].type == COUNTER)
			counts->v[row] += sim_random(sim, most);
		else
			counts->v[row] = sim_random(sim, 1000);
	}
}

static inline struct sim_task *sim_free_task(struct sim *sim)
{
	for (__u32 i = 0; i < MAX_TASKS; i++) {
		if (sim->tasks[i].state == TASK_NONE)
			return &sim->tasks[i];
	}
	return NULL;
}

static inline struct sim_task *sim_random_task(struct sim *sim, enum task_state state)
{
	for (__u32 i = 0; i < 20; i++) {
		struct sim_task *task = &sim->tasks[sim_random(sim, MAX_TASKS)];

		if (task->state == state)
			return task;
	}
	return NULL;
}

static inline void sim_name(struct sim *sim, struct task_identity *id)
{
	memset(id->comm, 0, sizeof(id->comm));
	snprintf(id->comm, sizeof(id->comm), "comm%u", sim_random(sim, NR_COMMS));
	id->cgroup_id = sim_random(sim, NR_UNITS);
}

static inline void sim_fork(struct sim *sim, bool is_thread)
{
	struct sim_task *task = sim_free_task(sim);
	const struct sim_task *parent = is_thread ? sim_random_task(sim, TASK_LIVING) : NULL;

	if (!task || (is_thread && !parent))
		return;
	/* Pids are used again, soon. */
	sim->last_pid = sim->last_pid % 1000 + 1;
	if (is_thread) {
		task->id = parent->id;
		memcpy(task->ended_faults, parent->ended_faults, sizeof(task->ended_faults));
		task->id.pid = 100000 + sim->last_pid;
		task->id.flags = 0;
	} else {
		task->id = identity(sim->last_pid, sim->last_pid, sim->time_ns++, "new", 0);
		sim_name(sim, &task->id);
		memset(task->ended_faults, 0, sizeof(task->ended_faults));
	}
	memset(&task->counts, 0, sizeof(task->counts));
	sim_work(sim, &task->counts, 50);
	task->state = TASK_LIVING;
}

static inline bool sim_is_process(const struct sim_task *task, const struct sim_task *other)
{
	return task->id.tgid == other->id.tgid && task->id.start_ns == other->id.start_ns;
}

static inline void sim_rename(struct sim *sim)
{
	struct sim_task *task = sim_random_task(sim, TASK_LIVING);
	struct task_identity name;

	if (!task)
		return;
	sim_name(sim, &name);
	for (__u32 i = 0; i < MAX_TASKS; i++) {
		if (sim->tasks[i].state == TASK_LIVING && sim_is_process(&sim->tasks[i], task)) {
			memcpy(sim->tasks[i].id.comm, name.comm, sizeof(name.comm));
			sim->tasks[i].id.cgroup_id = name.cgroup_id;
		}
	}
}

static inline void sim_free(struct sim *sim, struct sim_task *task)
{
	bool is_lost = sim->nr_ring == MAX_RING || (sim->options.loses_records && !sim_random(sim, 5));

	__u32 comm = (__u32)atoi(task->id.comm + strlen("comm"));

	for (__u32 row = 0; row < NR_LEDGER; row++) {
		if (ledger_rows[row].type != COUNTER)
			continue;
		sim->accounts[ACCOUNT_EXITED].v[row] += task->counts.v[row];
		sim->freed[comm][task->id.cgroup_id].v[row] += task->counts.v[row];
	}
	if (is_lost) {
		sim->nr_lost++;
	} else {
		sim->ring[sim->nr_ring++] = (struct rec_task_exit){
			.h = HEADER(REC_TASK_EXIT, struct rec_task_exit, sim->time_ns),
			.id = task->id,
			.counts = task->counts,
		};
	}
	task->state = TASK_NONE;
}

static inline void sim_release(struct sim *sim, struct sim_task *task)
{
	task->state = TASK_RELEASED;
	task->released_ns = sim->time_ns;
	for (__u32 i = 0; i < MAX_TASKS; i++) {
		if (!sim_is_process(&sim->tasks[i], task))
			continue;
		for (int kind = 0; kind < NR_FAULT_KINDS; kind++)
			sim->tasks[i].ended_faults[kind] += task->counts.v[kind];
	}
}

static inline void sim_exit_process(struct sim *sim, const struct sim_task *one)
{
	struct sim_task leader = *one;

	for (__u32 i = 0; i < MAX_TASKS; i++) {
		if (sim->tasks[i].state == TASK_LIVING && sim_is_process(&sim->tasks[i], &leader))
			sim_release(sim, &sim->tasks[i]);
	}
}

/* Some of everything. */
static inline void sim_run(struct sim *sim, __u32 nr_steps)
{
	for (__u32 i = 0; i < nr_steps; i++) {
		struct sim_task *living = sim_random_task(sim, TASK_LIVING);
		struct sim_task *released = sim_random_task(sim, TASK_RELEASED);
		__u32 what = sim_random(sim, 100);

		if (what < 12)
			sim_fork(sim, false);
		else if (what < 18)
			sim_fork(sim, true);
		else if (what < 26 && living && !(living->id.flags & TASK_IS_LEADER))
			sim_release(sim, living);
		else if (what < 34 && living)
			sim_exit_process(sim, living);
		else if (what < 60 && released)
			sim_free(sim, released);
		else if (what < 62 && sim->options.renames)
			sim_rename(sim);
		else if (what < 66)
			sim_work(sim, &sim->accounts[sim_random(sim, 2)], 20);
		else if (living)
			sim_work(sim, &living->counts, sim_random(sim, 8) ? 100 : 10000);
	}
}

/* A grace period ends: tasks that were released this long ago are freed. */
static inline void sim_grace(struct sim *sim, __u64 age_ns)
{
	for (__u32 i = 0; i < MAX_TASKS; i++) {
		if (sim->tasks[i].state == TASK_RELEASED &&
		    sim->time_ns - sim->tasks[i].released_ns >= age_ns)
			sim_free(sim, &sim->tasks[i]);
	}
}

/* Everything that the kernel has counted. */
static inline __u64 sim_truth(const struct sim *sim, __u32 row)
{
	__u64 truth = 0;

	for (__u32 i = 0; i < NR_ACCOUNTS; i++)
		truth += sim->accounts[i].v[row];
	for (__u32 i = 0; i < MAX_TASKS; i++)
		truth += sim->tasks[i].state != TASK_NONE ? sim->tasks[i].counts.v[row] : 0;
	return truth;
}

#endif
