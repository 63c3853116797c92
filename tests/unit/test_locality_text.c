/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How local the memory of a process is, in sentences: they name whom and what they are about. */
#include "locality_story.h"

static void has(const struct text *text, const char *wanted)
{
	assert_non_null(text->data);
	if (!strstr(text->data, wanted))
		fail_msg("\"%s\" is not in \"%s\"", wanted, text->data);
}

static void has_not(const struct text *text, const char *unwanted)
{
	assert_false(text->is_failed);
	if (text->len && strstr(text->data, unwanted))
		fail_msg("\"%s\" is in \"%s\"", unwanted, text->data);
}

/* The sentences for a story whose cause must be this one. */
static void tell(const struct story *story, enum locality_cause cause, struct text *why, struct text *remedy)
{
	struct model *model = told(story);
	const struct process *process = model_find_process(model, PID);
	struct locality locality = locality_of(model, process);

	assert_int_equal(locality.cause, cause);
	text_clear(why);
	text_clear(remedy);
	locality_explain(model, process, &locality, why);
	locality_advise(model, process, &locality, remedy);
	model_free(model);
}

static void test_words_for_policy_and_cpuset(void **state UNUSED)
{
	struct story story = story_of_all();
	struct text why = {}, remedy = {};

	story.policy = MPOL_INTERLEAVE;
	tell(&story, CAUSE_POLICY, &why, &remedy);
	has(&why, "(interleave)");
	has(&why, "run on node 0;");
	has(&remedy, "--cpunodebind");
	story.other_cpu_node = 2;
	story.resident[2] = 1;
	tell(&story, CAUSE_POLICY, &why, &remedy);
	has(&why, "run on nodes 0 and 2; NUMA balancing takes no samples of it.");
	/* One that may have asked for samples has or has not. */
	story.policy = MPOL_BIND;
	tell(&story, CAUSE_POLICY, &why, &remedy);
	has(&why, "run on nodes 0 and 2.");
	story.local = story.remote = 0;
	tell(&story, CAUSE_POLICY, &why, &remedy);
	has(&why, "takes no samples of it.");
	story = cpuset_story();
	story.other_cpu_node = 1;
	tell(&story, CAUSE_CPUSET, &why, &remedy);
	has(&why, "memory of node 0 and 1 only");
	has(&why, "run on nodes 1 and 2.");
	has(&remedy, "cpuset.mems");
	text_free(&why);
	text_free(&remedy);
}

static void test_words_for_a_node_without_memory(void **state UNUSED)
{
	struct story story = cpuset_story();
	struct text why = {}, remedy = {};

	story.node_2_has_no_memory = true;
	story.other_cpu_node = 0;
	tell(&story, CAUSE_NO_MEMORY, &why, &remedy);
	has(&why, "no memory, node 2.");
	has(&remedy, "--cpunodebind");
	text_free(&why);
	text_free(&remedy);
}

static void test_words_for_a_full_node(void **state UNUSED)
{
	struct story story = full_story();
	struct text why = {}, remedy = {};

	/* Node 2 is short too, and wanted less. */
	story.wanted_from[2] = 73;
	story.foreign[2] = 80;
	tell(&story, CAUSE_NODE_FULL, &why, &remedy);
	has(&why, "Node 1 seems to have had too little");
	has(&why, "75");
	has(&remedy, "off node 1,");
	text_free(&why);
	text_free(&remedy);
}

/* What moves its memory has its pid, the node that most of it is on, and that of its CPU. */
static void test_words_for_a_process_that_has_moved(void **state UNUSED)
{
	struct story story = full_story();
	struct text why = {}, remedy = {};

	story.elsewhere = 0;
	story.resident[0] = 81;
	story.resident[1] = 200;
	story.resident[2] = 80;
	story.balancing = "0";
	tell(&story, CAUSE_MOVED, &why, &remedy);
	has(&why, "run on node 1 now");
	has(&why, "being on node 0.");
	has(&remedy, "migratepages 4242 0 1.");
	has(&remedy, "kernel.numa_balancing=1");
	/* What would move it does not touch what has a policy. */
	has_not(&why, "policy");
	story.policy = MPOL_LOCAL;
	tell(&story, CAUSE_MOVED, &why, &remedy);
	has(&why, "policy (local) keeps NUMA balancing from moving it");
	has(&remedy, "drop its memory policy (local)");
	has_not(&remedy, "sysctl");
	story.policy = MPOL_DEFAULT;
	/* Where it is not known where its memory is, there is no command that would move it. */
	memset(story.resident, 0, sizeof(story.resident));
	story.other_cpu_node = story.cpu_node;
	story.remote = 40;
	tell(&story, CAUSE_MOVED, &why, &remedy);
	has_not(&why, "being on");
	has_not(&remedy, "migratepages");
	/* That the kernel moved it is said where it did. */
	has_not(&why, "NUMA balancing");
	story.task_moves = 7;
	tell(&story, CAUSE_MOVED, &why, &remedy);
	has(&why, "NUMA balancing has moved tasks of it: 7 times.");
	text_free(&why);
	text_free(&remedy);
}

/* Not where it is on, nor where the kernel has none; and promotion between tiers is not to be turned off. */
static void test_balancing_is_advised_where_it_is_off(void **state UNUSED)
{
	static const char *const settings[][2] = { { "0", "numa_balancing=1" },
						   { "1", NULL },
						   { "2", "numa_balancing=3" },
						   { "3", NULL },
						   { "", NULL } };
	struct story story = full_story();
	struct text why = {}, remedy = {};

	story.elsewhere = 0;
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		story.balancing = settings[i][0];
		tell(&story, CAUSE_MOVED, &why, &remedy);
		has(&remedy, "migratepages 4242 0 1.");
		if (settings[i][1])
			has(&remedy, settings[i][1]);
		else
			has_not(&remedy, "numa_balancing");
	}
	text_free(&why);
	text_free(&remedy);
}

static void test_words_for_a_process_on_several_nodes(void **state UNUSED)
{
	struct story story = story_of_all();
	struct text why = {}, remedy = {};

	story.other_cpu_node = 1;
	story.elsewhere = 0;
	story.task_moves = 7;
	tell(&story, CAUSE_SPREAD, &why, &remedy);
	has(&why, "run on nodes 0 and 1, and use the same memory");
	has_not(&why, "moved");
	has(&remedy, "--cpunodebind");
	has(&remedy, "--interleave=all");
	has_not(&remedy, "migratepages");
	text_free(&why);
	text_free(&remedy);
}

static void test_words_for_the_rest(void **state UNUSED)
{
	struct story story = story_of_all();
	struct text why = {}, remedy = {};

	tell(&story, CAUSE_UNKNOWN, &why, &remedy);
	has(&why, "memoir process 4242 --numa");
	assert_int_equal(remedy.len, 0);
	story.rss_pages = 10000;
	tell(&story, CAUSE_UNKNOWN, &why, &remedy);
	has(&why, "before memoir looked");
	has_not(&why, "short");
	assert_int_equal(remedy.len, 0);
	story.remote = 0;
	story.local = 30;
	tell(&story, CAUSE_NONE, &why, &remedy);
	assert_int_equal(why.len + remedy.len, 0);
	story = local_story();
	tell(&story, CAUSE_UNKNOWN, &why, &remedy);
	assert_int_equal(why.len + remedy.len, 0);
	text_free(&why);
	text_free(&remedy);
}

/* By the kernel's numbers: include/uapi/linux/mempolicy.h. */
static void test_policies_have_names(void **state UNUSED)
{
	assert_string_equal(policy_name(0), "default");
	assert_string_equal(policy_name(1), "preferred");
	assert_string_equal(policy_name(2), "bind");
	assert_string_equal(policy_name(3), "interleave");
	assert_string_equal(policy_name(4), "local");
	assert_string_equal(policy_name(5), "preferred many");
	assert_string_equal(policy_name(6), "weighted interleave");
	assert_string_equal(policy_name(7), "unknown");
	assert_string_equal(policy_name(UINT32_MAX), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words_for_policy_and_cpuset),
		cmocka_unit_test(test_words_for_a_node_without_memory),
		cmocka_unit_test(test_words_for_a_full_node),
		cmocka_unit_test(test_words_for_a_process_that_has_moved),
		cmocka_unit_test(test_balancing_is_advised_where_it_is_off),
		cmocka_unit_test(test_words_for_a_process_on_several_nodes),
		cmocka_unit_test(test_words_for_the_rest),
		cmocka_unit_test(test_policies_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
