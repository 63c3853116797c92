/* SPDX-License-Identifier: GPL-2.0-only */
/* Counts in the one entry of a table for each CPU, which are never lost to a program that interrupts. */
#ifndef MEMOIR_COUNT_BPF_H
#define MEMOIR_COUNT_BPF_H

#include "vmlinux.h"

#include <bpf/bpf_helpers.h>

#define COUNT_IN(table, member)                                                        \
	({                                                                             \
		__u32 zero__ = 0;                                                      \
		typeof((table).value) counts__ = bpf_map_lookup_elem(&table, &zero__); \
                                                                                       \
		if (counts__)                                                          \
			__sync_fetch_and_add(&counts__->member, 1);                    \
	})

#endif
