// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What was allocated during a trace. The records of one are kept aside until the one that ends it, and then
 * take the place of the trace before.
 */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>

/* No number is larger: so many every reader of JSON can hold. */
#define MAX_NUMBER (1ULL << 53)

static void rows_free(struct trace_rows *rows)
{
	free(rows->stacks);
	*rows = (struct trace_rows){};
}

void traces_free(struct traces *traces)
{
	rows_free(&traces->shown);
	rows_free(&traces->pending);
}

/* All numbers of a record from one to another. */
static bool are_possible(const __u64 *first, const __u64 *last)
{
	while (first <= last)
		if (*first++ > MAX_NUMBER)
			return false;
	return true;
}

int apply_trace_stack(struct model *model, const struct rec_header *h)
{
	const struct rec_trace_stack *rec = (const struct rec_trace_stack *)h;
	struct trace_rows *rows = &model->traces.pending;
	struct rec_trace_stack *stacks, *stack;

	if (rows->nr == MAX_TRACE_STACKS || !are_possible(&rec->nr, &rec->mean_age_ns))
		return -EINVAL;
	stacks = rows_reserve(rows->stacks, sizeof(*stacks), rows->nr, &rows->max);
	if (!stacks)
		return -ENOMEM;
	rows->stacks = stacks;
	stack = &rows->stacks[rows->nr++];
	*stack = *rec;
	terminate(stack->comm);
	return 0;
}

int apply_trace(struct model *model, const struct rec_header *h)
{
	const struct rec_trace *rec = (const struct rec_trace *)h;
	struct traces *traces = &model->traces;

	if (rec->ending >= NR_TRACE_ENDINGS || rec->every_bytes > MAX_HEAP_EVERY_BYTES ||
	    !are_possible(&rec->duration_ns, &rec->nr_not_unwound))
		return -EINVAL;
	traces->rec = *rec;
	terminate(traces->rec.comm);
	terminate(traces->rec.allocators);
	terminate(traces->rec.why_not);
	/* What came before that is of one that the tracer did not end. */
	if (rec->ending == TRACE_NEVER_BEGAN)
		rows_free(&traces->pending);
	rows_free(&traces->shown);
	traces->shown = traces->pending;
	traces->pending = (struct trace_rows){};
	return 0;
}

const struct rec_trace *model_trace(const struct model *model)
{
	return model->traces.rec.h.size ? &model->traces.rec : NULL;
}

__u32 model_nr_trace_stacks(const struct model *model)
{
	return model->traces.shown.nr;
}

const struct rec_trace_stack *model_trace_stack(const struct model *model, __u32 index)
{
	return &model->traces.shown.stacks[index];
}

const char *trace_ending_name(enum trace_ending ending)
{
	static const char *const names[NR_TRACE_ENDINGS] = {
		[TRACE_HAS_ENDED] = "ended",
		[TRACE_WAS_STOPPED] = "stopped",
		[TRACE_OF_THE_DEAD] = "process_ended",
		[TRACE_OF_ANOTHER] = "process_executed_another_program",
		[TRACE_NEVER_BEGAN] = "not_begun",
	};

	return (__u32)ending < NR_TRACE_ENDINGS ? names[ending] : "unknown";
}
