/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records for tests of the model: a small machine, and one function per kind of record that makes
 * it, feeds it and returns what model_apply() said. Each test program includes it once.
 */
#ifndef MEMOIR_TEST_MODEL_STREAM_H
#define MEMOIR_TEST_MODEL_STREAM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../bpf/abi/hist.h"
#include "../../daemon/model/model.h"

#define UNUSED __attribute__((unused))
#define NSEC_PER_SEC 1000000000ULL
#define INSTALLED_NS 1700000000000000000ULL

/* A header for a record of this type. */
#define HEADER(kind_, type, time_ns_)                                        \
	{                                                                    \
		.kind = (kind_), .size = sizeof(type), .time_ns = (time_ns_) \
	}

static inline struct rec_machine stream_machine(void)
{
	return (struct rec_machine){
		.h = HEADER(REC_MACHINE, struct rec_machine, 1),
		.layout = model_layout(),
		.installed_ns = INSTALLED_NS,
		.page_size = 4096,
		.nr_cpus = 2,
		.nr_nodes = 2,
		.nr_migratetypes = 6,
		.nr_orders = 11,
		.nr_compact_results = 9,
		.nr_migrate_reasons = 10,
		.nr_scan_results = 31,
		.nr_thp_events = 27,
		.nr_swap_directions = 2,
		.nr_compaction_works = 5,
		.nr_compaction_events = 4,
		.nr_zones = 5,
		.nr_matrix_nodes = 2,
		.vmstat_known = (1u << NR_VMSTAT_ITEMS) - 1,
		.kernel = "6.18.0",
		.version = "0.1.0",
	};
}

static inline int feed(struct model *model, const void *record)
{
	return model_apply(model, record, ((const struct rec_header *)record)->size);
}

static inline int feed_begin(struct model *model, __u64 sequence, __u64 time_ns)
{
	struct rec_snapshot_begin rec = {
		.h = HEADER(REC_SNAPSHOT_BEGIN, struct rec_snapshot_begin, time_ns),
		.sequence = sequence,
	};

	return feed(model, &rec);
}

static inline int feed_end(struct model *model, __u64 time_ns, bool is_quiet)
{
	struct rec_snapshot_end rec = {
		.h = HEADER(REC_SNAPSHOT_END, struct rec_snapshot_end, time_ns),
		.duration_ns = 5000000,
		.interval_ns = NSEC_PER_SEC,
		.quiet = is_quiet,
	};

	return feed(model, &rec);
}

/* Text that fills its field has no terminator. */
static inline void copy_text(char *to, const char *from, size_t size)
{
	for (size_t i = 0; i < size && from[i]; i++)
		to[i] = from[i];
}

static inline struct task_identity identity(__u32 tgid, __u32 pid, __u64 start_ns, const char *comm,
					    __u64 cgroup_id)
{
	struct task_identity id = {
		.start_ns = start_ns,
		.cgroup_id = cgroup_id,
		.tgid = tgid,
		.pid = pid,
		.flags = tgid == pid ? TASK_IS_LEADER : 0,
	};

	copy_text(id.comm, comm, sizeof(id.comm));
	return id;
}

/* REC_TASK or REC_TASK_EXIT. */
static inline int feed_task(struct model *model, __u32 kind, const struct task_identity *id,
			    const struct ledger_counts *counts)
{
	struct rec_task rec = {
		.h = HEADER(kind, struct rec_task, 0),
		.id = *id,
		.counts = *counts,
	};

	/* It begins as the other, and is shorter. */
	if (kind == REC_TASK_EXIT)
		rec.h.size = sizeof(struct rec_task_exit);
	return feed(model, &rec);
}

/* REC_TASK, of a process whose threads that ended had so many faults. */
static inline int feed_task_of(struct model *model, const struct task_identity *id,
			       const struct ledger_counts *counts, const __u64 ended_faults[NR_FAULT_KINDS])
{
	struct rec_task rec = {
		.h = HEADER(REC_TASK, struct rec_task, 0),
		.id = *id,
		.counts = *counts,
		.ended_faults = { ended_faults[FAULT_MINOR], ended_faults[FAULT_MAJOR] },
	};

	return feed(model, &rec);
}

static inline int feed_account(struct model *model, __u32 account, const struct ledger_counts *counts)
{
	struct rec_account rec = {
		.h = HEADER(REC_ACCOUNT, struct rec_account, 0),
		.account = account,
		.counts = *counts,
	};

	return feed(model, &rec);
}

static inline int feed_cgroup(struct model *model, __u64 cgroup_id, const char *unit)
{
	struct rec_cgroup rec = {
		.h = HEADER(REC_CGROUP, struct rec_cgroup, 0),
		.cgroup_id = cgroup_id,
	};

	copy_text(rec.unit, unit, sizeof(rec.unit));
	return feed(model, &rec);
}

/* A model that has its machine record. */
static inline struct model *model_with(__u32 max_groups, __u32 max_processes, void *durable)
{
	struct model_options options = {
		.max_groups = max_groups,
		.max_processes = max_processes,
		.max_events = 4,
		.durable = durable,
	};
	struct rec_machine machine = stream_machine();
	struct model *model = model_new(&options);

	assert_non_null(model);
	assert_int_equal(feed(model, &machine), 0);
	return model;
}

static inline const struct group *find_group(const struct model *model, const char *comm, const char *unit)
{
	for (__u32 i = 0; i < model_nr_groups(model); i++) {
		const struct group *group = model_group(model, i);

		if (!strcmp(group->comm, comm) && !strcmp(group->unit, unit))
			return group;
	}
	return NULL;
}

/* All exported totals of a row, and what was retired. */
static inline __u64 exported_sum(const struct model *model, __u32 row)
{
	__u64 sum = ledger_rows[row].type == COUNTER ? model_retired(model)->v[row] : 0;

	for (__u32 i = 0; i < model_nr_groups(model); i++) {
		if (model_group(model, i)->is_exported)
			sum += model_group(model, i)->total.v[row];
	}
	return sum;
}

#endif
