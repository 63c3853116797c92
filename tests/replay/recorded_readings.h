/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was found of that machine's live pages and slab allocations. Included once. */
#ifndef MEMOIR_TEST_RECORDED_READINGS_H
#define MEMOIR_TEST_RECORDED_READINGS_H

#include "recorded_machine.h"

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

#endif
