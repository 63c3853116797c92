/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel allocates while it is traced: which objects are followed, and the tables that the programs
 * of bpf/kerneltrace.bpf.c fill.
 */
#ifndef MEMOIR_ABI_KERNELTRACE_H
#define MEMOIR_ABI_KERNELTRACE_H

#include "ledger.h"
#include "slab.h"
#include "trace_records.h"
#include "types.h"

#define MAX_LEAK_SITES 8192u
#define MAX_LEAK_OBJECTS (1u << 18)
#define MAX_LEAK_EVERY 64u

/* The daemon writes it. */
struct leak_settings {
	__u64 seed;  /* any number, so that no address is followed in every trace */
	__u32 every; /* one object in so many is followed, a power of two; 0: events are counted only */
	__u32 pad;
};

/*
 * Whether the object at this address is followed. Its allocation and its free agree without a look into a
 * table, and each object that is followed stands for `every` of them.
 */
static inline int leak_is_followed(__u64 address, const struct leak_settings *settings)
{
	return !((address * 0x9e3779b97f4a7c15ULL + settings->seed) >> 58 & (settings->every - 1));
}

/*
 * An object that is followed and was not freed since, by its address: of a page that of its struct page. It
 * says itself whose it is, because its site may have been forgotten.
 */
struct leak_object {
	__u64 site;    /* key of its struct leak_site */
	__u64 size;    /* as it was given */
	__u64 time_ns; /* CLOCK_BOOTTIME */
	__u64 stack;   /* as in the site, likewise the rest */
	__u64 cache;
	__u64 start_ns;
	__u32 tgid;
	__u32 kind;
	char comm[MEMOIR_COMM_LEN];
};

/*
 * What was allocated by one stack for one process; the key is a hash of stack, cache, kind and process. What
 * was freed is what was allocated and is no object any more, less nr_lost and nr_reused. Where there are too
 * many, as in a storm of short processes, those that were not met the longest are forgotten.
 */
struct leak_site {
	__u64 stack; /* key in stacks; 0: not known */
	__u64 cache; /* address of its struct kmem_cache; 0: none */
	__u64 nr, bytes;
	__u64 nr_lost;   /* of nr, those that found no place among the objects */
	__u64 nr_reused; /* of nr, those whose address was given out again */
	__u32 kind;      /* enum trace_kind */
	__u32 tgid;      /* of the process; 0 in an interrupt */
	__u64 start_ns;
	char comm[MEMOIR_COMM_LEN];
	char cache_name[SLAB_NAME_LEN];
};

/* One for each CPU. */
struct leak_counts {
	__u64 nr_events;   /* while events are counted only */
	__u64 nr_freed;    /* objects that were followed */
	__u64 nr_unknown;  /* frees of slab objects and per-CPU memory that are in no table */
	__u64 nr_lost;     /* allocations that found no place among the objects */
	__u64 nr_reused;   /* addresses that were given out again and not seen to be freed */
	__u64 nr_followed; /* allocations that were followed */
};

#endif
