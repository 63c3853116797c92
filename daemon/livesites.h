/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From live pages to where they were allocated: by process and stack, and of the kernel's own memory by
 * kernel stack. As in tally.h every page is met twice, and memory does not grow with their number. Pure.
 */
#ifndef MEMOIR_LIVESITES_H
#define MEMOIR_LIVESITES_H

#include "../bpf/abi/records.h"

struct livesites;

/*
 * For one reading. movable: the migratetype of user memory; seed: whatever owners cannot guess. NULL
 * without memory.
 */
struct livesites *livesites_new(__u32 movable, __u64 seed);
/* Accepts NULL. */
void livesites_free(struct livesites *sites);

/* The first time. */
void livesites_weigh(struct livesites *sites, const struct live_page *page);

/* Between the first and the second time. */
void livesites_choose(struct livesites *sites);

/* The second time. */
void livesites_add(struct livesites *sites, const struct live_page *page, __u64 now_ns);

/*
 * Hands out the records, and says in ret, of a reading, how much others hold at most (least_site_pages and
 * its like), and for how much there was no place.
 */
void livesites_emit(struct livesites *sites, struct rec_live *ret,
		    void (*emit)(void *ctx, struct rec_live_site *record), void *ctx);

#endif
