/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The heap of one process, traced for a while: what it allocates and has not freed at the end, by the
 * stack that asked for it. Puts probes on the process's own allocators; they go when the trace ends,
 * whatever ends it, because they are descriptors.
 */
#ifndef MEMOIR_TRACE_HEAPTRACE_H
#define MEMOIR_TRACE_HEAPTRACE_H

#include <stdbool.h>

#include "../../bpf/abi/heap.h"
#include "allocators.h"

struct heaptrace_options {
	__u32 tgid;
	/* One byte in so many is looked at, up to MAX_HEAP_EVERY_BYTES; 0, or with probes offered: all. */
	__u32 every_bytes;
	__u32 max_rate;     /* allocations a second that are looked at, see heaptrace_hold_rate(); 0: any */
	__u32 max_objects;  /* at a time; 0: as many as there is memory for, see heaptrace_begin() */
	__u32 copies_bytes; /* of the ring of copies; 0: as it is built, else a power of two, for the tests */
	bool spares_throwing; /* no probes on functions that fail by an exception, see HEAP_MAX_SURE_BYTES */
	enum uprobe_kind best_kind; /* none better is tried, as on an older kernel, for the tests */
};

/* A stack that was met for the first time, and what is needed to unwind it. Valid during the call. */
typedef void (*heaptrace_copy_fn)(void *ctx, const struct heap_copy *copy);

/*
 * What one stack has allocated, at most TRACE_MAX_NUMBER each. Estimates, with their standard errors, where
 * the trace samples.
 */
struct heaptrace_row {
	__u64 stack;                           /* its key; 0: of those for which there was no room */
	__u64 nr, bytes, bytes_error;          /* allocated */
	__u64 nr_live, live_bytes, live_error; /* of these, not freed */
	__u64 oldest_ns, newest_ns;            /* CLOCK_BOOTTIME, of what is not freed */
	double age_sum_ns;                     /* of the same */
	__u64 nr_samples;                      /* allocations that were looked at */
	__u32 nr_frames;
	__u32 how;                       /* enum stack_how */
	__u64 ip[USER_STACK_MAX_FRAMES]; /* the caller first */
};

struct heaptrace_result {
	struct heaptrace_row *rows; /* those with most bytes that are not freed first */
	__u32 nr;
	struct heap_counts counts; /* of samples */
	__u32 nr_not_copied;       /* stacks */
	__u64 begin_ns, end_ns;    /* CLOCK_BOOTTIME */
	__u64 sampled_ns;          /* likewise: when it went over to samples by itself; 0: it did not */
	__u32 every_bytes;         /* at the end; 0: every allocation was looked at */
};

struct heaptrace;

/*
 * Begins a trace of a process by its allocators, which are not needed any more then. The table of
 * objects takes at most 1/256 of the machine's memory. 0, or a negative errno.
 */
int heaptrace_begin(struct heaptrace **ret, const struct heaptrace_options *options,
		    const struct allocators *allocators);

/* Whether functions that fail by an exception were left without probes. */
bool heaptrace_has_spared(const struct heaptrace *trace);

/* Readable when there are copies to be read, or the process has called exec(). */
int heaptrace_fd(const struct heaptrace *trace);

/*
 * Hands over the copies that have come. False: the process is another program now, and nothing more
 * will come.
 */
bool heaptrace_poll(struct heaptrace *trace, heaptrace_copy_fn on_copy, void *ctx);

/*
 * The frame of the code's caller is so many bytes above that of the code at ip: learnt of a stack that was
 * unwound, so that callers are told apart from now on. Where it was another number before, it is of no use.
 */
void heaptrace_learn(struct heaptrace *trace, __u64 ip, __u32 up);

/*
 * Where more than max_rate allocations a second came since it was last called, or since the begin, only so
 * many are looked at from now on, by a larger every_bytes, which does not become smaller again. What is known
 * already stays as it is.
 */
void heaptrace_hold_rate(struct heaptrace *trace);

/* Stops counting and removes the probes. Then heaptrace_read() reads what was counted. */
void heaptrace_stop(struct heaptrace *trace);

/* 0 or a negative errno. ret->rows is the caller's to free. */
int heaptrace_read(const struct heaptrace *trace, struct heaptrace_result *ret);

/* Ends it in any state, also NULL. */
void heaptrace_free(struct heaptrace *trace);

#endif
