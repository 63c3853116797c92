/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NUMA: what the balancer decided about tasks, allocations on another node, and the table of flows. Hint
 * faults are counted at the end of functions, which only guests can show.
 */
#include <unistd.h>

#include "../../bpf/abi/numa.h"
#include "book.h"
#include "kernel_memory.h"

#define ANY 77 /* an argument that says nothing here */

static const struct lab_config many_nodes = { .page_node_fixed = 3, .nodes_are_many = true };

static const struct lab_config unknown_nodes = { .page_node_fixed = 3 };

static void set_node_of_cpu(struct lab *lab, __u32 cpu, __u32 node)
{
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(lab->skeleton->maps.cpu_nodes), &cpu, &node,
					     BPF_ANY),
			 0);
}

/* The flow of this process; 0 where there is none. */
static __u64 flow(struct lab *lab, enum numa_flow kind, __u32 from, __u32 to)
{
	int fd = bpf_map__fd(lab->skeleton->maps.numa_flows);
	struct numa_flow_key key, next;
	bool is_first = true;
	__u64 nr;

	for (; !bpf_map_get_next_key(fd, is_first ? NULL : &key, &next); key = next, is_first = false)
		if (next.flow == kind && next.from == from && next.to == to && next.tgid == (__u32)getpid() &&
		    !bpf_map_lookup_elem(fd, &next, &nr))
			return nr;
	return 0;
}

static void test_moves_of_tasks(void **state)
{
	struct lab *lab = *state;

	set_node_of_cpu(lab, 1, 2);
	RUN(lab, task_moved, ANY, 0, 1);
	expect_cell(lab, METRIC_NUMA_TASK_MOVES, TASK_MOVED, 0, 2, 1);
	RUN(lab, task_swapped, ANY, 1, ANY, 0);
	expect_cell(lab, METRIC_NUMA_TASK_MOVES, TASK_SWAPPED, 2, 0, 1);
	expect_ledger(lab, LEDGER_NUMA_TASK_MOVES, 2);
	lab_verify(lab);
	assert_int_equal(flow(lab, FLOW_TASK_MOVES, 0, 2), 1);
	assert_int_equal(flow(lab, FLOW_TASK_MOVES, 2, 0), 1);
}

/* It has not moved; and where no CPU was found, there is none to have moved to. */
static void test_stays_of_tasks(void **state)
{
	struct lab *lab = *state;

	set_node_of_cpu(lab, 1, 2);
	RUN(lab, task_stayed, ANY, 0, ANY, 1);
	expect_cell(lab, METRIC_NUMA_TASK_MOVES, TASK_STAYED, 0, 2, 1);
	RUN(lab, task_stayed, ANY, 1, 0, (__u32)-1);
	expect_cell(lab, METRIC_NUMA_TASK_MOVES, TASK_STAYED, 2, 2, 1);
	lab_verify(lab);
	assert_int_equal(flow(lab, FLOW_TASK_MOVES, 0, 2), 0);
}

static void test_allocation_on_another_node(void **state)
{
	struct lab *lab = *state;

	for (int i = 1; i <= 3; i++) {
		RUN(lab, page_alloc, 4096, 2, 0xcc0, 1);
		expect_cell(lab, METRIC_ALLOCATED, 3, 1, 2, 4);
		expect_ledger(lab, LEDGER_ALLOCATED, 4);
		expect_ledger(lab, LEDGER_ALLOCATED_REMOTE, 4);
		lab_verify(lab);
		assert_int_equal(flow(lab, FLOW_ALLOCATED, lab->node, 3), 4 * i);
	}
}

static void test_full_table_is_told(void **state)
{
	struct lab *lab = *state;

	/* The table may have some more places than it was asked for. */
	for (__u32 node = 1; node < LAB_NODES; node++) {
		set_node_of_cpu(lab, 1, node);
		for (__u32 other = 0; other < LAB_NODES; other++) {
			set_node_of_cpu(lab, 0, other);
			RUN(lab, task_moved, ANY, 0, 1);
		}
	}
	lab_read(lab);
	assert_true(lab->counted.cells[lab->cubes[METRIC_LOST].base + LOSS_NUMA_FLOW] > 0);
}

/* Where the node of a page cannot be told there is no room for flows, and nothing is lost. */
static void test_no_flows_where_nodes_are_not_known(void **state)
{
	struct lab *lab = *state;

	for (__u32 node = 1; node < LAB_NODES; node++) {
		set_node_of_cpu(lab, 1, node);
		for (__u32 other = 0; other < LAB_NODES; other++) {
			set_node_of_cpu(lab, 0, other);
			RUN(lab, task_moved, ANY, 0, 1);
		}
	}
	lab_read(lab);
	assert_int_equal(lab->counted.cells[lab->cubes[METRIC_LOST].base + LOSS_NUMA_FLOW], 0);
	assert_int_equal(flow(lab, FLOW_TASK_MOVES, 0, 1), 0);
}

static const struct CMUnitTest tests[] = {
	LAB_TEST_WITH(test_moves_of_tasks, &many_nodes),
	LAB_TEST_WITH(test_stays_of_tasks, &many_nodes),
	LAB_TEST_WITH(test_allocation_on_another_node, &many_nodes),
	LAB_TEST_WITH(test_full_table_is_told, &many_nodes),
	LAB_TEST_WITH(test_no_flows_where_nodes_are_not_known, &unknown_nodes),
};

LAB_MAIN(tests)
