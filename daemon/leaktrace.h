/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Traces of what is allocated as memoird sees them, on request and of suspects (autotrace.h): one at a time.
 * Of a process the tracer does the work (daemon/trace/heapsession.h), of the kernel kerneltrace.h; this asks
 * for it, knows whether one goes on, and has the stacks of a process named.
 */
#ifndef MEMOIR_LEAKTRACE_H
#define MEMOIR_LEAKTRACE_H

#include "kerneltrace.h"
#include "tracelink.h"
#include "usersymbols.h"

struct leaktrace;

/*
 * What it is given must outlive it; emit gets a record where no trace can begin, with ctx. NULL without
 * memory.
 */
struct leaktrace *leaktrace_new(sd_event *event, struct tracelink *link, struct usersymbols *symbols,
				struct probes *probes, struct stacks *stacks,
				void (*emit)(void *ctx, const struct rec_header *record), void *ctx);
void leaktrace_free(struct leaktrace *trace);

/*
 * Begins one, of a process, or where pid is 0 of the kernel. 0, or -EBUSY where one goes on; an automatic one
 * is ended for it. Where it cannot begin there is a REC_TRACE that says why.
 */
int leaktrace_begin(struct leaktrace *trace, __u32 pid, __u64 duration_ns, __u32 every_bytes);

/*
 * Begins one of a suspect by itself, for so long, where it is time for that; to be called after snapshots.
 * 0: never. It samples.
 */
void leaktrace_follow(struct leaktrace *trace, const struct model *model, __u64 duration_ns);

/* Ends the one that goes on, if there is one; its result comes later. */
void leaktrace_end(struct leaktrace *trace);

/* To be told of every record of the tracer. */
void leaktrace_see(struct leaktrace *trace, const struct rec_header *record);

/*
 * When the one that goes on is to end, CLOCK_BOOTTIME, which may be past while its stacks are found and
 * named; 0: none goes on. And whose it is; 0: the kernel's.
 */
__u64 leaktrace_end_ns(struct leaktrace *trace);
__u32 leaktrace_pid(const struct leaktrace *trace);
/* Whether its probes are in their places. */
bool leaktrace_has_begun(const struct leaktrace *trace);

#endif
