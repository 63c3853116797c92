/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What outlives the daemon: the exported series and what they need to go on. Two banks are written
 * in turn, and one store says which is whole, so a daemon that is killed while it writes loses its
 * last snapshot at most. Where the memory comes from and how long it lasts is the caller's business.
 */
#include "internal.h"

#include <string.h>

#define DURABLE_MAGIC 0x31306574617473ULL

struct durable_slot {
	struct group_key key;
	struct ledger_counts offset;
	struct ledger_counts total;
	__u64 is_used;
};

struct durable_bank {
	__u64 installed_ns;
	struct ledger_counts fixed[NR_FIXED_GROUPS]; /* exported totals */
	struct ledger_counts accounts[NR_ACCOUNTS];
	struct ledger_counts retired;
	struct ledger_counts total;
	struct durable_slot slots[]; /* max_groups + 1, as in struct groups */
};

struct durable {
	__u64 magic;
	__u64 layout;
	__u64 max_groups;
	__u64 nr_written; /* the last bank is nr_written % 2; 0: there is none */
	unsigned char banks[];
};

static size_t bank_size(__u32 max_groups)
{
	return sizeof(struct durable_bank) + ((size_t)max_groups + 1) * sizeof(struct durable_slot);
}

size_t model_durable_size(__u32 max_groups)
{
	return sizeof(struct durable) + 2 * bank_size(max_groups);
}

/* --- writing ---------------------------------------------------------------------------------- */

static void write_bank(const struct model *model, struct durable_bank *bank)
{
	const struct groups *groups = &model->groups;
	const struct processes *processes = &model->processes;

	bank->installed_ns = model->shape.rec.installed_ns;
	for (__u32 i = 0; i < NR_FIXED_GROUPS; i++)
		bank->fixed[i] = groups->all[i].pub.total;
	memcpy(bank->accounts, groups->accounts, sizeof(bank->accounts));
	bank->retired = groups->retired;
	bank->total = groups->total;
	for (__u32 i = 0; i <= groups->max_slots; i++) {
		const struct group *group = &groups->all[groups->slots[i].group].pub;
		struct durable_slot *slot = &bank->slots[i];

		memset(slot, 0, sizeof(*slot));
		if (!slot_is_used(groups, i))
			continue;
		memcpy(slot->key.comm, group->comm, sizeof(slot->key.comm));
		memcpy(slot->key.unit, group->unit, sizeof(slot->key.unit));
		slot->offset = groups->slots[i].offset;
		slot->total = group->total;
		slot->is_used = true;
	}
	/* The next daemon sees the living threads again, but not those that a process has lost. */
	for (__u32 i = 0; i < processes->nr; i++) {
		const struct process *process = &processes->all[i];

		counters_add(&bank->slots[groups->all[process->group].slot].offset, process_gone(process));
	}
}

void durable_write(const struct model *model, void *memory)
{
	struct durable *durable = memory;
	__u32 max_groups = model->groups.max_slots;
	__u64 nr_written = durable->nr_written;
	bool is_ours = durable->magic == DURABLE_MAGIC && durable->layout == model_layout() &&
		       durable->max_groups == max_groups;

	if (!is_ours) {
		__atomic_store_n(&durable->nr_written, 0, __ATOMIC_SEQ_CST);
		durable->magic = DURABLE_MAGIC;
		durable->layout = model_layout();
		durable->max_groups = max_groups;
		nr_written = 0;
	}
	nr_written++;
	write_bank(model, (void *)(durable->banks + nr_written % 2 * bank_size(max_groups)));
	/* No store to the bank may come after the one that publishes it. */
	__atomic_store_n(&durable->nr_written, nr_written, __ATOMIC_SEQ_CST);
}

/* --- reading ---------------------------------------------------------------------------------- */

static void read_slot(struct groups *groups, __u32 i, const struct durable_slot *slot)
{
	struct group_key key = { 0 };
	__u32 group;

	memcpy(key.comm, slot->key.comm, strnlen(slot->key.comm, sizeof(key.comm) - 1));
	memcpy(key.unit, slot->key.unit, strnlen(slot->key.unit, sizeof(key.unit) - 1));
	if (!slot->is_used || group_key_is_reserved(&key))
		return;
	group = groups_add(groups, &key);
	if (group == GROUP_OTHER || groups->all[group].slot)
		return;
	slot_give(groups, i, group);
	groups->slots[i].offset = slot->offset;
	groups->all[group].pub.total = slot->total;
}

void durable_read(struct groups *groups, const void *memory)
{
	const struct durable *durable = memory;
	const struct durable_bank *bank;

	if (durable->magic != DURABLE_MAGIC || durable->layout != model_layout() ||
	    durable->max_groups != groups->max_slots || !durable->nr_written)
		return;
	bank = (const void *)(durable->banks + durable->nr_written % 2 * bank_size(groups->max_slots));
	for (__u32 i = 0; i < NR_FIXED_GROUPS; i++)
		groups->all[i].pub.total = bank->fixed[i];
	memcpy(groups->accounts, bank->accounts, sizeof(groups->accounts));
	groups->retired = bank->retired;
	groups->total = bank->total;
	groups->slots[0].offset = bank->slots[0].offset;
	for (__u32 i = 1; i <= groups->max_slots; i++)
		read_slot(groups, i, &bank->slots[i]);
	groups->installed_ns = bank->installed_ns;
	groups->is_resumed = true;
}
