/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of stalls share: how each kind begins and ends, a look into the open stalls of this
 * task's ledger, and what a stall of known length must have been counted as.
 */
#ifndef MEMOIR_TESTS_BPF_STALLS_H
#define MEMOIR_TESTS_BPF_STALLS_H

#include "book.h"
#include "kernel_memory.h"

#define GFP_KERNEL 0xcc0
#define MAX_DEPTH 5 /* of the open stalls that a ledger follows */

/* --- begin and end, for a kernel whose order comes first -------------------------------------- */

static inline void reclaim_begin(struct lab *lab, enum stall_kind kind, __u32 order)
{
	if (kind == STALL_DIRECT_RECLAIM)
		RUN(lab, direct_reclaim_begin, order, GFP_KERNEL);
	else if (kind == STALL_MEMCG_RECLAIM)
		RUN(lab, memcg_reclaim_begin, order, GFP_KERNEL);
	else
		RUN(lab, node_reclaim_begin, 1, order, GFP_KERNEL);
}

static inline void reclaim_end(struct lab *lab, enum stall_kind kind, __u64 reclaimed_pages)
{
	if (kind == STALL_DIRECT_RECLAIM)
		RUN(lab, direct_reclaim_end, reclaimed_pages);
	else if (kind == STALL_MEMCG_RECLAIM)
		RUN(lab, memcg_reclaim_end, reclaimed_pages);
	else
		RUN(lab, node_reclaim_end, reclaimed_pages);
}

/* --- the open stalls -------------------------------------------------------------------------- */

struct open_stall {
	enum stall_kind kind;
	__u64 start_ns;
};

static inline __u32 ledger_offset(const struct lab *lab, const char *type_name, const char *member)
{
	return member_offset(bpf_object__btf(lab->skeleton->obj), type_name, member);
}

/* The number of stalls that are open in the ledger of this task. */
static inline __u32 nr_open_stalls(const struct lab *lab)
{
	_cleanup_free_ unsigned char *ledger = calloc(1, bpf_map__value_size(lab->skeleton->maps.ledgers));
	__u32 depth;

	assert_non_null(ledger);
	assert_int_equal(bpf_map_lookup_elem(bpf_map__fd(lab->skeleton->maps.ledgers), &lab->pidfd, ledger),
			 0);
	memcpy(&depth, ledger + ledger_offset(lab, "task_ledger", "depth"), sizeof(depth));
	return depth;
}

/* Makes these the open stalls of this task, outermost first, as if their begins had been seen. */
static inline void set_open_stalls(struct lab *lab, const struct open_stall *open, __u32 nr)
{
	size_t size = bpf_map__value_size(lab->skeleton->maps.ledgers);
	_cleanup_free_ unsigned char *ledger = calloc(1, size);
	__u32 stalls = ledger_offset(lab, "task_ledger", "stalls");
	__u32 frame_size = (__u32)
		btf__resolve_size(bpf_object__btf(lab->skeleton->obj),
				  (__u32)btf__find_by_name_kind(bpf_object__btf(lab->skeleton->obj),
								"stall_frame", BTF_KIND_STRUCT));
	int fd = bpf_map__fd(lab->skeleton->maps.ledgers);

	assert_non_null(ledger);
	assert_int_equal(bpf_map_lookup_elem(fd, &lab->pidfd, ledger), 0);
	memcpy(ledger + ledger_offset(lab, "task_ledger", "depth"), &nr, sizeof(nr));
	for (__u32 i = 0; i < nr; i++) {
		unsigned char *frame = ledger + stalls + i * frame_size;
		__u32 kind = open[i].kind;

		assert_true(stalls + (i + 1) * frame_size <= size);
		memset(frame, 0, frame_size);
		memcpy(frame + ledger_offset(lab, "stall_frame", "kind"), &kind, sizeof(kind));
		memcpy(frame + ledger_offset(lab, "stall_frame", "start_ns"), &open[i].start_ns,
		       sizeof(__u64));
	}
	assert_int_equal(bpf_map_update_elem(fd, &lab->pidfd, ledger, BPF_EXIST), 0);
}

/* --- what is expected ------------------------------------------------------------------------- */

struct stall_times {
	__u64 total_ns, self_ns;
	__u32 order;
	bool is_nested; /* in another stall, so that it is no wait of its own */
};

/* The times that the ledger holds for a kind, less what the book holds: those of the stalls since
 * lab_verify(). */
static inline struct stall_times times_since(struct lab *lab, enum stall_kind kind)
{
	const enum ledger total[] = { LEDGER_DIRECT_RECLAIM_STALL, LEDGER_MEMCG_RECLAIM_STALL,
				      LEDGER_NODE_RECLAIM_STALL, LEDGER_DIRECT_COMPACTION_STALL,
				      LEDGER_NUMA_MIGRATION_STALL };
	const enum ledger self[] = { LEDGER_DIRECT_RECLAIM_STALL_SELF, LEDGER_MEMCG_RECLAIM_STALL_SELF,
				     LEDGER_NODE_RECLAIM_STALL_SELF, LEDGER_DIRECT_COMPACTION_STALL_SELF,
				     LEDGER_NUMA_MIGRATION_STALL_SELF };

	lab_read(lab);
	return (struct stall_times){
		.total_ns = lab->counted.ledger.v[total[kind]] - lab->expected.ledger.v[total[kind]],
		.self_ns = lab->counted.ledger.v[self[kind]] - lab->expected.ledger.v[self[kind]],
	};
}

/* The bucket of a time, by walking the bounds 1.024 us, 2.048 us, ... 17.18 s. */
static inline __u32 bucket_of(__u64 ns)
{
	__u32 bucket = 0;

	for (__u64 bound_ns = 1024; bound_ns <= 1ULL << 34 && ns > bound_ns; bound_ns *= 2)
		bucket++;
	return bucket;
}

/* A wait of this length has been counted in each row whose bound it passes. */
static inline void expect_wait(struct lab *lab, __u64 ns)
{
	const enum ledger rows[] = { LEDGER_STALLS_OVER_1MS, LEDGER_STALLS_OVER_10MS,
				     LEDGER_STALLS_OVER_100MS, LEDGER_STALLS_OVER_1S };
	const __u64 bounds_ns[] = { NSEC_PER_MSEC, 10 * NSEC_PER_MSEC, 100 * NSEC_PER_MSEC, NSEC_PER_SEC };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		expect_ledger(lab, rows[i], ns > bounds_ns[i]);
}

/* One stall of these times has been counted everywhere it belongs. */
static inline void expect_stall(struct lab *lab, enum stall_kind kind, struct stall_times times)
{
	const enum ledger rows[] = { LEDGER_DIRECT_RECLAIMS, LEDGER_MEMCG_RECLAIMS, LEDGER_NODE_RECLAIMS,
				     LEDGER_DIRECT_COMPACTIONS, LEDGER_NUMA_MIGRATIONS };

	expect_ledger(lab, rows[kind], 1);
	expect_ledger(lab, rows[kind] + 1, times.total_ns);
	expect_ledger(lab, rows[kind] + 2, times.self_ns);
	lab->expected.cells[lab_index(lab, METRIC_STALL, kind, lab->node, 0) + bucket_of(times.total_ns)]++;
	lab->expected.cells[lab_index(lab, METRIC_STALL, kind, lab->node, 0) + HIST_SUM] += times.total_ns;
	expect_cell(lab, METRIC_STALL_SELF, kind, lab->node, 0, times.self_ns);
	expect_cell(lab, METRIC_STALLS_BY_ORDER, kind, times.order, 0, 1);
	expect_cell(lab, METRIC_STALL_BY_ORDER, kind, times.order, 0, times.total_ns);
	if (!times.is_nested)
		expect_wait(lab, times.total_ns);
}

#endif
