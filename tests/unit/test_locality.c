/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How local the memory of a process is: which of what is known is believed, and what is found to be the
 * cause.
 */
#include "locality_story.h"

static void expect(const struct story *story, enum locality_basis basis, enum locality_cause cause,
		   double remote_share)
{
	struct model *model = told(story);
	struct locality locality = locality_of(model, model_find_process(model, PID));

	assert_string_equal(locality_basis_name(locality.basis), locality_basis_name(basis));
	assert_string_equal(locality_cause_name(locality.cause), locality_cause_name(cause));
	assert_true(locality.remote_share > remote_share - 0.001 &&
		    locality.remote_share < remote_share + 0.001);
	model_free(model);
}

/* --- which of what is known is believed ------------------------------------------------------- */

static void test_recent_hint_faults_come_first(void **state UNUSED)
{
	struct story story = story_of_all();

	expect(&story, BASIS_HINT_FAULTS, CAUSE_UNKNOWN, 0.75);
	/* What was before this interval says nothing of now. */
	story.local = 0;
	expect(&story, BASIS_HINT_FAULTS, CAUSE_UNKNOWN, 1);
	story.remote = 0;
	expect(&story, BASIS_RESIDENCY, CAUSE_UNKNOWN, 0.5);
}

static void test_few_hint_faults_say_nothing(void **state UNUSED)
{
	struct story story = story_of_all();

	/* However many there were before. */
	story.local_before = 1000;
	story.remote = 14;
	story.local = 1;
	expect(&story, BASIS_RESIDENCY, CAUSE_UNKNOWN, 0.5);
	story.local = 2;
	expect(&story, BASIS_HINT_FAULTS, CAUSE_UNKNOWN, 14.0 / 16);
}

/* Of one thread's memory, what is on its node is not sampled, and all samples are remote. */
static void test_hint_faults_of_one_thread(void **state UNUSED)
{
	struct story story = story_of_all();

	story.other_cpu_node = NO_NODE;
	expect(&story, BASIS_RESIDENCY, CAUSE_UNKNOWN, 0.5);
}

/* The balancer does not sample what has a policy; "local" is one, though it takes memory as if there were none. */
static void test_hint_faults_of_a_process_with_a_policy(void **state UNUSED)
{
	static const __u32 policies[] = { MPOL_PREFERRED, MPOL_INTERLEAVE, MPOL_LOCAL + 2 };
	struct story story = story_of_all();

	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		story.policy = policies[i];
		expect(&story, BASIS_RESIDENCY, CAUSE_POLICY, 0.5);
	}
	story.policy = MPOL_LOCAL;
	expect(&story, BASIS_RESIDENCY, CAUSE_UNKNOWN, 0.5);
}

/* ... unless it asks for that, which two of them can. */
static void test_hint_faults_of_a_policy_that_asks_for_them(void **state UNUSED)
{
	static const __u32 policies[] = { MPOL_BIND, MPOL_LOCAL + 1 };
	struct story story = story_of_all();

	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		story.policy = policies[i];
		story.local = 10;
		story.remote = 30;
		expect(&story, BASIS_HINT_FAULTS, CAUSE_POLICY, 0.75);
		story.local = story.remote = 0;
		expect(&story, BASIS_RESIDENCY, CAUSE_POLICY, 0.5);
	}
}

static void test_residency_is_near_where_any_thread_runs(void **state UNUSED)
{
	struct story story = local_story();

	story.resident[0] = 10;
	story.resident[1] = 20;
	story.resident[2] = 70;
	story.allocated = 10;
	story.elsewhere = 9;
	expect(&story, BASIS_RESIDENCY, CAUSE_UNKNOWN, 0.9);
	story.other_cpu_node = 1;
	expect(&story, BASIS_RESIDENCY, CAUSE_UNKNOWN, 0.7);
	story.cpu_node = 2;
	expect(&story, BASIS_RESIDENCY, CAUSE_UNKNOWN, 0.1);
}

static void test_a_few_pages_say_nothing(void **state UNUSED)
{
	struct story story = local_story();

	story.allocated = 100;
	story.elsewhere = 20;
	story.resident[1] = 15;
	expect(&story, BASIS_ALLOCATIONS, CAUSE_UNKNOWN, 0.2);
	story.resident[1] = 16;
	expect(&story, BASIS_RESIDENCY, CAUSE_MOVED, 1);
}

/* What the programs missed may make a part more than the whole. */
static void test_an_impossible_share_is_none(void **state UNUSED)
{
	struct story story = local_story();

	story.allocated = 100;
	story.elsewhere = 101;
	expect(&story, BASIS_ALLOCATIONS, CAUSE_NONE, 0);
}

static void test_of_whom_nothing_is_said(void **state UNUSED)
{
	struct story story = local_story();

	expect(&story, BASIS_NONE, CAUSE_UNKNOWN, 0);
	story = story_of_all();
	story.is_kthread = true;
	expect(&story, BASIS_NONE, CAUSE_UNKNOWN, 0);
	/* Where there is one node only, a task has no place. */
	story = story_of_all();
	story.allowed_nodes = 0;
	expect(&story, BASIS_NONE, CAUSE_UNKNOWN, 0);
}

/* --- why -------------------------------------------------------------------------------------- */

static void test_a_tenth_needs_a_cause(void **state UNUSED)
{
	struct story story = local_story();

	story.allocated = 1000;
	story.elsewhere = 99;
	story.policy = MPOL_BIND;
	expect(&story, BASIS_ALLOCATIONS, CAUSE_NONE, 0.099);
	story.elsewhere = 101;
	expect(&story, BASIS_ALLOCATIONS, CAUSE_POLICY, 0.101);
}

static void test_cpuset(void **state UNUSED)
{
	struct story story = cpuset_story();

	expect(&story, BASIS_RESIDENCY, CAUSE_CPUSET, 1);
	/* One thread of several is enough, */
	story.other_cpu_node = 0;
	expect(&story, BASIS_RESIDENCY, CAUSE_CPUSET, 0.4);
	/* ... but not where a policy has decided, */
	story.policy = MPOL_INTERLEAVE;
	expect(&story, BASIS_RESIDENCY, CAUSE_POLICY, 0.4);
	/* ... nor where the cpuset allows what is there. */
	story = cpuset_story();
	story.allowed_nodes = 7;
	expect(&story, BASIS_RESIDENCY, CAUSE_UNKNOWN, 1);
}

/* No cpuset can allow memory of a node that has none. */
static void test_a_node_without_memory_is_no_cpuset(void **state UNUSED)
{
	struct story story = cpuset_story();

	story.node_2_has_no_memory = true;
	story.allocated = 100;
	story.elsewhere = 100;
	expect(&story, BASIS_RESIDENCY, CAUSE_NO_MEMORY, 1);
}

/* That memory was short on a node is the kernel's own word: numa_foreign. */
static void test_node_full(void **state UNUSED)
{
	struct story story = full_story();

	expect(&story, BASIS_RESIDENCY, CAUSE_NODE_FULL, 0.8);
	story.foreign[1] = 0;
	story.foreign[2] = 74;
	expect(&story, BASIS_RESIDENCY, CAUSE_UNKNOWN, 0.8);
	story.foreign[1] = 74;
	story.flow = FLOW_HINT_FAULTS;
	expect(&story, BASIS_RESIDENCY, CAUSE_UNKNOWN, 0.8);
	story.flow = FLOW_ALLOCATED;
	story.wanted_from[0] = 0;
	story.wanted_from[1] = 0;
	expect(&story, BASIS_RESIDENCY, CAUSE_UNKNOWN, 0.8);
}

/* That it was short before memoir began, at the latest before the process did, is not to blame. */
static void test_a_node_that_was_full_once(void **state UNUSED)
{
	struct story story = full_story();

	story.foreign[1] = 0;
	story.foreign_before[1] = 1000000;
	expect(&story, BASIS_RESIDENCY, CAUSE_UNKNOWN, 0.8);
	story.foreign[1] = 1;
	expect(&story, BASIS_RESIDENCY, CAUSE_NODE_FULL, 0.8);
}

/* Less than half of what is remote was so from the start. */
static void test_moved(void **state UNUSED)
{
	struct story story = full_story();

	story.elsewhere = 39;
	expect(&story, BASIS_RESIDENCY, CAUSE_MOVED, 0.8);
	story.elsewhere = 41;
	expect(&story, BASIS_RESIDENCY, CAUSE_NODE_FULL, 0.8);
}

/* Where little of its memory was seen to be allocated, it may have been remote from the start. */
static void test_what_was_not_seen_has_not_moved(void **state UNUSED)
{
	struct story story = full_story();

	story.elsewhere = 0;
	story.rss_pages = 200;
	expect(&story, BASIS_RESIDENCY, CAUSE_MOVED, 0.8);
	story.rss_pages = 202;
	expect(&story, BASIS_RESIDENCY, CAUSE_UNKNOWN, 0.8);
	/* Nor does the little say that the node was full, */
	story.elsewhere = 75;
	expect(&story, BASIS_RESIDENCY, CAUSE_UNKNOWN, 0.8);
	/* ... unless it is all that is known. */
	memset(story.resident, 0, sizeof(story.resident));
	expect(&story, BASIS_ALLOCATIONS, CAUSE_NODE_FULL, 0.75);
	story = full_story();
	story.allocated = story.elsewhere = 0;
	expect(&story, BASIS_RESIDENCY, CAUSE_UNKNOWN, 0.8);
}

/* What is remote to one thread is local to another, which is no move. */
static void test_spread(void **state UNUSED)
{
	struct story story = story_of_all();

	story.other_cpu_node = 1;
	story.elsewhere = 0;
	expect(&story, BASIS_HINT_FAULTS, CAUSE_SPREAD, 0.75);
	/* Whether memoir saw it or not; */
	story.rss_pages = 10000;
	expect(&story, BASIS_HINT_FAULTS, CAUSE_SPREAD, 0.75);
	story.rss_pages = 0;
	/* ... but most of it on a node where none of them runs has become remote to all, */
	story.resident[2] = 50;
	expect(&story, BASIS_HINT_FAULTS, CAUSE_SPREAD, 0.75);
	story.resident[2] = 70;
	expect(&story, BASIS_HINT_FAULTS, CAUSE_MOVED, 0.75);
	/* (a few pages say nothing of that) */
	memset(story.resident, 0, sizeof(story.resident));
	story.resident[0] = 15;
	expect(&story, BASIS_HINT_FAULTS, CAUSE_MOVED, 0.75);
	story.rss_pages = 10000;
	expect(&story, BASIS_HINT_FAULTS, CAUSE_UNKNOWN, 0.75);
	story.rss_pages = 0;
	story.resident[0] = 16;
	expect(&story, BASIS_HINT_FAULTS, CAUSE_SPREAD, 0.75);
	/* ... and what was remote when it was allocated is so for another reason. */
	story.elsewhere = 900;
	expect(&story, BASIS_HINT_FAULTS, CAUSE_UNKNOWN, 0.75);
	/* All threads are on one node. */
	story.elsewhere = 0;
	story.other_cpu_node = 0;
	expect(&story, BASIS_HINT_FAULTS, CAUSE_MOVED, 0.75);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recent_hint_faults_come_first),
		cmocka_unit_test(test_few_hint_faults_say_nothing),
		cmocka_unit_test(test_hint_faults_of_one_thread),
		cmocka_unit_test(test_hint_faults_of_a_process_with_a_policy),
		cmocka_unit_test(test_hint_faults_of_a_policy_that_asks_for_them),
		cmocka_unit_test(test_residency_is_near_where_any_thread_runs),
		cmocka_unit_test(test_a_few_pages_say_nothing),
		cmocka_unit_test(test_an_impossible_share_is_none),
		cmocka_unit_test(test_of_whom_nothing_is_said),
		cmocka_unit_test(test_a_tenth_needs_a_cause),
		cmocka_unit_test(test_cpuset),
		cmocka_unit_test(test_a_node_without_memory_is_no_cpuset),
		cmocka_unit_test(test_node_full),
		cmocka_unit_test(test_a_node_that_was_full_once),
		cmocka_unit_test(test_moved),
		cmocka_unit_test(test_what_was_not_seen_has_not_moved),
		cmocka_unit_test(test_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
