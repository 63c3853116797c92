/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the slab allocators gave out while somebody asked for it: by process, call site and cache. The
 * tables that the programs fill and the daemon reads and empties.
 */
#ifndef MEMOIR_ABI_SLAB_H
#define MEMOIR_ABI_SLAB_H

#include "ledger.h"
#include "types.h"

#define MAX_SLAB_SITES 4096u
#define MAX_SLAB_EVERY 1000000u
#define SLAB_NAME_LEN 32

/*
 * One for each CPU, which shares no line of the cache with another; the daemon writes it before the
 * programs run.
 */
struct slab_cpu {
	__u32 every;   /* one allocation in so many is looked at, at least 1 */
	__u32 gap;     /* the gap-th from now is the next one */
	__u64 nr_lost; /* allocations that were looked at and found no place in the table */
	__u64 pad[6];
};

struct slab_key {
	__u64 call_site; /* address of the caller */
	__u64 cache;     /* address of its struct kmem_cache; 0: kmalloc() */
	__u64 start_ns;  /* of the process, as in struct task_identity; with tgid it names the process */
	__u32 tgid;      /* 0: in an interrupt */
	__u32 pad;
};

/* Of the allocations that were looked at. */
struct slab_count {
	__u64 nr;
	__u64 requested_bytes, given_bytes;
	__u64 wasted_squares;      /* sum of the squares of what was given beyond the request */
	struct task_identity id;   /* of the task that was the first; zero in an interrupt */
	char cache[SLAB_NAME_LEN]; /* "": kmalloc() */
};

#endif
