/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of groups share: snapshots of single-threaded processes, counted in page faults. */
#ifndef MEMOIR_TEST_MODEL_GROUPS_H
#define MEMOIR_TEST_MODEL_GROUPS_H

#include "model_stream.h"

#define FAULTS LEDGER_MINOR_FAULTS
#define MAX_GROUPS 2

static inline void begin(struct model *model, __u64 sequence)
{
	assert_int_equal(feed_begin(model, sequence, sequence * NSEC_PER_SEC), 0);
}

static inline void end(struct model *model, __u64 sequence)
{
	assert_int_equal(feed_end(model, sequence * NSEC_PER_SEC, false), 0);
}

static inline void task(struct model *model, __u32 kind, __u32 pid, const char *comm, __u64 nr_faults)
{
	struct task_identity id = identity(pid, pid, pid, comm, 0);
	struct ledger_counts counts = { .v = { [FAULTS] = nr_faults, [LEDGER_RSS_ANON] = 8 } };

	assert_int_equal(feed_task(model, kind, &id, &counts), 0);
}

static inline void account(struct model *model, enum account account, __u64 nr_faults)
{
	struct ledger_counts counts = { .v = { [FAULTS] = nr_faults } };

	assert_int_equal(feed_account(model, account, &counts), 0);
}

static inline void expect_group(const struct model *model, const char *comm, const char *unit,
				bool is_exported, __u64 nr_faults)
{
	const struct group *group = find_group(model, comm, unit);

	assert_non_null(group);
	assert_int_equal(group->is_exported, is_exported);
	assert_int_equal(group->total.v[FAULTS], nr_faults);
}

#endif
