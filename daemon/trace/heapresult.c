// SPDX-License-Identifier: GPL-2.0-or-later
/* What a trace of a heap has found, as records; see heapresult.h. */
#include "heapresult.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../hash.h"
#include "heapread.h"

/* --- rows ------------------------------------------------------------------------------------- */

static void take_frames(struct heaptrace_row *row, const struct unwound *unwound)
{
	const struct unwound_stack *stack = row->stack ? unwound_find(unwound, row->stack) : NULL;

	if (stack) {
		row->how = STACK_BY_UNWIND_TABLES;
		row->nr_frames = stack->nr;
		memcpy(row->ip, stack->ip, stack->nr * sizeof(row->ip[0]));
	}
	/* A key is never 0. */
	if (row->stack)
		row->stack = fnv1a(FNV1A_START, row->ip, row->nr_frames * sizeof(row->ip[0])) | 1;
}

static __u64 error_of_both(__u64 a, __u64 b)
{
	return heapread_number(hypot((double)a, (double)b));
}

/* What a program says of itself may be any number, and is no larger in a record than all may be. */
static void add(__u64 *sum, __u64 number)
{
	*sum = number < TRACE_MAX_NUMBER - *sum ? *sum + number : TRACE_MAX_NUMBER;
}

static void merge(struct heaptrace_row *row, const struct heaptrace_row *other)
{
	add(&row->nr, other->nr);
	add(&row->bytes, other->bytes);
	row->bytes_error = error_of_both(row->bytes_error, other->bytes_error);
	add(&row->nr_live, other->nr_live);
	add(&row->live_bytes, other->live_bytes);
	row->live_error = error_of_both(row->live_error, other->live_error);
	row->nr_samples += other->nr_samples;
	row->age_sum_ns += other->age_sum_ns;
	if (other->oldest_ns && (!row->oldest_ns || other->oldest_ns < row->oldest_ns))
		row->oldest_ns = other->oldest_ns;
	if (other->newest_ns > row->newest_ns)
		row->newest_ns = other->newest_ns;
}

static int compare_keys(const void *a, const void *b)
{
	__u64 key_a = ((const struct heaptrace_row *)a)->stack,
	      key_b = ((const struct heaptrace_row *)b)->stack;

	return key_a < key_b ? -1 : key_a > key_b;
}

static int compare_weights(const void *a, const void *b)
{
	const struct heaptrace_row *row_a = a, *row_b = b;

	if (row_a->live_bytes != row_b->live_bytes)
		return row_a->live_bytes > row_b->live_bytes ? -1 : 1;
	return row_a->bytes > row_b->bytes ? -1 : row_a->bytes < row_b->bytes;
}

void heapresult_name(struct heaptrace_result *result, const struct unwound *unwound)
{
	struct heaptrace_row *rows = result->rows;
	__u32 nr = 0;

	if (!result->nr)
		return;
	for (__u32 i = 0; i < result->nr; i++)
		take_frames(&rows[i], unwound);
	qsort(rows, result->nr, sizeof(*rows), compare_keys);
	for (__u32 i = 0; i < result->nr; i++) {
		if (nr && rows[nr - 1].stack == rows[i].stack)
			merge(&rows[nr - 1], &rows[i]);
		else
			rows[nr++] = rows[i];
	}
	result->nr = nr;
	qsort(rows, nr, sizeof(*rows), compare_weights);
}

/* --- records ---------------------------------------------------------------------------------- */

static struct rec_user_stack frames_record(const struct heaptrace_row *row, const struct rec_trace *trace)
{
	struct rec_user_stack record = { .h = { REC_USER_STACK, sizeof(record), trace->h.time_ns },
					 .stack = row->stack,
					 .start_ns = trace->start_ns,
					 .tgid = trace->tgid,
					 .nr = row->nr_frames,
					 .how = row->how };

	memcpy(record.ip, row->ip, row->nr_frames * sizeof(row->ip[0]));
	return record;
}

static struct rec_trace_stack stack_record(const struct heaptrace_row *row, const struct rec_trace *trace)
{
	struct rec_trace_stack record = {
		.h = { REC_TRACE_STACK, sizeof(record), trace->h.time_ns },
		.stack = row->stack,
		.start_ns = trace->start_ns,
		.tgid = trace->tgid,
		.nr = row->nr,
		.bytes = row->bytes,
		.bytes_error = row->bytes_error,
		.nr_live = row->nr_live,
		.live_bytes = row->live_bytes,
		.live_error = row->live_error,
		.nr_samples = row->nr_samples,
		.oldest_ns = row->oldest_ns && row->oldest_ns < trace->h.time_ns
				     ? trace->h.time_ns - row->oldest_ns
				     : 0,
		.mean_age_ns = row->nr_live ? heapread_number(row->age_sum_ns / (double)row->nr_live) : 0,
	};

	memcpy(record.comm, trace->comm, sizeof(record.comm));
	return record;
}

static void add_totals(const struct heaptrace_result *result, struct rec_trace *trace)
{
	const struct heap_counts *counts = &result->counts;
	double bytes_variance = 0, live_variance = 0;

	for (__u32 i = 0; i < result->nr; i++) {
		const struct heaptrace_row *row = &result->rows[i];

		add(&trace->nr, row->nr);
		add(&trace->bytes, row->bytes);
		add(&trace->nr_live, row->nr_live);
		add(&trace->live_bytes, row->live_bytes);
		bytes_variance += (double)row->bytes_error * (double)row->bytes_error;
		live_variance += (double)row->live_error * (double)row->live_error;
	}
	trace->bytes_error = heapread_number(sqrt(bytes_variance));
	trace->live_error = heapread_number(sqrt(live_variance));
	trace->nr_frees = counts->nr_frees;
	trace->nr_unknown = counts->nr_unknown;
	trace->nr_failed = counts->nr_failed;
	trace->nr_children = counts->nr_children;
	trace->nr_lost = counts->nr_lost;
	trace->nr_reused = counts->nr_reused;
	trace->nr_interrupted = counts->nr_interrupted;
	trace->nr_folded = counts->nr_folded;
	trace->nr_unplaced = counts->nr_unplaced;
	trace->nr_spared = counts->nr_spared;
	trace->nr_missed = counts->nr_threads_lost;
	trace->nr_stacks = result->nr;
}

void heapresult_emit(const struct heaptrace_result *result, struct rec_trace *trace,
		     void (*emit)(void *ctx, const struct rec_header *record), void *ctx)
{
	trace->h = (struct rec_header){ REC_TRACE, sizeof(*trace), result->end_ns };
	trace->duration_ns = result->end_ns - result->begin_ns;
	trace->exact_ns = result->sampled_ns ? result->sampled_ns - result->begin_ns : 0;
	trace->every_bytes = result->every_bytes;
	add_totals(result, trace);
	for (__u32 i = 0; i < result->nr && i < HEAPRESULT_MAX_STACKS; i++) {
		const struct heaptrace_row *row = &result->rows[i];
		const struct rec_user_stack frames = frames_record(row, trace);
		const struct rec_trace_stack stack = stack_record(row, trace);

		if (row->stack && row->nr_frames)
			emit(ctx, &frames.h);
		emit(ctx, &stack.h);
	}
	emit(ctx, &trace->h);
}
