/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From live pages to who holds them, in memory that does not grow with their number: the pages are met
 * twice. The first time owners are weighed, and the heaviest chosen; the second time the pages of the
 * chosen are kept apart by stack, and of all others there is one record for each name and cgroup. Pure.
 *
 * An owner is a process or what stands for one, and a migratetype.
 */
#ifndef MEMOIR_TALLY_H
#define MEMOIR_TALLY_H

#include "../bpf/abi/records.h"

#define TALLY_MAX_OWNERS 128u        /* with records of their own */
#define TALLY_MAX_STACKS_OF_OWNER 5u /* likewise; the rest is one record, without a stack */
#define TALLY_MAX_NAMES 512u         /* of all others; the rest is one record for each migratetype */
#define TALLY_MAX_MIGRATETYPES 16u
/* The most records that there may be. */
#define TALLY_MAX_RECORDS \
	(TALLY_MAX_OWNERS * (TALLY_MAX_STACKS_OF_OWNER + 1) + TALLY_MAX_NAMES + TALLY_MAX_MIGRATETYPES)

struct tally;

/* For one reading. huge_order: of a pageblock; seed: whatever owners cannot guess. NULL without memory. */
struct tally *tally_new(__u32 huge_order, __u64 seed);
void tally_free(struct tally *tally);

/* The first time. */
void tally_weigh(struct tally *tally, const struct live_page *page);

/*
 * A page's owner spoils so many pageblocks by that page; variance is what it adds to the square of the
 * standard error.
 */
void tally_blame(struct tally *tally, const struct live_page *page, double blocks, double variance);

/* Between the first and the second time. */
void tally_choose(struct tally *tally);

/* The second time. */
void tally_add(struct tally *tally, const struct live_page *page, __u64 now_ns);

/* Followed pages of owners, or of names, for which there was no room among those that were weighed. */
__u64 tally_nr_unplaced_pages(const struct tally *tally);

/* Hands out the records, owner by owner. */
void tally_emit(struct tally *tally, void (*emit)(void *ctx, struct rec_holder *record), void *ctx);

#endif
