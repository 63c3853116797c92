/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When a trace of every allocation costs too much, and how many are to be looked at then. Pure. */
#ifndef MEMOIR_TRACE_HEAPRATE_H
#define MEMOIR_TRACE_HEAPRATE_H

#include "../../bpf/abi/heap.h"

/*
 * Allocations a second that are looked at. One and its free cost 1.3 us when all are (docs/probes.md): this
 * many take 10 % of a CPU.
 */
#define HEAP_MAX_RATE 75000u

/* Allocations are counted for so long before that is judged: a burst is not a rate. */
#define HEAP_RATE_NS (500ULL * 1000000)

/*
 * The least every_bytes, see bpf/abi/heap.h, by which at most max_rate of these allocations a second are
 * looked at, up to MAX_HEAP_EVERY_BYTES; 0: there are no more than that. duration_ns: they were counted for
 * so long.
 */
__u32 heaprate_every_bytes(const struct heap_sizes *sizes, __u64 duration_ns, double max_rate);

/* The p of a class of sizes, in units of 2^-32. */
__u64 heaprate_chance(__u32 class, __u32 every_bytes);

#endif
