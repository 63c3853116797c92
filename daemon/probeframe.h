/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The frames of a kernel stack that are there because somebody traces, and that are others, or none, when
 * others begin or end to trace:
 *
 * - those it begins with, when a program of BPF takes it at a tracepoint: the program's, and those by which
 *   the tracepoint calls it (include/linux/tracepoint.h, kernel/trace/bpf_trace.c);
 * - where programs are called when a function returns (fexit), behind the function's own a trampoline's, and
 *   the function's again, which called that at its begin (arch/x86/net/bpf_jit_comp.c).
 *
 * Pure.
 */
#ifndef MEMOIR_PROBEFRAME_H
#define MEMOIR_PROBEFRAME_H

#include <string.h>

#include "../bpf/abi/live.h"
#include "hash.h"

/* The program and a function of it, the call of a program, the probe, the call of all probes. */
#define MAX_PROBE_FRAMES 5u

#define PROGRAM_TAG_DIGITS 16

enum frame_kind { FRAME_UNNAMED, FRAME_OF_FUNCTION, FRAME_OF_PROBE, FRAME_OF_TRAMPOLINE };

/* What of the name of a frame tells whether it is there for tracing. */
struct frame_code {
	__u64 function; /* a hash of its name */
	enum frame_kind kind;
};

static inline bool symbol_begins_with(const char *symbol, const char *prefix)
{
	return !strncmp(symbol, prefix, strlen(prefix));
}

/* As "bpf_prog_021a19c9346c2648_page_alloc+0x92f/0x13bb" (kernel/bpf/core.c, bpf_get_prog_name()). */
static inline bool is_program_frame(const char *symbol)
{
	static const char prefix[] = "bpf_prog_";

	return symbol_begins_with(symbol, prefix) &&
	       strspn(symbol + sizeof(prefix) - 1, "0123456789abcdef") == PROGRAM_TAG_DIGITS;
}

/* symbol: as "bpf_trace_run4+0x5a/0xb0"; NULL, or the address, for what has no name, or is gone. */
static inline struct frame_code frame_code(const char *symbol)
{
	struct frame_code code = { .kind = FRAME_OF_FUNCTION };

	if (!symbol || symbol_begins_with(symbol, "0x"))
		return (struct frame_code){ .kind = FRAME_UNNAMED };
	code.function = fnv1a(FNV1A_START, symbol, strcspn(symbol, "+"));
	if (symbol_begins_with(symbol, "bpf_trampoline_"))
		code.kind = FRAME_OF_TRAMPOLINE;
	else if (is_program_frame(symbol) || symbol_begins_with(symbol, "bpf_trace_run") ||
		 symbol_begins_with(symbol, "__bpf_trace_") || symbol_begins_with(symbol, "__traceiter_"))
		code.kind = FRAME_OF_PROBE;
	return code;
}

/*
 * Which of nr frames are not there for tracing, the innermost first: their indices into ret, and how many. A
 * program or a trampoline that is gone has no name, but is known by its neighbours.
 */
static inline __u32 frames_but_tracing(const struct frame_code *codes, __u32 nr, __u32 ret[STACK_MAX_FRAMES])
{
	__u32 begin = 0, nr_left = 0;

	for (__u32 i = 0; i < nr && i < MAX_PROBE_FRAMES; i++)
		if (codes[i].kind == FRAME_OF_PROBE)
			begin = i + 1;
	for (__u32 i = begin; i < nr; i++) {
		const bool may_be_trampoline = codes[i].kind == FRAME_OF_TRAMPOLINE ||
					       codes[i].kind == FRAME_UNNAMED;

		if (may_be_trampoline && i > begin && i + 1 < nr && codes[i - 1].kind == FRAME_OF_FUNCTION &&
		    codes[i - 1].function == codes[i + 1].function)
			i++;
		else
			ret[nr_left++] = i;
	}
	return nr_left;
}

#endif
