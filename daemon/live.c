// SPDX-License-Identifier: GPL-2.0-or-later
/* Readings of live pages; see live.h. */
#include "live.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "tally.h"
#include "log.h"
#include "stacks.h"
#include "util.h"

#define BATCH 256u

/* 2 MiB of pages of 4 KiB. */
#define PAGEBLOCK_ORDER 9

struct live {
	int fd;
	live_emit_fn emit;
	void *ctx;
	struct stacks *stacks;
	struct rec_live record; /* of the last reading */
	__u64 keys[BATCH];
	struct live_page pages[BATCH];
};

static bool is_attached(const struct probes *probes, const char *name)
{
	struct rec_probe probe;

	for (__u32 i = 0; i < probes_count(probes); i++) {
		probes_status(probes, i, &probe);
		if (!strcmp(probe.name, name))
			return probe.state == PROBE_ATTACHED;
	}
	return false;
}

/* Whether pages are followed here, and if not, why. */
static void find_out(struct live *live, const struct probes *probes, const struct machine *machine)
{
	struct rec_live *record = &live->record;

	record->h.kind = REC_LIVE;
	record->h.size = sizeof(*record);
	if (!machine->live_step_shift)
		snprintf(record->why_not, sizeof(record->why_not),
			 "struct page is not %u bytes on this kernel", 1u << LIVE_PAGE_SHIFT);
	else if (!is_attached(probes, "page_alloc") || !is_attached(probes, "page_free"))
		snprintf(record->why_not, sizeof(record->why_not),
			 "the probes page_alloc and page_free are not both attached");
	else
		record->step_pages = 1u << machine->live_step_shift;
}

struct live *live_new(const struct probes *probes, const struct machine *machine, struct stacks *stacks,
		      live_emit_fn emit, void *ctx)
{
	struct live *live = calloc(1, sizeof(*live));

	if (!live)
		return NULL;
	live->fd = probes_map_fd(probes, "live");
	live->emit = emit;
	live->ctx = ctx;
	live->stacks = stacks;
	find_out(live, probes, machine);
	return live;
}

void live_free(struct live *live)
{
	free(live);
}

/* --- a reading -------------------------------------------------------------------------------- */

/* Calls meet for every live page. 0 or a negative errno. */
static int for_each_page(struct live *live, struct tally *tally,
			 void (*meet)(struct live *live, struct tally *tally, const struct live_page *page))
{
	struct batch batch = { .fd = live->fd, .keys = live->keys, .values = live->pages, .max = BATCH };

	while (batch_next(&batch))
		for (__u32 i = 0; i < batch.nr; i++)
			meet(live, tally, &live->pages[i]);
	return batch.err;
}

static void meet_first(struct live *live, struct tally *tally, const struct live_page *page)
{
	tally_weigh(tally, page);
	stacks_mark(live->stacks, STACKS_OF_LIVE, page->stack);
}

static void meet_again(struct live *live, struct tally *tally, const struct live_page *page)
{
	tally_add(tally, page, live->record.h.time_ns);
	live->record.nr_pages++;
}

static void emit_holder(void *ctx, struct rec_holder *record)
{
	struct live *live = ctx;

	record->h.time_ns = live->record.h.time_ns;
	stacks_meet(live->stacks, record->stack, live->emit, live->ctx);
	live->emit(live->ctx, &record->h);
}

static int read_pages(struct live *live, struct tally *tally)
{
	int err;

	stacks_begin(live->stacks, STACKS_OF_LIVE);
	err = for_each_page(live, tally, meet_first);
	if (err)
		return err;
	tally_choose(tally);
	err = for_each_page(live, tally, meet_again);
	if (err)
		return err;
	live->record.nr_stacks = stacks_sweep(live->stacks, live->record.h.time_ns);
	tally_emit(tally, emit_holder, live);
	return 0;
}

static void read_all(struct live *live)
{
	struct rec_live *record = &live->record;
	struct tally *tally = record->step_pages ? tally_new(PAGEBLOCK_ORDER) : NULL;
	int err = tally || !record->step_pages ? 0 : -ENOMEM;

	record->h.time_ns = now_ns(CLOCK_BOOTTIME);
	record->nr_pages = 0;
	if (tally)
		err = read_pages(live, tally);
	tally_free(tally);
	/* What was needed for this reading is not needed for a minute. */
	malloc_trim(0);
	record->duration_ns = now_ns(CLOCK_BOOTTIME) - record->h.time_ns;
	if (err)
		log_error("cannot read the table of live pages: %s", strerror(-err));
	else
		live->emit(live->ctx, &record->h);
}

void live_refresh(struct live *live, __u64 max_age_ns, __u32 share)
{
	__u64 age_ns = now_ns(CLOCK_BOOTTIME) - live->record.h.time_ns;

	if (live->record.h.time_ns && (age_ns <= max_age_ns || age_ns < live->record.duration_ns * share))
		return;
	read_all(live);
}

void live_forget(struct live *live)
{
	stacks_forget(live->stacks);
	live->record.h.time_ns = 0;
}
