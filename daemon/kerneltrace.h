/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Traces of what the kernel allocates and does not free, on request and for a bounded time, one at a time.
 * The programs are those of bpf/kerneltrace.bpf.c. The rate of events is looked at first, and decides how
 * many objects are followed.
 */
#ifndef MEMOIR_KERNELTRACE_H
#define MEMOIR_KERNELTRACE_H

#include <systemd/sd-event.h>

#include "machine.h"
#include "probes.h"
#include "stacks.h"

struct kerneltrace;

/*
 * event, probes and stacks must outlive it; emit gets the records of a trace when it ends, with ctx. NULL
 * without memory.
 */
struct kerneltrace *kerneltrace_new(sd_event *event, struct probes *probes, struct stacks *stacks,
				    void (*emit)(void *ctx, const struct rec_header *record), void *ctx);
/* A trace that goes on ends without a result. Accepts NULL. */
void kerneltrace_free(struct kerneltrace *trace);

/* Begins one. 0, or -EBUSY where one goes on. Where it cannot begin there is a REC_TRACE that says why. */
int kerneltrace_begin(struct kerneltrace *trace, __u64 duration_ns, bool is_automatic);

/* Ends the one that goes on, if there is one, with its result; it has none before objects are followed. */
void kerneltrace_end(struct kerneltrace *trace);

/* When the one that goes on is to end, CLOCK_BOOTTIME; 0: none goes on. */
__u64 kerneltrace_end_ns(const struct kerneltrace *trace);
/* Whether objects are followed. */
bool kerneltrace_has_begun(const struct kerneltrace *trace);

#endif
