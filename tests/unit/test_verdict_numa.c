/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Verdicts about memory of other NUMA nodes: each speaks when there is evidence, and is silent otherwise. */
#include "verdict_test.h"

#define STEP 15
#define LAST 1305

/* What a process does each second; it has two threads or one. */
struct load {
	__u64 local, remote;        /* hint faults */
	__u64 allocated, elsewhere; /* pages */
	__u64 foreign_before,
		foreign; /* wanted from node 1 and taken elsewhere, before and each second since */
	bool has_one_thread;
	bool is_local_now; /* no remote hint faults in the last interval */
	bool is_asked;     /* somebody asks for one more snapshot, a second later */
	bool has_one_node; /* node 1 may be added some day */
};

static void tell_setting(struct model *model, const char *balancing)
{
	struct rec_setting rec = { .h = HEADER(REC_SETTING, struct rec_setting, 1),
				   .setting = SETTING_NUMA_BALANCING };

	copy_text(rec.text, balancing, sizeof(rec.text));
	assert_int_equal(feed(model, &rec), 0);
}

static void feed_foreign(struct model *model, __u64 nr)
{
	const struct cube *cube = model_cube(model, METRIC_NUMASTAT);
	const struct rec_cells cells = {
		.h = { .kind = REC_CELLS, .size = offsetof(struct rec_cells, cells) + 8 },
		.first = cube->base + cube->stride[0] + NUMASTAT_FOREIGN * cube->stride[1],
		.nr = 1,
		.cells = { nr }
	};

	assert_int_equal(feed(model, &cells), 0);
}

static void snapshot(struct model *model, const struct load *load, __u64 second)
{
	struct task_identity first = identity(1, 1, 1, "worker", 7),
			     second_thread = identity(1, 2, 1, "worker", 7);
	struct rec_zone zone = { .h = HEADER(REC_ZONE, struct rec_zone, 1), .managed_pages = 100 };
	struct ledger_counts counts = {}, none = {};

	counts.v[LEDGER_NUMA_LOCAL_FAULTS] = load->local * (second - 1005);
	counts.v[LEDGER_NUMA_REMOTE_FAULTS] = load->remote *
					      (second - (load->is_local_now && second == LAST ? STEP : 0) -
					       1005);
	counts.v[LEDGER_ALLOCATED] = load->allocated * (second - 1005);
	counts.v[LEDGER_ALLOCATED_REMOTE] = load->elsewhere * (second - 1005);
	begin(model, second);
	assert_int_equal(feed(model, &zone), 0);
	zone.node = 1;
	zone.managed_pages = load->has_one_node ? 0 : 100;
	assert_int_equal(feed(model, &zone), 0);
	feed_foreign(model, load->foreign_before + load->foreign * (second - 1005));
	assert_int_equal(feed_task(model, REC_TASK, &first, &counts), 0);
	if (!load->has_one_thread)
		assert_int_equal(feed_task(model, REC_TASK, &second_thread, &none), 0);
	end(model, second);
}

/* Five minutes of it. */
static struct model *model_of(const struct load *load)
{
	struct model *model = model_with(MAX_GROUPS, 10, NULL);

	assert_int_equal(feed_cgroup(model, 7, "web.service"), 0);
	tell_setting(model, "1");
	for (__u64 second = 1005; second <= LAST; second += STEP)
		snapshot(model, load, second);
	if (load->is_asked)
		snapshot(model, load, LAST + 1);
	return model;
}

/* What is found on the subject, "" for nothing; to be freed. */
static char *finding_of(struct model *model, const char *subject)
{
	const struct verdict *verdict;
	struct verdicts verdicts;
	char *finding;

	verdicts_judge(model, &verdicts);
	verdict = find(&verdicts, subject);
	assert_true(!verdict || (verdict->evidence.len && verdict->remedy.len));
	finding = strdup(verdict ? verdict->finding.data : "");
	verdicts_free(&verdicts);
	model_free(model);
	assert_non_null(finding);
	return finding;
}

static void expect(const struct load *load, const char *subject, const char *wanted)
{
	char *finding = finding_of(model_of(load), subject);

	if (wanted ? !strstr(finding, wanted) : *finding)
		fail_msg("%s: \"%s\"", subject, finding);
	free(finding);
}

static void test_remote_accesses(void **state UNUSED)
{
	expect(&(struct load){ .local = 60, .remote = 40 }, "remote_accesses", "40.0%");
	expect(&(struct load){ .local = 80, .remote = 20 }, "remote_accesses", NULL);
	expect(&(struct load){ .local = 0, .remote = 5 }, "remote_accesses", NULL);
	/* A little later that is over. */
	expect(&(struct load){ .local = 60, .remote = 40, .is_local_now = true }, "remote_accesses", NULL);
	/* A share of a dozen samples says nothing. */
	expect(&(struct load){ .remote = 12 }, "remote_accesses", "100%");
	expect(&(struct load){ .remote = 12, .is_asked = true }, "remote_accesses", NULL);
	/* Of one thread, what is local is not sampled. */
	expect(&(struct load){ .remote = 100, .has_one_thread = true }, "remote_accesses", NULL);
}

static void test_remote_allocations(void **state UNUSED)
{
	expect(&(struct load){ .allocated = 1000, .elsewhere = 300 }, "remote_allocations", "30.0%");
	expect(&(struct load){ .allocated = 10000, .elsewhere = 1000 }, "remote_allocations", NULL);
	expect(&(struct load){ .allocated = 100, .elsewhere = 100 }, "remote_allocations", NULL);
}

/* A node that was short once is not to blame for what is remote now. */
static void test_which_node_is_short(void **state UNUSED)
{
	struct load load = { .allocated = 1000, .elsewhere = 300, .foreign_before = 1000000 };

	for (int i = 0; i < 2; i++) {
		struct model *model = model_of(&load);
		const char *evidence;
		struct verdicts verdicts;

		verdicts_judge(model, &verdicts);
		evidence = find(&verdicts, "remote_allocations")->evidence.data;
		if (load.foreign)
			assert_non_null(strstr(evidence,
					       "Node 1 was short of memory most often: over the last "
					       "5m 0s numastat counted 2100 allocations"));
		else
			assert_null(strstr(evidence, "short"));
		verdicts_free(&verdicts);
		model_free(model);
		load.foreign = 7;
	}
}

static void test_balancing_is_off(void **state UNUSED)
{
	const struct load idle = { 0 }, idle_alone = { .has_one_node = true };
	struct model *model = model_of(&idle);
	char *finding;

	tell_setting(model, "0");
	finding = finding_of(model, "numa_balancing");
	assert_non_null(strstr(finding, "is off"));
	free(finding);
	expect(&idle, "numa_balancing", NULL);
	/* With one node there is nothing to balance. */
	model = model_of(&idle_alone);
	tell_setting(model, "0");
	finding = finding_of(model, "numa_balancing");
	assert_string_equal(finding, "");
	free(finding);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_remote_accesses),
	cmocka_unit_test(test_remote_allocations),
	cmocka_unit_test(test_which_node_is_short),
	cmocka_unit_test(test_balancing_is_off),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
