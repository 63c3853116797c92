// SPDX-License-Identifier: GPL-2.0-or-later
/* Who holds live pages; see tally.h. */
#include "tally.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "weights.h"

/* Slots; owners and names beyond three quarters of them are in the rest. */
#define OWNER_SLOTS 32768u
#define NAME_SLOTS 8192u
#define MAX_ROWS 4096u
#define ROW_SLOTS (2 * MAX_ROWS)
#define MAX_BLAMED 1024u

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
	bool is_met; /* the second time, one of its owner's pages, or of the rest's */
	__u64 age_sum_ms, oldest_ns;
	double blocks, variance;
	__u32 nr_pages, nr_huge;
};

struct tally {
	__u32 huge_order;
	__u64 seed; /* of the keys, so that nobody can choose a name with the key of another */
	struct weights owners, names;
	struct blame blamed[MAX_BLAMED];
	__u32 nr_blamed;
	__u64 chosen[TALLY_MAX_OWNERS]; /* keys */
	__u32 nr_chosen;
	__u32 nr_names; /* chosen */
	/* Chosen owners without a stack, the rest by migratetype, chosen names, and rows by stack. */
	struct row rows[MAX_ROWS];
	__u32 nr_rows;
	__u16 row_slots[ROW_SLOTS]; /* by owner and stack: a row's number and one, or 0 */
};

struct tally *tally_new(__u32 huge_order, __u64 seed)
{
	struct tally *tally = calloc(1, sizeof(*tally));

	if (!tally)
		return NULL;
	tally->huge_order = huge_order;
	tally->seed = seed;
	if (!weights_make(&tally->owners, OWNER_SLOTS) || !weights_make(&tally->names, NAME_SLOTS)) {
		tally_free(tally);
		return NULL;
	}
	return tally;
}

void tally_free(struct tally *tally)
{
	if (!tally)
		return;
	weights_free(&tally->owners);
	weights_free(&tally->names);
	free(tally);
}

/* --- keys ------------------------------------------------------------------------------------- */

/* The name of an owner without a record of his own: "kworker/3:1" is one of the kworkers. */
static void name_of(const struct live_page *page, char ret[MEMOIR_COMM_LEN])
{
	const char *slash = page->owner == LIVE_KTHREAD ? memchr(page->comm, '/', MEMOIR_COMM_LEN) : NULL;

	memset(ret, 0, MEMOIR_COMM_LEN);
	memcpy(ret, page->comm, slash ? (size_t)(slash - page->comm) : strnlen(page->comm, MEMOIR_COMM_LEN));
}

/* All owners of a kind, name and cgroup have the same one. */
static __u64 name_key(__u64 seed, const struct live_page *page)
{
	__u64 key = weights_mix(weights_mix(seed, page->cgroup_id),
				(__u64)page->owner << 8 | page->migratetype);
	__u64 words[MEMOIR_COMM_LEN / sizeof(__u64)];
	char name[MEMOIR_COMM_LEN];

	name_of(page, name);
	memcpy(words, name, sizeof(words));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		key = weights_mix(key, words[i]);
	return key;
}

/* None is 0. Two owners with the same one are as unlikely as two stacks. */
static struct keys keys_of(const struct tally *tally, const struct live_page *page)
{
	__u64 who = (__u64)page->tgid << 32 | (__u64)page->owner << 8 | page->migratetype;

	return (struct keys){ .owner = weights_mix(weights_mix(tally->seed, page->start_ns), who) | 1,
			      .stack = page->stack,
			      .name = name_key(tally->seed, page) | 1,
			      .migratetype = page->migratetype };
}

/* --- the first time --------------------------------------------------------------------------- */

void tally_weigh(struct tally *tally, const struct live_page *page)
{
	const struct keys keys = keys_of(tally, page);

	weights_add(&tally->owners, keys.owner, 1, 0);
	weights_add(&tally->names, keys.name, 1, 0);
}

void tally_blame(struct tally *tally, const struct live_page *page, double blocks, double variance)
{
	const struct keys keys = keys_of(tally, page);

	if (tally->nr_blamed == MAX_BLAMED)
		return;
	weights_add(&tally->owners, keys.owner, 0, blocks);
	weights_add(&tally->names, keys.name, 0, blocks);
	tally->blamed[tally->nr_blamed++] = (struct blame){ .keys = keys,
							    .blocks = blocks,
							    .variance = variance };
}

__u64 tally_nr_unplaced_pages(const struct tally *tally)
{
	return tally->owners.nr_unplaced_pages > tally->names.nr_unplaced_pages
		       ? tally->owners.nr_unplaced_pages
		       : tally->names.nr_unplaced_pages;
}

/* --- the choice ------------------------------------------------------------------------------- */

static bool spoils_more(const struct weight *a, const struct weight *b)
{
	return a->blocks > b->blocks;
}

/* The half of them by what they spoil. Frees the weights. */
static __u32 choose_all(struct weights *weights, __u32 max, __u64 *ret_keys)
{
	__u32 nr = weights_choose(weights, max / 2, spoils_more, ret_keys);

	nr += weights_choose(weights, max - nr, weight_holds_more, ret_keys + nr);
	weights_free(weights);
	return nr;
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
	__u64 names[TALLY_MAX_NAMES];

	tally->nr_chosen = choose_all(&tally->owners, TALLY_MAX_OWNERS, tally->chosen);
	tally->nr_names = choose_all(&tally->names, TALLY_MAX_NAMES, names);
	for (__u32 i = 0; i < tally->nr_chosen; i++)
		row_new(tally, row_slot(tally, tally->chosen[i], 0), tally->chosen[i], 0);
	for (__u32 migratetype = 0; migratetype < TALLY_MAX_MIGRATETYPES; migratetype++)
		tally->rows[tally->nr_rows++] = (struct row){
			.who = { .migratetype = migratetype, .owner = NR_LIVE_OWNERS }, .is_rest = true
		};
	for (__u32 i = 0; i < tally->nr_names; i++)
		row_new(tally, row_slot(tally, names[i], 0), names[i], 0)->is_rest = true;
}

/* --- the second time -------------------------------------------------------------------------- */

/* The row that counts for an owner's stack: its own, the owner's one without a stack, or one of the rest. */
static struct row *row_for(struct tally *tally, const struct keys *keys, bool is_meeting)
{
	__u16 *owners_slot = row_slot(tally, keys->owner, 0);
	__u16 *slot = row_slot(tally, *owners_slot ? keys->owner : keys->name,
			       *owners_slot ? keys->stack : 0);

	if (*owners_slot && is_meeting)
		tally->rows[*owners_slot - 1].is_met = true;
	if (*slot)
		return &tally->rows[*slot - 1];
	if (!*owners_slot)
		return rest_row(tally, keys->migratetype);
	if (!is_meeting || tally->nr_rows == MAX_ROWS)
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

	if (is_rest)
		name_of(page, owner.comm);
	else
		memcpy(owner.comm, page->comm, sizeof(owner.comm));
	return owner;
}

void tally_add(struct tally *tally, const struct live_page *page, __u64 now_ns)
{
	const struct keys keys = keys_of(tally, page);
	struct row *row = row_for(tally, &keys, true);
	__u64 age_ns = now_ns > page->time_ns ? now_ns - page->time_ns : 0;

	/* exec() and prctl() change names: the name at the last look is as good as any before. */
	if (row->who.owner != NR_LIVE_OWNERS)
		row->who = owner_of(page, row->is_rest);
	row->is_met = true;
	row->nr_pages++;
	row->nr_huge += page->order >= tally->huge_order;
	row->age_sum_ms += age_ns / 1000000;
	if (age_ns > row->oldest_ns)
		row->oldest_ns = age_ns;
}

/* --- the records ------------------------------------------------------------------------------ */

static void row_merge(struct row *to, const struct row *row)
{
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

	if (!row->nr_pages && !record.spoiled_e6)
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
		if (!others->nr_pages)
			others->who = row->who;
		if (nr_stacks++ < TALLY_MAX_STACKS_OF_OWNER)
			emit_row(row, emit, ctx);
		else
			row_merge(others, row);
	}
	emit_row(others, emit, ctx);
}

void tally_emit(struct tally *tally, void (*emit)(void *ctx, struct rec_holder *record), void *ctx)
{
	__u32 first_by_stack = tally->nr_chosen + TALLY_MAX_MIGRATETYPES + tally->nr_names;

	for (__u32 i = 0; i < tally->nr_blamed; i++) {
		const struct blame *blame = &tally->blamed[i];
		struct row *row = row_for(tally, &blame->keys, false);

		/* Whoever has nothing any more since the first time has no name. */
		if (!row->is_met)
			row = rest_row(tally, blame->keys.migratetype);
		row->blocks += blame->blocks;
		row->variance += blame->variance;
	}
	qsort(&tally->rows[first_by_stack], tally->nr_rows - first_by_stack, sizeof(tally->rows[0]),
	      compare_rows);
	for (__u32 i = 0; i < tally->nr_chosen; i++)
		emit_owner(tally, i, first_by_stack, emit, ctx);
	for (__u32 i = tally->nr_chosen; i < first_by_stack; i++)
		emit_row(&tally->rows[i], emit, ctx);
}
