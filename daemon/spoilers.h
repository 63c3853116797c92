/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which pageblocks unmovable pages spoil, and what all of them hold: a random sample of live pages and one of
 * blocks, whose flags are read from /proc/kpageflags. Works where a page's number can be told from its
 * address (pageblocks.h); elsewhere it says why not.
 */
#ifndef MEMOIR_SPOILERS_H
#define MEMOIR_SPOILERS_H

#include "machine.h"

struct spoilers;

/* NULL without memory. */
struct spoilers *spoilers_new(const struct machine *machine);
void spoilers_free(struct spoilers *spoilers);

/* A reading of live pages begins. */
void spoilers_begin(struct spoilers *spoilers);

/*
 * A live page of that reading, by its group. Every one must be shown: they prove that addresses
 * are understood.
 */
void spoilers_see(struct spoilers *spoilers, __u64 group, const struct live_page *page);

/* Why nothing can be said of blocks; "" where it can. To be asked after the last page. */
const char *spoilers_why_not(struct spoilers *spoilers);

/*
 * Hands out the sampled pages that spoil their block: how many blocks the page stands for, and the square of
 * that. The squares of many pages add up to the square of the standard error; for few see
 * live_error_spoiled_e3().
 *
 * A spoiled block is shared equally by its u unmovable pages, so that the shares of all of them are the
 * number of spoiled blocks. A followed page stands for step pages, of which one in N / n was looked at, and
 * so for step * N / n / u blocks (the estimator of Horvitz and Thompson). It supposes that pages are followed
 * independently of each other.
 */
void spoilers_blame(struct spoilers *spoilers,
		    void (*blame)(void *ctx, const struct live_page *page, double blocks, double variance),
		    void *ctx);

/* Hands out the census of each node. */
void spoilers_census(struct spoilers *spoilers, void (*emit)(void *ctx, struct rec_census *record),
		     void *ctx);

#endif
