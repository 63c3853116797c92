// SPDX-License-Identifier: GPL-2.0-or-later
/* Readings of live pages; see live.h. */
#include "live.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "livesites.h"
#include "log.h"
#include "residency.h"
#include "spoilers.h"
#include "stacks.h"
#include "tally.h"
#include "userstacks.h"
#include "util.h"

#define BATCH 256u

struct live {
	int fd;
	__u32 huge_order; /* of a pageblock */
	live_emit_fn emit;
	live_pause_fn pause;
	void *ctx;
	struct stacks *stacks;
	struct userstacks *user_stacks;
	struct spoilers *spoilers;
	struct tally *tally;         /* of the reading that goes on */
	struct livesites *sites;     /* likewise */
	struct residency *residency; /* likewise; NULL on a single node */
	__u32 nr_nodes;              /* 1 where the node of a page is not known */
	__u32 movable;               /* the migratetype */
	struct rec_live record;      /* of the last reading */
	__u64 keys[BATCH];
	struct live_page pages[BATCH];
};

/* Whether pages are followed here, and if not, why. */
static void find_out(struct live *live, const struct probes *probes, const struct machine *machine)
{
	struct rec_live *record = &live->record;

	record->h.kind = REC_LIVE;
	record->h.size = sizeof(*record);
	if (!machine->live_step_shift)
		snprintf(record->why_not, sizeof(record->why_not),
			 "struct page is not %u bytes on this kernel", 1u << LIVE_PAGE_SHIFT);
	else if (!probes_is_attached(probes, "page_alloc") || !probes_is_attached(probes, "page_free"))
		snprintf(record->why_not, sizeof(record->why_not),
			 "the probes page_alloc and page_free are not both attached");
	else
		record->step_pages = 1u << machine->live_step_shift;
}

struct live *live_new(const struct probes *probes, const struct machine *machine, struct stacks *stacks,
		      live_emit_fn emit, live_pause_fn pause, void *ctx)
{
	struct live *live = calloc(1, sizeof(*live));

	if (!live)
		return NULL;
	live->fd = probes_map_fd(probes, "live");
	live->huge_order = machine->pageblock_order;
	live->emit = emit;
	live->pause = pause;
	live->ctx = ctx;
	live->stacks = stacks;
	live->nr_nodes = machine->nodes_are_many ? machine->record.nr_nodes : 1;
	live->movable = machine_find_label(machine, DIM_MIGRATETYPE, "movable");
	live->spoilers = spoilers_new(machine);
	live->user_stacks = userstacks_new(probes_map_fd(probes, "user_stacks"));
	if (!live->spoilers || !live->user_stacks) {
		live_free(live);
		return NULL;
	}
	find_out(live, probes, machine);
	return live;
}

void live_free(struct live *live)
{
	if (!live)
		return;
	spoilers_free(live->spoilers);
	userstacks_free(live->user_stacks);
	free(live);
}

/* --- a reading -------------------------------------------------------------------------------- */

/* Calls meet for every live page, with the place of its stack in the stack's stead. 0 or a negative errno. */
static int for_each_page(struct live *live,
			 void (*meet)(struct live *live, __u64 group, const struct live_page *page))
{
	struct batch batch = { .fd = live->fd, .keys = live->keys, .values = live->pages, .max = BATCH };

	while (batch_next(&batch)) {
		for (__u32 i = 0; i < batch.nr; i++) {
			struct live_page *page = &live->pages[i];

			stacks_mark(live->stacks, STACKS_OF_LIVE, page->stack);
			page->stack = stacks_place(live->stacks, page->stack);
			meet(live, live->keys[i], page);
		}
		live->pause(live->ctx);
	}
	return batch.err;
}

static void meet_first(struct live *live, __u64 group, const struct live_page *page)
{
	tally_weigh(live->tally, page);
	livesites_weigh(live->sites, page);
	userstacks_mark(live->user_stacks, page->user_stack);
	spoilers_see(live->spoilers, group, page);
}

static void meet_again(struct live *live, __u64 group, const struct live_page *page)
{
	(void)group;
	tally_add(live->tally, page, live->record.h.time_ns);
	livesites_add(live->sites, page, live->record.h.time_ns);
	residency_add(live->residency, page);
	live->record.nr_pages++;
}

static void blame(void *ctx, const struct live_page *page, double blocks, double variance)
{
	struct live *live = ctx;

	tally_blame(live->tally, page, blocks, variance);
}

static void emit_census(void *ctx, struct rec_census *record)
{
	struct live *live = ctx;

	live->emit(live->ctx, &record->h);
}

static void emit_holder(void *ctx, struct rec_holder *record)
{
	struct live *live = ctx;

	record->h.time_ns = live->record.h.time_ns;
	stacks_meet(live->stacks, record->stack, live->emit, live->ctx);
	live->emit(live->ctx, &record->h);
}

static void emit_site(void *ctx, struct rec_live_site *record)
{
	struct live *live = ctx;

	record->h.time_ns = live->record.h.time_ns;
	stacks_meet(live->stacks, record->stack, live->emit, live->ctx);
	userstacks_meet(live->user_stacks, record->user_stack, live->emit, live->ctx);
	live->emit(live->ctx, &record->h);
}

static void emit_residency(void *ctx, struct rec_residency *record)
{
	struct live *live = ctx;

	record->h.time_ns = live->record.h.time_ns;
	live->emit(live->ctx, &record->h);
}

static int read_pages(struct live *live)
{
	struct rec_live *record = &live->record;
	int err;

	spoilers_begin(live->spoilers);
	err = for_each_page(live, meet_first);
	if (err)
		return err;
	snprintf(record->why_no_blocks, sizeof(record->why_no_blocks), "%s",
		 spoilers_why_not(live->spoilers));
	record->knows_blocks = !record->why_no_blocks[0];
	if (record->knows_blocks)
		spoilers_blame(live->spoilers, blame, live);
	tally_choose(live->tally);
	livesites_choose(live->sites);
	err = for_each_page(live, meet_again);
	if (err)
		return err;
	/* The first, since it is the only one that may fail: of a reading all is handed out, or nothing. */
	err = residency_emit(live->residency, emit_residency, live);
	if (err)
		return err;
	tally_emit(live->tally, emit_holder, live);
	record->nr_unplaced_owner_pages = tally_nr_unplaced_pages(live->tally);
	livesites_emit(live->sites, record, emit_site, live);
	if (record->knows_blocks)
		spoilers_census(live->spoilers, emit_census, live);
	return 0;
}

/* With what is needed for this reading, and then not for a minute. */
static int read_with_tallies(struct live *live)
{
	bool has_room;
	int err;

	live->tally = tally_new(live->huge_order, random_seed());
	live->sites = livesites_new(live->movable, random_seed());
	if (live->nr_nodes > 1)
		live->residency = residency_new(live->nr_nodes, live->movable);
	has_room = live->tally && live->sites && (live->residency || live->nr_nodes <= 1);
	err = has_room ? read_pages(live) : -ENOMEM;
	residency_free(live->residency);
	live->residency = NULL;
	livesites_free(live->sites);
	live->sites = NULL;
	tally_free(live->tally);
	live->tally = NULL;
	malloc_trim(0);
	return err;
}

static void read_all(struct live *live)
{
	struct rec_live *record = &live->record;
	__u64 cpu_ns = now_ns(CLOCK_PROCESS_CPUTIME_ID);
	int err = 0;

	record->h.time_ns = now_ns(CLOCK_BOOTTIME);
	record->nr_pages = record->nr_unplaced_site_pages = record->nr_unplaced_owner_pages = 0;
	stacks_begin(live->stacks, STACKS_OF_LIVE);
	userstacks_begin(live->user_stacks);
	if (record->step_pages)
		err = read_with_tallies(live);
	/* Others have kernel stacks too, so that also where no page is followed. */
	if (!err) {
		record->nr_stacks = stacks_sweep(live->stacks, record->h.time_ns);
		record->nr_user_stacks = userstacks_sweep(live->user_stacks, record->h.time_ns);
	}
	record->cpu_ns = now_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu_ns;
	if (err)
		log_error("cannot read the table of live pages: %s", strerror(-err));
	else
		live->emit(live->ctx, &record->h);
}

void live_refresh(struct live *live, __u64 max_age_ns, __u32 share)
{
	__u64 age_ns = now_ns(CLOCK_BOOTTIME) - live->record.h.time_ns;

	if (live->record.h.time_ns && (age_ns <= max_age_ns || age_ns < live->record.cpu_ns * share))
		return;
	read_all(live);
}

void live_forget(struct live *live)
{
	stacks_forget(live->stacks);
	userstacks_forget(live->user_stacks);
	live->record.h.time_ns = 0;
}
