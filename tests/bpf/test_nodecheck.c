/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the node of a page is told right is found out from the kernel itself: the right place of the node
 * in a struct page passes, another does not, and what is refused is shown as of node "unknown". On a machine
 * with one node the kernel keeps the bits of its number as well.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../daemon/machine.h"
#include "../../daemon/nodecheck.h"

/* The machine, as one of two nodes at least; its zone lies just below its node. */
static void read_machine(struct machine *ret)
{
	assert_int_equal(machine_read(ret), 0);
	assert_int_not_equal(ret->page_zone_mask, 0);
	ret->page_node_shift = ret->page_zone_shift + (__u32)__builtin_popcount(ret->page_zone_mask);
	ret->nodes_are_many = true;
	if (ret->record.nr_nodes < 2)
		ret->record.nr_nodes = 2;
	/* Kernels that are built for one node have no such bits. */
	if (ret->page_node_shift >= 64)
		skip();
}

static void test_the_right_place_passes(void **state)
{
	struct machine machine;

	(void)state;
	read_machine(&machine);
	assert_true(nodecheck_passes(&machine));
	machine_free(&machine);
}

/* Where the zone is taken for the node. On x86, zone 0 is the first 16 MiB, which nobody gets by chance. */
static void test_another_place_is_refused(void **state)
{
	struct machine machine;

	(void)state;
	read_machine(&machine);
	machine.page_node_shift = machine.page_zone_shift;
	assert_false(nodecheck_passes(&machine));
	machine_free(&machine);
}

static void test_what_is_refused_is_unknown(void **state)
{
	struct machine machine;
	__u32 nr_nodes;

	(void)state;
	read_machine(&machine);
	nr_nodes = machine.record.nr_nodes;
	machine_refuse_page_nodes(&machine);
	assert_int_equal(machine.page_node_shift, 0);
	assert_int_equal(machine.page_node_fixed, nr_nodes);
	assert_int_equal(machine_find_label(&machine, DIM_NODE, "unknown"), nr_nodes);
	assert_false(machine.nodes_are_many);
	assert_true(machine.record.metrics_unseen & 1ULL << METRIC_NUMA_ALLOCATED);
	machine_free(&machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_right_place_passes),
		cmocka_unit_test(test_another_place_is_refused),
		cmocka_unit_test(test_what_is_refused_is_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
