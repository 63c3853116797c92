/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The stacks of the model, of the kernel and of processes, and the names of their frames; part of model.h. */
#ifndef MEMOIR_MODEL_STACKS_H
#define MEMOIR_MODEL_STACKS_H

#include "../../bpf/abi/records.h"

struct model;

/* A kernel stack by its key, or NULL; terminated by nr. */
const struct rec_stack *model_stack(const struct model *model, __u64 key);
/* What the kernel calls an address, or NULL. */
const char *model_symbol(const struct model *model, __u64 ip);

/* A user stack by its key, or NULL; nr and how are in their ranges. */
const struct rec_user_stack *model_user_stack(const struct model *model, __u64 key);

/* Names an address of a process, (tgid, start_ns), in tables of 64 bit keys; never 0. */
__u64 model_user_symbol_key(__u32 tgid, __u64 start_ns, __u64 ip);

/*
 * What an address of a process is, or NULL where nobody has said so; (tgid, start_ns) is the process. Its
 * texts are terminated, and of any origin.
 */
const struct rec_user_symbol *model_user_symbol(const struct model *model, __u32 tgid, __u64 start_ns,
						__u64 ip);

/* "frame_pointers", "unwind_tables", "call_site" */
const char *stack_how_name(enum stack_how how);

#endif
