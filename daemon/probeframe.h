/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The frames that a kernel stack begins with when a program of BPF takes it at a tracepoint: the program's,
 * and those by which the tracepoint calls it (include/linux/tracepoint.h, kernel/trace/bpf_trace.c). Pure.
 */
#ifndef MEMOIR_PROBEFRAME_H
#define MEMOIR_PROBEFRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define PROGRAM_TAG_DIGITS 16

static inline bool begins_with(const char *symbol, const char *prefix)
{
	return !strncmp(symbol, prefix, strlen(prefix));
}

/* Whether it calls all probes of a tracepoint in turn, which it does only where they are more than one. */
static inline bool is_shared_probe_frame(const char *symbol)
{
	return begins_with(symbol, "__traceiter_");
}

/* As "bpf_prog_021a19c9346c2648_page_alloc+0x92f/0x13bb" (kernel/bpf/core.c, bpf_get_prog_name()). */
static inline bool is_program_frame(const char *symbol)
{
	static const char prefix[] = "bpf_prog_";

	return begins_with(symbol, prefix) &&
	       strspn(symbol + sizeof(prefix) - 1, "0123456789abcdef") == PROGRAM_TAG_DIGITS;
}

/* symbol: as "bpf_trace_run4+0x5a/0xb0". */
static inline bool is_probe_frame(const char *symbol)
{
	return is_shared_probe_frame(symbol) || is_program_frame(symbol) ||
	       begins_with(symbol, "bpf_trace_run") || begins_with(symbol, "__bpf_trace_");
}

#endif
