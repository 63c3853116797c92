/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The last trace of what was allocated, of the model; part of model.h. */
#ifndef MEMOIR_MODEL_TRACES_H
#define MEMOIR_MODEL_TRACES_H

#include "../../bpf/abi/records.h"

struct model;

/* The last trace that has ended, or NULL. What it consists of is valid until the next one ends. */
const struct rec_trace *model_trace(const struct model *model);

/* Its stacks, in the order in which they came. */
__u32 model_nr_trace_stacks(const struct model *model);
const struct rec_trace_stack *model_trace_stack(const struct model *model, __u32 index);

/* "ended", "stopped", "process_ended", ... */
const char *trace_ending_name(enum trace_ending ending);

#endif
