/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads the table of fallback allocations by process and kernel stack (bpf/abi/fallbacks.h), and keeps
 * room in it.
 */
#ifndef MEMOIR_FALLBACKS_H
#define MEMOIR_FALLBACKS_H

#include "../bpf/abi/records.h"
#include "probes.h"
#include "stacks.h"

struct fallbacks;

/* NULL without memory. What is given must outlive it. */
struct fallbacks *fallbacks_new(const struct probes *probes, struct stacks *stacks);
void fallbacks_free(struct fallbacks *fallbacks);

/*
 * Reads the table and hands the most frequent entries to emit, the most frequent first, each behind the
 * records of its stack. Marks the stacks of all entries. Of a table that is nearly full, the rarer half is
 * removed: what is there to stay is met again. 0 or a negative errno.
 */
int fallbacks_read(struct fallbacks *fallbacks, void (*emit)(void *ctx, const struct rec_header *record),
		   void *ctx);

#endif
