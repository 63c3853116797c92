/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Verdicts: each rule speaks when there is evidence, says who and since when, and is silent otherwise. */
#include "verdict_test.h"

#define STEP 15

/* A snapshot at this second; one process has waited so long, another has not. */
static void snapshot(struct model *model, __u64 second, enum stall_kind kind, __u64 nr_stalls,
		     __u64 waited_ns)
{
	struct task_identity waiter = identity(1, 1, 1, "waiter", 7), idler = identity(2, 2, 2, "idler", 0);
	struct ledger_counts counts = {}, none = {};

	counts.v[LEDGER_STALLS(kind)] = nr_stalls;
	counts.v[LEDGER_STALL_NS(kind)] = waited_ns;
	counts.v[LEDGER_STALL_SELF_NS(kind)] = waited_ns;
	begin(model, second);
	assert_int_equal(feed_task(model, REC_TASK, &waiter, &counts), 0);
	assert_int_equal(feed_task(model, REC_TASK, &idler, &none), 0);
	end(model, second);
}

/* Five minutes of a task that waits this share of the last two. */
static struct model *model_of_waiting(enum stall_kind kind, double share)
{
	struct model *model = model_with(MAX_GROUPS, 10, NULL);
	__u64 waited_ns = 0, nr_stalls = 0;

	assert_int_equal(feed_cgroup(model, 7, "web.service"), 0);
	for (__u64 second = 1005; second <= 1305; second += STEP) {
		if (second > 1185) {
			waited_ns += (__u64)(share * STEP * 1e9);
			nr_stalls += 30;
		}
		snapshot(model, second, kind, nr_stalls, waited_ns);
	}
	return model;
}

static void test_nothing_is_wrong(void **state UNUSED)
{
	struct model *model = model_of_waiting(STALL_DIRECT_RECLAIM, 0);
	struct verdicts verdicts;

	verdicts_judge(model, &verdicts);
	assert_int_equal(verdicts.nr, 0);
	assert_true(verdicts.nr_rules > 0);
	assert_int_equal(verdicts.window_ns, 300 * NSEC_PER_SEC);
	assert_false(verdicts.is_failed);
	verdicts_free(&verdicts);
	model_free(model);
}

static void expect_waiting(enum stall_kind kind, const char *subject, double share, int severity)
{
	struct model *model = model_of_waiting(kind, share);
	const struct verdict *verdict;
	struct verdicts verdicts;

	verdicts_judge(model, &verdicts);
	verdict = find(&verdicts, subject);
	if (severity == NR_SEVERITIES) {
		assert_null(verdict);
	} else {
		assert_non_null(verdict);
		assert_int_equal(verdict->severity, severity);
		assert_int_equal(verdict->since_ns, 1185 * NSEC_PER_SEC);
		assert_non_null(strstr(verdict->finding.data, subject));
		assert_non_null(strstr(verdict->evidence.data, "240 stalls"));
		assert_non_null(strstr(verdict->who.data, "waiter in web.service"));
		assert_null(strstr(verdict->who.data, "idler"));
		assert_int_equal(verdicts.nr, 1);
	}
	verdicts_free(&verdicts);
	model_free(model);
}

/* Over the whole five minutes, of which two are waited in. */
static void test_waiting(void **state UNUSED)
{
	expect_waiting(STALL_DIRECT_RECLAIM, "direct_reclaim", 0.5, SEVERITY_PROBLEM);
	expect_waiting(STALL_DIRECT_RECLAIM, "direct_reclaim", 0.05, SEVERITY_WARNING);
	expect_waiting(STALL_DIRECT_RECLAIM, "direct_reclaim", 0.01, NR_SEVERITIES);
	expect_waiting(STALL_MEMCG_RECLAIM, "memcg_reclaim", 0.5, SEVERITY_PROBLEM);
	expect_waiting(STALL_MEMCG_RECLAIM, "memcg_reclaim", 0.02, NR_SEVERITIES);
}

/*
 * Five minutes in which a task reads so many pages from swap per second, and waits so often; another one has
 * as much there.
 */
static struct model *model_of_swap_in(__u64 per_second, __u64 waits_per_second)
{
	struct model *model = model_with(MAX_GROUPS, 10, NULL);
	struct task_identity reader = identity(1, 1, 1, "reader", 7), idler = identity(2, 2, 2, "idler", 0);

	assert_int_equal(feed_cgroup(model, 7, "web.service"), 0);
	for (__u64 second = 1005; second <= 1305; second += STEP) {
		struct ledger_counts counts = { .v = { [LEDGER_SWAP] = 256 } };

		begin(model, second);
		assert_int_equal(feed_task(model, REC_TASK, &idler, &counts), 0);
		counts.v[LEDGER_SWAPPED_IN] = per_second * (second - 1005);
		counts.v[LEDGER_MAJOR_FAULTS] = waits_per_second * (second - 1005);
		assert_int_equal(feed_task(model, REC_TASK, &reader, &counts), 0);
		end(model, second);
	}
	return model;
}

static void test_swap_in(void **state UNUSED)
{
	/* What is read ahead, or by swapoff, nobody waits for; nor is every major fault one for swap. */
	static const struct {
		__u64 per_second, waits_per_second;
		int severity;
	} cases[] = { { 99, 2000, NR_SEVERITIES },
		      { 2000, 99, NR_SEVERITIES },
		      { 101, 101, SEVERITY_WARNING },
		      { 2000, 101, SEVERITY_WARNING },
		      { 1024, 1000, SEVERITY_PROBLEM } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct model *model = model_of_swap_in(cases[i].per_second, cases[i].waits_per_second);
		const struct verdict *verdict;
		struct verdicts verdicts;

		verdicts_judge(model, &verdicts);
		verdict = find(&verdicts, "swap_in");
		assert_int_equal(verdict ? (int)verdict->severity : NR_SEVERITIES, cases[i].severity);
		assert_int_equal(verdicts.nr, verdict ? 1 : 0);
		if (cases[i].severity == SEVERITY_PROBLEM) {
			assert_int_equal(verdict->since_ns, 1005 * NSEC_PER_SEC);
			assert_string_equal(
				verdict->finding.data,
				"Tasks wait for memory that was swapped out: up to 1000 times a second over the last 5m 0s.");
			assert_string_equal(
				verdict->evidence.data,
				"1.17GiB were read back, and 2.00MiB of processes are swapped out now. A read takes 0.1 ms or "
				"more from a good SSD; from memory (zram) a tenth of that, and is as much less bad.");
			assert_string_equal(verdict->who.data,
					    "So far most was read by reader in web.service: "
					    "1.17GiB; 1.00MiB of it are swapped out now.");
		}
		verdicts_free(&verdicts);
		model_free(model);
	}
}

/* Time in major faults of a kind so far. */
static void feed_major_fault_time(struct model *model, enum fault_cause cause, __u64 ns)
{
	const struct cube *cube = model_cube(model, METRIC_PAGE_FAULT);
	struct rec_cells cells = { .h = { .kind = REC_CELLS, .size = offsetof(struct rec_cells, cells) + 8 },
				   .first = cube->base + cause * cube->stride[0] +
					    FAULT_MAJOR * cube->stride[1] + HIST_SUM,
				   .nr = 1,
				   .cells = { ns } };

	assert_int_equal(feed(model, &cells), 0);
}

/*
 * Five minutes in which a task waits this share of the time in major faults, 24 ms a minute of it for this
 * cause; for the old one it waited an hour before that.
 */
static struct model *model_of_major_faults(double share, enum fault_cause old, enum fault_cause cause)
{
	struct model *model = model_with(MAX_GROUPS, 10, NULL);
	struct task_identity reader = identity(1, 1, 1, "reader", 7);
	struct rec_fault_mapping file = { .h = HEADER(REC_FAULT_MAPPING, struct rec_fault_mapping, 1),
					  .id = reader,
					  .nr_major = 3,
					  .cause = FAULT_FILE,
					  .name = "big.db" };
	/* Before it, because all faults in them took longer: minor ones, and what was swapped out. */
	struct rec_fault_mapping small = file, swapped = file;

	small.nr_major = 2;
	copy_text(small.name, "small.db", sizeof(small.name));
	swapped.nr_major = 9;
	swapped.cause = FAULT_SWAP;
	assert_int_equal(feed_cgroup(model, 7, "web.service"), 0);
	for (__u64 second = 1005; second <= 1305; second += STEP) {
		struct ledger_counts counts = {};

		counts.v[LEDGER_MAJOR_FAULT_TIME] = (__u64)(share * 1e9) * (second - 1005);
		begin(model, second);
		assert_int_equal(feed_task(model, REC_TASK, &reader, &counts), 0);
		feed_major_fault_time(model, old, 3600 * NSEC_PER_SEC);
		feed_major_fault_time(model, cause,
				      (cause == old ? 3600 * NSEC_PER_SEC : 0) + (second - 1005) * 400000);
		assert_int_equal(feed(model, &small), 0);
		assert_int_equal(feed(model, &swapped), 0);
		assert_int_equal(feed(model, &file), 0);
		end(model, second);
	}
	return model;
}

static void test_major_faults(void **state UNUSED)
{
	static const struct {
		double share;
		enum fault_cause old, cause;
		int severity;
		const char *evidence, *remedy;
	} cases[] = {
		{ 0.04, FAULT_FILE, FAULT_FILE, NR_SEVERITIES, "", "" },
		{ 0.06, FAULT_FILE, FAULT_FILE, SEVERITY_WARNING,
		  "Meanwhile 0 were waited for swap and 120ms for files.", "Pages of files" },
		{ 0.06, FAULT_SWAP, FAULT_COPY_ON_WRITE, SEVERITY_WARNING,
		  "Meanwhile 0 were waited for swap and 120ms for files.", "Pages of files" },
		{ 0.6, FAULT_FILE, FAULT_SWAP, SEVERITY_PROBLEM,
		  "Meanwhile 120ms were waited for swap and 0 for files.", "What was swapped out" },
		{ 0.6, FAULT_FILE, FAULT_SHARED_MEMORY, SEVERITY_PROBLEM,
		  "Meanwhile 120ms were waited for swap and 0 for files.", "What was swapped out" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct model *model = model_of_major_faults(cases[i].share, cases[i].old, cases[i].cause);
		const struct verdict *verdict;
		struct verdicts verdicts;

		verdicts_judge(model, &verdicts);
		verdict = find(&verdicts, "major_faults");
		assert_int_equal(verdict ? (int)verdict->severity : NR_SEVERITIES, cases[i].severity);
		assert_int_equal(verdicts.nr, verdict ? 1 : 0);
		if (verdict) {
			assert_int_equal(verdict->since_ns, 1005 * NSEC_PER_SEC);
			assert_ptr_equal(strstr(verdict->evidence.data, cases[i].evidence),
					 verdict->evidence.data);
			assert_non_null(strstr(verdict->evidence.data,
					       "most often read for that is big.db."));
			assert_non_null(strstr(verdict->who.data, "reader in web.service"));
			assert_ptr_equal(strstr(verdict->remedy.data, cases[i].remedy), verdict->remedy.data);
		}
		verdicts_free(&verdicts);
		model_free(model);
	}
}

/* Where time in faults cannot be seen, nothing is said of it. */
static void test_unseen_major_faults(void **state UNUSED)
{
	struct rec_machine machine = stream_machine();
	struct model *model = model_of_major_faults(0.6, FAULT_SWAP, FAULT_SWAP);
	struct verdicts verdicts;

	machine.ledger_unseen = 1ULL << LEDGER_MAJOR_FAULT_TIME;
	assert_int_equal(feed(model, &machine), 0);
	verdicts_judge(model, &verdicts);
	assert_null(find(&verdicts, "major_faults"));
	verdicts_free(&verdicts);
	model_free(model);
}

/* It is said that it cannot be known, where there is something to be known. */
static void test_unseen_swap_in(void **state UNUSED)
{
	struct rec_machine machine = stream_machine();
	struct model *model = model_of_swap_in(0, 0);
	struct verdicts verdicts;

	machine.ledger_unseen = 1ULL << LEDGER_SWAPPED_IN;
	assert_int_equal(feed(model, &machine), 0);
	verdicts_judge(model, &verdicts);
	assert_int_equal(find(&verdicts, "swap_in")->severity, SEVERITY_NOTE);
	assert_string_equal(find(&verdicts, "swap_in")->evidence.data,
			    "2.00MiB of processes are swapped out now.");
	verdicts_free(&verdicts);
	model_free(model);

	model = model_of_waiting(STALL_DIRECT_RECLAIM, 0);
	assert_int_equal(feed(model, &machine), 0);
	verdicts_judge(model, &verdicts);
	assert_null(find(&verdicts, "swap_in"));
	verdicts_free(&verdicts);
	model_free(model);
}

static void test_oom_kills(void **state UNUSED)
{
	struct rec_oom_kill kill = { .h = HEADER(REC_OOM_KILL, struct rec_oom_kill, 1100 * NSEC_PER_SEC),
				     .id = identity(9, 9, 9, "greedy", 0),
				     .victim_pid = 77,
				     .victim_comm = "victim",
				     .anon_rss_kb = 2048 };
	struct model *model = model_of_waiting(STALL_DIRECT_RECLAIM, 0.05);
	const struct verdict *verdict;
	struct verdicts verdicts;

	assert_int_equal(feed(model, &kill), 0);
	verdicts_judge(model, &verdicts);
	verdict = find(&verdicts, "oom_kills");
	assert_non_null(verdict);
	/* What is worse comes first. */
	assert_ptr_equal(verdict, &verdicts.verdict[0]);
	assert_int_equal(verdicts.nr, 2);
	assert_int_equal(verdict->since_ns, 1100 * NSEC_PER_SEC);
	assert_non_null(strstr(verdict->evidence.data, "victim (pid 77), with 2.00MiB"));
	assert_non_null(strstr(verdict->who.data, "greedy (pid 9)"));
	verdicts_free(&verdicts);
	/* An hour later it is history. */
	snapshot(model, 1100 + 3601, STALL_DIRECT_RECLAIM, 0, 0);
	verdicts_judge(model, &verdicts);
	assert_null(find(&verdicts, "oom_kills"));
	verdicts_free(&verdicts);
	model_free(model);
}

static void test_trust(void **state UNUSED)
{
	struct rec_probe probe = { .h = HEADER(REC_PROBE, struct rec_probe, 1),
				   .state = PROBE_OPTIONAL,
				   .name = "page_free",
				   .reason = "no \"such\" thing" };
	struct rec_cells cells = { .h = HEADER(REC_CELLS, struct rec_cells, 1), .nr = NR_LOSSES };
	struct model *model = model_with(MAX_GROUPS, 10, NULL);
	struct verdicts verdicts;

	cells.h.size = (__u32)(offsetof(struct rec_cells, cells) + NR_LOSSES * sizeof(__u64));
	cells.first = model_cube(model, METRIC_LOST)->base;
	cells.cells[LOSS_RECURSION_MISSED] = 5;
	assert_int_equal(feed(model, &probe), 0);
	begin(model, 1);
	assert_int_equal(feed(model, &cells), 0);
	end(model, 1);
	verdicts_judge(model, &verdicts);
	assert_int_equal(verdicts.nr, 0);
	verdicts_free(&verdicts);

	probe.state = PROBE_REJECTED;
	cells.cells[LOSS_RING_FULL] = 3;
	assert_int_equal(feed(model, &probe), 0);
	begin(model, 2);
	assert_int_equal(feed(model, &cells), 0);
	end(model, 2);
	verdicts_judge(model, &verdicts);
	assert_int_equal(verdicts.nr, 2);
	assert_int_equal(find(&verdicts, "probes")->severity, SEVERITY_NOTE);
	assert_string_equal(find(&verdicts, "probes")->evidence.data,
			    "page_free (rejected): no \"such\" thing");
	assert_string_equal(find(&verdicts, "losses")->evidence.data, "ring_full 3");
	verdicts_judge_tracer(NULL, &verdicts);
	assert_int_equal(verdicts.nr, 2);
	verdicts_judge_tracer("the tracer has died", &verdicts);
	assert_int_equal(verdicts.nr, 3);
	assert_int_equal(find(&verdicts, "tracer")->severity, SEVERITY_NOTE);
	assert_string_equal(find(&verdicts, "tracer")->evidence.data, "the tracer has died");
	verdicts_free(&verdicts);
	model_free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_is_wrong),
		cmocka_unit_test(test_waiting),
		cmocka_unit_test(test_swap_in),
		cmocka_unit_test(test_major_faults),
		cmocka_unit_test(test_unseen_major_faults),
		cmocka_unit_test(test_unseen_swap_in),
		cmocka_unit_test(test_oom_kills),
		cmocka_unit_test(test_trust),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
