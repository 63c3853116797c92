/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the tables of page faults by mapping and by user stack (bpf/abi/faults.h), and keeps room in them. */
#ifndef MEMOIR_FAULTSITES_H
#define MEMOIR_FAULTSITES_H

#include "../bpf/abi/records.h"
#include "probes.h"

struct faultsites;

/* NULL without memory. What is given must outlive it. */
struct faultsites *faultsites_new(const struct probes *probes);
void faultsites_free(struct faultsites *sites);

/*
 * Reads both tables and hands the heaviest entries of each to emit, the heaviest first: of mappings by time,
 * of stacks by count. Of a table that is nearly full, the lighter half is removed: what is there to stay is
 * met again. Faults by mapping that are removed go on among the others of their cause. 0 or a negative errno.
 */
int faultsites_read(struct faultsites *sites, void (*emit)(void *ctx, const struct rec_header *record),
		    void *ctx);

#endif
