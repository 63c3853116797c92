/* SPDX-License-Identifier: GPL-2.0-only */
/* The records of a trace of what was allocated; part of records.h. */
#ifndef MEMOIR_ABI_TRACE_RECORDS_H
#define MEMOIR_ABI_TRACE_RECORDS_H

#include "record_header.h"
#include "slab.h"
#include "types.h"

#define TRACE_NAME_LEN 64
#define TRACE_TEXT_LEN 128

/* No number of these records is larger: so many every reader of JSON can hold. */
#define TRACE_MAX_NUMBER (1ULL << 53)

/* Why a trace ended. */
enum trace_ending {
	TRACE_HAS_ENDED,   /* in its time */
	TRACE_WAS_STOPPED, /* somebody asked for it */
	TRACE_OF_THE_DEAD, /* the process ended */
	TRACE_OF_ANOTHER,  /* the process called exec() */
	TRACE_NEVER_BEGAN, /* why_not says why */
	NR_TRACE_ENDINGS
};

/* What was traced: the heap of a process, or memory of the kernel. */
enum trace_kind {
	TRACE_USER_HEAP,
	TRACE_KMALLOC,
	TRACE_CACHE, /* of a slab cache with a name */
	TRACE_PAGES,
	TRACE_PERCPU,
	NR_TRACE_KINDS
};

/*
 * What was allocated by one stack during a trace, in bytes as they were asked for, and of that what was
 * not freed at its end. With standard errors where it samples, else these are 0. Those with most bytes
 * come first. Bytes of the kernel are as they were given, and tgid is 0 for what it did in an interrupt.
 */
struct rec_trace_stack {
	struct rec_header h;
	__u64 stack;    /* of REC_USER_STACK, of the kernel of REC_STACK; 0: there was no room for it */
	__u64 start_ns; /* of the process, since boot; with tgid it names the process */
	__u32 tgid;
	__u32 kind;                            /* enum trace_kind */
	__u64 nr, bytes, bytes_error;          /* allocated */
	__u64 nr_live, live_bytes, live_error; /* and not freed */
	__u64 nr_samples;                      /* allocations that were looked at */
	__u64 oldest_ns, mean_age_ns;          /* age of the oldest that is not freed, and of all of them */
	char comm[MEMOIR_COMM_LEN];
	char cache[SLAB_NAME_LEN]; /* of TRACE_CACHE */
	__u64 nr_reused; /* samples of the kernel whose address was given out again, and no free was seen */
	__u32 is_unseen; /* 1: what is not freed is not known: too many are freed in ways that are not seen */
	__u32 pad;
};

/* What was probed. Names: trace_probes_name(). */
enum trace_probes {
	TRACE_PROBES_FUNCTIONS, /* of allocators */
	TRACE_PROBES_OFFERED,   /* what the program offers (USDT), of every allocation */
	TRACE_PROBES_SAMPLED,   /* the same, of those that the program has chosen */
	NR_TRACE_PROBES
};

/* The end of a trace: what it was, and its totals. Counts below the totals are of samples. */
struct rec_trace {
	struct rec_header h; /* time_ns: when it ended */
	__u64 start_ns;      /* of the process, since boot; with tgid it names the process */
	__u32 tgid;
	__u32 is_automatic; /* 1: nobody asked for it, memoird suspected the process */
	__u32 ending;       /* enum trace_ending */
	__u32 every_bytes;  /* one byte in so many was looked at, at the end; 0: all */
	__u32 is_kernel;    /* 1: of the kernel, of no process */
	__u32 misses_bulk;  /* 1: of the kernel, frees in bulk and by kfree_rcu() are not seen here */
	__u64 duration_ns;
	__u64 exact_ns; /* for so long all were, and then there were too many; 0: it did not change */
	__u64 nr, bytes, bytes_error;
	__u64 nr_live, live_bytes, live_error;
	__u64 nr_frees;    /* of what was allocated during the trace */
	__u64 nr_unknown;  /* frees of what was allocated before, or was not looked at */
	__u64 nr_failed;   /* allocations that gave nothing */
	__u64 nr_children; /* processes that it forked; what they do is not counted */
	__u64 nr_lost; /* allocations that found no place in the table of objects: they are not in nr_live */
	__u64 nr_reused;      /* addresses that were given out again, without having been seen to be freed */
	__u64 nr_interrupted; /* calls that began and did not return */
	__u64 nr_folded;      /* allocations whose stack is known by its call site only, for lack of room */
	__u64 nr_unplaced;    /* allocations of stack 0 */
	__u64 nr_spared;      /* calls that were not followed, because they might have thrown an exception */
	__u64 nr_missed;      /* calls that were not counted, as no memory was to be had */
	__u64 nr_copies_lost; /* stacks that could not be copied or taken to be unwound, for lack of room */
	__u64 nr_unwound, nr_not_unwound; /* stacks */
	__u32 nr_stacks;                  /* different ones; the first of them have a record each */
	__u32 probes;                     /* enum trace_probes */
	__u32 every;                      /* of the kernel: one object in so many was followed; else 0 */
	__u32 is_partial;              /* 1: of the kernel, what was allocated is not known of all stacks */
	__u64 nr_unseen, unseen_bytes; /* of stacks that are, which are not in nr_live and live_bytes */
	char comm[MEMOIR_COMM_LEN];
	char allocators[TRACE_NAME_LEN]; /* files with an allocator: "libc.so.6, libjemalloc.so.2" */
	char why_not[TRACE_TEXT_LEN];
};

#endif
