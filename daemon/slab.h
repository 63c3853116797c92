/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looks at the slab allocators, on request and for a bounded time: the programs of bpf/slab.bpf.c run
 * meanwhile, and at the end their tables and /proc/slabinfo become records.
 */
#ifndef MEMOIR_SLAB_H
#define MEMOIR_SLAB_H

#include <systemd/sd-event.h>

#include "machine.h"
#include "probes.h"
#include "stacks.h"

struct slab;

typedef void (*slab_emit_fn)(void *ctx, const struct rec_header *record);

/* NULL without memory. What is given must outlive it. */
struct slab *slab_new(struct probes *probes, const struct machine *machine, struct stacks *stacks,
		      slab_emit_fn emit, void *ctx);
/* A look that goes on ends without records. Accepts NULL. */
void slab_free(struct slab *slab);

/*
 * Begins a look that lasts duration_ns, at one allocation in `every`, unless one goes on; what was seen is
 * emitted when it ends, by a timer in the event loop. 0, or a negative errno, and a record says why.
 */
int slab_look(struct slab *slab, sd_event *event, __u64 duration_ns, __u32 every);

/* When the look that goes on is to end, CLOCK_BOOTTIME; 0: none goes on. */
__u64 slab_end_ns(const struct slab *slab);

#endif
