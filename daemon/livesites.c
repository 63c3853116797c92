// SPDX-License-Identifier: GPL-2.0-or-later
/* Where live pages were allocated; see livesites.h. */
#include "livesites.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "weights.h"

#define PROCESS_SLOTS 32768u
#define KERNEL_SLOTS 8192u
#define MAX_ROWS (REC_MAX_LIVE_SITES + REC_MAX_KERNEL_LIVE_SITES)
#define ROW_SLOTS (4 * MAX_ROWS)

struct livesites {
	__u32 movable;
	__u64 seed;
	struct weights processes, kernel;
	__u64 keys[MAX_ROWS]; /* of the rows: those of processes, then those of the kernel */
	struct rec_live_site rows[MAX_ROWS];
	__u32 nr_processes, nr_rows;
	__u16 slots[ROW_SLOTS]; /* by key: a row's number and one, or 0 */
};

struct livesites *livesites_new(__u32 movable, __u64 seed)
{
	struct livesites *sites = calloc(1, sizeof(*sites));

	if (!sites)
		return NULL;
	sites->movable = movable;
	sites->seed = seed;
	if (!weights_make(&sites->processes, PROCESS_SLOTS) || !weights_make(&sites->kernel, KERNEL_SLOTS)) {
		livesites_free(sites);
		return NULL;
	}
	return sites;
}

void livesites_free(struct livesites *sites)
{
	if (!sites)
		return;
	weights_free(&sites->processes);
	weights_free(&sites->kernel);
	free(sites);
}

/* The key of the process's row, or 0: nobody's memory is known by a place in a process. */
static __u64 process_key(const struct livesites *sites, const struct live_page *page)
{
	__u64 key = weights_mix(weights_mix(sites->seed, page->start_ns),
				(__u64)page->tgid << 32 | page->migratetype);

	return page->owner == LIVE_PROCESS ? weights_mix(weights_mix(key, page->stack), page->user_stack) | 1
					   : 0;
}

/* The key of the kernel's row, or 0: it is no memory of the kernel's. None is both kinds of row's. */
static __u64 kernel_key(const struct livesites *sites, const struct live_page *page)
{
	if (page->owner == LIVE_PROCESS && page->migratetype == sites->movable)
		return 0;
	return weights_mix(weights_mix(sites->seed, page->migratetype), page->stack) | 1;
}

void livesites_weigh(struct livesites *sites, const struct live_page *page)
{
	__u64 process = process_key(sites, page), kernel = kernel_key(sites, page);

	if (process)
		weights_add(&sites->processes, process, 1, 0);
	if (kernel)
		weights_add(&sites->kernel, kernel, 1, 0);
}

/* The place of a key's number, whether there is one or not. */
static __u16 *slot_of(struct livesites *sites, __u64 key)
{
	__u32 slot = (__u32)(key >> 32) % ROW_SLOTS;

	while (sites->slots[slot] && sites->keys[sites->slots[slot] - 1] != key)
		slot = (slot + 1) % ROW_SLOTS;
	return &sites->slots[slot];
}

void livesites_choose(struct livesites *sites)
{
	sites->nr_processes = weights_choose(&sites->processes, REC_MAX_LIVE_SITES, weight_holds_more,
					     sites->keys);
	sites->nr_rows = sites->nr_processes + weights_choose(&sites->kernel, REC_MAX_KERNEL_LIVE_SITES,
							      weight_holds_more,
							      sites->keys + sites->nr_processes);
	weights_free(&sites->processes);
	weights_free(&sites->kernel);
	for (__u32 i = 0; i < sites->nr_rows; i++)
		*slot_of(sites, sites->keys[i]) = (__u16)(i + 1);
}

/* The chosen row with that key, or NULL. */
static struct rec_live_site *row_of(struct livesites *sites, __u64 key)
{
	__u16 slot = key ? *slot_of(sites, key) : 0;

	return slot ? &sites->rows[slot - 1] : NULL;
}

static void row_add(struct rec_live_site *row, const struct live_page *page, __u64 age_ns)
{
	static const __u32 ages[NR_LIVE_AGES] = {
#define AGE(seconds) seconds,
		LIVE_AGES(AGE)
#undef AGE
	};

	if (!row->nr_pages || age_ns < row->youngest_ns)
		row->youngest_ns = age_ns;
	if (age_ns > row->oldest_ns)
		row->oldest_ns = age_ns;
	row->nr_pages++;
	row->age_sum_ms += age_ns / 1000000;
	for (int i = 0; i < NR_LIVE_AGES; i++)
		row->nr_older[i] += age_ns > ages[i] * 1000000000ULL;
	row->stack = page->stack;
	row->migratetype = page->migratetype;
}

void livesites_add(struct livesites *sites, const struct live_page *page, __u64 now_ns)
{
	struct rec_live_site *process = row_of(sites, process_key(sites, page));
	struct rec_live_site *kernel = row_of(sites, kernel_key(sites, page));
	__u64 age_ns = now_ns > page->time_ns ? now_ns - page->time_ns : 0;

	if (kernel)
		row_add(kernel, page, age_ns);
	if (!process)
		return;
	row_add(process, page, age_ns);
	process->start_ns = page->start_ns;
	process->tgid = page->tgid;
	process->cgroup_id = page->cgroup_id;
	process->user_stack = page->user_stack;
	memcpy(process->comm, page->comm, sizeof(process->comm));
}

/* Hands out nr rows; if there are so many, the least that one of them has. */
static __u32 emit_rows(struct rec_live_site *rows, __u32 nr, __u32 max,
		       void (*emit)(void *ctx, struct rec_live_site *record), void *ctx)
{
	__u32 least = 0;

	for (__u32 i = 0; i < nr; i++) {
		struct rec_live_site *row = &rows[i];

		/* Its pages may have gone since the first time. */
		if (!row->nr_pages)
			continue;
		if (!least || row->nr_pages < least)
			least = (__u32)row->nr_pages;
		row->h = (struct rec_header){ .kind = REC_LIVE_SITE, .size = sizeof(*row) };
		emit(ctx, row);
	}
	return nr == max ? least : 0;
}

/* All that has no place may be at one. */
static __u32 largest(__u32 least, __u64 nr_unplaced)
{
	return nr_unplaced <= least ? least : nr_unplaced < UINT32_MAX ? (__u32)nr_unplaced : UINT32_MAX;
}

void livesites_emit(struct livesites *sites, struct rec_live *ret,
		    void (*emit)(void *ctx, struct rec_live_site *record), void *ctx)
{
	const __u64 unplaced = sites->processes.nr_unplaced_pages,
		    unplaced_of_kernel = sites->kernel.nr_unplaced_pages;

	ret->least_site_pages = largest(emit_rows(sites->rows, sites->nr_processes, REC_MAX_LIVE_SITES, emit,
						  ctx),
					unplaced);
	ret->least_kernel_site_pages = largest(emit_rows(sites->rows + sites->nr_processes,
							 sites->nr_rows - sites->nr_processes,
							 REC_MAX_KERNEL_LIVE_SITES, emit, ctx),
					       unplaced_of_kernel);
	ret->nr_unplaced_site_pages = unplaced + unplaced_of_kernel;
}
