/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The frames that a kernel stack begins with when a program of BPF takes it at a tracepoint: the program's,
 * and those by which the tracepoint calls it (include/linux/tracepoint.h, kernel/trace/bpf_trace.c). Pure.
 */
#ifndef MEMOIR_PROBEFRAME_H
#define MEMOIR_PROBEFRAME_H

#include <linux/types.h>
#include <stdbool.h>
#include <string.h>

/* The program and a function of it, the call of a program, the probe, the call of all probes. */
#define MAX_PROBE_FRAMES 5u

#define PROGRAM_TAG_DIGITS 16

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

/* What calls all probes of a tracepoint in turn, and is there only where they are more than one. */
static inline bool is_shared_probe_frame(const char *symbol)
{
	return symbol_begins_with(symbol, "__traceiter_");
}

static inline bool is_probe_frame(const char *symbol)
{
	return is_shared_probe_frame(symbol) || is_program_frame(symbol) ||
	       symbol_begins_with(symbol, "bpf_trace_run") || symbol_begins_with(symbol, "__bpf_trace_");
}

/*
 * How many of nr frames are the probe's, of which *ret_nr_shared are there only while it is not alone. symbol
 * names a frame, as "bpf_trace_run4+0x5a/0xb0", NULL where it has no name: a program that is gone has none,
 * so that what is above one of these frames belongs to them too.
 */
static inline __u32 probe_frames(__u32 nr, const char *(*symbol)(void *ctx, __u32 frame), void *ctx,
				 __u32 *ret_nr_shared)
{
	__u32 end = 0;

	*ret_nr_shared = 0;
	for (__u32 frame = 0; frame < nr && frame < MAX_PROBE_FRAMES; frame++) {
		const char *name = symbol(ctx, frame);

		if (!name || !is_probe_frame(name))
			continue;
		end = frame + 1;
		*ret_nr_shared += is_shared_probe_frame(name);
	}
	return end;
}

#endif
