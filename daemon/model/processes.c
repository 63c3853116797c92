/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of processes: the rows of a snapshot and the final ledgers of exited tasks become one
 * set of counts per process. Which group a process belongs to is asked of groups.c.
 *
 * A process that leaves the task list stays, unseen by readers, until its exit records have brought
 * all that it had been seen with; otherwise its group would lose those counts for a moment, or gain
 * them twice. If they do not come, their names were lost, and what it was seen with stays with its
 * group.
 */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const struct ledger_counts *process_gone(const struct process *process)
{
	static const struct ledger_counts nothing;

	return process->gone ? process->gone : &nothing;
}

void process_counted(const struct process *process, struct ledger_counts *ret)
{
	packed_read(&process->counted, ret);
}

/* --- records ---------------------------------------------------------------------------------- */

/*
 * The sum of those that ended is that of the first row: a thread that ends behind it, while the walk goes on,
 * is in the list or nowhere, and never in both. One that is dead may be in both, and counts as ended. The
 * next snapshot has them.
 */
static void process_add_row(struct process *process, struct process_next *next, const struct rec_task *rec,
			    __u32 pass)
{
	bool is_first = process->pass != pass;

	if (is_first) {
		process->pass = pass;
		*next = (struct process_next){ .sum = *process_gone(process) };
		memcpy(next->faults, rec->ended_faults, sizeof(next->faults));
	}
	for (int kind = 0; kind < NR_FAULT_KINDS && !(rec->id.flags & TASK_IS_DEAD); kind++)
		next->faults[kind] += rec->counts.v[kind];
	if (is_first || rec->id.flags & TASK_IS_LEADER) {
		strncpy(next->comm, rec->id.comm, sizeof(next->comm));
		terminate(next->comm);
		next->cgroup_id = rec->id.cgroup_id;
		next->allowed_nodes = rec->place.allowed_nodes;
		next->policy = rec->place.policy;
	}
	next->nr_threads++;
	if (rec->place.allowed_nodes && rec->place.cpu_node < 64)
		next->cpu_nodes |= 1ULL << rec->place.cpu_node;
	counters_add(&next->sum, &rec->counts);
	for_each_gauge(row)
	{
		if (next->sum.v[row] < rec->counts.v[row])
			next->sum.v[row] = rec->counts.v[row];
	}
}

int apply_task(struct model *model, const struct rec_header *h)
{
	const struct rec_task *rec = (const struct rec_task *)h;
	struct snapshot *snapshot = &model->snapshot;
	struct processes *processes = &model->processes;
	struct process *process = process_find(processes, rec->id.tgid, rec->id.start_ns);

	if (!process)
		process = process_add(processes, &rec->id);
	if (process && !processes_make_next(processes))
		return -ENOMEM;
	snapshot->nr_tasks++;
	counters_add(&snapshot->tasks, &rec->counts);
	if (process) {
		process_add_row(process, &processes->next[process - processes->all], rec, snapshot->pass);
		return 0;
	}
	snapshot->nr_overflow++;
	counters_add(&snapshot->overflow, &rec->counts);
	if (rec->id.flags & TASK_IS_LEADER) /* its threads share the address space */
		gauges_add(&snapshot->overflow, &rec->counts);
	return 0;
}

int apply_task_exit(struct model *model, const struct rec_header *h)
{
	const struct rec_task_exit *rec = (const struct rec_task_exit *)h;
	struct process *process = process_find(&model->processes, rec->id.tgid, rec->id.start_ns);
	struct groups *groups = &model->groups;
	__u32 group = GROUP_OTHER;
	struct group_key key;

	if (process) {
		if (!process->gone)
			process->gone = calloc(1, sizeof(*process->gone));
		if (!process->gone)
			return -ENOMEM;
		counters_add(process->gone, &rec->counts);
		return 0;
	}
	/* It was too short for a snapshot; or there was no room for it, and then it counts in "other". */
	if (model->status.time_ns >= groups->overflow_until_ns) {
		group_key_make(&key, model, rec->id.comm, rec->id.cgroup_id, rec->id.flags & TASK_IS_KTHREAD);
		group = groups_get(groups, &key);
	}
	counters_add(&group_slot(groups, group)->offset, &rec->counts);
	groups->all[group].activity += activity_of(&rec->counts);
	return 0;
}

/* --- the end of a snapshot -------------------------------------------------------------------- */

static bool is_seen(const struct model *model, const struct process *process)
{
	return process->pass == model->snapshot.pass;
}

/*
 * Moves what a process had so far out of one slot's account and into another's, so that neither
 * sees a step.
 */
static void process_change_group(struct groups *groups, const struct process *process, __u32 from, __u32 to)
{
	struct ledger_counts total;

	process_counted(process, &total);
	counters_add(&group_slot(groups, from)->offset, &total);
	counters_sub(&group_slot(groups, to)->offset, &total);
}

/* Finds its group by the name and cgroup that it has now. */
static void process_identify(struct model *model, struct process *process, const struct ledger_counts *sum)
{
	bool is_new = !process->seen;
	struct groups *groups = &model->groups;
	struct group_key key;
	__u32 group;

	group_key_make(&key, model, process->comm, process->cgroup_id, process->is_kthread);
	group = groups_get(groups, &key);
	if (!is_new) {
		process_change_group(groups, process, process->group, group);
	} else if (groups->nr_overflow) {
		/* At the last snapshot it had no place: until now it counted in "other". */
		counters_add(&groups->slots[0].offset, sum);
		counters_sub(&group_slot(groups, group)->offset, sum);
	}
	process->group = group;
}

static bool process_has_new_identity(const struct model *model, const struct process *process,
				     const struct process_next *next)
{
	return !process->seen || process->cgroup_id != next->cgroup_id ||
	       model->units.generation != model->processes.units_generation ||
	       memcmp(process->comm, next->comm, sizeof(process->comm)) != 0;
}

/* Without memory for them a process has no rates in this interval. */
static void process_keep_rates(struct processes *processes, struct process *process,
			       const struct rates *rates)
{
	struct rates *all;
	bool is_any = false;

	for (int row = 0; row < NR_LEDGER; row++)
		is_any |= rates->v[row] != 0;
	if (!is_any)
		return;
	all = rows_reserve(processes->rates, sizeof(*all), processes->nr_rates, &processes->max_rates);
	if (!all)
		return;
	processes->rates = all;
	processes->rates[processes->nr_rates++] = *rates;
	process->rates = processes->nr_rates;
}

/*
 * Raises totals to what was summed, sets rates and gauges, and tells the group of the growth. Without memory
 * for more it stays as it was, and grows by that much more the next time.
 */
static void process_advance(struct model *model, struct process *process, const struct ledger_counts *sum,
			    const __u64 faults[NR_FAULT_KINDS])
{
	float per_second = process->seen ? (float)model->snapshot.per_second : 0;
	/* What it had is only known while it was seen each time. */
	float gauge_per_second = process->left_ns ? 0 : per_second;
	struct ledger_counts before, total, growth;
	struct rates rates = {};

	process_counted(process, &before);
	for_each_counter(row)
	{
		total.v[row] = counter_max(before.v[row], sum->v[row]);
		growth.v[row] = total.v[row] - before.v[row];
		rates.v[row] = (float)growth.v[row] * per_second;
	}
	for_each_gauge(row)
	{
		total.v[row] = growth.v[row] = sum->v[row];
		rates.v[row] = (float)(__s64)(sum->v[row] - before.v[row]) * gauge_per_second;
	}
	process->rates = 0;
	if (packed_write(&process->counted, &total))
		return;
	for (int kind = 0; kind < NR_FAULT_KINDS; kind++) {
		__u64 raised = counter_max(process->faults[kind], faults[kind]);

		rates.v[kind] = (float)(raised - process->faults[kind]) * per_second;
		process->faults[kind] = raised;
	}
	process_keep_rates(&model->processes, process, &rates);
	model->groups.all[process->group].activity += activity_of(&growth);
}

/* Whether nothing more is to be waited for. */
static bool process_has_left(const struct model *model, const struct process *process)
{
	const struct ledger_counts *gone = process_gone(process);
	struct ledger_counts total;

	if ((__s64)(model->snapshot.time_ns - process->left_ns) >= (__s64)LINGER_NS)
		return true;
	process_counted(process, &total);
	for_each_counter(row)
	{
		if (gone->v[row] != total.v[row])
			return false;
	}
	return true;
}

/* What it had counted stays with its group. */
static void process_leave(struct groups *groups, const struct process *process)
{
	struct ledger_counts total;

	process_counted(process, &total);
	counters_add(&group_slot(groups, process->group)->offset, &total);
}

static void process_count(struct groups *groups, const struct process *process, const float *rates,
			  bool is_alive)
{
	struct known_group *group = &groups->all[process->group];
	struct ledger_counts total;

	process_counted(process, &total);
	group->nr_members++;
	counters_add(&group->live, &total);
	if (!is_alive)
		return;
	group->pub.nr_processes++;
	gauges_add(&group->live, &total);
	for_each_gauge(row) group->pub.rate[row] += rates[row];
	if (group->slot)
		return;
	for_each_counter(row) group->pub.rate[row] += rates[row];
}

/* A process that the snapshot did not see; perhaps only one did that was given up. */
static void process_end_unseen(struct model *model, struct process *process)
{
	if (!process->seen)
		process_identify(model, process, process_gone(process));
	process_advance(model, process, process_gone(process), process->faults);
	if (process->left_ns)
		return;
	process->left_ns = model->snapshot.time_ns;
	growth_leave(model, process);
}

static void process_end(struct model *model, struct process *process, const struct process_next *next)
{
	if (process_has_new_identity(model, process, next)) {
		memcpy(process->comm, next->comm, sizeof(process->comm));
		process->cgroup_id = next->cgroup_id;
		process_identify(model, process, &next->sum);
	}
	process_advance(model, process, &next->sum, next->faults);
	process->seen = model->snapshot.sequence;
	process->left_ns = 0;
	process->nr_threads = next->nr_threads;
	process->allowed_nodes = next->allowed_nodes;
	process->cpu_nodes = next->cpu_nodes;
	process->policy = next->policy;
}

/* Brings those that were seen to the front, with as few moves as possible. */
static void processes_partition(struct model *model)
{
	struct processes *processes = &model->processes;
	__u32 first = 0, end = processes->nr;

	for (;;) {
		while (first < end && is_seen(model, &processes->all[first]))
			first++;
		while (first < end && !is_seen(model, &processes->all[end - 1]))
			end--;
		if (first >= end)
			break;
		process_swap(processes, first, end - 1);
	}
	processes->nr_alive = first;
}

void processes_end(struct model *model)
{
	struct processes *processes = &model->processes;
	struct groups *groups = &model->groups;
	__u32 i = 0;

	processes->nr_rates = 0;
	for (__u32 entry = 0; entry < processes->nr; entry++) {
		struct process *process = &processes->all[entry];

		if (is_seen(model, process))
			process_end(model, process, &processes->next[entry]);
		else
			process_end_unseen(model, process);
	}
	free(processes->next);
	processes->next = NULL;
	while (i < processes->nr) {
		struct process *process = &processes->all[i];

		if (is_seen(model, process) || !process_has_left(model, process)) {
			process_count(groups, process, model_process_rates(model, process),
				      is_seen(model, process));
			i++;
		} else {
			process_leave(groups, process);
			process_remove(processes, i);
		}
	}
	processes->units_generation = model->units.generation;
	processes_partition(model);
}
