/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verdict on huge pages: who spoils them is named where there is evidence, and the remedy fits. */
#include "verdict_test.h"

static void put_symbol(struct model *model, __u64 ip, const char *text)
{
	struct rec_symbol symbol = { .h = HEADER(REC_SYMBOL, struct rec_symbol, 1), .ip = ip };

	copy_text(symbol.text, text, sizeof(symbol.text));
	assert_int_equal(feed(model, &symbol), 0);
}

/* Two owners of unmovable memory: one spoils this many huge pages in thousandths, the other ten. */
static void put_holders(struct model *model, __u64 spoiled_e3)
{
	struct rec_stack stack = {
		.h = HEADER(REC_STACK, struct rec_stack, 1), .stack = 5, .nr = 4, .ip = { 1, 2, 3, 4 }
	};
	struct rec_holder spoiler = { .h = HEADER(REC_HOLDER, struct rec_holder, 1),
				      .start_ns = 1,
				      .tgid = 77,
				      .stack = 5,
				      .nr_pages = 100,
				      .spoiled_e6 = spoiled_e3 * 1000,
				      .spoiled_error_e6 = 25000000 };
	struct rec_holder other = spoiler;
	struct rec_live live = { .h = HEADER(REC_LIVE, struct rec_live, 1),
				 .step_pages = 64,
				 .knows_blocks = 1 };

	put_symbol(model, 1, "bpf_prog_0123456789abcdef_page_alloc+0x1/0x2");
	put_symbol(model, 2, "alloc_pages_noprof+0x1/0x2");
	put_symbol(model, 3, "anon_pipe_write+0x1/0x2");
	put_symbol(model, 4, "vfs_write+0x1/0x2");
	assert_int_equal(feed(model, &stack), 0);
	copy_text(spoiler.comm, "spoiler", sizeof(spoiler.comm));
	copy_text(other.comm, "other", sizeof(other.comm));
	other.tgid = 78;
	other.stack = 0;
	other.spoiled_e6 = 10000000;
	assert_int_equal(feed(model, &other), 0);
	assert_int_equal(feed(model, &spoiler), 0);
	assert_int_equal(feed(model, &live), 0);
}

/* A zone whose free memory is so many single pages. */
static void put_zone(struct model *model, __u64 nr_free, __u32 order)
{
	struct rec_zone zone = { .h = HEADER(REC_ZONE, struct rec_zone, 1), .managed_pages = 100000 };

	zone.nr_free[order] = nr_free;
	assert_int_equal(feed(model, &zone), 0);
}

/* Two snapshots in which a process failed to get so many huge pages and got others. */
static struct model *model_of_huge_pages(__u64 nr_failed, __u64 nr_made, __u64 nr_free, __u32 order)
{
	struct model *model = model_with(MAX_GROUPS, 10, NULL);
	struct task_identity id = identity(1, 1, 1, "victim", 0);

	for (__u64 i = 0; i < 2; i++) {
		struct ledger_counts counts = { .v = { [LEDGER_HUGE_PAGE_FALLBACKS] = i * nr_failed,
						       [LEDGER_HUGE_PAGES] = i * nr_made } };

		begin(model, 1000 + 60 * i);
		put_zone(model, nr_free, order);
		assert_int_equal(feed_task(model, REC_TASK, &id, &counts), 0);
		end(model, 1000 + 60 * i);
	}
	return model;
}

static const struct verdict *judge(const struct model *model, struct verdicts *verdicts, const char *subject)
{
	verdicts_judge(model, verdicts);
	assert_false(verdicts->is_failed);
	return find(verdicts, subject);
}

static void test_spoiler_is_named(void **state UNUSED)
{
	struct model *model = model_of_huge_pages(90, 10, 5000, 0);
	const struct verdict *verdict;
	struct verdicts verdicts;

	put_holders(model, 200000);
	verdict = judge(model, &verdicts, "huge_pages");
	assert_non_null(verdict);
	assert_int_equal(verdict->severity, SEVERITY_PROBLEM);
	assert_int_equal(verdict->since_ns, 1000 * NSEC_PER_SEC);
	assert_non_null(strstr(verdict->finding.data, "90 of 100 attempts failed over the last 1m 0s"));
	assert_non_null(strstr(verdict->evidence.data, "fragmentation index is 0."));
	assert_string_equal(
		verdict->who.data,
		"spoiler (pid 77, gone) holds 25.0MiB of 0 memory, which spoils 200 +- 5 huge pages, "
		"most of them from anon_pipe_write, vfs_write. It has cost most to victim: 90 attempts.");
	assert_non_null(strstr(verdict->remedy.data, "compaction cannot help"));
	verdicts_free(&verdicts);
	model_free(model);
}

/* Not beyond its error, or not a tenth of all: nobody is blamed. */
static void test_nobody_is_blamed_without_evidence(void **state UNUSED)
{
	static const __u64 spoiled_e3[] = { 9999, 1000 };

	for (size_t i = 0; i < sizeof(spoiled_e3) / sizeof(spoiled_e3[0]); i++) {
		struct model *model = model_of_huge_pages(90, 10, 5000, 0);
		const struct verdict *verdict;
		struct verdicts verdicts;

		put_holders(model, spoiled_e3[i]);
		verdict = judge(model, &verdicts, "huge_pages");
		assert_non_null(verdict);
		assert_string_equal(verdict->who.data, "It has cost most to victim: 90 attempts.");
		assert_non_null(strstr(verdict->remedy.data, "compact_memory"));
		verdicts_free(&verdicts);
		model_free(model);
	}
}

static void test_lack_is_not_fragmentation(void **state UNUSED)
{
	/* Three blocks of half the size: memory for one, and little else. */
	struct model *model = model_of_huge_pages(90, 10, 3, 9);
	const struct verdict *verdict;
	struct verdicts verdicts;

	put_holders(model, 200000);
	verdict = judge(model, &verdicts, "huge_pages");
	assert_non_null(verdict);
	assert_non_null(strstr(verdict->remedy.data, "lack of memory"));
	assert_null(strstr(verdict->who.data, "spoiler"));
	verdicts_free(&verdicts);
	model_free(model);
}

static void test_few_failures_are_chance(void **state UNUSED)
{
	static const struct {
		__u64 nr_failed, nr_made;
	} harmless[] = { { 0, 100 }, { 15, 0 }, { 99, 1000 } };
	struct verdicts verdicts;

	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++) {
		struct model *model = model_of_huge_pages(harmless[i].nr_failed, harmless[i].nr_made, 1, 10);

		assert_null(judge(model, &verdicts, "huge_pages"));
		verdicts_free(&verdicts);
		model_free(model);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spoiler_is_named),
		cmocka_unit_test(test_nobody_is_blamed_without_evidence),
		cmocka_unit_test(test_lack_is_not_fragmentation),
		cmocka_unit_test(test_few_failures_are_chance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
