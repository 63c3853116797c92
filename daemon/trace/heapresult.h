/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a trace of a heap has found, as records; see heapsession.h. */
#ifndef MEMOIR_TRACE_HEAPRESULT_H
#define MEMOIR_TRACE_HEAPRESULT_H

#include "heaptrace.h"
#include "unwound.h"

/*
 * So many stacks have records, those with most bytes that are not freed: the model keeps no more than some
 * thousand stacks of all processes.
 */
#define HEAPRESULT_MAX_STACKS 256u

/*
 * Gives rows their frames as far as they were unwound, and a key that is of the frames; those with the
 * same frames become one. What has most bytes that are not freed comes first.
 */
void heapresult_name(struct heaptrace_result *result, const struct unwound *unwound);

/*
 * The records of a result: stacks, and the end of the trace, of which the caller has filled in what the
 * trace was.
 */
void heapresult_emit(const struct heaptrace_result *result, struct rec_trace *trace,
		     void (*emit)(void *ctx, const struct rec_header *record), void *ctx);

#endif
