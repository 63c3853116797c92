/* SPDX-License-Identifier: GPL-2.0-only */
/* The records of a reading of live pages; part of records.h. */
#ifndef MEMOIR_ABI_LIVE_RECORDS_H
#define MEMOIR_ABI_LIVE_RECORDS_H

#include "live.h"
#include "record_header.h"

/*
 * What an owner holds of one migratetype, allocated from one stack, by a reading of live pages. The
 * records of an owner follow each other.
 */
struct rec_holder {
	struct rec_header h;
	__u64 start_ns;         /* of the process, since boot; with tgid it names the process */
	__u64 cgroup_id;        /* at an allocation */
	__u64 stack;            /* 0: all other stacks of his, and those that are not known */
	__u64 nr_pages;         /* followed pages; each stands for step_pages */
	__u64 nr_huge;          /* of them, those allocated in blocks of a pageblock or more */
	__u64 age_sum_ms;       /* of the followed pages */
	__u64 oldest_ns;        /* the age of the oldest of them */
	__u64 spoiled_e6;       /* pageblocks spoiled, in millionths; an estimate */
	__u64 spoiled_error_e6; /* the squares of what each of the pages spoils, in millionths */
	__u32 tgid;             /* 0 where the owner is no task */
	__u32 migratetype;      /* that was asked for */
	__u32 owner; /* enum live_owner; NR_LIVE_OWNERS: whoever has no record, whatever his name */
	char comm[MEMOIR_COMM_LEN]; /* of the process, at an allocation */
	__u32 is_rest;              /* all of this kind, name and cgroup who have no record of their own */
};

/* Ages at which live pages are told apart: 10 s, 1 min, 10 min, 1 h, 6 h. */
#define LIVE_AGES(AGE) AGE(10) AGE(60) AGE(600) AGE(3600) AGE(21600)
#define NR_LIVE_AGES 5

/*
 * What was allocated at one place and is still held, by a reading of live pages: by one process at one
 * stack of its own and of the kernel's; or, of memory that is the kernel's, at one stack of the kernel's by
 * whomever. The former may be part of the latter.
 */
#define REC_MAX_LIVE_SITES 512u
#define REC_MAX_KERNEL_LIVE_SITES 128u
struct rec_live_site {
	struct rec_header h;
	__u64 start_ns;   /* of the process, since boot; with tgid it names the process */
	__u64 cgroup_id;  /* at an allocation */
	__u64 stack;      /* 0: not known */
	__u64 user_stack; /* 0: not known, or kernel memory */
	__u64 nr_pages;   /* followed pages; each stands for step_pages */
	__u64 age_sum_ms; /* of the followed pages */
	__u64 oldest_ns, youngest_ns;
	__u32 nr_older[NR_LIVE_AGES]; /* of them, those that are older than each of the ages */
	__u32 tgid;                   /* 0: whoever it was */
	__u32 migratetype;            /* that was asked for */
	__u32 pad;
	char comm[MEMOIR_COMM_LEN]; /* of the process, at an allocation */
};

/* What a random sample of pageblocks of a node holds, by /proc/kpageflags. */
struct rec_census {
	struct rec_header h;
	__u32 node;
	__u32 nr_blocks;                         /* read */
	__u32 nr_mixed;                          /* with unmovable pages and with movable ones */
	__u32 nr_spoiled;                        /* with unmovable pages, fewer than half of the block */
	__u64 nr_free, nr_movable, nr_unmovable; /* pages in them */
	/* The squares of a block's pages, added up. */
	__u64 free_squares, movable_squares, unmovable_squares;
	__u32 block_pages; /* of a whole block, not 0 */
	__u32 pad;
};

/* A reading of live pages that is complete: its records go before it. */
struct rec_live {
	struct rec_header h; /* time_ns: when it began */
	__u64 cpu_ns;        /* CPU time that it took */
	__u64 nr_pages;      /* followed pages that were met */
	__u64 nr_stacks;     /* in the kernel's table */
	__u32 step_pages;    /* 0: none are followed, and why_not says why */
	__u32 knows_blocks;  /* spoiled pageblocks and the census are known; else why_no_blocks */
	char why_not[REC_TEXT_LEN];
	char why_no_blocks[REC_TEXT_LEN];
	__u64 nr_user_stacks; /* in the kernel's table */
	/* At a place without a record, so many followed pages are held at most; 0: every place has one. */
	__u32 least_site_pages, least_kernel_site_pages;
	/*
	 * Followed pages at places for which there was no room among those of which the heaviest were
	 * chosen; and of owners likewise, which are counted with the rest.
	 */
	__u64 nr_unplaced_site_pages, nr_unplaced_owner_pages;
};

#endif
