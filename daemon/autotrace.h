/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What memoird traces by itself: a process whose anonymous memory is judged a leak, or would use up all that
 * is left within an hour, or else the kernel, where its slabs or per-CPU memory do; so that who looks later
 * finds the stack beside the verdict. What is traced is slowed down, so this happens seldom. Pure.
 */
#ifndef MEMOIR_AUTOTRACE_H
#define MEMOIR_AUTOTRACE_H

#include "model/model.h"

/* The growth history has no point more often than this. */
#define AUTOTRACE_LOOK_NS (15 * 1000000000ULL)
/* One in so long on the machine, and one of a process. */
#define AUTOTRACE_PAUSE_NS (600 * 1000000000ULL)
#define AUTOTRACE_AGAIN_NS (6 * 3600 * 1000000000ULL)
/* So that it costs the process little. */
#define AUTOTRACE_EVERY_BYTES (512u << 10)
/* More than a trace may need itself where memory is short: it is not to be what uses up the rest. */
#define AUTOTRACE_MIN_AVAILABLE_BYTES (384ULL << 20)

/* As many as can be within AUTOTRACE_AGAIN_NS. */
#define AUTOTRACE_MAX_TRACED 36u

/* Zeroed at the start. */
struct autotrace {
	__u64 looked_ns, begun_ns; /* CLOCK_BOOTTIME; 0: never */
	struct {
		__u64 start_ns, begun_ns;
		__u32 tgid;
	} traced[AUTOTRACE_MAX_TRACED];
	__u32 next;
};

/*
 * The process to trace now, CLOCK_BOOTTIME, the worst of those that may be; with tgid 0 it is the kernel;
 * NULL: none. It counts as traced from now on. Only the kernel where there is no tracer, and never one of
 * own, the nr_own processes of memoird. Valid until the next model_apply().
 */
const struct process *autotrace_pick(struct autotrace *autotrace, const struct model *model, __u64 now_ns,
				     bool has_tracer, const __u32 *own, __u32 nr_own);

#endif
