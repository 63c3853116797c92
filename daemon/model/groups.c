/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of groups, and what each is exported with at the end of a snapshot. The idea is told in
 * internal.h; who gets a slot is decided in slots.c.
 */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MIN_GROUPS 64u
#define MIN_SCORE 1.0f /* a group without processes is forgotten when it is less active than this */
#define SCORE_DECAY 0.75f

static const struct group_key fixed_keys[NR_FIXED_GROUPS] = {
	[GROUP_OTHER] = { "other", "other" },
	[GROUP_INTERRUPT] = { "[interrupt]", "kernel" },
	[GROUP_UNATTRIBUTED] = { "[unattributed]", "kernel" },
	[GROUP_EXITED] = { "[exited]", "other" },
};

/* --- keys ------------------------------------------------------------------------------------- */

bool group_key_is_reserved(const struct group_key *key)
{
	return !strcmp(key->unit, "other") || (!strcmp(key->unit, "kernel") && key->comm[0] == '[');
}

void group_key_make(struct group_key *ret, const struct model *model, const char *comm, __u64 cgroup_id,
		    bool is_kthread)
{
	const char *unit = is_kthread ? "kernel" : model_cgroup_unit(model, cgroup_id);
	const char *slash;
	size_t length;
	bool is_taken;

	memset(ret, 0, sizeof(*ret));
	/* "kworker/3:1" is one of the kworkers. */
	length = strnlen(comm, sizeof(ret->comm) - 1);
	slash = is_kthread ? memchr(comm, '/', length) : NULL;
	memcpy(ret->comm, comm, slash ? (size_t)(slash - comm) : length);
	memcpy(ret->unit, unit, strnlen(unit, sizeof(ret->unit) - 1));
	/* Whatever a process or a unit calls itself, it must not pass for one of the kernel's or ours. */
	is_taken = is_kthread ? group_key_is_reserved(ret)
			      : !strcmp(ret->unit, "kernel") || !strcmp(ret->unit, "other");
	if (is_taken) {
		memmove(ret->unit + 1, ret->unit, sizeof("kernel"));
		ret->unit[0] = '/';
	}
}

static void group_set_key(struct known_group *group, const struct group_key *key)
{
	memcpy(group->pub.comm, key->comm, sizeof(key->comm));
	memcpy(group->pub.unit, key->unit, sizeof(key->unit));
	group->hash = index_hash(0, key, sizeof(*key));
}

static bool group_has_key(const struct known_group *group, const struct group_key *key)
{
	return !memcmp(group->pub.comm, key->comm, sizeof(key->comm)) &&
	       !memcmp(group->pub.unit, key->unit, sizeof(key->unit));
}

/* --- the table -------------------------------------------------------------------------------- */

void groups_reset(struct groups *groups)
{
	memset(groups->all, 0, NR_FIXED_GROUPS * sizeof(*groups->all));
	memset(groups->slots, 0, (groups->max_slots + 1) * sizeof(*groups->slots));
	index_clear(&groups->index);
	for (__u32 i = 0; i < NR_FIXED_GROUPS; i++) {
		group_set_key(&groups->all[i], &fixed_keys[i]);
		groups->all[i].pub.is_exported = true;
	}
	groups->nr = NR_FIXED_GROUPS;
	groups->nr_visible = 0;
	memset(&groups->retired, 0, sizeof(groups->retired));
	memset(&groups->total, 0, sizeof(groups->total));
	memset(groups->accounts, 0, sizeof(groups->accounts));
	groups->is_resumed = false;
	groups->has_begun = false;
	groups->is_opening = false;
	groups->settle_ns = 0;
}

int groups_init(struct groups *groups, __u32 max_groups)
{
	groups->max_slots = max_groups;
	groups->max = NR_FIXED_GROUPS + max_groups + MAX_KNOWN_GROUPS;
	groups->capacity = MIN_GROUPS;
	groups->all = malloc(groups->capacity * sizeof(*groups->all));
	groups->slots = malloc(((size_t)max_groups + 1) * sizeof(*groups->slots));
	groups->moved = malloc(groups->max * sizeof(*groups->moved));
	if (!groups->all || !groups->slots || !groups->moved)
		return -ENOMEM;
	groups_reset(groups);
	return 0;
}

void groups_free(struct groups *groups)
{
	free(groups->all);
	free(groups->slots);
	free(groups->moved);
	index_free(&groups->index);
}

static bool groups_make_room(struct groups *groups)
{
	__u32 capacity = groups->capacity * 2;
	struct known_group *all;

	if (groups->nr >= groups->max)
		return false;
	if (groups->nr < groups->capacity)
		return true;
	all = realloc(groups->all, capacity * sizeof(*all));
	if (!all)
		return false;
	groups->all = all;
	groups->capacity = capacity;
	return true;
}

__u32 groups_find(const struct groups *groups, const struct group_key *key)
{
	__u32 hash = index_hash(0, key, sizeof(*key));
	__u32 entry, pos;

	index_for_each(&groups->index, hash, entry, pos)
	{
		if (group_has_key(&groups->all[entry], key))
			return entry;
	}
	return GROUP_OTHER;
}

__u32 groups_add(struct groups *groups, const struct group_key *key)
{
	__u32 hash = index_hash(0, key, sizeof(*key));
	__u32 known = groups_find(groups, key);

	if (known != GROUP_OTHER)
		return known;
	if (!groups_make_room(groups) || index_insert(&groups->index, hash, groups->nr))
		return GROUP_OTHER;
	groups->all[groups->nr] = (struct known_group){ 0 };
	group_set_key(&groups->all[groups->nr], key);
	return groups->nr++;
}

__u32 groups_get(struct groups *groups, const struct group_key *key)
{
	__u32 nr = groups->nr;
	__u32 entry = groups_add(groups, key);

	/* The first snapshot compares all that it finds; and an earlier daemon may have had it in "other". */
	if (groups->nr > nr && !groups->is_opening && !groups->is_resumed)
		slot_give_free(groups, entry);
	return entry;
}

float activity_of(const struct ledger_counts *growth)
{
	__u64 events = growth->v[LEDGER_MINOR_FAULTS] + growth->v[LEDGER_MAJOR_FAULTS] +
		       growth->v[LEDGER_ALLOCATED];
	__u64 stall_ns = 0, rss_pages = 0;

	for (__u32 kind = 0; kind < NR_STALL_KINDS; kind++)
		stall_ns += growth->v[LEDGER_STALL_SELF_NS(kind)];
	for_each_gauge(row) rss_pages += growth->v[row];
	return (float)events + (float)stall_ns / 1e6f + (float)rss_pages / 1024;
}

/* --- the end of a snapshot -------------------------------------------------------------------- */

static bool accounts_went_back(const struct groups *groups, const struct snapshot *snapshot)
{
	for (__u32 account = 0; account < NR_ACCOUNTS; account++) {
		for_each_counter(row)
		{
			__u64 now = snapshot->accounts[account].v[row];

			if (counter_max(now, groups->accounts[account].v[row]) != now)
				return true;
		}
	}
	return false;
}

void groups_begin(struct model *model)
{
	struct groups *groups = &model->groups;

	if (groups->is_resumed && accounts_went_back(groups, &model->snapshot))
		groups_reset(groups);
	groups->is_opening = !groups->has_begun;
	for (__u32 i = 0; i < groups->nr; i++) {
		struct known_group *group = &groups->all[i];

		group->nr_members = 0;
		group->pub.nr_processes = 0;
		memset(&group->live, 0, sizeof(group->live));
		memset(group->pub.rate, 0, sizeof(group->pub.rate));
	}
	groups->all[GROUP_OTHER].live = model->snapshot.overflow;
}

static void fold_into_other(struct groups *groups)
{
	struct known_group *other = &groups->all[GROUP_OTHER];

	for (__u32 i = NR_FIXED_GROUPS; i < groups->nr; i++) {
		struct known_group *group = &groups->all[i];

		if (group->slot)
			continue;
		group->pub.total = group->live;
		counters_add(&other->live, &group->live);
		gauges_add(&other->live, &group->live);
		for_each_gauge(row) other->pub.rate[row] += group->pub.rate[row];
		other->pub.nr_processes += group->pub.nr_processes;
	}
}

/* What the kernel has counted, less what is exported so far. */
static void find_unexported(const struct groups *groups, const struct ledger_counts *raw,
			    struct ledger_counts *ret)
{
	*ret = *raw;
	counters_sub(ret, &groups->retired);
	for (__u32 i = 0; i < groups->nr; i++) {
		if (groups->all[i].pub.is_exported)
			counters_sub(ret, &groups->all[i].pub.total);
	}
}

/*
 * A process may have changed its slot unseen: its name while no daemon ran, or the table was full when
 * it had threads that were about to be freed. Then one slot falls back and another would gain what is
 * no growth. In such times no slot gains more than the machine did.
 */
static void limit_growth(struct groups *groups, const struct ledger_counts *raw)
{
	struct ledger_counts room;

	find_unexported(groups, raw, &room);
	for (__u32 i = 0; i <= groups->max_slots; i++) {
		struct slot *slot = &groups->slots[i];
		const struct known_group *group = &groups->all[slot->group];

		if (!slot_is_used(groups, i))
			continue;
		for_each_counter(row)
		{
			__u64 want = group->live.v[row] + slot->offset.v[row] - group->pub.total.v[row];
			__u64 left = counter_max(room.v[row], 0);

			if ((__s64)want <= 0)
				continue;
			if (want > left) {
				slot->offset.v[row] -= want - left;
				want = left;
			}
			room.v[row] = left - want;
		}
	}
}

/* Lets slots that fell back over a restart go on from where they are exported. */
static void settle(struct groups *groups)
{
	for (__u32 i = 0; i <= groups->max_slots; i++) {
		struct slot *slot = &groups->slots[i];
		const struct known_group *group = &groups->all[slot->group];

		if (!slot_is_used(groups, i))
			continue;
		for_each_counter(row) slot->offset.v[row] = group->pub.total.v[row] - group->live.v[row];
	}
	groups->settle_ns = 0;
}

static void publish(struct group *group, const struct ledger_counts *raw, double per_second)
{
	for_each_counter(row)
	{
		__u64 total = counter_max(group->total.v[row], raw->v[row]);

		group->rate[row] = (float)((double)(total - group->total.v[row]) * per_second);
		group->total.v[row] = total;
	}
}

static void publish_slots(struct groups *groups, const struct snapshot *snapshot)
{
	for (__u32 i = 0; i <= groups->max_slots; i++) {
		const struct slot *slot = &groups->slots[i];
		struct known_group *group = &groups->all[slot->group];
		struct ledger_counts raw = group->live;

		if (!slot_is_used(groups, i))
			continue;
		counters_add(&raw, &slot->offset);
		publish(&group->pub, &raw, snapshot->per_second);
		for_each_gauge(row)
		{
			group->pub.total.v[row] = group->live.v[row];
			groups->total.v[row] += group->live.v[row];
		}
	}
}

/*
 * What no owner has been given is "[exited]". A task may be in ACCOUNT_EXITED while its exit record
 * is still in the ring buffer, and once exported nothing can be taken back: so what exited since the
 * last snapshot is left out until the next, when all its records have been read.
 */
static void publish_exited(struct groups *groups, const struct snapshot *snapshot,
			   const struct ledger_counts *raw)
{
	struct group *group = &groups->all[GROUP_EXITED].pub;
	struct ledger_counts rest;

	find_unexported(groups, raw, &rest);
	counters_add(&rest, &group->total);
	counters_sub(&rest, &snapshot->accounts[ACCOUNT_EXITED]);
	counters_add(&rest, &groups->accounts[ACCOUNT_EXITED]);
	publish(group, &rest, snapshot->per_second);
}

static void update_scores(struct groups *groups, double per_second)
{
	float scale = per_second > 0 ? (float)per_second : 1.0f;

	for (__u32 i = 0; i < groups->nr; i++) {
		struct known_group *group = &groups->all[i];

		group->score = SCORE_DECAY * group->score + (1 - SCORE_DECAY) * group->activity * scale;
		group->activity = 0;
	}
}

/* Forgets groups that nothing refers to, and closes the gaps. */
static void drop_unused(struct groups *groups, struct processes *processes)
{
	__u32 nr = NR_FIXED_GROUPS;

	for (__u32 i = NR_FIXED_GROUPS; i < groups->nr; i++) {
		struct known_group *group = &groups->all[i];

		if (group->slot || group->nr_members || group->score >= MIN_SCORE)
			groups->moved[i] = nr++;
		else
			groups->moved[i] = INDEX_NONE;
	}
	if (nr == groups->nr)
		return;
	/* The index has room for all that stay: inserting cannot fail. */
	index_clear(&groups->index);
	for (__u32 i = NR_FIXED_GROUPS; i < groups->nr; i++) {
		__u32 to = groups->moved[i];

		if (to == INDEX_NONE)
			continue;
		groups->all[to] = groups->all[i];
		index_insert(&groups->index, groups->all[to].hash, to);
		if (groups->all[to].slot)
			groups->slots[groups->all[to].slot].group = to;
	}
	groups->nr = nr;
	for (__u32 i = 0; i < processes->nr; i++) {
		if (processes->all[i].group >= NR_FIXED_GROUPS)
			processes->all[i].group = groups->moved[processes->all[i].group];
	}
}

void groups_end(struct model *model)
{
	struct groups *groups = &model->groups;
	const struct snapshot *snapshot = &model->snapshot;
	struct ledger_counts raw = snapshot->tasks;
	bool is_crowded;

	if (snapshot->nr_overflow)
		groups->overflow_until_ns = snapshot->time_ns + LINGER_NS;
	is_crowded = snapshot->time_ns < groups->overflow_until_ns;
	for (__u32 account = 0; account < NR_ACCOUNTS; account++)
		counters_add(&raw, &snapshot->accounts[account]);
	for_each_gauge(row) groups->total.v[row] = 0;
	fold_into_other(groups);
	if (groups->is_resumed)
		groups->settle_ns = snapshot->time_ns + LINGER_NS;
	groups->is_resumed = false;
	groups->has_begun = true;
	groups->is_opening = false;
	publish(&groups->all[GROUP_INTERRUPT].pub, &snapshot->accounts[ACCOUNT_INTERRUPT],
		snapshot->per_second);
	publish(&groups->all[GROUP_UNATTRIBUTED].pub, &snapshot->accounts[ACCOUNT_UNATTRIBUTED],
		snapshot->per_second);
	if (groups->settle_ns || is_crowded)
		limit_growth(groups, &raw);
	publish_slots(groups, snapshot);
	if (groups->settle_ns && snapshot->time_ns >= groups->settle_ns && !is_crowded)
		settle(groups);
	publish_exited(groups, snapshot, &raw);
	counters_raise(&groups->total, &raw);

	update_scores(groups, snapshot->per_second);
	slots_assign(groups);
	drop_unused(groups, &model->processes);
	memcpy(groups->accounts, snapshot->accounts, sizeof(groups->accounts));
	groups->nr_overflow = snapshot->nr_overflow;
	groups->nr_visible = groups->nr;
}

/* --- accessors -------------------------------------------------------------------------------- */

__u32 model_nr_groups(const struct model *model)
{
	return model->groups.nr_visible;
}

const struct group *model_group(const struct model *model, __u32 index)
{
	return index < model->groups.nr_visible ? &model->groups.all[index].pub : NULL;
}

bool group_is_fixed(__u32 index)
{
	return index < NR_FIXED_GROUPS;
}

const struct ledger_counts *model_retired(const struct model *model)
{
	return &model->groups.retired;
}

__u64 model_ledger_total(const struct model *model, enum ledger row)
{
	return model->groups.total.v[row];
}

const struct ledger_counts *model_account(const struct model *model, enum account account)
{
	return &model->groups.accounts[account];
}
