/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stacks of processes that the programs have met (bpf/stack.bpf.h): their records, each once in a
 * stream, and the removal of those that no live page refers to any more. As stacks.h for the kernel's,
 * without names: those are looked up elsewhere.
 */
#ifndef MEMOIR_USERSTACKS_H
#define MEMOIR_USERSTACKS_H

#include "../bpf/abi/records.h"

struct userstacks;

/* map_fd: of the table of user stacks, which stays the caller's. NULL without memory. */
struct userstacks *userstacks_new(int map_fd);
/* Accepts NULL. */
void userstacks_free(struct userstacks *stacks);

/* Hands the record of a stack to emit, if it is new since userstacks_forget(). */
void userstacks_meet(struct userstacks *stacks, __u64 key,
		     void (*emit)(void *ctx, const struct rec_header *record), void *ctx);

/* A new stream begins. */
void userstacks_forget(struct userstacks *stacks);

/* All keys that are referred to are marked between the first and the last of these. */
void userstacks_begin(struct userstacks *stacks);
void userstacks_mark(struct userstacks *stacks, __u64 key);
/* Removes what is not marked, and has not been met for a while before now_ns. Returns how many are left. */
__u32 userstacks_sweep(struct userstacks *stacks, __u64 now_ns);

#endif
