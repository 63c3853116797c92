/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stacks of a trace while they are unwound: copies of them wait here for the symbolizer, some of
 * them with it at a time, and frames are kept by the stack's key.
 */
#ifndef MEMOIR_TRACE_UNWOUND_H
#define MEMOIR_TRACE_UNWOUND_H

#include "symbolizer.h"

struct unwound;

/* The frames of one stack, the innermost first. */
struct unwound_stack {
	__u64 stack; /* its key */
	__u32 nr;
	__u32 pad;
	__u64 ip[USER_STACK_MAX_FRAMES];
	/* Of the innermost: bytes from the frame to that of its caller; 0: not known. */
	__u32 up[HEAP_KEY_CALLERS];
};

struct unwound_events {
	void (*found)(void *ctx, const struct unwound_stack *stack); /* a stack is unwound */
	void (*idle)(void *ctx);                                     /* nothing waits any more */
	void *ctx;
};

/* Of the process. NULL without memory. */
struct unwound *unwound_new(struct symbolizer *symbolizer, __u32 tgid, __u64 start_ns,
			    const struct unwound_events *events);

/* Must not be called while anything waits (unwound_is_idle()), unless the symbolizer is gone as well. */
void unwound_free(struct unwound *unwound);

/* Takes a copy of a stack. Where too many wait it is dropped, and then not found. */
void unwound_add(struct unwound *unwound, const struct heap_copy *copy);

/* How many were dropped. */
__u32 unwound_nr_dropped(const struct unwound *unwound);

bool unwound_is_idle(const struct unwound *unwound);

/* NULL where it could not be unwound. */
const struct unwound_stack *unwound_find(const struct unwound *unwound, __u64 stack);

#endif
