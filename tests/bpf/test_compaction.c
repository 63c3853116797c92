/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Compaction, with compact_control, zone and node made up by the test: whose run it was, how it ended,
 * where, whether it was a stall of the task, and when /proc/vmstat would call it a compact_stall.
 */
#include "stalls.h"

#define ANY 0 /* zone limits and sync, which say nothing here */

static const struct lab_config record_all = { .stall_record_min_ns = 0 };
static const struct lab_config no_deferred_stalls = { .stall_record_min_ns = UINT64_MAX,
						      .deferred_is_no_stall = true };
static const struct lab_config results_seen = { .stall_record_min_ns = UINT64_MAX,
						.compact_results_are_seen = true };

/* Where in the memory of the test what lies; the pointers between them are such that only the members fit in
 * it. */
enum { CONTROL = 0, ZONE_NODE = 2048, NODE_ID = 3072 };

static struct lab_memory memory;

static void put_pointer(__u32 offset, __u64 pointer)
{
	lab_memory_put(&memory, offset, &pointer, sizeof(pointer));
}

static int make_up_control(void **state UNUSED)
{
	memory = lab_memory_new();
	put_pointer(CONTROL + kernel_offset("compact_control", "zone"),
		    memory.address + ZONE_NODE - kernel_offset("zone", "zone_pgdat"));
	put_pointer(ZONE_NODE, memory.address + NODE_ID - kernel_offset("pglist_data", "node_id"));
	return 0;
}

static int free_control(void **state UNUSED)
{
	lab_memory_free(&memory);
	return 0;
}

/* A compaction for this order, on this node, by whom. Returns what the kernel would pass a pointer to. */
static __u64 compaction(int order, int node, bool is_direct, bool is_proactive)
{
	lab_memory_put(&memory, CONTROL + kernel_offset("compact_control", "order"), &order, sizeof(order));
	lab_memory_put(&memory, NODE_ID, &node, sizeof(node));
	lab_memory_put(&memory, CONTROL + kernel_offset("compact_control", "direct_compaction"), &is_direct,
		       1);
	lab_memory_put(&memory, CONTROL + kernel_offset("compact_control", "proactive_compaction"),
		       &is_proactive, 1);
	return memory.address + CONTROL;
}

static void begin(struct lab *lab, __u64 control)
{
	RUN(lab, compaction_begin, control, ANY, ANY, ANY);
}

static void end(struct lab *lab, __u64 control, __u32 result)
{
	RUN(lab, compaction_end, control, ANY, ANY, ANY, result);
}

/* A stall by compaction of this order that ended in this way, with the times that the ledger has. */
static void expect_compaction_stall(struct lab *lab, __u32 order, __u32 result)
{
	struct stall_times times = times_since(lab, STALL_DIRECT_COMPACTION);

	times.order = order;
	expect_stall(lab, STALL_DIRECT_COMPACTION, times);
	expect_ledger(lab, LEDGER_FAILED_COMPACTIONS,
		      result != kernel_enumerator("compact_result", "COMPACT_SUCCESS"));
}

static void try(struct lab *lab, __u32 order)
{
	RUN(lab, compaction_try, order, GFP_KERNEL, ANY);
}

static void test_direct_compaction_is_a_stall_with_its_result(void **state)
{
	struct lab *lab = *state;

	for (__u32 result = 0; result < LAB_COMPACT_RESULTS; result++) {
		__u32 node = result % LAB_NODES;
		__u64 control = compaction((int)result + 1, (int)node, true, false);
		const struct rec_stall *record;
		struct stall_times times;

		begin(lab, control);
		assert_int_equal(nr_open_stalls(lab), 1);
		end(lab, control, result);
		record = &lab_only_record(lab, REC_STALL, sizeof(*record))->stall;
		times = times_since(lab, STALL_DIRECT_COMPACTION);
		assert_true(times.total_ns > 0);
		assert_int_equal(record->kind, STALL_DIRECT_COMPACTION);
		assert_int_equal(record->order, result + 1);
		assert_int_equal(record->result, result);
		assert_int_equal(record->total_ns, times.total_ns);
		assert_int_equal(record->reclaimed_pages, 0);
		expect_compaction_stall(lab, result + 1, result);
		expect_cell(lab, METRIC_COMPACTIONS, COMPACT_DIRECT, result, node, 1);
		lab_verify(lab);
	}
}

static void test_others_compactions_are_no_stalls(void **state)
{
	struct lab *lab = *state;
	__u64 control = compaction(9, 2, false, true);

	begin(lab, control);
	end(lab, control, 4);
	expect_cell(lab, METRIC_COMPACTIONS, COMPACT_PROACTIVE, 4, 2, 1);
	lab_verify(lab);
	/* Neither direct nor by a kernel thread, which this test is not. */
	control = compaction(-1, 1, false, false);
	begin(lab, control);
	end(lab, control, 8);
	expect_cell(lab, METRIC_COMPACTIONS, COMPACT_OTHER, 8, 1, 1);
	lab_verify(lab);
	assert_int_equal(nr_open_stalls(lab), 0);
	lab_drain(lab);
	assert_int_equal(lab->nr_records, 0);
}

static void test_result_out_of_range_is_still_a_stall(void **state)
{
	struct lab *lab = *state;
	__u64 control = compaction(3, 0, true, false);

	begin(lab, control);
	end(lab, control, LAB_COMPACT_RESULTS);
	expect_lost(lab, LOSS_OUT_OF_RANGE, 1);
	expect_compaction_stall(lab, 3, LAB_COMPACT_RESULTS);
	lab_verify(lab);
	control = compaction(3, LAB_NODES, false, true);
	end(lab, control, 1);
	expect_lost(lab, LOSS_OUT_OF_RANGE, 1);
	lab_verify(lab);
}

static void test_inside_reclaim_its_time_is_taken_off(void **state)
{
	struct lab *lab = *state;
	__u64 control = compaction(4, 0, true, false);
	struct stall_times memcg, reclaim, compact;

	reclaim_begin(lab, STALL_MEMCG_RECLAIM, 0);
	reclaim_begin(lab, STALL_DIRECT_RECLAIM, 4);
	begin(lab, control);
	end(lab, control, 6);
	begin(lab, control);
	end(lab, control, 6);
	reclaim_end(lab, STALL_DIRECT_RECLAIM, 0);
	reclaim_end(lab, STALL_MEMCG_RECLAIM, 0);
	memcg = times_since(lab, STALL_MEMCG_RECLAIM);
	reclaim = times_since(lab, STALL_DIRECT_RECLAIM);
	compact = times_since(lab, STALL_DIRECT_COMPACTION);
	assert_int_equal(lab->counted.ledger.v[LEDGER_DIRECT_COMPACTIONS], 2);
	assert_int_equal(compact.self_ns, compact.total_ns);
	assert_int_equal(reclaim.self_ns + compact.total_ns, reclaim.total_ns);
	assert_int_equal(memcg.self_ns + reclaim.total_ns, memcg.total_ns);
}

static void test_end_of_reclaim_drops_an_open_compaction(void **state)
{
	struct lab *lab = *state;
	struct stall_times times;

	reclaim_begin(lab, STALL_DIRECT_RECLAIM, 4);
	begin(lab, compaction(4, 0, true, false));
	reclaim_end(lab, STALL_DIRECT_RECLAIM, 0);
	expect_lost(lab, LOSS_STALL_END_MISSED, 1);
	times = times_since(lab, STALL_DIRECT_RECLAIM);
	times.order = 4;
	expect_stall(lab, STALL_DIRECT_RECLAIM, times);
	lab_verify(lab);
}

static void test_try_counts_one_compact_stall(void **state)
{
	struct lab *lab = *state;
	__u64 control = compaction(5, 0, true, false);

	/* No zone was worth it. */
	try(lab, 5);
	expect_cell(lab, METRIC_DIRECT_COMPACTIONS, 5, 0, 0, 1);
	lab_verify(lab);
	/* Three zones were, two deferred and one compacted: still one stall. */
	try(lab, 7);
	RUN(lab, compaction_deferred, ANY, 7);
	expect_cell(lab, METRIC_DIRECT_COMPACTIONS, 7, 0, 0, 1);
	expect_cell(lab, METRIC_COMPACT_STALLS, 0, 0, 0, 1);
	lab_verify(lab);
	begin(lab, control);
	end(lab, control, 8);
	RUN(lab, compaction_deferred, ANY, 7);
	expect_cell(lab, METRIC_COMPACTIONS, COMPACT_DIRECT, 8, 0, 1);
	expect_compaction_stall(lab, 5, 8);
	lab_verify(lab);
	/* The next try counts again, here by a zone that is compacted. */
	try(lab, 7);
	begin(lab, control);
	expect_cell(lab, METRIC_DIRECT_COMPACTIONS, 7, 0, 0, 1);
	expect_cell(lab, METRIC_COMPACT_STALLS, 0, 0, 0, 1);
	lab_verify(lab);
}

static void test_compact_stall_wants_a_try_and_a_direct_compaction(void **state)
{
	struct lab *lab = *state;

	RUN(lab, compaction_deferred, ANY, 3);
	begin(lab, compaction(3, 0, false, true));
	lab_verify(lab);
	try(lab, 3);
	expect_cell(lab, METRIC_DIRECT_COMPACTIONS, 3, 0, 0, 1);
	begin(lab, compaction(3, 0, false, true));
	begin(lab, compaction(3, 0, false, false));
	lab_verify(lab);
	try(lab, LAB_ORDERS);
	expect_lost(lab, LOSS_OUT_OF_RANGE, 1);
	lab_verify(lab);
}

static void test_deferred_is_no_stall_where_the_kernel_says_so(void **state)
{
	struct lab *lab = *state;

	try(lab, 7);
	expect_cell(lab, METRIC_DIRECT_COMPACTIONS, 7, 0, 0, 1);
	RUN(lab, compaction_deferred, ANY, 7);
	lab_verify(lab);
	begin(lab, compaction(7, 0, true, false));
	expect_cell(lab, METRIC_COMPACT_STALLS, 0, 0, 0, 1);
	lab_verify(lab);
}

static void test_zones_make_no_stall_where_results_are_seen(void **state)
{
	struct lab *lab = *state;

	try(lab, 7);
	expect_cell(lab, METRIC_DIRECT_COMPACTIONS, 7, 0, 0, 1);
	RUN(lab, compaction_deferred, ANY, 7);
	begin(lab, compaction(7, 0, true, false));
	lab_verify(lab);
}

static const struct CMUnitTest tests[] = {
	LAB_TEST_WITH(test_direct_compaction_is_a_stall_with_its_result, &record_all),
	LAB_TEST_WITH(test_others_compactions_are_no_stalls, &record_all),
	LAB_TEST(test_result_out_of_range_is_still_a_stall),
	LAB_TEST(test_inside_reclaim_its_time_is_taken_off),
	LAB_TEST(test_end_of_reclaim_drops_an_open_compaction),
	LAB_TEST(test_try_counts_one_compact_stall),
	LAB_TEST(test_compact_stall_wants_a_try_and_a_direct_compaction),
	LAB_TEST_WITH(test_deferred_is_no_stall_where_the_kernel_says_so, &no_deferred_stalls),
	LAB_TEST_WITH(test_zones_make_no_stall_where_results_are_seen, &results_seen),
};

LAB_MAIN_WITH(tests, make_up_control, free_control)
