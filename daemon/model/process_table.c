/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of processes as a table: its memory, its index, and how readers find what is in it. What the
 * entries say is written in processes.c.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

#define MIN_PROCESSES 256u

void processes_free(struct processes *processes)
{
	for (__u32 i = 0; i < processes->nr; i++) {
		packed_free(&processes->all[i].counted);
		free(processes->all[i].gone);
	}
	free(processes->all);
	free(processes->next);
	free(processes->rates);
	index_free(&processes->index);
}

static __u32 process_hash(__u32 tgid, __u64 start_ns)
{
	return index_hash(tgid, &start_ns, sizeof(start_ns));
}

struct process *process_find(const struct processes *processes, __u32 tgid, __u64 start_ns)
{
	__u32 hash = process_hash(tgid, start_ns);
	__u32 entry, pos;

	index_for_each(&processes->index, hash, entry, pos)
	{
		struct process *process = &processes->all[entry];

		if (process->tgid == tgid && process->start_ns == start_ns)
			return process;
	}
	return NULL;
}

static bool processes_make_room(struct processes *processes)
{
	__u32 capacity = processes->capacity ? processes->capacity * 2 : MIN_PROCESSES;
	struct process *all;

	if (processes->nr < processes->capacity)
		return true;
	if (capacity > processes->max)
		capacity = processes->max;
	if (processes->nr >= capacity)
		return false;
	all = realloc(processes->all, capacity * sizeof(*all));
	if (!all)
		return false;
	processes->all = all;
	if (processes->next) {
		struct process_next *next = realloc(processes->next, capacity * sizeof(*next));

		if (!next)
			return false;
		processes->next = next;
	}
	processes->capacity = capacity;
	return true;
}

bool processes_make_next(struct processes *processes)
{
	size_t size = processes->capacity * sizeof(*processes->next);

	if (processes->next)
		return true;
	processes->next = malloc(size);
	if (!processes->next)
		return false;
	/* memset() would make calloc() of both, which touches no page. */
	explicit_bzero(processes->next, size);
	return true;
}

struct process *process_add(struct processes *processes, const struct task_identity *id)
{
	struct process *process;

	if (!processes_make_room(processes) ||
	    index_insert(&processes->index, process_hash(id->tgid, id->start_ns), processes->nr))
		return NULL;
	process = &processes->all[processes->nr++];
	*process = (struct process){
		.tgid = id->tgid,
		.start_ns = id->start_ns,
		.cgroup_id = id->cgroup_id,
		.is_kthread = id->flags & TASK_IS_KTHREAD,
	};
	memcpy(process->comm, id->comm, sizeof(process->comm));
	terminate(process->comm);
	return process;
}

static void process_move(struct processes *processes, __u32 from, __u32 to)
{
	const struct process *process = &processes->all[from];

	index_renumber(&processes->index, process_hash(process->tgid, process->start_ns), from, to);
	processes->all[to] = *process;
}

void process_remove(struct processes *processes, __u32 entry)
{
	struct process *process = &processes->all[entry];

	index_remove(&processes->index, process_hash(process->tgid, process->start_ns), entry);
	packed_free(&process->counted);
	free(process->gone);
	processes->nr--;
	if (entry != processes->nr)
		process_move(processes, processes->nr, entry);
}

void process_swap(struct processes *processes, __u32 a, __u32 b)
{
	struct process process = processes->all[a];

	index_renumber(&processes->index, process_hash(process.tgid, process.start_ns), a, INDEX_NONE - 1);
	process_move(processes, b, a);
	index_renumber(&processes->index, process_hash(process.tgid, process.start_ns), INDEX_NONE - 1, b);
	processes->all[b] = process;
}

/* --- readers ---------------------------------------------------------------------------------- */

__u32 model_nr_processes(const struct model *model)
{
	return model->processes.nr_alive;
}

const struct process *model_process(const struct model *model, __u32 index)
{
	return index < model->processes.nr_alive ? &model->processes.all[index] : NULL;
}

const float *model_process_rates(const struct model *model, const struct process *process)
{
	static const struct rates nothing;

	return process->rates ? model->processes.rates[process->rates - 1].v : nothing.v;
}

const struct process *model_find_process(const struct model *model, __u32 tgid)
{
	const struct process *youngest = NULL;

	for (__u32 i = 0; i < model->processes.nr_alive; i++) {
		const struct process *process = &model->processes.all[i];

		if (process->tgid == tgid && (!youngest || process->start_ns > youngest->start_ns))
			youngest = process;
	}
	return youngest;
}

const struct process *model_find_living(const struct model *model, __u32 tgid, __u64 start_ns)
{
	const struct processes *processes = &model->processes;
	const struct process *process = process_find(processes, tgid, start_ns);

	return process && process - processes->all < processes->nr_alive ? process : NULL;
}

bool model_lives(const struct model *model, __u32 tgid, __u64 start_ns)
{
	return model_find_living(model, tgid, start_ns) || start_ns > model->status.time_ns;
}

__u64 process_total(const struct process *process, enum ledger row)
{
	return (__u32)row < NR_FAULT_KINDS ? process->faults[row] : packed_row(&process->counted, row);
}

void process_totals(const struct process *process, struct ledger_counts *ret)
{
	packed_read(&process->counted, ret);
	memcpy(ret->v, process->faults, sizeof(process->faults));
}
