/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process on a machine of three nodes, told to a model: for tests of what is said of its locality. */
#ifndef MEMOIR_TEST_LOCALITY_STORY_H
#define MEMOIR_TEST_LOCALITY_STORY_H

#include "model_stream.h"

#include <linux/mempolicy.h>

#include "../../exporters/locality.h"

#define NR_NODES 3
#define PID 4242
#define START_NS 100
#define NO_NODE 99

/* What is known of a process; it has one thread, unless there is a node for another one. */
struct story {
	__u64 allowed_nodes;
	__u32 cpu_node, other_cpu_node;
	__u32 policy;
	bool is_kthread;
	__u64 local, remote;        /* hint faults of the last interval, */
	__u64 local_before;         /* ... and from before */
	__u64 allocated, elsewhere; /* pages */
	__u64 rss_pages, task_moves;
	__u64 resident[NR_NODES]; /* followed pages */
	enum numa_flow flow;
	__u64 wanted_from
		[NR_NODES]; /* that flow to the next node: pages allocated elsewhere, if of that kind */
	__u64 foreign_before[NR_NODES], foreign[NR_NODES]; /* numastat: as memoir began, and since */
	bool node_2_has_no_memory;
	const char *balancing;
};

static inline struct story local_story(void)
{
	return (struct story){ .allowed_nodes = 7, .other_cpu_node = NO_NODE, .flow = FLOW_ALLOCATED };
}

static inline struct model *new_model(void)
{
	struct model_options options = { .max_groups = 4, .max_processes = 10, .max_events = 1 };
	struct rec_machine machine = stream_machine();
	struct model *model = model_new(&options);

	machine.nr_nodes = NR_NODES;
	machine.nr_matrix_nodes = NR_NODES;
	assert_non_null(model);
	assert_int_equal(feed(model, &machine), 0);
	return model;
}

static inline void tell_setting(struct model *model, const char *balancing)
{
	struct rec_setting rec = { .h = HEADER(REC_SETTING, struct rec_setting, 1),
				   .setting = SETTING_NUMA_BALANCING };

	copy_text(rec.text, balancing, sizeof(rec.text));
	assert_int_equal(feed(model, &rec), 0);
}

static inline void tell_residency(struct model *model, const struct story *story)
{
	const struct rec_live live = { .h = HEADER(REC_LIVE, struct rec_live, 1), .step_pages = 64 };

	for (__u32 node = 0; node < NR_NODES; node++) {
		const struct rec_residency rec = { .h = HEADER(REC_RESIDENCY, struct rec_residency, 1),
						   .start_ns = START_NS,
						   .tgid = PID,
						   .node = node,
						   .nr_pages = story->resident[node] };

		if (rec.nr_pages)
			assert_int_equal(feed(model, &rec), 0);
	}
	assert_int_equal(feed(model, &live), 0);
}

static inline void tell_nodes(struct model *model, const struct story *story, bool is_first)
{
	const struct cube *cube = model_cube(model, METRIC_NUMASTAT);

	for (__u32 node = 0; node < NR_NODES; node++) {
		const struct rec_zone zone = { .h = HEADER(REC_ZONE, struct rec_zone, 1),
					       .node = node,
					       .zone = 2,
					       .present_pages = 100,
					       .managed_pages = 100 };
		const struct rec_cells foreign = {
			.h = { .kind = REC_CELLS, .size = offsetof(struct rec_cells, cells) + 8 },
			.first = cube->base + node * cube->stride[0] + NUMASTAT_FOREIGN * cube->stride[1],
			.nr = 1,
			.cells = { story->foreign_before[node] + (is_first ? 0 : story->foreign[node]) }
		};
		const struct rec_numa_flow flow = { .h = HEADER(REC_NUMA_FLOW, struct rec_numa_flow, 1),
						    .key = { .start_ns = START_NS,
							     .tgid = PID,
							     .flow = (__u16)story->flow,
							     .from = (__u16)node,
							     .to = (__u16)((node + 1) % NR_NODES) },
						    .nr = story->wanted_from[node] };

		if (node != 2 || !story->node_2_has_no_memory)
			assert_int_equal(feed(model, &zone), 0);
		assert_int_equal(feed(model, &foreign), 0);
		if (flow.nr)
			assert_int_equal(feed(model, &flow), 0);
	}
}

static inline void tell_task(struct model *model, const struct story *story, __u32 pid, __u32 cpu_node,
			     const struct ledger_counts *counts)
{
	struct rec_task rec = { .h = HEADER(REC_TASK, struct rec_task, 1),
				.id = identity(PID, pid, START_NS, "worker", 0),
				.place = { story->allowed_nodes, cpu_node, story->policy },
				.counts = *counts };

	if (story->is_kthread)
		rec.id.flags |= TASK_IS_KTHREAD;
	assert_int_equal(feed(model, &rec), 0);
}

static inline struct model *told(const struct story *story)
{
	struct ledger_counts counts = {}, none = {};
	struct model *model = new_model();

	if (story->balancing)
		tell_setting(model, story->balancing);
	tell_residency(model, story);
	counts.v[LEDGER_NUMA_LOCAL_FAULTS] = story->local_before;
	counts.v[LEDGER_ALLOCATED] = story->allocated;
	counts.v[LEDGER_ALLOCATED_REMOTE] = story->elsewhere;
	counts.v[LEDGER_RSS_ANON] = story->rss_pages;
	counts.v[LEDGER_NUMA_TASK_MOVES] = story->task_moves;
	for (__u64 sequence = 1; sequence <= 2; sequence++) {
		assert_int_equal(feed_begin(model, sequence, sequence * NSEC_PER_SEC), 0);
		tell_nodes(model, story, sequence == 1);
		tell_task(model, story, PID, story->cpu_node, &counts);
		if (story->other_cpu_node != NO_NODE)
			tell_task(model, story, PID + 1, story->other_cpu_node, &none);
		assert_int_equal(feed_end(model, sequence * NSEC_PER_SEC, true), 0);
		counts.v[LEDGER_NUMA_LOCAL_FAULTS] += story->local;
		counts.v[LEDGER_NUMA_REMOTE_FAULTS] += story->remote;
	}
	return model;
}

static inline struct story story_of_all(void)
{
	struct story story = local_story();

	story.other_cpu_node = 0;
	story.local_before = 1000;
	story.local = 10;
	story.remote = 30;
	story.resident[0] = 50;
	story.resident[1] = 50;
	story.allocated = 1000;
	story.elsewhere = 900;
	return story;
}

/* On node 2, with memory of nodes 0 and 1. */
static inline struct story cpuset_story(void)
{
	struct story story = local_story();

	story.allowed_nodes = 3;
	story.cpu_node = 2;
	story.resident[0] = 60;
	story.resident[1] = 40;
	return story;
}

static inline struct story full_story(void)
{
	struct story story = local_story();

	story.cpu_node = 1;
	story.resident[0] = 80;
	story.resident[1] = 20;
	story.allocated = 100;
	story.elsewhere = 75;
	story.wanted_from[0] = 1;
	story.wanted_from[1] = 74;
	story.foreign[1] = 74;
	return story;
}

#endif
