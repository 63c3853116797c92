/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stacks for readers: which frames of one are of interest, and what they are called. Pure. */
#ifndef MEMOIR_FRAMES_H
#define MEMOIR_FRAMES_H

#include "../daemon/model/model.h"
#include "text.h"

#define FRAME_NAME_LEN 96

/* The addresses of a stack, the innermost first, that are not there for tracing only; how many. */
__u32 frames_of(const struct model *model, const struct rec_stack *stack, __u64 ret[STACK_MAX_FRAMES]);

/*
 * Whether a symbol, or NULL, is a way into the page allocator or the slab allocators, by which nobody can
 * be told from anybody.
 */
bool frame_is_of_allocator(const char *symbol);

/*
 * An address's name as the kernel writes it ("vfs_write+0x398/0x450"), or the address itself where it has
 * none.
 */
void address_name(const struct model *model, __u64 ip, char ret[FRAME_NAME_LEN]);

/*
 * Appends the functions that asked for memory in one line, the innermost first: those behind the page
 * allocator's own, at most three, without offsets ("anon_pipe_write, vfs_write, ksys_write"). Nothing where
 * the stack is not known.
 */
void text_add_callers(struct text *text, const struct model *model, __u64 stack);

/* Appends where in a process it was, likewise: functions without offsets, or addresses ("grow, main"). */
void text_add_user_place(struct text *text, const struct model *model, const struct rec_user_stack *rec);

/* Appends that, by the stack's key, or the callers in the kernel where there is no user stack. */
void text_add_place(struct text *text, const struct model *model, __u64 stack, __u64 user_stack);

#endif
