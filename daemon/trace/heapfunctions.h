/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The functions by which allocators are told: their names, which the symbolizer looks for in files, and
 * what they do, which the tracer puts probes on.
 */
#ifndef MEMOIR_TRACE_HEAPFUNCTIONS_H
#define MEMOIR_TRACE_HEAPFUNCTIONS_H

#include "../../bpf/abi/heap.h"

/* What a function does. One that hands on to another in this list is counted once, at the outer one. */
struct heap_function {
	const char *name;
	enum heap_call call;
	__u32 flags; /* HEAP_HANDS_ON: it may; HEAP_THROWS: an exception, where it fails; HEAP_OF_HEAP */
};

#define NR_HEAP_FUNCTIONS 133u
extern const struct heap_function heap_functions[NR_HEAP_FUNCTIONS];

#endif
