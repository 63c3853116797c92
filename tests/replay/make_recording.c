/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes a record file of a machine that never was: all kinds of records, eight snapshots, processes that
 * come, go, fork threads and bear hostile names, stalls, an OOM kill. The same file at every run of one
 * version, so that what is answered from it can be compared with what was answered before.
 */
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

#include "../../bpf/abi/hist.h"
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

/* What so much work counts: different in every row, so that no two can be mistaken for each other. */
static struct ledger_counts counts_of(__u64 work)
{
	struct ledger_counts counts;

	for (__u32 row = 0; row < NR_LEDGER; row++)
		counts.v[row] = work * (row + 1) * (ledger_rows[row].unit == NSEC ? 1000 : 1);
	return counts;
}

static void add_counters(struct ledger_counts *to, const struct ledger_counts *counts)
{
	for (__u32 row = 0; row < NR_LEDGER; row++)
		if (ledger_rows[row].type == COUNTER)
			to->v[row] += counts->v[row];
}

static bool is_alive(const struct sim_task *task, __u32 snapshot)
{
	return snapshot >= task->first && snapshot <= task->last;
}

static struct ledger_counts exited;

/* The last thread of the server is on another node; a cpuset, a policy. */
static struct task_place place_of(const struct sim_task *task)
{
	struct task_place place = { .allowed_nodes = 3, .cpu_node = task->pid % 3 == 1 };

	if (task->tgid == 400)
		place.allowed_nodes = 1;
	if (task->tgid == 300)
		place.policy = 3;
	return place;
}

static void put_task(__u32 kind, const struct sim_task *task, __u64 after_ns, __u64 work)
{
	struct rec_task rec = { .h = HEADER(kind, struct rec_task, after_ns),
				.id = identity_of(task),
				.counts = counts_of(work) };

	/* Who is born in the third snapshot finds node 0 full. */
	if (task->first == 3)
		rec.counts.v[LEDGER_ALLOCATED_REMOTE] = rec.counts.v[LEDGER_ALLOCATED] / 4 * 3;
	if (kind == REC_TASK_EXIT)
		add_counters(&exited, &rec.counts);
	else
		rec.place = place_of(task);
	put(&rec);
}

/* Between two snapshots: some tasks exit, and processes that no snapshot sees are born and die. */
static void put_exits(__u32 snapshot, __u64 after_ns)
{
	static const struct sim_task compiler = { 700, 700, TASK_IS_LEADER, CGROUP_CONTAINER, "cc", 0, 0, 0 };

	for (size_t i = 0; i < ARRAY_SIZE(tasks); i++)
		if (tasks[i].last == snapshot && snapshot < NR_SNAPSHOTS)
			put_task(REC_TASK_EXIT, &tasks[i], after_ns,
				 tasks[i].work * (snapshot - tasks[i].first + 2));
	for (__u32 i = 0; i < 10; i++) {
		struct sim_task one = compiler;

		one.tgid = one.pid = 700 + 10 * snapshot + i;
		put_task(REC_TASK_EXIT, &one, after_ns, 5 + i);
	}
}

/* --- snapshots -------------------------------------------------------------------------------- */

/* Cells that grow by one with each snapshot, a different one for every place. */
static void put_cells(__u32 snapshot)
{
	__u32 sizes[NR_DIMS] = {
		[DIM_NODE] = 2,           [DIM_MIGRATETYPE] = 3,     [DIM_ORDER] = 11,
		[DIM_ZONE] = 3,           [DIM_COMPACT_RESULT] = 4,  [DIM_FALLBACK_MIGRATETYPE] = 3,
		[DIM_MIGRATE_REASON] = 3, [DIM_SCAN_RESULT] = 3,     [DIM_THP_EVENT] = 3,
		[DIM_SWAP_DIRECTION] = 2, [DIM_COMPACTION_WORK] = 2, [DIM_CPU_NODE] = 2,
		[DIM_MEMORY_NODE] = 2,    [DIM_FROM_NODE] = 2,       [DIM_TO_NODE] = 2,
	};
	struct cube cubes[NR_METRICS];
	__u32 nr_cells;

#define DIM(id, label, size) sizes[id] = size ? size : sizes[id];
	MEMOIR_DIMS(DIM)
#undef DIM
	nr_cells = cubes_layout(cubes, sizes);
	for (__u32 first = 0; first < nr_cells; first += REC_MAX_CELLS) {
		struct rec_cells rec = { .h = HEADER(REC_CELLS, struct rec_cells, 0), .first = first };

		rec.nr = nr_cells - first < REC_MAX_CELLS ? nr_cells - first : REC_MAX_CELLS;
		rec.h.size = (__u32)(offsetof(struct rec_cells, cells) + rec.nr * sizeof(rec.cells[0]));
		/* Some are left at zero: of large cubes these are not shown. */
		for (__u32 i = 0; i < rec.nr; i++)
			rec.cells[i] = (first + i) % 5 ? (first + i) * snapshot : 0;
		put(&rec);
	}
}

static void put_accounts(__u32 snapshot)
{
	for (__u32 account = 0; account < NR_ACCOUNTS; account++) {
		struct rec_account rec = { .h = HEADER(REC_ACCOUNT, struct rec_account, 0),
					   .account = account,
					   .counts = counts_of(snapshot * (account + 1)) };

		if (account == ACCOUNT_EXITED)
			rec.counts = exited;
		put(&rec);
	}
}

static void put_vmstat(__u32 snapshot)
{
	struct rec_vmstat rec = { .h = HEADER(REC_VMSTAT, struct rec_vmstat, 0) };

	for (__u32 item = 0; item < NR_VMSTAT_ITEMS; item++)
		rec.value[item] = 1000000 * (item + 1) + 1000 * snapshot;
	put(&rec);
}

/* Of somebody who lives, of somebody who is gone, of a kernel thread, of interrupts. */
static void put_fallbacks(__u32 snapshot)
{
	static const struct sim_task gone = { 800, 800, 0, CGROUP_CONTAINER, "gone", 0, 0, 0 };
	const struct sim_task *const whose[] = { &tasks[4], &gone, &tasks[2], NULL };

	for (__u32 i = 0; i < ARRAY_SIZE(whose); i++) {
		struct rec_fallback rec = { .h = HEADER(REC_FALLBACK, struct rec_fallback, 0),
					    .stack = i,
					    .count = 100 * snapshot / (i + 1),
					    .migratetype = i % 3,
					    .fallback_migratetype = (i + 1) % 3 };

		if (whose[i])
			rec.id = identity_of(whose[i]);
		put(&rec);
	}
}

/*
 * Two zones, of three on each of two nodes: one is large and shrinks, the other's free memory is all in small
 * blocks, and its pageblocks are not known.
 */
static void put_zones(__u32 snapshot)
{
	struct rec_zone large = { .h = HEADER(REC_ZONE, struct rec_zone, 0),
				  .node = 0,
				  .zone = 1,
				  .present_pages = 2000000,
				  .managed_pages = 1900000,
				  .min_pages = 1000,
				  .low_pages = 1250,
				  .high_pages = 1500 };
	struct rec_zone small = { .h = HEADER(REC_ZONE, struct rec_zone, 0),
				  .node = 1,
				  .zone = 2,
				  .present_pages = 2048,
				  .managed_pages = 2000,
				  .min_pages = 10,
				  .low_pages = 12,
				  .high_pages = 14,
				  .nr_free = { 100, 20, 3 } };
	struct rec_pageblocks pageblocks = { .h = HEADER(REC_PAGEBLOCKS, struct rec_pageblocks, 100),
					     .node = 0,
					     .zone = 1,
					     .pageblock_order = 9,
					     .nr = { 300, 1600, 54 } };

	for (__u32 order = 0; order < 11; order++)
		large.nr_free[order] = 2000 - 150 * order - snapshot * (order + 1);
	put(&large);
	put(&pageblocks);
	put(&small);
}

/* Of a living process, of one that is gone, and of one with a hostile name. */
static void put_fault_sites(__u32 snapshot)
{
	static const struct sim_task gone = { 800, 800, 0, CGROUP_CONTAINER, "gone", 0, 0, 0 };
	const struct sim_task *const whose[] = { &tasks[4], &gone, &tasks[2] };
	static const char *const names[] = { "libc.so.6", "", "\x1b[2J\n\"" };

	for (__u32 i = 0; i < ARRAY_SIZE(whose); i++) {
		struct rec_fault_mapping mapping = { .h = HEADER(REC_FAULT_MAPPING, struct rec_fault_mapping,
								 0),
						     .id = identity_of(whose[i]),
						     .count = 320 * snapshot / (i + 1),
						     .nr_major = i ? 0 : 10,
						     .total_ns = 1000000 * snapshot / (i + 1),
						     .longest_ns = 50000,
						     .ino = i == 1 ? 0 : 1234,
						     .dev = i == 1 ? 0 : 8 << 20 | 1,
						     .cause = i == 1 ? FAULT_ANONYMOUS : FAULT_FILE,
						     .area = i == 1 ? AREA_HEAP : AREA_FILE };
		struct rec_fault_stack stack = { .h = HEADER(REC_FAULT_STACK, struct rec_fault_stack, 0),
						 .id = identity_of(whose[i]),
						 .count = 512 * snapshot / (i + 1),
						 .address = 0x7f0000001000 + i,
						 .access = i,
						 .nr = i + 1,
						 .ip = { 0x401000, UINT64_MAX, 0 } };

		copy_text(mapping.name, names[i], sizeof(mapping.name));
		put(&mapping);
		put(&stack);
	}
}

static void put_flow(const struct sim_task *task, __u32 flow, __u32 reason, __u32 from, __u64 nr)
{
	struct rec_numa_flow rec = { .h = HEADER(REC_NUMA_FLOW, struct rec_numa_flow, 0),
				     .key = { .start_ns = task->tgid * NSEC_PER_SEC,
					      .tgid = task->tgid,
					      .flow = (__u16)flow,
					      .reason = (__u16)reason,
					      .from = (__u16)from,
					      .to = (__u16)(1 - from) },
				     .nr = nr };

	put(&rec);
}

/* In no order, as a hash table has them; the numbers of each grow. */
static void put_flows(__u32 snapshot)
{
	const struct sim_task *const server = &tasks[4], *const database = &tasks[7],
				     *const late = &tasks[10];

	put_flow(database, FLOW_MIGRATED, 1, 0, 20 * snapshot);
	put_flow(server, FLOW_MIGRATED, 2, 1, 30 * snapshot);
	put_flow(server, FLOW_HINT_FAULTS, 0, 0, 40 * snapshot);
	put_flow(database, FLOW_ALLOCATED, 0, 0, 50 * snapshot);
	put_flow(server, FLOW_MIGRATED, 0, 1, 60 * snapshot);
	put_flow(server, FLOW_TASK_MOVES, 0, 0, snapshot);
	if (is_alive(late, snapshot))
		put_flow(late, FLOW_ALLOCATED, 0, 0, 70 * snapshot);
}

/* With every snapshot, though the daemon reads it less often. */
static void put_kernel_memory(__u32 snapshot)
{
	const struct rec_cgroup_memory container = { .h = HEADER(REC_CGROUP_MEMORY, struct rec_cgroup_memory,
								 0),
						     .cgroup_id = CGROUP_CONTAINER,
						     .usage_bytes = 1000000 * snapshot,
						     .limit_bytes = 20000000,
						     .left_bytes = 20000000 - 1000000 * snapshot,
						     .anon_bytes = 500000 * snapshot,
						     .file_bytes = 300000 * snapshot,
						     .shmem_bytes = 1000,
						     .kernel_bytes = KERNEL_MEMORY_UNKNOWN };
	const struct rec_cgroup_kernel held = { .h = HEADER(REC_CGROUP_KERNEL, struct rec_cgroup_kernel, 0),
						.cgroup_id = CGROUP_CONTAINER,
						.bytes = 5000000 + 2000000 * snapshot };
	struct rec_kernel_memory rec = { .h = HEADER(REC_KERNEL_MEMORY, struct rec_kernel_memory, 0),
					 .total_pages = 4000000,
					 .available_pages = 2000000 - 1000 * snapshot,
					 .swap_free_pages = 500 };

	for (__u32 i = 0; i < NR_KERNEL_MEMORY; i++)
		rec.pages[i] = 1000 * (i + 1) + 40 * i * snapshot;
	rec.pages[KERNEL_PERCPU] = KERNEL_MEMORY_UNKNOWN;
	put(&rec);
	put(&container);
	put(&held);
}

static void put_snapshot(__u32 snapshot, __u64 after_ns)
{
	struct rec_snapshot_begin begin = {
		.h = HEADER(REC_SNAPSHOT_BEGIN, struct rec_snapshot_begin, after_ns), .sequence = snapshot
	};
	struct rec_snapshot_end end = { .h = HEADER(REC_SNAPSHOT_END, struct rec_snapshot_end,
						    after_ns + 2 * NSEC_PER_MSEC),
					.duration_ns = 2 * NSEC_PER_MSEC,
					.interval_ns = INTERVAL_NS,
					.quiet = snapshot == 3 };

	put(&begin);
	put_accounts(snapshot);
	for (size_t i = 0; i < ARRAY_SIZE(tasks); i++)
		if (is_alive(&tasks[i], snapshot))
			put_task(REC_TASK, &tasks[i], after_ns,
				 tasks[i].work * (snapshot - tasks[i].first + 1));
	put_cells(snapshot);
	put_vmstat(snapshot);
	put_fallbacks(snapshot);
	put_fault_sites(snapshot);
	put_flows(snapshot);
	put_zones(snapshot);
	put_kernel_memory(snapshot);
	put(&end);
}

/* --- events ----------------------------------------------------------------------------------- */

static void put_events(__u64 after_ns)
{
	struct rec_oom_kill kill = { .h = HEADER(REC_OOM_KILL, struct rec_oom_kill, after_ns),
				     .id = identity_of(&tasks[7]),
				     .victim_pid = 500,
				     .oom_score_adj = (__u32)-500,
				     .total_vm_kb = 4000,
				     .anon_rss_kb = 3000,
				     .file_rss_kb = 200,
				     .shmem_rss_kb = 10,
				     .pgtables_kb = 64 };
	struct rec_alloc_failure failure = { .h = HEADER(REC_ALLOC_FAILURE, struct rec_alloc_failure,
							 after_ns),
					     .id = identity_of(&tasks[2]),
					     .gfp_flags = 0x40dc0,
					     .order = 9,
					     .migratetype = 1,
					     .in_interrupt = 1 };

	for (__u32 kind = 0; kind < NR_STALL_KINDS; kind++) {
		struct rec_stall stall = { .h = HEADER(REC_STALL, struct rec_stall, after_ns + kind),
					   .id = identity_of(&tasks[4 + kind]),
					   .total_ns = 20000000 * (kind + 1),
					   .self_ns = 15000000,
					   .reclaimed_pages = 32 * kind,
					   .kind = kind,
					   .order = 3 * kind,
					   .node = kind % 2,
					   .result = kind };

		put(&stall);
	}
	copy_text(kill.victim_comm, "batch\x1b[31m\n", sizeof(kill.victim_comm));
	put(&kill);
	put(&failure);
}

/* --- live pages ------------------------------------------------------------------------------- */

#define NR_RECORDED_STACKS 3

static void put_stacks(__u64 after_ns)
{
	static const char *const symbols[] = { "bpf_prog_0123456789abcdef_page_alloc+0x10/0x20",
					       "bpf_trace_run4+0x1/0x2",
					       "__traceiter_mm_page_alloc+0x1/0x2",
					       "alloc_pages_noprof+0x3/0x4",
					       "pipe_write+0x5/0x6",
					       "evil\"\n\xff+0x7/0x8 [module]" };

	/* The last address of each stack has no name. */
	for (__u64 i = 0; i < ARRAY_SIZE(symbols); i++) {
		struct rec_symbol rec = { .h = HEADER(REC_SYMBOL, struct rec_symbol, after_ns),
					  .ip = 0xffffffff81000000 + i };

		copy_text(rec.text, symbols[i], sizeof(rec.text));
		put(&rec);
	}
	for (__u32 stack = 1; stack <= NR_RECORDED_STACKS; stack++) {
		struct rec_stack rec = { .h = HEADER(REC_STACK, struct rec_stack, after_ns),
					 .stack = stack,
					 .nr = 4 + stack };

		for (__u32 i = 0; i < rec.nr; i++)
			rec.ip[i] = 0xffffffff81000000 + i;
		put(&rec);
	}
}

/* Of an address of the first process that faults, and of one that is nobody's; the others have no name. */
static void put_user_symbols(__u64 after_ns)
{
	static const char *const texts[] = { "std::map<int, \"\n\xff>::find+0x1a", "nobody+0x1" };

	for (__u32 i = 0; i < ARRAY_SIZE(texts); i++) {
		struct rec_user_symbol rec = { .h = HEADER(REC_USER_SYMBOL, struct rec_user_symbol, after_ns),
					       .start_ns = identity_of(&tasks[4]).start_ns + i,
					       .tgid = tasks[4].tgid,
					       .line = 12,
					       .ip = 0x401000 };

		copy_text(rec.text, texts[i], sizeof(rec.text));
		copy_text(rec.module, "server", sizeof(rec.module));
		copy_text(rec.file, "src/find.cc", sizeof(rec.file));
		put(&rec);
	}
}

static void put_holder(const struct sim_task *task, __u32 owner, __u32 migratetype, __u64 stack,
		       __u64 nr_pages)
{
	struct rec_holder rec = { .h = HEADER(REC_HOLDER, struct rec_holder, 0),
				  .stack = stack,
				  .nr_pages = nr_pages,
				  .nr_huge = nr_pages / 8,
				  .age_sum_ms = nr_pages * 1500,
				  .oldest_ns = (nr_pages + 1) * NSEC_PER_SEC,
				  .spoiled_e6 = migratetype ? 0 : nr_pages * 250000,
				  .spoiled_error_e6 = migratetype ? 0 : nr_pages * 40000,
				  .migratetype = migratetype,
				  .owner = owner,
				  .is_rest = owner == NR_LIVE_OWNERS };

	if (task) {
		rec.start_ns = task->tgid * NSEC_PER_SEC;
		rec.cgroup_id = task->cgroup_id;
		rec.tgid = task->tgid;
		copy_text(rec.comm, task->comm, sizeof(rec.comm));
	}
	put(&rec);
}

static void put_residency(const struct sim_task *task, __u32 node, __u64 nr_pages)
{
	struct rec_residency rec = { .h = HEADER(REC_RESIDENCY, struct rec_residency, 0),
				     .start_ns = task->tgid * NSEC_PER_SEC,
				     .tgid = task->tgid,
				     .node = node,
				     .nr_pages = nr_pages };

	put(&rec);
}

static void put_user_stack(const struct sim_task *task, __u64 stack)
{
	struct rec_user_stack rec = { .h = HEADER(REC_USER_STACK, struct rec_user_stack, 0),
				      .stack = stack,
				      .start_ns = identity_of(task).start_ns,
				      .tgid = task->tgid,
				      .nr = 2,
				      .ip = { 0x401000, 0x402000 } };

	put(&rec);
}

/* Of no process: memory of the kernel's. */
static void put_live_site(const struct sim_task *task, __u32 migratetype, __u64 stack, __u64 user_stack,
			  __u64 nr_pages)
{
	struct rec_live_site rec = { .h = HEADER(REC_LIVE_SITE, struct rec_live_site, 0),
				     .stack = stack,
				     .user_stack = user_stack,
				     .nr_pages = nr_pages,
				     .age_sum_ms = nr_pages * 70000,
				     .oldest_ns = 100 * NSEC_PER_SEC,
				     .nr_older = { (__u32)nr_pages, (__u32)nr_pages / 2 },
				     .migratetype = migratetype };

	if (task) {
		rec.start_ns = identity_of(task).start_ns;
		rec.cgroup_id = task->cgroup_id;
		rec.tgid = task->tgid;
		copy_text(rec.comm, task->comm, sizeof(rec.comm));
	}
	put(&rec);
}

/* Somebody who lives, somebody who is gone, a kernel thread, interrupts, many small ones, and all others. */
static void put_live(__u64 after_ns)
{
	static const struct sim_task gone = { 800, 800, 0, CGROUP_CONTAINER, "gone", 0, 0, 0 };
	struct rec_live rec = { .h = HEADER(REC_LIVE, struct rec_live, after_ns),
				.cpu_ns = 3 * NSEC_PER_MSEC,
				.nr_pages = 5000,
				.nr_stacks = NR_RECORDED_STACKS,
				.step_pages = 64,
				.knows_blocks = 1 };

	put_stacks(after_ns);
	put_user_symbols(after_ns);
	put_holder(&tasks[8], LIVE_PROCESS, 0, 1, 40);
	put_holder(&tasks[8], LIVE_PROCESS, 0, 3, 30);
	put_holder(&tasks[8], LIVE_PROCESS, 0, 0, 2);
	put_holder(&tasks[8], LIVE_PROCESS, 1, 2, 400);
	put_holder(&gone, LIVE_PROCESS, 2, 4, 16);
	put_holder(&tasks[2], LIVE_KTHREAD, 0, 2, 9);
	put_holder(NULL, LIVE_INTERRUPT, 0, 1, 3);
	for (__u32 i = 0; i < 60; i++) {
		struct sim_task small = gone;

		small.tgid = 900 + i;
		small.comm = "small";
		put_holder(&small, LIVE_PROCESS, 1, 0, 1 + i);
	}
	put_holder(NULL, NR_LIVE_OWNERS, 1, 0, 77);
	put_residency(&tasks[7], 1, 60);
	put_residency(&tasks[4], 0, 100);
	put_residency(&tasks[7], 0, 40);
	put_residency(&tasks[10], 0, 5);
	put_user_stack(&tasks[4], 7);
	put_live_site(&tasks[4], 1, 2, 7, 400);
	put_live_site(&tasks[8], 0, 1, 0, 40);
	put_live_site(NULL, 0, 1, 0, 43);
	for (__u32 node = 0; node < 2; node++) {
		struct rec_census census = { .h = HEADER(REC_CENSUS, struct rec_census, after_ns),
					     .node = node,
					     .nr_blocks = 128 * node,
					     .nr_mixed = 32 * node,
					     .nr_spoiled = 16 * node,
					     .nr_free = 1000 * node,
					     .nr_movable = 60000 * node,
					     .nr_unmovable = 4536 * node,
					     .free_squares = 100000 * node,
					     .movable_squares = 30000000 * node,
					     .unmovable_squares = 400000 * node,
					     .block_pages = 512 };

		put(&census);
	}
	put(&rec);
}

/* --- slab allocations ------------------------------------------------------------------------- */

static void put_slab_site(const struct sim_task *task, __u64 call_site, const char *cache, __u64 nr,
			  __u64 requested, __u64 given)
{
	struct rec_slab_site rec = { .h = HEADER(REC_SLAB_SITE, struct rec_slab_site, 0),
				     .call_site = call_site,
				     .nr_samples = nr,
				     .requested_bytes = nr * requested,
				     .given_bytes = nr * given,
				     .wasted_squares = nr * (given - requested) * (given - requested) };

	if (task) {
		rec.id.start_ns = task->tgid * NSEC_PER_SEC;
		rec.id.cgroup_id = task->cgroup_id;
		rec.id.tgid = task->tgid;
		rec.id.pid = task->pid;
		copy_text(rec.id.comm, task->comm, sizeof(rec.id.comm));
	}
	copy_text(rec.cache, cache, sizeof(rec.cache));
	put(&rec);
}

/*
 * A process with two call sites, interrupts, and caches, one of which is full and one of no use to
 * anybody.
 */
static void put_slab(__u64 after_ns)
{
	static const struct {
		const char *name;
		__u64 nr_objects, object_bytes, held_bytes;
	} caches[] = { { "dentry", 100, 192, 409600 },
		       { "fu\x1b[2Jll", 16, 256, 4096 },
		       { "empty", 0, 64, 8192 } };
	const struct rec_slab rec = { .h = HEADER(REC_SLAB, struct rec_slab, after_ns),
				      .duration_ns = 5 * NSEC_PER_SEC,
				      .nr_lost = 7,
				      .every = 16 };

	put_slab_site(&tasks[8], 0xffffffff81000004, "", 300, 640, 1024);
	put_slab_site(&tasks[8], 0xffffffff81000005, "filp", 20, 184, 192);
	put_slab_site(NULL, 0xffffffff81000099, "skbuff_head_cache", 9, 232, 256);
	for (size_t i = 0; i < ARRAY_SIZE(caches); i++) {
		struct rec_slab_cache cache = { .h = HEADER(REC_SLAB_CACHE, struct rec_slab_cache, after_ns),
						.nr_objects = caches[i].nr_objects,
						.object_bytes = caches[i].object_bytes,
						.held_bytes = caches[i].held_bytes };

		copy_text(cache.name, caches[i].name, sizeof(cache.name));
		put(&cache);
	}
	put(&rec);
}

int main(int argc, char **argv)
{
	__u64 after_ns = 0;
	int err;

	if (argc != 2) {
		fprintf(stderr, "usage: %s FILE\n", argv[0]);
		return 2;
	}
	unlink(argv[1]);
	err = recfile_create(argv[1], &file);
	if (err) {
		fprintf(stderr, "cannot create %s: %s\n", argv[1], strerror(-err));
		return EXIT_FAILURE;
	}
	put_preamble();
	for (__u32 snapshot = 1; snapshot <= NR_SNAPSHOTS; snapshot++) {
		after_ns += INTERVAL_NS;
		put_snapshot(snapshot, after_ns);
		if (snapshot < NR_SNAPSHOTS)
			put_exits(snapshot, after_ns + NSEC_PER_SEC);
		if (snapshot == 2)
			put_events(after_ns + 2 * NSEC_PER_SEC);
		if (snapshot == 4)
			put_live(after_ns + 3 * NSEC_PER_SEC);
		if (snapshot == 4)
			put_slab(after_ns + 3 * NSEC_PER_SEC);
	}
	return recfile_close(file) ? EXIT_FAILURE : EXIT_SUCCESS;
}
