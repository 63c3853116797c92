/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Live pages: who holds physical memory, known of one page in every aligned group of pages. The tables
 * that the programs keep and the daemon reads.
 *
 * A group is named by the address of its struct pages, group = page >> (LIVE_PAGE_SHIFT + step shift),
 * and a hash of that name chooses which of its pages is followed. So an estimate of what somebody holds is
 * his followed pages times the step, and nobody can arrange not to be followed.
 */
#ifndef MEMOIR_ABI_LIVE_H
#define MEMOIR_ABI_LIVE_H

#include "types.h"

#define LIVE_PAGE_SHIFT 6 /* log2(sizeof(struct page)); the daemon turns sampling off where that differs */
#define LIVE_MIN_STEP_SHIFT 6
#define LIVE_ZONE_UNKNOWN 0xff

enum live_owner {
	LIVE_PROCESS,
	LIVE_KTHREAD,
	LIVE_INTERRUPT, /* the task that was interrupted is no owner, and is not named */
	NR_LIVE_OWNERS
};

/* What is known of the followed page of a group while it is allocated; the key is the group. */
struct live_page {
	__u64 stack;      /* key in stacks of where it was allocated; 0: not known */
	__u64 user_stack; /* key in user_stacks; 0: not known, or not taken */
	__u64 time_ns;    /* CLOCK_BOOTTIME of the allocation */
	__u64 start_ns;   /* of the owner's thread group leader, likewise */
	__u64 cgroup_id;  /* in the cgroup v2 hierarchy, at the allocation */
	__u32 tgid;
	__u16 node;
	__u8 zone;  /* enum zone_type of the kernel's, or LIVE_ZONE_UNKNOWN */
	__u8 order; /* of the block that it was allocated in */
	__u8 migratetype;
	__u8 owner; /* enum live_owner */
	__u8 pad[6];
	char comm[MEMOIR_COMM_LEN]; /* of the thread group leader at the allocation */
};

/* The page of its group that is followed, counted from the group's first. */
static inline __u32 live_chosen(__u64 group, __u32 step_shift)
{
	return (__u32)((group * 0x9e3779b97f4a7c15ULL) >> (64 - step_shift));
}

#define STACK_MAX_FRAMES 32
#define MAX_STACKS 16384u

/* A stack of the kernel's; the key is a hash of the frames, never 0. */
struct kernel_stack {
	__u64 used_ns; /* CLOCK_BOOTTIME when a program last met it */
	__u32 nr;
	__u32 pad;
	__u64 ip[STACK_MAX_FRAMES]; /* innermost first; zero beyond nr */
};

/* A process is so old before its stacks are taken. */
#define LIVE_SETTLED_NS 10000000000ULL

#define LIVE_USER_FRAMES 32
#define MAX_USER_STACKS 16384u

/* A stack of a process's, by its frame pointers; the key is a hash of all but used_ns, never 0. */
struct user_stack {
	__u64 used_ns;  /* as above */
	__u64 start_ns; /* of the process, since boot; with tgid it names the process */
	__u32 tgid;
	__u32 nr;
	__u64 ip[LIVE_USER_FRAMES]; /* innermost first; zero beyond nr */
};

#endif
