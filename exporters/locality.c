// SPDX-License-Identifier: GPL-2.0-or-later
/* How local the memory of a process is; see locality.h. */
#include "locality.h"

#include <linux/mempolicy.h>
#include <stdint.h>
#include <string.h>

#include "../daemon/model/numa.h"
#include "human.h"

/* Less of its memory than this share being remote is no reason to look for one. */
#define REMOTE_MIN 0.1

/* Fewer followed pages say nothing of where the others are, nor fewer hint faults of other accesses. */
#define MIN_FOLLOWED 16u
#define MIN_HINT_FAULTS 16.0

/* The largest allocation that is frequent, of huge pages. */
#define MAX_PAGES_AT_ONCE 512u

const char *locality_basis_name(enum locality_basis basis)
{
	static const char *const names[] = {
		[BASIS_HINT_FAULTS] = "hint_faults",
		[BASIS_RESIDENCY] = "residency",
		[BASIS_ALLOCATIONS] = "allocations",
		[BASIS_NONE] = "none",
	};

	return names[basis];
}

const char *locality_cause_name(enum locality_cause cause)
{
	static const char *const names[] = {
		[CAUSE_NONE] = "none",           [CAUSE_POLICY] = "policy",       [CAUSE_CPUSET] = "cpuset",
		[CAUSE_NO_MEMORY] = "no_memory", [CAUSE_NODE_FULL] = "node_full", [CAUSE_SPREAD] = "spread",
		[CAUSE_MOVED] = "moved",         [CAUSE_UNKNOWN] = "unknown",
	};

	return names[cause];
}

/* They came with 5.15 and 6.9. */
#define POLICY_PREFERRED_MANY (MPOL_LOCAL + 1)
#define POLICY_WEIGHTED_INTERLEAVE (MPOL_LOCAL + 2)

const char *policy_name(__u32 policy)
{
	static const char *const names[] = {
		[MPOL_DEFAULT] = "default",
		[MPOL_PREFERRED] = "preferred",
		[MPOL_BIND] = "bind",
		[MPOL_INTERLEAVE] = "interleave",
		[MPOL_LOCAL] = "local",
		[POLICY_PREFERRED_MANY] = "preferred many",
		[POLICY_WEIGHTED_INTERLEAVE] = "weighted interleave",
	};

	return policy < sizeof(names) / sizeof(names[0]) ? names[policy] : "unknown";
}

/* --- how much is remote ----------------------------------------------------------------------- */

static bool is_near(const struct process *process, __u32 node)
{
	return node < 64 && process->cpu_nodes >> node & 1;
}

/* Whether a policy says where its memory is to be: "local" takes it where it would be without a policy. */
static bool is_placed_by_policy(const struct process *process)
{
	return process->policy != MPOL_DEFAULT && process->policy != MPOL_LOCAL;
}

/*
 * NUMA balancing takes no samples of a process with a policy, "local" included (vma_policy_mof(),
 * mm/mempolicy.c), unless the policy asks for them (MPOL_F_NUMA_BALANCING), which these two can.
 */
static bool may_be_sampled(const struct process *process)
{
	return process->policy == MPOL_DEFAULT || process->policy == MPOL_BIND ||
	       process->policy == POLICY_PREFERRED_MANY;
}

/* Whether it has been lately. */
static bool is_sampled(const struct model *model, const struct process *process)
{
	const float *rates = model_process_rates(model, process);

	return may_be_sampled(process) &&
	       rates[LEDGER_NUMA_LOCAL_FAULTS] + rates[LEDGER_NUMA_REMOTE_FAULTS] > 0;
}

/*
 * Of the last interval, so that a process that has become local is local. Where the policy of a process
 * cannot have asked for samples, they are from before it had one, and say nothing of now. Of one with a
 * single thread NUMA balancing takes those on other nodes only, which say nothing of how much is local.
 */
static bool share_of_recent_faults(const struct model *model, const struct process *process, double *ret)
{
	const float *rates = model_process_rates(model, process);
	double local = (double)rates[LEDGER_NUMA_LOCAL_FAULTS],
	       remote = (double)rates[LEDGER_NUMA_REMOTE_FAULTS];
	struct model_status status;

	model_status(model, &status);
	*ret = local + remote > 0 ? remote / (local + remote) : 0;
	return (local + remote) * (double)status.span_ns / 1e9 >= MIN_HINT_FAULTS &&
	       process->nr_threads > 1 && may_be_sampled(process);
}

static bool share_of_residency(const struct model *model, const struct process *process, double *ret)
{
	__u64 remote = 0, all = 0;
	const struct rec_residency *rows;
	__u32 nr;

	rows = model_residency(model, process, &nr);
	for (__u32 i = 0; i < nr; i++) {
		if (rows[i].node >= 64)
			return false;
		all += rows[i].nr_pages;
		if (!is_near(process, rows[i].node))
			remote += rows[i].nr_pages;
	}
	*ret = all ? (double)remote / (double)all : 0;
	return all >= MIN_FOLLOWED;
}

/* What a process allocated was mostly its own memory, and some of it the kernel's. */
static double share_of_allocations(const struct process *process)
{
	__u64 all = process_total(process, LEDGER_ALLOCATED),
	      remote = process_total(process, LEDGER_ALLOCATED_REMOTE);

	return all && remote <= all ? (double)remote / (double)all : 0;
}

bool locality_far_node(const struct model *model, const struct process *process, __u32 *ret_node)
{
	const struct rec_residency *rows;
	__u64 most = 0;
	__u32 nr;

	rows = model_residency(model, process, &nr);
	for (__u32 i = 0; i < nr; i++) {
		if (is_near(process, rows[i].node) || rows[i].nr_pages <= most)
			continue;
		most = rows[i].nr_pages;
		*ret_node = rows[i].node;
	}
	return most;
}

/* --- why -------------------------------------------------------------------------------------- */

/*
 * The node that allocations of a process were to come from and most often did not; false for none. It must
 * have been short since the process began.
 */
static bool full_node(const struct model *model, const struct process *process, __u32 *ret_node)
{
	const struct rec_numa_flow *flows;
	__u64 most = 0, since_ns;
	__u32 nr;

	flows = model_numa_flows(model, process, &nr);
	for (__u32 i = 0; i < nr; i++) {
		const struct numa_flow_key *key = &flows[i].key;

		if (key->flow != FLOW_ALLOCATED || flows[i].nr <= most ||
		    model_foreign_growth(model, key->from, process->start_ns, &since_ns) <
			    flows[i].nr / MAX_PAGES_AT_ONCE + 1)
			continue;
		most = flows[i].nr;
		*ret_node = key->from;
	}
	return most;
}

/* A node may have CPUs only, which no cpuset is to blame for. */
static __u64 nodes_with_memory(const struct model *model)
{
	__u64 nodes = model_nr_zones(model) ? 0 : UINT64_MAX;

	for (__u32 i = 0; i < model_nr_zones(model); i++)
		if (model_zone(model, i)->node < 64)
			nodes |= 1ULL << model_zone(model, i)->node;
	return nodes;
}

/*
 * Whether what it allocated since the probes were installed says where its memory came from: of a process
 * that had its memory before, or has that of others, it says nothing.
 */
static bool is_seen_allocating(const struct process *process, enum locality_basis basis)
{
	__u64 resident_pages = process_total(process, LEDGER_RSS_ANON) +
			       process_total(process, LEDGER_RSS_FILE) +
			       process_total(process, LEDGER_RSS_SHMEM);
	__u64 allocated_pages = process_total(process, LEDGER_ALLOCATED);

	return basis == BASIS_ALLOCATIONS || (allocated_pages && allocated_pages >= resident_pages / 2);
}

/* Was it remote from the start, or has it become so? */
static bool was_remote(const struct process *process, const struct locality *locality)
{
	return is_seen_allocating(process, locality->basis) &&
	       share_of_allocations(process) >= locality->remote_share / 2;
}

static bool has_several_nodes(const struct process *process)
{
	return process->cpu_nodes & (process->cpu_nodes - 1);
}

/*
 * Its threads run on several nodes, and most of what is remote to one of them is local to another, which only
 * residency tells.
 */
static bool is_spread(const struct model *model, const struct process *process, double remote_share)
{
	double far_share;

	return has_several_nodes(process) && share_of_residency(model, process, &far_share) &&
	       far_share < remote_share / 2;
}

static enum locality_cause cause_of(const struct model *model, const struct process *process,
				    const struct locality *locality)
{
	__u32 node;

	if (locality->remote_share < REMOTE_MIN)
		return CAUSE_NONE;
	if (is_placed_by_policy(process))
		return CAUSE_POLICY;
	if (process->cpu_nodes & nodes_with_memory(model) & ~process->allowed_nodes)
		return CAUSE_CPUSET;
	if (process->cpu_nodes & ~nodes_with_memory(model))
		return CAUSE_NO_MEMORY;
	if (was_remote(process, locality))
		return full_node(model, process, &node) ? CAUSE_NODE_FULL : CAUSE_UNKNOWN;
	if (is_spread(model, process, locality->remote_share))
		return CAUSE_SPREAD;
	return is_seen_allocating(process, locality->basis) ? CAUSE_MOVED : CAUSE_UNKNOWN;
}

struct locality locality_of(const struct model *model, const struct process *process)
{
	struct locality locality = { .basis = BASIS_NONE, .cause = CAUSE_UNKNOWN };

	/* A kernel thread has no memory of its own; where nodes are not many, none is remote. */
	if (process->is_kthread || !process->allowed_nodes)
		return locality;
	if (share_of_recent_faults(model, process, &locality.remote_share)) {
		locality.basis = BASIS_HINT_FAULTS;
	} else if (share_of_residency(model, process, &locality.remote_share)) {
		locality.basis = BASIS_RESIDENCY;
	} else if (process_total(process, LEDGER_ALLOCATED)) {
		locality.basis = BASIS_ALLOCATIONS;
		locality.remote_share = share_of_allocations(process);
	} else {
		return locality;
	}
	locality.cause = cause_of(model, process, &locality);
	return locality;
}

/* --- in words --------------------------------------------------------------------------------- */

/* "0 and 2" */
static void add_nodes(struct text *text, __u64 nodes)
{
	for (__u32 node = 0, nr = 0; node < 64; node++) {
		if (!(nodes >> node & 1))
			continue;
		text_add_format(text, "%s%u", !nr ? "" : nodes >> node == 1 ? " and " : ", ", node);
		nr++;
	}
}

static void add_cpu_nodes(struct text *text, const struct process *process)
{
	text_add(text, has_several_nodes(process) ? "nodes " : "node ");
	add_nodes(text, process->cpu_nodes);
}

static void explain_moved(const struct model *model, const struct process *process, struct text *text)
{
	__u32 node;

	text_add(text, "Its memory was local when it was allocated, and its threads run on ");
	add_cpu_nodes(text, process);
	text_add(text, " now");
	if (locality_far_node(model, process, &node))
		text_add_format(text, ", most of the rest of its memory being on node %u", node);
	text_add(text, ".");
	if (process->policy == MPOL_LOCAL)
		text_add(text, " Its memory policy (local) keeps NUMA balancing from moving it after them.");
	if (process_total(process, LEDGER_NUMA_TASK_MOVES))
		text_add_format(text, " NUMA balancing has moved tasks of it: %s times.",
				human_count(process_total(process, LEDGER_NUMA_TASK_MOVES)).text);
}

void locality_explain(const struct model *model, const struct process *process,
		      const struct locality *locality, struct text *text)
{
	__u32 node = 0;

	switch (locality->cause) {
	case CAUSE_POLICY:
		text_add_format(text, "Its memory policy (%s) decides where its memory is",
				policy_name(process->policy));
		text_add(text, ", and its threads run on ");
		add_cpu_nodes(text, process);
		text_add(text, is_sampled(model, process) ? "." : "; NUMA balancing takes no samples of it.");
		return;
	case CAUSE_CPUSET:
		text_add(text, "Its cpuset allows memory of node ");
		add_nodes(text, process->allowed_nodes);
		text_add(text, " only, and CPUs of others: its threads run on ");
		add_cpu_nodes(text, process);
		text_add(text, ".");
		return;
	case CAUSE_NO_MEMORY:
		text_add(text, "It runs on CPUs of a node that has no memory, node ");
		add_nodes(text, process->cpu_nodes & ~nodes_with_memory(model));
		text_add(text, ".");
		return;
	case CAUSE_NODE_FULL:
		full_node(model, process, &node);
		text_add_format(
			text,
			"Node %u seems to have had too little free memory when it allocated: %s of it "
			"came from other nodes.",
			node, human_percent(share_of_allocations(process)).text);
		return;
	case CAUSE_MOVED:
		explain_moved(model, process, text);
		return;
	case CAUSE_SPREAD:
		text_add(text, "Its threads run on ");
		add_cpu_nodes(text, process);
		text_add(text, ", and use the same memory: what is local to some is remote to others.");
		return;
	case CAUSE_UNKNOWN:
		if (was_remote(process, locality))
			text_add_format(
				text,
				"It got memory of other nodes, though its own was not seen to be short: a mapping "
				"may have a policy of its own (memoir process %u --numa).",
				process->tgid);
		else if (locality->basis != BASIS_NONE)
			text_add(
				text,
				"Most of its memory was allocated before memoir looked, or by others: what made "
				"it remote was not seen.");
		return;
	case CAUSE_NONE:
		return;
	}
}

/* The setting has bits: 1 is balancing; 2 is promotion between tiers of memory, which is to stay as it is. */
static void advise_balancing(const struct model *model, const struct process *process, struct text *text)
{
	const char *setting = model_setting(model, SETTING_NUMA_BALANCING);

	if (!may_be_sampled(process))
		text_add_format(text, ", or drop its memory policy (%s), which keeps NUMA balancing away",
				policy_name(process->policy));
	else if (!strcmp(setting, "0") || !strcmp(setting, "2"))
		text_add_format(text, ", or let the kernel move its memory (sysctl kernel.numa_balancing=%s)",
				setting[0] == '0' ? "1" : "3");
}

void locality_advise(const struct model *model, const struct process *process,
		     const struct locality *locality, struct text *text)
{
	__u32 node = 0;

	switch (locality->cause) {
	case CAUSE_POLICY:
		text_add(text, "Run it where its memory is (numactl --cpunodebind), or change its policy.");
		return;
	case CAUSE_CPUSET:
		text_add(text,
			 "Give its cpuset memory of the nodes that its CPUs are of (cpuset.mems), or CPUs of "
			 "the nodes that its memory is of.");
		return;
	case CAUSE_NO_MEMORY:
		text_add(text, "Run it on CPUs of a node with memory (numactl --cpunodebind).");
		return;
	case CAUSE_NODE_FULL:
		full_node(model, process, &node);
		text_add_format(text,
				"Move something off node %u, or spread what is large over all nodes "
				"(numactl --interleave=all).",
				node);
		return;
	case CAUSE_MOVED:
		text_add(text, "Keep it on one node (numactl --cpunodebind)");
		advise_balancing(model, process, text);
		if (locality_far_node(model, process, &node) && process->cpu_nodes)
			text_add_format(text, "; to move its memory now: migratepages %u %u %d",
					process->tgid, node, __builtin_ctzll(process->cpu_nodes));
		text_add(text, ".");
		return;
	case CAUSE_SPREAD:
		text_add(
			text,
			"Bind it to one node, where it has room there (numactl --cpunodebind with --membind), or "
			"spread its memory over all of them (numactl --interleave=all).");
		return;
	case CAUSE_UNKNOWN:
	case CAUSE_NONE:
		return;
	}
}
