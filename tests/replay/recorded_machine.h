/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine that never was: what it is, what it may do, and its tasks. Included once. */
#ifndef MEMOIR_TEST_RECORDED_MACHINE_H
#define MEMOIR_TEST_RECORDED_MACHINE_H

#include "recording.h"

#define NR_SNAPSHOTS 8
#define INTERVAL_NS (5 * NSEC_PER_SEC)

#define CGROUP_WEB 100
#define CGROUP_CONTAINER 101
#define CGROUP_HOSTILE 102
#define CGROUP_UNKNOWN 103

/* --- the machine ------------------------------------------------------------------------------ */

static void put_machine(void)
{
	struct rec_machine rec = {
		.h = HEADER(REC_MACHINE, struct rec_machine, 0),
		.layout = model_layout(),
		.wall_offset_ns = 1700000000 * NSEC_PER_SEC,
		.installed_ns = 1700000900 * NSEC_PER_SEC,
		.page_size = 4096,
		.nr_cpus = 8,
		.nr_nodes = 2,
		.nr_migratetypes = 3,
		.nr_orders = 11,
		.nr_compact_results = 4,
		.nr_migrate_reasons = 3,
		.nr_scan_results = 3,
		.nr_thp_events = 3,
		.nr_swap_directions = 2,
		.nr_compaction_works = 2,
		.nr_compaction_events = 0,
		.nr_zones = 3,
		.nr_matrix_nodes = 2,
		.vmstat_known = ((1u << NR_VMSTAT_ITEMS) - 1) & ~(1u << VMSTAT_COMPACT_STALL),
		.kernel = "6.18.0-example",
		.version = "0.0.0-example",
	};

	for (__u32 item = 0; item < NR_VMSTAT_ITEMS; item++)
		rec.vmstat_base[item] = 1000000 * (item + 1);
	put(&rec);
}

static void put_label(__u32 dim, __u32 index, const char *text)
{
	struct rec_label rec = { .h = HEADER(REC_LABEL, struct rec_label, 0), .dim = dim, .index = index };

	copy_text(rec.text, text, sizeof(rec.text));
	put(&rec);
}

static void put_all_labels(__u32 dim, const char *const *text, __u32 nr)
{
	for (__u32 i = 0; i < nr; i++)
		put_label(dim, i, text[i]);
}

static void put_node_label(__u32 node, const char *text)
{
	static const enum dim dims[] = { DIM_NODE, DIM_CPU_NODE, DIM_MEMORY_NODE, DIM_FROM_NODE,
					 DIM_TO_NODE };

	for (size_t i = 0; i < ARRAY_SIZE(dims); i++)
		put_label(dims[i], node, text);
}

static void put_labels(void)
{
	static const char *const migratetypes[] = { "unmovable", "movable", "reclaimable" };
	static const char *const zones[] = { "DMA32", "Normal", "Movable" };
	static const char *const results[] = { "not_suitable_zone", "skipped", "deferred", "success" };
	static const char *const reasons[] = { "compaction", "syscall", "numa_misplaced" };
	static const char *const scans[] = { "fail", "succeed", "pmd_null" };
	static const char *const thp_events[] = { "fault_alloc", "fault_fallback", "split_page" };
	static const char *const directions[] = { "in", "out" };
	static const char *const works[] = { "migrate_scanned", "isolated" };
	char number[16];

	for (__u32 i = 0; i < ARRAY_SIZE(migratetypes); i++) {
		put_label(DIM_MIGRATETYPE, i, migratetypes[i]);
		put_label(DIM_FALLBACK_MIGRATETYPE, i, migratetypes[i]);
	}
	put_all_labels(DIM_MIGRATE_REASON, reasons, ARRAY_SIZE(reasons));
	put_all_labels(DIM_SCAN_RESULT, scans, ARRAY_SIZE(scans));
	put_all_labels(DIM_THP_EVENT, thp_events, ARRAY_SIZE(thp_events));
	put_all_labels(DIM_SWAP_DIRECTION, directions, ARRAY_SIZE(directions));
	put_all_labels(DIM_COMPACTION_WORK, works, ARRAY_SIZE(works));
	for (__u32 i = 0; i < ARRAY_SIZE(results); i++)
		put_label(DIM_COMPACT_RESULT, i, results[i]);
	for (__u32 i = 0; i < ARRAY_SIZE(zones); i++)
		put_label(DIM_ZONE, i, zones[i]);
	for (__u32 i = 0; i < 11; i++) {
		snprintf(number, sizeof(number), "%u", i);
		put_label(DIM_ORDER, i, number);
		if (i < 2)
			put_node_label(i, number);
	}
}

static void put_probe(__u32 index, __u32 state, const char *name, const char *target, const char *reason,
		      __u64 nr_runs)
{
	struct rec_probe rec = { .h = HEADER(REC_PROBE, struct rec_probe, 0),
				 .index = index,
				 .state = state,
				 .run_count = nr_runs,
				 .run_time_ns = nr_runs * 40,
				 .recursion_misses = nr_runs / 1000 };

	copy_text(rec.name, name, sizeof(rec.name));
	copy_text(rec.target, target, sizeof(rec.target));
	copy_text(rec.reason, reason, sizeof(rec.reason));
	put(&rec);
}

static void put_setting(__u32 setting, const char *text)
{
	struct rec_setting rec = { .h = HEADER(REC_SETTING, struct rec_setting, 0), .setting = setting };

	copy_text(rec.text, text, sizeof(rec.text));
	put(&rec);
}

/* This kernel has no vm.defrag_mode. */
static void put_settings(void)
{
	for (__u32 setting = 0; setting < NR_SETTINGS; setting++)
		put_setting(setting, setting == SETTING_DEFRAG_MODE ? "" : "0");
	put_setting(SETTING_COMPACTION_PROACTIVENESS, "20");
	put_setting(SETTING_THP_ENABLED, "madvise");
	put_setting(SETTING_NUMA_BALANCING, "1");
}

static void put_cgroup(__u64 id, const char *unit)
{
	struct rec_cgroup rec = { .h = HEADER(REC_CGROUP, struct rec_cgroup, 0), .cgroup_id = id };

	copy_text(rec.unit, unit, sizeof(rec.unit));
	put(&rec);
}

static void put_preamble(void)
{
	put_machine();
	put_labels();
	put_probe(0, PROBE_ATTACHED, "page_alloc", "raw_tp/mm_page_alloc", "", 5000);
	put_probe(1, PROBE_ATTACHED, "page_free", "raw_tp/mm_page_free", "", 0);
	put_probe(4, PROBE_ATTACHED, "page_fault_user", "raw_tp/page_fault_user", "", 0);
	put_probe(2, PROBE_ABSENT, "node_reclaim", "tp_btf/mm_vmscan_node_reclaim_begin",
		  "this kernel has no such tracepoint", 0);
	put_probe(3, PROBE_REJECTED, "oom", "tp_btf/mark_victim",
		  "verifier: \"R1\" invalid\nmem access \\ 'scalar'", 0);
	put_settings();
	put_cgroup(CGROUP_WEB, "web.service");
	put_cgroup(CGROUP_CONTAINER, "docker:0123456789ab");
	put_cgroup(CGROUP_HOSTILE, "evil\"\n} 1\xff.service");
}

/* --- tasks ------------------------------------------------------------------------------------ */

static const struct sim_task {
	__u32 tgid, pid, flags;
	__u64 cgroup_id;
	const char *comm;
	__u64 work;        /* a snapshot, from the first to the last that it lives through */
	__u32 first, last; /* snapshots; it exits after the last, unless that is the last of all */
} tasks[] = {
	{ 1, 1, TASK_IS_LEADER, CGROUP_UNKNOWN, "init", 1, 1, NR_SNAPSHOTS },
	{ 2, 2, TASK_IS_LEADER | TASK_IS_KTHREAD, 0, "kthreadd", 0, 1, NR_SNAPSHOTS },
	{ 30, 30, TASK_IS_LEADER | TASK_IS_KTHREAD, 0, "kworker/0:1", 3, 1, NR_SNAPSHOTS },
	{ 31, 31, TASK_IS_LEADER | TASK_IS_KTHREAD, 0, "kworker/u8:2", 4, 1, NR_SNAPSHOTS },
	{ 200, 200, TASK_IS_LEADER, CGROUP_WEB, "server", 500, 1, NR_SNAPSHOTS },
	{ 200, 201, 0, CGROUP_WEB, "server", 700, 1, NR_SNAPSHOTS },
	{ 200, 202, 0, CGROUP_WEB, "server", 900, 2, 3 },
	{ 300, 300, TASK_IS_LEADER, CGROUP_CONTAINER, "database", 2000, 1, NR_SNAPSHOTS },
	{ 400, 400, TASK_IS_LEADER, CGROUP_HOSTILE, "\"},{\\\n\x1b[2J\xff\xc3\xa9", 60, 1, NR_SNAPSHOTS },
	{ 500, 500, TASK_IS_LEADER, CGROUP_WEB, "batch", 10000, 1, 2 },
	{ 600, 600, TASK_IS_LEADER, CGROUP_WEB, "late", 40000, 3, NR_SNAPSHOTS },
};

static struct task_identity identity_of(const struct sim_task *task)
{
	struct task_identity id = { .start_ns = task->tgid * NSEC_PER_SEC,
				    .cgroup_id = task->cgroup_id,
				    .tgid = task->tgid,
				    .pid = task->pid,
				    .flags = task->flags };

	copy_text(id.comm, task->comm, sizeof(id.comm));
	return id;
}

#endif
