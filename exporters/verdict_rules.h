/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the rules share; private to verdict*.c. */
#ifndef MEMOIR_VERDICT_RULES_H
#define MEMOIR_VERDICT_RULES_H

#include "verdict.h"

/* "Lately". */
#define LATELY_NS (600 * 1000000000ULL)

/* A rule fills ret, which is empty, and says whether it has anything to say. */
typedef bool (*verdict_rule)(const struct model *model, struct verdict *ret);

/* Growth of a row's total lately, per second; 0 where too little is known. */
double lately_per_second(const struct model *model, enum ledger row);

/*
 * The group with most of a row, of those that are of processes and have a name of their own; NULL if
 * none has any. Its dead count too.
 */
const struct group *group_with_most(const struct model *model, enum ledger row);

/* Appends "NAME in UNIT", or "NAME" where the unit is unknown. */
void text_add_group(struct text *text, const struct group *group);

/*
 * Whether tasks wait for this kind of stall lately; if so, all of the verdict but the remedy.
 */
bool judge_waiting(const struct model *model, enum stall_kind kind, struct verdict *ret);

/* verdict_stalls.c */
bool judge_direct_reclaim(const struct model *model, struct verdict *ret);
bool judge_memcg_reclaim(const struct model *model, struct verdict *ret);
bool judge_swap_in(const struct model *model, struct verdict *ret);
bool judge_oom_kills(const struct model *model, struct verdict *ret);

/* verdict_faults.c */
bool judge_major_faults(const struct model *model, struct verdict *ret);

/* verdict_fragmentation.c */
bool judge_huge_pages(const struct model *model, struct verdict *ret);
bool judge_direct_compaction(const struct model *model, struct verdict *ret);
bool judge_high_order_failures(const struct model *model, struct verdict *ret);
bool judge_spoiling(const struct model *model, struct verdict *ret);
bool judge_exhaustion(const struct model *model, struct verdict *ret);

/* verdict_numa.c */
bool judge_remote_accesses(const struct model *model, struct verdict *ret);
bool judge_remote_allocations(const struct model *model, struct verdict *ret);
bool judge_numa_balancing(const struct model *model, struct verdict *ret);

/* verdict_leaks.c */
bool judge_leaks(const struct model *model, struct verdict *ret);

/* verdict_trust.c */
bool judge_probes(const struct model *model, struct verdict *ret);
bool judge_losses(const struct model *model, struct verdict *ret);
bool judge_tracer(const char *problem, struct verdict *ret);

#endif
