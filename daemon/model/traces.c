// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What was allocated during a trace. The records of one are kept aside until the one that ends it, and then
 * take the place of the trace before. Of that the heaviest stack stays for as long as its process lives.
 */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A trace knows when its process started by /proc, which counts in these. */
#define USER_TICK_NS 10000000ULL

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
		if (*first++ > TRACE_MAX_NUMBER)
			return false;
	return true;
}

int apply_trace_stack(struct model *model, const struct rec_header *h)
{
	const struct rec_trace_stack *rec = (const struct rec_trace_stack *)h;
	struct trace_rows *rows = &model->traces.pending;
	struct rec_trace_stack *stacks, *stack;

	if (rows->nr == MAX_TRACE_STACKS || rec->kind >= NR_TRACE_KINDS || rec->is_unseen > 1 ||
	    !are_possible(&rec->nr, &rec->mean_age_ns) || rec->nr_reused > TRACE_MAX_NUMBER)
		return -EINVAL;
	stacks = rows_reserve(rows->stacks, sizeof(*stacks), rows->nr, &rows->max);
	if (!stacks)
		return -ENOMEM;
	rows->stacks = stacks;
	stack = &rows->stacks[rows->nr++];
	*stack = *rec;
	terminate(stack->comm);
	terminate(stack->cache);
	return 0;
}

/* --- of each process -------------------------------------------------------------------------- */

static bool is_of(const struct rec_trace *trace, const struct process *process)
{
	if (trace->is_kernel)
		return !process;
	return process && trace->tgid == process->tgid &&
	       trace->start_ns / USER_TICK_NS == process->start_ns / USER_TICK_NS;
}

/* Pages of the kernel are shown by live pages; and where frees are not seen, it is not known what is held. */
static bool is_held(const struct rec_trace_stack *row)
{
	return row->stack && row->kind != TRACE_PAGES && !row->is_unseen;
}

static void take_heaviest(const struct model *model, struct traced *traced)
{
	const struct trace_rows *rows = &model->traces.shown;
	const struct rec_user_stack *frames;

	for (__u32 i = 0; i < rows->nr; i++)
		if (is_held(&rows->stacks[i]) && rows->stacks[i].live_bytes > traced->heaviest.live_bytes)
			traced->heaviest = rows->stacks[i];
	frames = traced->heaviest.h.size ? model_user_stack(model, traced->heaviest.stack) : NULL;
	/* Others may have code at the same addresses. */
	if (frames && frames->tgid == traced->rec.tgid && frames->start_ns == traced->rec.start_ns)
		traced->frames = *frames;
}

/* Removes those that have ended and the one before of this process, and makes room. */
static void forget_old(struct model *model, const struct rec_trace *trace)
{
	struct traces *traces = &model->traces;
	__u32 nr = 0;

	for (__u32 i = 0; i < traces->nr_traced; i++) {
		const struct rec_trace *rec = &traces->traced[i].rec;

		if (rec->tgid != trace->tgid && is_of(rec, model_find_process(model, rec->tgid)))
			traces->traced[nr++] = traces->traced[i];
	}
	if (nr == MAX_TRACED)
		memmove(traces->traced, traces->traced + 1, --nr * sizeof(traces->traced[0]));
	traces->nr_traced = nr;
}

/* Of what could not begin nothing is known, and what was known before stays. */
static void keep(struct model *model)
{
	struct traces *traces = &model->traces;
	struct traced *traced;

	if (traces->rec.ending == TRACE_NEVER_BEGAN)
		return;
	forget_old(model, &traces->rec);
	traced = &traces->traced[traces->nr_traced++];
	*traced = (struct traced){ .rec = traces->rec };
	take_heaviest(model, traced);
}

const struct traced *model_traced(const struct model *model, const struct process *process)
{
	for (__u32 i = 0; i < model->traces.nr_traced; i++)
		if (is_of(&model->traces.traced[i].rec, process))
			return &model->traces.traced[i];
	return NULL;
}

double trace_per_hour(const struct rec_trace *trace, __u64 live_bytes)
{
	return trace->duration_ns ? (double)live_bytes * 3600e9 / (double)trace->duration_ns : 0;
}

/* --- the last one ----------------------------------------------------------------------------- */

/* What only traces of the kernel have. */
static bool are_possible_of_kernel(const struct rec_trace *rec)
{
	return rec->is_kernel <= 1 && rec->misses_bulk <= 1 && rec->is_partial <= 1 &&
	       rec->every <= MAX_LEAK_EVERY && are_possible(&rec->nr_unseen, &rec->unseen_bytes);
}

int apply_trace(struct model *model, const struct rec_header *h)
{
	const struct rec_trace *rec = (const struct rec_trace *)h;
	struct traces *traces = &model->traces;

	if (rec->ending >= NR_TRACE_ENDINGS || rec->is_automatic > 1 || rec->probes >= NR_TRACE_PROBES ||
	    rec->every_bytes > MAX_HEAP_EVERY_BYTES || rec->exact_ns > rec->duration_ns ||
	    !are_possible(&rec->duration_ns, &rec->nr_not_unwound) || !are_possible_of_kernel(rec))
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
	keep(model);
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

const char *trace_probes_name(enum trace_probes probes)
{
	static const char *const names[NR_TRACE_PROBES] = { "functions", "offered", "offered_samples" };

	return names[probes];
}
