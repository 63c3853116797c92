/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Probes that a program offers (USDT, statically defined tracing by users): what a note of the section
 * .note.stapsdt says, and how the arguments of a probe are described for x86-64. Notes are hostile: what
 * is not understood to the last character is refused.
 */
#ifndef MEMOIR_SYMBOLIZER_USDT_H
#define MEMOIR_SYMBOLIZER_USDT_H

#include <stddef.h>

#include "../../../bpf/abi/heap.h"

/* Valid as long as the note. */
struct usdt_note {
	__u64 location, base, semaphore; /* addresses; semaphore 0: there is none */
	const char *provider, *name, *arguments;
};

/* From the descriptor of a note of the type 3 of "stapsdt": 0, or -EINVAL. */
int usdt_parse_note(const void *descriptor, size_t size, struct usdt_note *ret);

/*
 * Exactly nr arguments, as "8@%rdi -4@$16 8@-24(%rbp)": the size of each, negative where it has a sign,
 * and the register, the constant, or the place in memory that it is in. 0, or -EINVAL.
 */
int usdt_parse_arguments(const char *text, struct heap_argument *ret, __u32 nr);

#endif
