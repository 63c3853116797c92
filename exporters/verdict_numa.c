// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules about memory of other NUMA nodes; see verdict.h. */
#include "../daemon/model/numa.h"
#include "human.h"
#include "verdict_rules.h"

/* Of the samples of accesses, this share being remote is said, if there are so many a second. */
#define REMOTE_WARNING 0.3
#define MIN_FAULTS_PER_SECOND 10.0
/* A share of fewer samples says nothing. */
#define MIN_FAULTS 16.0

/* Of what is allocated, this share being of another node is said, if it is so much a second, in bytes. */
#define ALLOCATED_WARNING 0.2
#define MIN_BYTES_PER_SECOND 1e6

/*
 * Hint faults of processes with several threads, since the snapshot before the last. Of one thread's memory
 * the kernel samples only what is on other nodes (change_pte_range(), mm/mprotect.c), which says nothing of
 * how much is local.
 */
static void sum_hint_faults(const struct model *model, double *ret_local, double *ret_remote)
{
	struct model_status status;
	double seconds;

	model_status(model, &status);
	seconds = (double)status.span_ns / 1e9;
	*ret_local = *ret_remote = 0;
	for (__u32 i = 0; i < model_nr_processes(model); i++) {
		const struct process *process = model_process(model, i);
		const float *rates = model_process_rates(model, process);

		if (process->nr_threads < 2)
			continue;
		*ret_local += (double)rates[LEDGER_NUMA_LOCAL_FAULTS] * seconds;
		*ret_remote += (double)rates[LEDGER_NUMA_REMOTE_FAULTS] * seconds;
	}
}

bool judge_remote_accesses(const struct model *model, struct verdict *ret)
{
	const struct group *most = group_with_most(model, LEDGER_NUMA_REMOTE_FAULTS);
	double waited = lately_per_second(model, (enum ledger)LEDGER_STALL_SELF_NS(STALL_NUMA_MIGRATION)) /
			1e9;
	double per_second = lately_per_second(model, LEDGER_NUMA_REMOTE_FAULTS), local, remote;

	sum_hint_faults(model, &local, &remote);
	if (!model_sees_row(model, LEDGER_NUMA_REMOTE_FAULTS) || per_second < MIN_FAULTS_PER_SECOND ||
	    local + remote < MIN_FAULTS || remote < REMOTE_WARNING * (local + remote))
		return false;
	ret->severity = SEVERITY_WARNING;
	ret->since_ns = model_growing_since(model, LEDGER_NUMA_REMOTE_FAULTS);
	text_add_format(
		&ret->finding,
		"Memory of other NUMA nodes is used: %s of the accesses that were sampled last of processes "
		"with several threads.",
		human_percent(remote / (local + remote)).text);
	text_add_format(
		&ret->evidence,
		"%s NUMA hint faults a second on memory of other nodes, which are samples, and %s of the time "
		"in moving pages to where they are used.",
		human_rate(per_second).text, human_percent(waited).text);
	if (most) {
		text_add(&ret->who, "So far most are of ");
		text_add_group(&ret->who, most);
		text_add_format(&ret->who, ": %s on memory of another node, %s on that of its own.",
				human_count(most->total.v[LEDGER_NUMA_REMOTE_FAULTS]).text,
				human_count(most->total.v[LEDGER_NUMA_LOCAL_FAULTS]).text);
	}
	text_add(&ret->remedy,
		 "memoir numa says for each process where its memory is, why, and what would help.");
	return true;
}

/* Appends which node most allocations were wanted from lately and got elsewhere, if there is one. */
static void add_shortest_node(const struct model *model, struct text *text)
{
	struct model_status status;
	__u64 lately_ns, since_ns = 0, most = 0;
	__u32 shortest = 0;

	model_status(model, &status);
	lately_ns = status.time_ns > LATELY_NS ? status.time_ns - LATELY_NS : 0;
	for (__u32 node = 0; node < model_dim_size(model, DIM_NODE); node++) {
		__u64 from_ns, nr = model_foreign_growth(model, node, lately_ns, &from_ns);

		if (nr <= most)
			continue;
		most = nr;
		since_ns = from_ns;
		shortest = node;
	}
	if (most)
		text_add_format(
			text,
			" Node %s was short of memory most often: over the last %s numastat counted %s allocations that "
			"were wanted there and taken elsewhere (foreign).",
			model_dim_label(model, DIM_NODE, shortest),
			human_duration(status.time_ns - since_ns).text, human_count(most).text);
}

bool judge_remote_allocations(const struct model *model, struct verdict *ret)
{
	const struct group *most = group_with_most(model, LEDGER_ALLOCATED_REMOTE);
	struct model_status status;
	double remote, all;

	model_status(model, &status);
	remote = lately_per_second(model, LEDGER_ALLOCATED_REMOTE) * status.machine->page_size;
	all = lately_per_second(model, LEDGER_ALLOCATED) * status.machine->page_size;
	if (!model_sees_row(model, LEDGER_ALLOCATED_REMOTE) || remote < MIN_BYTES_PER_SECOND ||
	    remote < ALLOCATED_WARNING * all)
		return false;
	ret->severity = SEVERITY_WARNING;
	ret->since_ns = model_growing_since(model, LEDGER_ALLOCATED_REMOTE);
	text_add_format(&ret->finding, "Memory is allocated on other NUMA nodes than the CPU's: %s of it.",
			human_percent(remote / all).text);
	text_add_format(&ret->evidence, "%s of %s.", human_byte_rate(remote).text, human_byte_rate(all).text);
	add_shortest_node(model, &ret->evidence);
	if (most) {
		text_add(&ret->who, "So far most was allocated by ");
		text_add_group(&ret->who, most);
		text_add_format(
			&ret->who, ": %s.",
			human_bytes(most->total.v[LEDGER_ALLOCATED_REMOTE] * status.machine->page_size).text);
	}
	text_add(
		&ret->remedy,
		"Where a memory policy wants it so, it is right. Else move something off the node that is short, or "
		"spread what is large over all nodes (numactl --interleave=all). memoir numa tells which it is.");
	return true;
}

bool judge_numa_balancing(const struct model *model, struct verdict *ret)
{
	if (model_nr_nodes(model) < 2 || model_setting(model, SETTING_NUMA_BALANCING)[0] != '0')
		return false;
	ret->severity = SEVERITY_NOTE;
	text_add(&ret->finding,
		 "NUMA balancing is off: which process uses memory of another node is not sampled.");
	text_add(&ret->evidence, "kernel.numa_balancing is 0.");
	if (model_sees_row(model, LEDGER_ALLOCATED_REMOTE))
		text_add(&ret->evidence, " Where memory is allocated and where it lies is known.");
	text_add(&ret->remedy,
		 "To see accesses: sysctl kernel.numa_balancing=1, which also lets the kernel move "
		 "pages to where they are used. memoir numa shows what is known without it.");
	return true;
}
