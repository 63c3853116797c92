/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fallback allocations: which cell, whether the pageblock changed its type, and which of them spoil a
 * movable block, told by the migratetypes of the running kernel.
 */
#include "book.h"
#include "kernel_memory.h"

#include "../../bpf/abi/fallbacks.h"
#include "../../bpf/abi/live.h"

#define PAGE 0x1000 /* any number but 0: with page_node_shift 0 nothing is read there */

static const struct lab_config on_node_2 = { .page_node_fixed = 2 };
static const struct lab_config on_absent_node = { .page_node_fixed = LAB_NODES };
static const struct lab_config node_from_flags = { .page_node_shift = 54 };

static const struct lab_config with_one_place = { .nr_fallbacks = 1 };

static __u32 unmovable, movable, reclaimable;

static int read_migratetypes(void **state UNUSED)
{
	unmovable = kernel_enumerator("migratetype", "MIGRATE_UNMOVABLE");
	movable = kernel_enumerator("migratetype", "MIGRATE_MOVABLE");
	reclaimable = kernel_enumerator("migratetype", "MIGRATE_RECLAIMABLE");
	return 0;
}

/* All pairs of types, all sizes of the piece that is taken: one event each, in exactly one cell. */
static void test_fallback_goes_to_its_cell(void **state)
{
	struct lab *lab = *state;

	for (__u32 wanted = 0; wanted < LAB_MIGRATETYPES; wanted++) {
		for (__u32 taken = 0; taken < LAB_MIGRATETYPES; taken++) {
			for (__u32 order = 0; order < LAB_ORDERS; order++) {
				enum stolen stolen = order >= 9                       ? STOLEN_YES
						     : wanted == movable && order < 4 ? STOLEN_NO
										      : STOLEN_UNKNOWN;

				RUN(lab, fallback_allocation, PAGE, 0, order, wanted, taken);
				expect_cell_4(lab, METRIC_FALLBACK_ALLOCATIONS, 2, wanted, taken, stolen, 1);
				expect_ledger(lab, LEDGER_FALLBACK_ALLOCATIONS, 1);
				expect_ledger(lab, LEDGER_SPOILING_ALLOCATIONS,
					      taken == movable &&
						      (wanted == unmovable || wanted == reclaimable));
			}
		}
	}
	lab_verify(lab);
}

static void test_node_is_read_from_the_page(void **state)
{
	struct lab *lab = *state;
	struct lab_memory memory = lab_memory_new();
	__u64 page = memory.address - kernel_offset("page", "flags");

	for (__u64 node = 0; node < LAB_NODES; node++) {
		__u64 flags = node << 54 | 0x3fffffffffffffULL;

		lab_memory_put(&memory, 0, &flags, sizeof(flags));
		RUN(lab, fallback_allocation, page, 0, 9, movable, reclaimable);
		expect_cell_4(lab, METRIC_FALLBACK_ALLOCATIONS, (__u32)node, movable, reclaimable, STOLEN_YES,
			      1);
		expect_ledger(lab, LEDGER_FALLBACK_ALLOCATIONS, 1);
		lab_verify(lab);
	}
	lab_memory_free(&memory);
}

static void test_type_out_of_range_changes_nothing(void **state)
{
	struct lab *lab = *state;

	RUN(lab, fallback_allocation, PAGE, 0, 0, LAB_MIGRATETYPES, 0);
	RUN(lab, fallback_allocation, PAGE, 0, 0, 0, LAB_MIGRATETYPES);
	RUN(lab, fallback_allocation, PAGE, 0, 0, 0, 0xffffffff);
	expect_lost(lab, LOSS_OUT_OF_RANGE, 3);
	lab_verify(lab);
}

static void test_node_out_of_range_changes_nothing(void **state)
{
	struct lab *lab = *state;

	RUN(lab, fallback_allocation, PAGE, 0, 0, unmovable, movable);
	expect_lost(lab, LOSS_OUT_OF_RANGE, 1);
	lab_verify(lab);
}

static void test_without_a_ledger_the_account_stands_in(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(bpf_map_delete_elem(bpf_map__fd(lab->skeleton->maps.ledgers), &lab->pidfd), 0);
	RUN(lab, fallback_allocation, PAGE, 0, 3, unmovable, movable);
	expect_cell_4(lab, METRIC_FALLBACK_ALLOCATIONS, 2, unmovable, movable, STOLEN_UNKNOWN, 1);
	expect_account(lab, ACCOUNT_UNATTRIBUTED, LEDGER_FALLBACK_ALLOCATIONS, 1);
	expect_account(lab, ACCOUNT_UNATTRIBUTED, LEDGER_SPOILING_ALLOCATIONS, 1);
	expect_lost(lab, LOSS_STORAGE_MISSING, 1);
	lab_verify(lab);
}

/* --- by process and kernel stack -------------------------------------------------------------- */

/* The entries of the table, at most max. */
static __u32 read_table(const struct lab *lab, struct fallback_key *ret_keys,
			struct fallback_count *ret_counts, __u32 max)
{
	int fd = bpf_map__fd(lab->skeleton->maps.fallbacks);
	__u32 nr = 0;

	while (nr < max && bpf_map_get_next_key(fd, nr ? &ret_keys[nr - 1] : NULL, &ret_keys[nr]) == 0) {
		assert_int_equal(bpf_map_lookup_elem(fd, &ret_keys[nr], &ret_counts[nr]), 0);
		nr++;
	}
	return nr;
}

static void test_fallbacks_add_up_by_process_stack_and_types(void **state)
{
	struct lab *lab = *state;
	struct fallback_key keys[4];
	struct fallback_count counts[4];
	struct kernel_stack stack;
	__u32 nr;

	for (__u32 i = 0; i < 6; i++)
		RUN(lab, fallback_allocation, PAGE, 0, i, i < 5 ? unmovable : reclaimable, movable);
	nr = read_table(lab, keys, counts, ARRAY_SIZE(keys));
	assert_int_equal(nr, 2);
	for (__u32 i = 0; i < nr; i++) {
		assert_int_equal(counts[i].count, keys[i].migratetype == unmovable ? 5 : 1);
		assert_int_equal(keys[i].tgid, getpid());
		assert_int_equal(keys[i].fallback_migratetype, movable);
		assert_int_equal(counts[i].id.tgid, getpid());
		assert_int_equal(counts[i].id.start_ns, keys[i].start_ns);
	}
	assert_true(keys[0].stack == keys[1].stack);
	assert_int_equal(bpf_map_lookup_elem(bpf_map__fd(lab->skeleton->maps.stacks), &keys[0].stack, &stack),
			 0);
	assert_in_range(stack.nr, 2, STACK_MAX_FRAMES);
}

static void test_without_a_place_it_is_lost_from_the_table_alone(void **state)
{
	struct lab *lab = *state;

	RUN(lab, fallback_allocation, PAGE, 0, 0, unmovable, movable);
	RUN(lab, fallback_allocation, PAGE, 0, 0, reclaimable, movable);
	expect_cell_4(lab, METRIC_FALLBACK_ALLOCATIONS, 0, unmovable, movable, STOLEN_UNKNOWN, 1);
	expect_cell_4(lab, METRIC_FALLBACK_ALLOCATIONS, 0, reclaimable, movable, STOLEN_UNKNOWN, 1);
	expect_ledger(lab, LEDGER_FALLBACK_ALLOCATIONS, 2);
	expect_ledger(lab, LEDGER_SPOILING_ALLOCATIONS, 2);
	expect_lost(lab, LOSS_FALLBACK, 1);
	lab_verify(lab);
}

/* What has no cell is in no table. */
static void test_what_is_not_counted_is_not_in_the_table(void **state)
{
	struct lab *lab = *state;
	struct fallback_count count;
	struct fallback_key key;

	RUN(lab, fallback_allocation, PAGE, 0, 0, LAB_MIGRATETYPES, 0);
	assert_int_equal(read_table(lab, &key, &count, 1), 0);
}

static const struct CMUnitTest tests[] = {
	LAB_TEST_WITH(test_fallback_goes_to_its_cell, &on_node_2),
	LAB_TEST_WITH(test_node_is_read_from_the_page, &node_from_flags),
	LAB_TEST_WITH(test_type_out_of_range_changes_nothing, &on_node_2),
	LAB_TEST_WITH(test_node_out_of_range_changes_nothing, &on_absent_node),
	LAB_TEST_WITH(test_without_a_ledger_the_account_stands_in, &on_node_2),
	LAB_TEST(test_fallbacks_add_up_by_process_stack_and_types),
	LAB_TEST_WITH(test_without_a_place_it_is_lost_from_the_table_alone, &with_one_place),
	LAB_TEST(test_what_is_not_counted_is_not_in_the_table),
};

LAB_MAIN_WITH(tests, read_migratetypes, NULL)
