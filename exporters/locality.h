/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How local the memory of a process is, and what makes it remote: a judgement from what the model knows of
 * it. Pure. How it is shown is not its business.
 */
#ifndef MEMOIR_LOCALITY_H
#define MEMOIR_LOCALITY_H

#include "../daemon/model/model.h"
#include "text.h"

/* What the share of remote memory is seen by, the best first. */
enum locality_basis {
	BASIS_HINT_FAULTS, /* samples of its accesses, where the kernel takes them of all nodes alike */
	BASIS_RESIDENCY,   /* where its memory lies, and where its threads run */
	BASIS_ALLOCATIONS, /* where its memory lay when it was allocated */
	BASIS_NONE,        /* it cannot be said */
};

enum locality_cause {
	CAUSE_NONE,      /* it is local */
	CAUSE_POLICY,    /* its memory policy says where its memory is to be */
	CAUSE_CPUSET,    /* its cpuset has CPUs of nodes whose memory it may not have */
	CAUSE_NO_MEMORY, /* it runs on CPUs of a node without memory */
	CAUSE_NODE_FULL, /* it got memory of another node, because its own had none */
	CAUSE_SPREAD,    /* its threads run on several nodes and share memory */
	CAUSE_MOVED,     /* its memory was local, and it runs elsewhere now */
	CAUSE_UNKNOWN,   /* none of these, or it was not seen to allocate what it has */
};

struct locality {
	enum locality_basis basis;
	enum locality_cause cause;
	double remote_share; /* of what the basis counts, from 0 to 1 */
};

struct locality locality_of(const struct model *model, const struct process *process);

/* Which node most of its remote memory is of; false where none is known. */
bool locality_far_node(const struct model *model, const struct process *process, __u32 *ret_node);

const char *locality_basis_name(enum locality_basis basis); /* "hint_faults" */
const char *locality_cause_name(enum locality_cause cause); /* "node_full" */

/* Append one or two sentences: what makes it remote, and what would help. Nothing where it is local. */
void locality_explain(const struct model *model, const struct process *process,
		      const struct locality *locality, struct text *text);
void locality_advise(const struct model *model, const struct process *process,
		     const struct locality *locality, struct text *text);

/* MPOL_* of linux/mempolicy.h in words: "interleave". */
const char *policy_name(__u32 policy);

#endif
