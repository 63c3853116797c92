/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Readings of live pages: from the table that the programs keep (bpf/live.bpf.h) to records that say who
 * holds memory, from which kernel stacks, and which pageblocks that spoils. The table is read twice, some
 * entries at a time, so that memory does not depend on its size.
 */
#ifndef MEMOIR_LIVE_H
#define MEMOIR_LIVE_H

#include "machine.h"
#include "probes.h"
#include "stacks.h"

struct live;

typedef void (*live_emit_fn)(void *ctx, const struct rec_header *record);

/* Called again and again during a reading, which on a large machine takes a third of a second. */
typedef void (*live_pause_fn)(void *ctx);

/* NULL without memory. What is given must outlive it. */
struct live *live_new(const struct probes *probes, const struct machine *machine, struct stacks *stacks,
		      live_emit_fn emit, live_pause_fn pause, void *ctx);
void live_free(struct live *live);

/*
 * Takes a reading if the last one is older than max_age_ns, unless readings have already cost 1/share of a
 * CPU.
 */
void live_refresh(struct live *live, __u64 max_age_ns, __u32 share);

/* A new stream begins: what was said once is said again, and a reading is due. */
void live_forget(struct live *live);

#endif
