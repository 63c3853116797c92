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
#include "recorded_machine.h"
#include "recorded_readings.h"

/* --- tasks ------------------------------------------------------------------------------------ */

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
static __u64 ended_faults[1000][NR_FAULT_KINDS]; /* the same by process */

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
	if (kind == REC_TASK_EXIT) {
		add_counters(&exited, &rec.counts);
		rec.h.size = sizeof(struct rec_task_exit);
		for (int fault = 0; fault < NR_FAULT_KINDS; fault++)
			ended_faults[task->tgid][fault] += rec.counts.v[fault];
	} else {
		rec.place = place_of(task);
		memcpy(rec.ended_faults, ended_faults[task->tgid], sizeof(rec.ended_faults));
	}
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
