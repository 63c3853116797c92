/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel stacks that the programs have met (bpf/stack.bpf.h): their records, each once in a stream with
 * the symbols of its frames, and the removal of those that nobody refers to any more.
 *
 * Whoever keeps keys of stacks marks them again whenever he has looked through them: stacks_begin(), and
 * stacks_mark() for all keys that are still referred to. stacks_sweep() removes what nobody has marked. What
 * a program has met lately stays in any case, so that a key on its way to the daemon is good.
 */
#ifndef MEMOIR_STACKS_H
#define MEMOIR_STACKS_H

#include "../bpf/abi/records.h"

struct stacks;

enum stacks_user { STACKS_OF_LIVE, STACKS_OF_FALLBACKS, STACKS_OF_TRACE, NR_STACKS_USERS };

/* map_fd: of the table of stacks, which stays the caller's. NULL without memory. */
struct stacks *stacks_new(int map_fd);
void stacks_free(struct stacks *stacks);

/*
 * The key of the place that a stack was taken at, which records have. Stacks begin with frames of the probe
 * and of its tracepoint, and these are others as soon as somebody else traces the same: the place is not. 0
 * for a stack that is not there.
 */
__u64 stacks_place(struct stacks *stacks, __u64 key);

/*
 * Hands to emit the records of a stack at that place and of its symbols, as far as they are new since
 * stacks_forget().
 */
void stacks_meet(struct stacks *stacks, __u64 place, void (*emit)(void *ctx, const struct rec_header *record),
		 void *ctx);

/* Likewise the record of an address that is in no stack, if it is new. */
void stacks_meet_address(struct stacks *stacks, __u64 ip,
			 void (*emit)(void *ctx, const struct rec_header *record), void *ctx);

/* The frames of a stack, innermost first: how many are put into ret; 0 for one that is not known. */
__u32 stacks_frames(const struct stacks *stacks, __u64 key, __u64 ret[STACK_MAX_FRAMES]);

/* The name of an address, as "vfs_write+0x398/0x450". It costs two microseconds. */
void stacks_name(const struct stacks *stacks, __u64 ip, char ret[REC_SYMBOL_LEN]);

/* A new stream begins. */
void stacks_forget(struct stacks *stacks);

void stacks_begin(struct stacks *stacks, enum stacks_user user);
void stacks_mark(struct stacks *stacks, enum stacks_user user, __u64 key);

/* Removes what is not marked, and has not been met for a while before now_ns. Returns how many are left. */
__u32 stacks_sweep(struct stacks *stacks, __u64 now_ns);

#endif
