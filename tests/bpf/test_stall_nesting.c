/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stalls inside stalls: inclusive and exclusive times, and what becomes of begins and ends that do not
 * match, because the kernel skipped a program or the stalls were older than the programs.
 */
#include "stalls.h"

static const struct lab_config record_all = { .stall_record_min_ns = 0 };

/* A task inside memcg reclaim inside direct reclaim inside node reclaim, one stall of each. */
static void test_self_of_outer_and_total_of_inner_are_total_of_outer(void **state)
{
	struct lab *lab = *state;
	struct stall_times outer, middle, inner;

	reclaim_begin(lab, STALL_NODE_RECLAIM, 0);
	reclaim_begin(lab, STALL_DIRECT_RECLAIM, 0);
	reclaim_begin(lab, STALL_MEMCG_RECLAIM, 0);
	assert_int_equal(nr_open_stalls(lab), 3);
	reclaim_end(lab, STALL_MEMCG_RECLAIM, 0);
	reclaim_end(lab, STALL_DIRECT_RECLAIM, 0);
	reclaim_end(lab, STALL_NODE_RECLAIM, 0);
	assert_int_equal(nr_open_stalls(lab), 0);

	outer = times_since(lab, STALL_NODE_RECLAIM);
	middle = times_since(lab, STALL_DIRECT_RECLAIM);
	inner = times_since(lab, STALL_MEMCG_RECLAIM);
	assert_true(inner.total_ns > 0);
	assert_int_equal(inner.self_ns, inner.total_ns);
	assert_int_equal(middle.self_ns + inner.total_ns, middle.total_ns);
	assert_int_equal(outer.self_ns + middle.total_ns, outer.total_ns);
	middle.is_nested = inner.is_nested = true;
	expect_stall(lab, STALL_NODE_RECLAIM, outer);
	expect_stall(lab, STALL_DIRECT_RECLAIM, middle);
	expect_stall(lab, STALL_MEMCG_RECLAIM, inner);
	lab_verify(lab);
}

static void test_several_inner_stalls_are_all_taken_off(void **state)
{
	struct lab *lab = *state;
	struct stall_times outer, inner;
	__u64 inner_ns = 0;

	reclaim_begin(lab, STALL_MEMCG_RECLAIM, 0);
	for (int i = 0; i < 20; i++) {
		reclaim_begin(lab, STALL_DIRECT_RECLAIM, 0);
		reclaim_end(lab, STALL_DIRECT_RECLAIM, 0);
		inner = times_since(lab, STALL_DIRECT_RECLAIM);
		inner.is_nested = true;
		expect_stall(lab, STALL_DIRECT_RECLAIM, inner);
		inner_ns += inner.total_ns;
	}
	lab_verify(lab);
	reclaim_end(lab, STALL_MEMCG_RECLAIM, 0);
	outer = times_since(lab, STALL_MEMCG_RECLAIM);
	assert_int_equal(outer.self_ns + inner_ns, outer.total_ns);
	expect_stall(lab, STALL_MEMCG_RECLAIM, outer);
	lab_verify(lab);

	/* Nothing of it is left for the next one. */
	reclaim_begin(lab, STALL_MEMCG_RECLAIM, 0);
	reclaim_end(lab, STALL_MEMCG_RECLAIM, 0);
	outer = times_since(lab, STALL_MEMCG_RECLAIM);
	assert_int_equal(outer.self_ns, outer.total_ns);
	expect_stall(lab, STALL_MEMCG_RECLAIM, outer);
	lab_verify(lab);
}

static void test_records_carry_both_times(void **state)
{
	struct lab *lab = *state;
	const struct rec_stall *inner, *outer;

	reclaim_begin(lab, STALL_MEMCG_RECLAIM, 1);
	reclaim_begin(lab, STALL_DIRECT_RECLAIM, 2);
	reclaim_end(lab, STALL_DIRECT_RECLAIM, 3);
	reclaim_end(lab, STALL_MEMCG_RECLAIM, 4);
	lab_drain(lab);
	assert_int_equal(lab->nr_records, 2);
	inner = &lab->records[0].stall;
	outer = &lab->records[1].stall;
	assert_int_equal(inner->kind, STALL_DIRECT_RECLAIM);
	assert_int_equal(inner->order, 2);
	assert_int_equal(inner->reclaimed_pages, 3);
	assert_int_equal(outer->kind, STALL_MEMCG_RECLAIM);
	assert_int_equal(outer->order, 1);
	assert_int_equal(outer->reclaimed_pages, 4);
	assert_int_equal(inner->self_ns, inner->total_ns);
	assert_int_equal(outer->self_ns + inner->total_ns, outer->total_ns);
	assert_true(inner->h.time_ns <= outer->h.time_ns);
}

static void test_end_without_begin_is_counted_and_not_guessed(void **state)
{
	struct lab *lab = *state;

	for (int kind = 0; kind <= STALL_NODE_RECLAIM; kind++)
		reclaim_end(lab, (enum stall_kind)kind, 1000);
	expect_lost(lab, LOSS_STALL_BEGIN_MISSED, 3);
	lab_verify(lab);
	lab_drain(lab);
	assert_int_equal(lab->nr_records, 0);
}

/* ... and leaves the stall alone that is open around it. */
static void test_end_of_another_kind_leaves_the_open_stall(void **state)
{
	struct lab *lab = *state;
	struct stall_times times;

	reclaim_begin(lab, STALL_MEMCG_RECLAIM, 0);
	reclaim_end(lab, STALL_DIRECT_RECLAIM, 1000);
	expect_lost(lab, LOSS_STALL_BEGIN_MISSED, 1);
	lab_verify(lab);
	reclaim_end(lab, STALL_MEMCG_RECLAIM, 0);
	times = times_since(lab, STALL_MEMCG_RECLAIM);
	assert_int_equal(times.self_ns, times.total_ns);
	expect_stall(lab, STALL_MEMCG_RECLAIM, times);
	lab_verify(lab);
}

static void test_end_of_outer_drops_what_is_still_open_inside(void **state)
{
	struct lab *lab = *state;
	struct stall_times times;

	reclaim_begin(lab, STALL_MEMCG_RECLAIM, 0);
	reclaim_begin(lab, STALL_DIRECT_RECLAIM, 0);
	reclaim_begin(lab, STALL_NODE_RECLAIM, 0);
	reclaim_end(lab, STALL_MEMCG_RECLAIM, 0);
	expect_lost(lab, LOSS_STALL_END_MISSED, 2);
	times = times_since(lab, STALL_MEMCG_RECLAIM);
	assert_int_equal(times.self_ns, times.total_ns);
	expect_stall(lab, STALL_MEMCG_RECLAIM, times);
	lab_verify(lab);
	assert_int_equal(nr_open_stalls(lab), 0);
}

/*
 * The kernel does not enter a kind of stall again inside itself (a task that reclaims has PF_MEMALLOC), so
 * an open stall of the kind that begins is one whose end was missed. It must not stay: its time would be
 * charged to a later one, and after a few of them there would be no room for any.
 */
static void test_begin_of_a_kind_drops_the_open_stall_of_that_kind(void **state)
{
	struct lab *lab = *state;
	struct open_stall open = { STALL_DIRECT_RECLAIM, now_ns(CLOCK_BOOTTIME) - NSEC_PER_SEC };
	struct stall_times times;

	set_open_stalls(lab, &open, 1);
	reclaim_begin(lab, STALL_DIRECT_RECLAIM, 0);
	reclaim_end(lab, STALL_DIRECT_RECLAIM, 0);
	times = times_since(lab, STALL_DIRECT_RECLAIM);
	assert_true(times.total_ns < NSEC_PER_SEC);
	expect_stall(lab, STALL_DIRECT_RECLAIM, times);
	expect_lost(lab, LOSS_STALL_END_MISSED, 1);
	lab_verify(lab);
	assert_int_equal(nr_open_stalls(lab), 0);

	reclaim_end(lab, STALL_DIRECT_RECLAIM, 0);
	expect_lost(lab, LOSS_STALL_BEGIN_MISSED, 1);
	lab_verify(lab);
}

static void test_missed_ends_do_not_add_up(void **state)
{
	struct lab *lab = *state;
	struct stall_times times;

	for (int i = 0; i < 3 * MAX_DEPTH; i++)
		reclaim_begin(lab, STALL_DIRECT_RECLAIM, 0);
	reclaim_end(lab, STALL_DIRECT_RECLAIM, 0);
	times = times_since(lab, STALL_DIRECT_RECLAIM);
	expect_stall(lab, STALL_DIRECT_RECLAIM, times);
	expect_lost(lab, LOSS_STALL_END_MISSED, 3 * MAX_DEPTH - 1);
	lab_verify(lab);
	assert_int_equal(nr_open_stalls(lab), 0);
}

/* A ledger with no room left: the stall that begins is counted as lost, and those around it come out right.
 */
static void test_too_deep_nesting_is_counted_and_harms_nothing(void **state)
{
	struct lab *lab = *state;
	__u64 start_ns = now_ns(CLOCK_BOOTTIME) - NSEC_PER_SEC;
	const struct open_stall open[MAX_DEPTH] = {
		{ STALL_NODE_RECLAIM, start_ns },       { STALL_DIRECT_COMPACTION, start_ns + 1 },
		{ STALL_MEMCG_RECLAIM, start_ns + 2 },  { STALL_DIRECT_COMPACTION, start_ns + 3 },
		{ STALL_NUMA_MIGRATION, start_ns + 4 },
	};
	struct stall_times times;

	set_open_stalls(lab, open, MAX_DEPTH);
	reclaim_begin(lab, STALL_DIRECT_RECLAIM, 0);
	expect_lost(lab, LOSS_STALL_NESTING, 1);
	lab_verify(lab);
	assert_int_equal(nr_open_stalls(lab), MAX_DEPTH);
	reclaim_end(lab, STALL_DIRECT_RECLAIM, 50);
	expect_lost(lab, LOSS_STALL_BEGIN_MISSED, 1);
	lab_verify(lab);
	assert_int_equal(nr_open_stalls(lab), MAX_DEPTH);

	reclaim_end(lab, STALL_MEMCG_RECLAIM, 0);
	expect_lost(lab, LOSS_STALL_END_MISSED, 2);
	times = times_since(lab, STALL_MEMCG_RECLAIM);
	assert_true(times.total_ns >= NSEC_PER_SEC - 2);
	times.is_nested = true;
	expect_stall(lab, STALL_MEMCG_RECLAIM, times);
	lab_verify(lab);
	assert_int_equal(nr_open_stalls(lab), 2);

	reclaim_end(lab, STALL_NODE_RECLAIM, 0);
	expect_lost(lab, LOSS_STALL_END_MISSED, 1);
	expect_stall(lab, STALL_NODE_RECLAIM, times_since(lab, STALL_NODE_RECLAIM));
	lab_verify(lab);
	assert_int_equal(nr_open_stalls(lab), 0);
}

/* As many as there are kinds, each inside the other, must fit. */
static void test_every_kind_fits_inside_the_others(void **state)
{
	struct lab *lab = *state;
	__u64 start_ns = now_ns(CLOCK_BOOTTIME);
	const struct open_stall open[] = { { STALL_DIRECT_COMPACTION, start_ns },
					   { STALL_NUMA_MIGRATION, start_ns } };
	struct stall_times times;

	set_open_stalls(lab, open, 2);
	for (int kind = 0; kind <= STALL_NODE_RECLAIM; kind++)
		reclaim_begin(lab, (enum stall_kind)kind, 0);
	assert_int_equal(nr_open_stalls(lab), NR_STALL_KINDS);
	for (int kind = STALL_NODE_RECLAIM; kind >= 0; kind--) {
		reclaim_end(lab, (enum stall_kind)kind, 0);
		times = times_since(lab, (enum stall_kind)kind);
		times.is_nested = true;
		expect_stall(lab, (enum stall_kind)kind, times);
	}
	lab_verify(lab);
	assert_int_equal(nr_open_stalls(lab), 2);
}

static const struct CMUnitTest tests[] = {
	LAB_TEST(test_self_of_outer_and_total_of_inner_are_total_of_outer),
	LAB_TEST(test_several_inner_stalls_are_all_taken_off),
	LAB_TEST_WITH(test_records_carry_both_times, &record_all),
	LAB_TEST_WITH(test_end_without_begin_is_counted_and_not_guessed, &record_all),
	LAB_TEST(test_end_of_another_kind_leaves_the_open_stall),
	LAB_TEST(test_end_of_outer_drops_what_is_still_open_inside),
	LAB_TEST(test_begin_of_a_kind_drops_the_open_stall_of_that_kind),
	LAB_TEST(test_missed_ends_do_not_add_up),
	LAB_TEST(test_too_deep_nesting_is_counted_and_harms_nothing),
	LAB_TEST(test_every_kind_fits_inside_the_others),
};

LAB_MAIN(tests)
