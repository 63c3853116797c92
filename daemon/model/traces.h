/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The last trace of what was allocated, of the model; part of model.h. */
#ifndef MEMOIR_MODEL_TRACES_H
#define MEMOIR_MODEL_TRACES_H

#include "../../bpf/abi/records.h"

struct model;
struct process;

/* The last trace that has ended, or NULL. What it consists of is valid until the next one ends. */
const struct rec_trace *model_trace(const struct model *model);

/* Its stacks, in the order in which they came. */
__u32 model_nr_trace_stacks(const struct model *model);
const struct rec_trace_stack *model_trace_stack(const struct model *model, __u32 index);

/*
 * What the last trace of a process says of it, with the stack that holds most of what was not freed; of the
 * kernel, of slab objects and per-CPU memory. Kept of so many that were traced last, as long as they live.
 */
#define MAX_TRACED 8u
struct traced {
	struct rec_trace rec;
	struct rec_trace_stack heaviest; /* h.size is 0 where nothing was left that has a stack */
	struct rec_user_stack frames;    /* of that; h.size is 0 where they are not known */
};

/*
 * Of a living process, or where that is NULL of the kernel; NULL where it was not traced. Valid until the
 * next model_apply().
 */
const struct traced *model_traced(const struct model *model, const struct process *process);

/* Bytes an hour, if what was not freed in a trace of this length went on like this. */
double trace_per_hour(const struct rec_trace *trace, __u64 live_bytes);

/* "ended", "stopped", "process_ended", ... */
const char *trace_ending_name(enum trace_ending ending);

/* "functions", "offered", "offered_samples". */
const char *trace_probes_name(enum trace_probes probes);

#endif
