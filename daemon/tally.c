// SPDX-License-Identifier: GPL-2.0-or-later
/* Who holds live pages; see tally.h. */
#include "tally.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MAX_WEIGHED 32768u /* slots; owners beyond three quarters of them are in the rest */
#define MAX_ROWS 4096u
#define ROW_SLOTS (2 * MAX_ROWS)
#define MAX_BLAMED 1024u
#define HALF_OWNERS (TALLY_MAX_OWNERS / 2)

/* What an owner weighs; key 0 is a free slot. */
struct weight {
	__u64 key;
	__u32 nr_pages;
	float blocks;
};

/* The rows that a page may be counted in: one of its owner's, or that of the rest of his name. */
struct keys {
	__u64 owner, stack, name;
	__u32 migratetype;
};

/* A page that spoils a block. */
struct blame {
	struct keys keys;
	double blocks, variance;
};

/* Who is behind an owner's key. */
struct owner {
	__u64 start_ns, cgroup_id;
	__u32 tgid, migratetype, owner;
	char comm[MEMOIR_COMM_LEN];
};

/* What a record will be made of. */
struct row {
	__u64 owner_key, stack; /* of the rest: the key of the name */
	struct owner who;
	bool is_rest;
	__u64 age_sum_ms, oldest_ns;
	double blocks, variance;
	__u32 nr_pages, nr_huge;
};

struct tally {
	__u32 huge_order;
	struct weight *weights; /* MAX_WEIGHED; freed once the owners are chosen */
	__u32 nr_weights;
	struct blame blamed[MAX_BLAMED];
	__u32 nr_blamed;
	__u64 chosen[TALLY_MAX_OWNERS]; /* keys */
	__u32 nr_chosen;
	/*
	 * The chosen owners' rows without a stack, one rest for each migratetype; and then rows by stack, and
	 * those of a name.
	 */
	struct row rows[MAX_ROWS];
	__u32 nr_rows, nr_names;
	__u16 row_slots[ROW_SLOTS]; /* by owner and stack: a row's number and one, or 0 */
};

struct tally *tally_new(__u32 huge_order)
{
	struct tally *tally = calloc(1, sizeof(*tally));

	if (!tally)
		return NULL;
	tally->huge_order = huge_order;
	tally->weights = calloc(MAX_WEIGHED, sizeof(*tally->weights));
	if (!tally->weights) {
		tally_free(tally);
		return NULL;
	}
	return tally;
}

void tally_free(struct tally *tally)
{
	if (!tally)
		return;
	free(tally->weights);
	free(tally);
}

static __u64 mix(__u64 seed, __u64 value)
{
	__u64 key = (seed * 0x9e3779b97f4a7c15ULL ^ value) * 0xbf58476d1ce4e5b9ULL;

	return key ^ key >> 32;
}

/* Never 0. Two owners with the same one are as unlikely as two stacks. */
static __u64 owner_key(const struct live_page *page)
{
	return mix(page->start_ns, (__u64)page->tgid << 32 | (__u64)page->owner << 8 | page->migratetype) | 1;
}

/* All owners of a kind, name and cgroup have the same one. */
static __u64 name_key(const struct live_page *page)
{
	__u64 comm[MEMOIR_COMM_LEN / sizeof(__u64)];
	__u64 key = mix(page->cgroup_id, (__u64)page->owner << 8 | page->migratetype);

	memcpy(comm, page->comm, sizeof(comm));
	for (size_t i = 0; i < sizeof(comm) / sizeof(comm[0]); i++)
		key = mix(key, comm[i]);
	return key | 1;
}

static struct keys keys_of(const struct live_page *page)
{
	return (struct keys){ .owner = owner_key(page),
			      .stack = page->stack,
			      .name = name_key(page),
			      .migratetype = page->migratetype };
}

/* --- the first time --------------------------------------------------------------------------- */

static struct weight *weight_of(struct tally *tally, __u64 key)
{
	__u32 slot = (__u32)(key >> 32) % MAX_WEIGHED;

	while (tally->weights[slot].key && tally->weights[slot].key != key)
		slot = (slot + 1) % MAX_WEIGHED;
	if (!tally->weights[slot].key) {
		if (tally->nr_weights >= MAX_WEIGHED / 4 * 3)
			return NULL;
		tally->nr_weights++;
		tally->weights[slot].key = key;
	}
	return &tally->weights[slot];
}

void tally_weigh(struct tally *tally, const struct live_page *page)
{
	struct weight *weight = weight_of(tally, owner_key(page));

	if (weight)
		weight->nr_pages++;
}

void tally_blame(struct tally *tally, const struct live_page *page, double blocks, double variance)
{
	struct weight *weight = weight_of(tally, owner_key(page));

	if (tally->nr_blamed == MAX_BLAMED)
		return;
	if (weight)
		weight->blocks += (float)blocks;
	tally->blamed[tally->nr_blamed++] = (struct blame){ .keys = keys_of(page),
							    .blocks = blocks,
							    .variance = variance };
}

/* --- the choice ------------------------------------------------------------------------------- */

static bool spoils_more(const struct weight *a, const struct weight *b)
{
	return a->blocks > b->blocks;
}

static bool holds_more(const struct weight *a, const struct weight *b)
{
	return a->nr_pages > b->nr_pages;
}

/*
 * Chooses up to max of the heaviest, and gives them up, so that the next choice is among the others. The
 * best so far lie in order, so that nearly every candidate is compared once.
 */
static void choose(struct tally *tally, __u32 max,
		   bool (*is_heavier)(const struct weight *a, const struct weight *b))
{
	const struct weight none = { 0 };
	__u32 best[TALLY_MAX_OWNERS], nr = 0;

	for (__u32 slot = 0; slot < MAX_WEIGHED; slot++) {
		const struct weight *weight = &tally->weights[slot];
		__u32 place = nr;

		if (!is_heavier(weight, &none) ||
		    (nr == max && !is_heavier(weight, &tally->weights[best[nr - 1]])))
			continue;
		if (nr == max)
			place = nr - 1;
		else
			nr++;
		for (; place > 0 && is_heavier(weight, &tally->weights[best[place - 1]]); place--)
			best[place] = best[place - 1];
		best[place] = slot;
	}
	for (__u32 i = 0; i < nr; i++) {
		struct weight *weight = &tally->weights[best[i]];

		tally->chosen[tally->nr_chosen++] = weight->key;
		weight->nr_pages = 0;
		weight->blocks = 0;
	}
}

static __u16 *row_slot(struct tally *tally, __u64 owner, __u64 stack)
{
	__u32 slot = (__u32)((owner ^ stack) * 0x9e3779b97f4a7c15ULL >> 32) % ROW_SLOTS;

	for (; tally->row_slots[slot]; slot = (slot + 1) % ROW_SLOTS) {
		const struct row *row = &tally->rows[tally->row_slots[slot] - 1];

		if (row->owner_key == owner && row->stack == stack)
			break;
	}
	return &tally->row_slots[slot];
}

static struct row *row_new(struct tally *tally, __u16 *slot, __u64 owner, __u64 stack)
{
	struct row *row = &tally->rows[tally->nr_rows++];

	*row = (struct row){ .owner_key = owner, .stack = stack };
	*slot = (__u16)tally->nr_rows;
	return row;
}

static struct row *rest_row(struct tally *tally, __u32 migratetype)
{
	return &tally->rows[tally->nr_chosen + migratetype % TALLY_MAX_MIGRATETYPES];
}

void tally_choose(struct tally *tally)
{
	choose(tally, HALF_OWNERS, spoils_more);
	choose(tally, TALLY_MAX_OWNERS - tally->nr_chosen, holds_more);
	free(tally->weights);
	tally->weights = NULL;
	for (__u32 i = 0; i < tally->nr_chosen; i++)
		row_new(tally, row_slot(tally, tally->chosen[i], 0), tally->chosen[i], 0);
	for (__u32 migratetype = 0; migratetype < TALLY_MAX_MIGRATETYPES; migratetype++)
		tally->rows[tally->nr_rows++] = (struct row){
			.who = { .migratetype = migratetype, .owner = NR_LIVE_OWNERS }, .is_rest = true
		};
}

/* --- the second time -------------------------------------------------------------------------- */

/* The row of all who have this name and are not chosen; without a name those who find no room. */
static struct row *named_row(struct tally *tally, const struct keys *keys, bool may_make)
{
	__u16 *slot = row_slot(tally, keys->name, 0);
	struct row *row;

	if (*slot)
		return &tally->rows[*slot - 1];
	if (!may_make || tally->nr_names == TALLY_MAX_NAMES)
		return rest_row(tally, keys->migratetype);
	tally->nr_names++;
	row = row_new(tally, slot, keys->name, 0);
	row->is_rest = true;
	return row;
}

/* The row that counts for an owner's stack: its own, the owner's one without a stack, or one of the rest. */
static struct row *row_for(struct tally *tally, const struct keys *keys, bool may_make)
{
	__u16 *owners_slot = row_slot(tally, keys->owner, 0);
	__u16 *slot;

	if (!*owners_slot)
		return named_row(tally, keys, may_make);
	slot = row_slot(tally, keys->owner, keys->stack);
	if (*slot)
		return &tally->rows[*slot - 1];
	if (!may_make || tally->nr_rows - tally->nr_names == MAX_ROWS - TALLY_MAX_NAMES)
		return &tally->rows[*owners_slot - 1];
	return row_new(tally, slot, keys->owner, keys->stack);
}

/* Of many owners what they have in common. */
static struct owner owner_of(const struct live_page *page, bool is_rest)
{
	struct owner owner = { .start_ns = is_rest ? 0 : page->start_ns,
			       .cgroup_id = page->cgroup_id,
			       .tgid = is_rest ? 0 : page->tgid,
			       .migratetype = page->migratetype,
			       .owner = page->owner };

	memcpy(owner.comm, page->comm, sizeof(owner.comm));
	return owner;
}

void tally_add(struct tally *tally, const struct live_page *page, __u64 now_ns)
{
	const struct keys keys = keys_of(page);
	struct row *row = row_for(tally, &keys, true);
	__u64 age_ns = now_ns > page->time_ns ? now_ns - page->time_ns : 0;

	/* exec() and prctl() change names: the name at the last look is as good as any before. */
	if (row->who.owner != NR_LIVE_OWNERS)
		row->who = owner_of(page, row->is_rest);
	row->nr_pages++;
	row->nr_huge += page->order >= tally->huge_order;
	row->age_sum_ms += age_ns / 1000000;
	if (age_ns > row->oldest_ns)
		row->oldest_ns = age_ns;
}

/* --- the records ------------------------------------------------------------------------------ */

static void row_merge(struct row *to, const struct row *row)
{
	if (!to->nr_pages)
		to->who = row->who;
	to->nr_pages += row->nr_pages;
	to->nr_huge += row->nr_huge;
	to->age_sum_ms += row->age_sum_ms;
	if (row->oldest_ns > to->oldest_ns)
		to->oldest_ns = row->oldest_ns;
	to->blocks += row->blocks;
	to->variance += row->variance;
}

static void emit_row(const struct row *row, void (*emit)(void *ctx, struct rec_holder *record), void *ctx)
{
	struct rec_holder record = { .h = { REC_HOLDER, sizeof(record), 0 },
				     .start_ns = row->who.start_ns,
				     .cgroup_id = row->who.cgroup_id,
				     .stack = row->stack,
				     .nr_pages = row->nr_pages,
				     .nr_huge = row->nr_huge,
				     .age_sum_ms = row->age_sum_ms,
				     .oldest_ns = row->oldest_ns,
				     .spoiled_e6 = (__u64)(row->blocks * 1e6 + 0.5),
				     .spoiled_error_e6 = (__u64)(row->variance * 1e6 + 0.5),
				     .tgid = row->who.tgid,
				     .migratetype = row->who.migratetype,
				     .owner = row->who.owner,
				     .is_rest = row->is_rest };

	if (!row->nr_pages)
		return;
	memcpy(record.comm, row->who.comm, sizeof(record.comm));
	emit(ctx, &record);
}

/* The rows of an owner next to each other, the heaviest first. */
static int compare_rows(const void *a, const void *b)
{
	const struct row *row_a = a, *row_b = b;

	if (row_a->owner_key != row_b->owner_key)
		return row_a->owner_key < row_b->owner_key ? -1 : 1;
	if (row_a->blocks != row_b->blocks)
		return row_a->blocks > row_b->blocks ? -1 : 1;
	return row_a->nr_pages > row_b->nr_pages ? -1 : row_a->nr_pages < row_b->nr_pages;
}

/* Hands out the heaviest stacks of an owner, which row first is about, and the rest of them as that row. */
static void emit_owner(struct tally *tally, __u32 first, __u32 first_by_stack,
		       void (*emit)(void *ctx, struct rec_holder *record), void *ctx)
{
	struct row *others = &tally->rows[first];
	__u32 nr_stacks = 0;

	for (__u32 i = first_by_stack; i < tally->nr_rows; i++) {
		const struct row *row = &tally->rows[i];

		if (row->owner_key != others->owner_key)
			continue;
		if (nr_stacks++ < TALLY_MAX_STACKS_OF_OWNER)
			emit_row(row, emit, ctx);
		else
			row_merge(others, row);
	}
	emit_row(others, emit, ctx);
}

void tally_emit(struct tally *tally, void (*emit)(void *ctx, struct rec_holder *record), void *ctx)
{
	__u32 first_by_stack = tally->nr_chosen + TALLY_MAX_MIGRATETYPES;

	for (__u32 i = 0; i < tally->nr_blamed; i++) {
		const struct blame *blame = &tally->blamed[i];
		struct row *row = row_for(tally, &blame->keys, false);

		row->blocks += blame->blocks;
		row->variance += blame->variance;
	}
	qsort(&tally->rows[first_by_stack], tally->nr_rows - first_by_stack, sizeof(tally->rows[0]),
	      compare_rows);
	for (__u32 i = 0; i < tally->nr_chosen; i++)
		emit_owner(tally, i, first_by_stack, emit, ctx);
	for (__u32 i = tally->nr_chosen; i < tally->nr_rows; i++)
		if (tally->rows[i].is_rest)
			emit_row(&tally->rows[i], emit, ctx);
}
