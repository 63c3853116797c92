/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From live pages to what each process holds on each NUMA node, without kernel memory: an estimate of where
 * its memory lies that walks no page table. Pure.
 */
#ifndef MEMOIR_RESIDENCY_H
#define MEMOIR_RESIDENCY_H

#include "../bpf/abi/records.h"

struct residency;

/* For one reading; movable: the migratetype of memory for user space. NULL without memory. */
struct residency *residency_new(__u32 nr_nodes, __u32 movable);
/* Accepts NULL. */
void residency_free(struct residency *residency);

/* A live page. Accepts NULL, and then does nothing. */
void residency_add(struct residency *residency, const struct live_page *page);

/*
 * Hands out the records of the processes that hold most, the heaviest first: of each all or none,
 * REC_MAX_RESIDENCIES at most. Processes that have ended are among them, while what they allocated is there.
 * Returns 0, or -ENOMEM and hands out none, since what some process holds is not known. Accepts NULL.
 */
int residency_emit(struct residency *residency, void (*emit)(void *ctx, struct rec_residency *record),
		   void *ctx);

#endif
