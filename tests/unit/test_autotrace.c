/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is traced without having been asked for, and when; and what a trace becomes in the evidence of its
 * process, or of the kernel's memory.
 */
#include "memory_story.h"

#include "../../daemon/autotrace.h"
#include "../../exporters/leaks.h"

/* Processes 1 to 3. */
static struct actor actors[] = {
	{ .mib = leaks_20, .comm = "slow" },
	{ .mib = fills_a_pool_slowly, .comm = "pool" },
	{ .mib = leaks_60, .comm = "fast" },
};

static struct story story_of(double hours, __u64 available_pages)
{
	struct story story = { .model = model_with(16, 100, NULL), .actors = actors, .nr_actors = 3 };
	struct rec_kernel_memory memory = { .h = HEADER(REC_KERNEL_MEMORY, struct rec_kernel_memory, 1),
					    .total_pages = 4000000,
					    .available_pages = available_pages };

	assert_int_equal(feed_begin(story.model, 1, 1), 0);
	assert_int_equal(feed(story.model, &memory), 0);
	assert_int_equal(feed_end(story.model, 1, false), 0);
	story_until(&story, hours);
	return story;
}

/* The process that is to be traced; 0: none. */
static __u32 pick(struct autotrace *autotrace, const struct model *model, __u64 now_ns, __u32 own)
{
	const struct process *process = autotrace_pick(autotrace, model, now_ns, true, &own, 1);

	return process ? process->tgid : 0;
}

/* --- whom and when ---------------------------------------------------------------------------- */

static void test_the_worst_first_and_each_once(void **state UNUSED)
{
	struct story story = story_of(1.6, 6000 * PAGES_PER_MIB);
	struct autotrace autotrace = {};
	__u64 now = story_now_ns(&story);

	assert_int_equal(pick(&autotrace, story.model, now, 99), 3);
	assert_int_equal(pick(&autotrace, story.model, now + AUTOTRACE_PAUSE_NS - 1, 99), 0);
	now += AUTOTRACE_PAUSE_NS;
	assert_int_equal(pick(&autotrace, story.model, now, 99), 1);
	/* The pool is no leak. */
	now += AUTOTRACE_PAUSE_NS;
	assert_int_equal(pick(&autotrace, story.model, now, 99), 0);
	now = story_now_ns(&story) + AUTOTRACE_AGAIN_NS;
	assert_int_equal(pick(&autotrace, story.model, now - 1, 99), 0);
	assert_int_equal(pick(&autotrace, story.model, now - 1 + AUTOTRACE_LOOK_NS, 99), 3);
	model_free(story.model);
}

static void test_never_ourselves(void **state UNUSED)
{
	struct story story = story_of(1.6, 6000 * PAGES_PER_MIB);
	struct autotrace autotrace = {};

	assert_int_equal(pick(&autotrace, story.model, story_now_ns(&story), 3), 1);
	model_free(story.model);
}

static void test_no_process_without_a_tracer(void **state UNUSED)
{
	struct story story = story_of(1.6, 6000 * PAGES_PER_MIB);
	struct autotrace autotrace = {};

	assert_null(autotrace_pick(&autotrace, story.model, story_now_ns(&story), false, NULL, 0));
	model_free(story.model);
}

/* What a trace needs is not to use up the rest; where nothing is known of it, it is traced. */
static void test_not_where_memory_is_short(void **state UNUSED)
{
	const __u64 enough = AUTOTRACE_MIN_AVAILABLE_BYTES / 4096;
	const struct {
		__u64 available_pages;
		__u32 picked;
	} cases[] = { { enough - 1, 0 }, { enough, 3 }, { KERNEL_MEMORY_UNKNOWN, 3 } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct story story = story_of(1.6, cases[i].available_pages);
		struct autotrace autotrace = {};

		assert_int_equal(pick(&autotrace, story.model, story_now_ns(&story), 99), cases[i].picked);
		model_free(story.model);
	}
}

static double leaks_fast(struct actor *actor UNUSED, double hour)
{
	return 50 + 500 * hour;
}

/* Long before it can be judged. */
static void test_what_uses_up_all_is_traced_at_once(void **state UNUSED)
{
	struct actor fast = { .mib = leaks_fast, .comm = "fast" };
	struct autotrace autotrace = {};
	struct story story;

	actors[1] = fast;
	story = story_of(0.1, 400 * PAGES_PER_MIB);
	actors[1].mib = fills_a_pool_slowly;
	assert_int_equal(pick(&autotrace, story.model, story_now_ns(&story), 99), 2);
	model_free(story.model);
}

/* A model in which this kind of the kernel's memory grows by 20 pages in 15 s. */
static struct model *kernel_leaks(enum kernel_memory kind, __u64 *ret_now_ns)
{
	struct model *model = model_with(16, 100, NULL);
	struct rec_kernel_memory memory = { .h = HEADER(REC_KERNEL_MEMORY, struct rec_kernel_memory, 1),
					    .total_pages = 2000000,
					    .available_pages = 1000000 };

	for (__u64 i = 0; i < 400; i++) {
		*ret_now_ns = STORY_BOOT_NS + i * 15 * NSEC_PER_SEC;
		memory.pages[kind] = 10000 + 20 * i;
		assert_int_equal(feed_begin(model, i + 1, *ret_now_ns), 0);
		assert_int_equal(feed(model, &memory), 0);
		assert_int_equal(feed_end(model, *ret_now_ns, false), 0);
	}
	return model;
}

/* Of what a trace of it does not see, there is none; it needs no tracer. */
static void test_the_kernel(void **state UNUSED)
{
	const struct {
		enum kernel_memory kind;
		bool is_traced;
	} cases[] = { { KERNEL_SLAB, true }, { KERNEL_PERCPU, true }, { KERNEL_VMALLOC, false } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct autotrace autotrace = {};
		const struct process *process;
		__u64 now;
		struct model *model = kernel_leaks(cases[i].kind, &now);

		process = autotrace_pick(&autotrace, model, now, false, NULL, 0);
		assert_int_equal(!!process, cases[i].is_traced);
		if (process) {
			assert_int_equal(process->tgid, 0);
			now += AUTOTRACE_PAUSE_NS;
			assert_null(autotrace_pick(&autotrace, model, now, false, NULL, 0));
			now += AUTOTRACE_AGAIN_NS;
			assert_non_null(autotrace_pick(&autotrace, model, now, false, NULL, 0));
		}
		model_free(model);
	}
}

/* --- evidence --------------------------------------------------------------------------------- */

static void feed_frames(struct model *model, const struct process *process, __u64 key, const char *name)
{
	struct rec_user_stack frames = { .h = HEADER(REC_USER_STACK, struct rec_user_stack, 0),
					 .stack = key,
					 .start_ns = process->start_ns,
					 .tgid = process->tgid,
					 .nr = 1,
					 .how = STACK_BY_UNWIND_TABLES,
					 .ip = { key } };
	struct rec_user_symbol symbol = { .h = HEADER(REC_USER_SYMBOL, struct rec_user_symbol, 0),
					  .start_ns = process->start_ns,
					  .tgid = process->tgid,
					  .ip = key };

	snprintf(symbol.text, sizeof(symbol.text), "%s+0x1a", name);
	assert_int_equal(feed(model, &frames), 0);
	assert_int_equal(feed(model, &symbol), 0);
}

static void feed_row(struct model *model, __u64 key, __u64 live_bytes)
{
	struct rec_trace_stack row = { .h = HEADER(REC_TRACE_STACK, struct rec_trace_stack, 0),
				       .stack = key,
				       .live_bytes = live_bytes,
				       .live_error = 1 << 20 };

	assert_int_equal(feed(model, &row), 0);
}

/* A trace of half a minute with two stacks, of which lose() is the heavier. */
static void feed_trace_of(struct model *model, const struct process *process, enum trace_ending ending)
{
	struct rec_trace trace = { .h = HEADER(REC_TRACE, struct rec_trace, 0),
				   .start_ns = process->start_ns,
				   .tgid = process->tgid,
				   .ending = ending,
				   .is_automatic = 1,
				   .every_bytes = 512 << 10,
				   .duration_ns = 30 * NSEC_PER_SEC,
				   .live_bytes = 15 << 20 };

	feed_frames(model, process, 5, "cache_fill");
	feed_frames(model, process, 6, "lose");
	feed_row(model, 5, 2 << 20);
	feed_row(model, 0, 9 << 20);
	feed_row(model, 6, 6 << 20);
	assert_int_equal(feed(model, &trace), 0);
}

/*
 * It is of no process, and takes nothing away that is kept of one. Of pages nothing is said, and where
 * frees are not seen, what is held is not known.
 */
static void feed_kernel_trace(struct model *model, enum trace_kind kind)
{
	const struct rec_trace trace = { .h = HEADER(REC_TRACE, struct rec_trace, 0),
					 .is_kernel = 1,
					 .is_automatic = 1,
					 .every = 1,
					 .duration_ns = 30 * NSEC_PER_SEC,
					 .live_bytes = 20 << 20 };
	const struct rec_stack stack = {
		.h = HEADER(REC_STACK, struct rec_stack, 0), .stack = 7, .nr = 1, .ip = { 77 }
	};
	struct rec_symbol symbol = { .h = HEADER(REC_SYMBOL, struct rec_symbol, 0), .ip = 77 };
	struct rec_trace_stack row = { .h = HEADER(REC_TRACE_STACK, struct rec_trace_stack, 0) };

	snprintf(symbol.text, sizeof(symbol.text), "alloc_pipe_info+0x10/0x20");
	assert_int_equal(feed(model, &stack), 0);
	assert_int_equal(feed(model, &symbol), 0);
	for (__u32 i = 0; i <= MAX_TRACED; i++) {
		row.stack = 7, row.kind = kind, row.live_bytes = 8 << 20, row.is_unseen = 0;
		assert_int_equal(feed(model, &row), 0);
		row.stack = 8, row.kind = TRACE_PAGES, row.live_bytes = 9 << 20;
		assert_int_equal(feed(model, &row), 0);
		row.kind = kind, row.is_unseen = 1;
		assert_int_equal(feed(model, &row), 0);
		assert_int_equal(feed(model, &trace), 0);
	}
}

static void expect_evidence_of(const struct model *model, const struct grower *grower, const char *wanted)
{
	const struct suspect suspect = { .grower = *grower };
	struct text text = {};

	text_add_traced(&text, model, &suspect);
	assert_false(text.is_failed);
	assert_string_equal(text.data ? text.data : "", wanted);
	text_free(&text);
}

static void expect_evidence(const struct model *model, const struct process *process, const char *wanted)
{
	const struct grower grower = { .owner = OWNER_PROCESS, .kind = GROWTH_ANONYMOUS, .process = process };

	expect_evidence_of(model, &grower, wanted);
}

#define EVIDENCE                                                                                            \
	"A trace of its heap, which memoird began by itself, for 30.0s, sampling one byte in 512KiB, left " \
	"15.0MiB not freed, the largest part of it, 6.00MiB +- 1.00MiB or 720MiB/h, by lose; what is still in use is among it."

static void test_trace_is_evidence(void **state UNUSED)
{
	struct story story = story_of(0.1, 6000 * PAGES_PER_MIB);
	const struct process *process = model_find_process(story.model, 3);

	expect_evidence(story.model, process, "");
	feed_trace_of(story.model, process, TRACE_HAS_ENDED);
	expect_evidence(story.model, model_find_process(story.model, 3), EVIDENCE);
	expect_evidence(story.model, model_find_process(story.model, 1), "");
	/* What could not begin says nothing new, and one of another or of the kernel takes nothing away. */
	feed_trace_of(story.model, model_find_process(story.model, 3), TRACE_NEVER_BEGAN);
	feed_trace_of(story.model, model_find_process(story.model, 1), TRACE_HAS_ENDED);
	feed_kernel_trace(story.model, TRACE_KMALLOC);
	expect_evidence(story.model, model_find_process(story.model, 3), EVIDENCE);
	model_free(story.model);
}

#define KERNEL_EVIDENCE                                                                                      \
	"A trace of the kernel, which memoird began by itself, for 30.0s, left 20.0MiB not freed, of slabs " \
	"and per-CPU memory mostly 8.00MiB or 960MiB/h, by alloc_pipe_info; what is still in use is among it."

/* There is one trace for all kinds: it is evidence for that which holds most in it. */
static void test_trace_of_the_kernel_is_evidence(void **state UNUSED)
{
	const struct grower slab = { .owner = OWNER_KERNEL, .kind = KERNEL_SLAB },
			    percpu = { .owner = OWNER_KERNEL, .kind = KERNEL_PERCPU },
			    vmalloc = { .owner = OWNER_KERNEL, .kind = KERNEL_VMALLOC },
			    group = { .owner = OWNER_GROUP, .kind = GROWTH_ANONYMOUS };
	struct model *model = model_with(16, 100, NULL);

	expect_evidence_of(model, &slab, "");
	feed_kernel_trace(model, TRACE_CACHE);
	expect_evidence_of(model, &slab, KERNEL_EVIDENCE);
	expect_evidence_of(model, &percpu, "");
	expect_evidence_of(model, &vmalloc, "");
	expect_evidence_of(model, &group, "");
	feed_kernel_trace(model, TRACE_PERCPU);
	expect_evidence_of(model, &slab, "");
	expect_evidence_of(model, &percpu, KERNEL_EVIDENCE);
	model_free(model);
}

static double stays(struct actor *actor UNUSED, double hour)
{
	return hour < 0.2 ? 50 : -1;
}

static double stays_on(struct actor *actor UNUSED, double hour UNUSED)
{
	return 50;
}

/* Eight are kept; the dead go first, and then the one that was traced the longest ago. */
static void test_the_last_few_are_kept(void **state UNUSED)
{
	struct actor many[MAX_TRACED + 2];
	struct story story = { .model = model_with(16, 100, NULL),
			       .actors = many,
			       .nr_actors = MAX_TRACED + 2 };

	for (__u32 i = 0; i < MAX_TRACED + 2; i++)
		many[i] = (struct actor){ .mib = i == 1 ? stays : stays_on };
	story_until(&story, 0.1);
	for (__u32 tgid = 1; tgid <= MAX_TRACED; tgid++)
		feed_trace_of(story.model, model_find_process(story.model, tgid), TRACE_HAS_ENDED);
	assert_non_null(model_traced(story.model, model_find_process(story.model, 1)));
	story_until(&story, 0.3);
	feed_trace_of(story.model, model_find_process(story.model, MAX_TRACED + 1), TRACE_HAS_ENDED);
	assert_non_null(model_traced(story.model, model_find_process(story.model, 1)));
	feed_trace_of(story.model, model_find_process(story.model, MAX_TRACED + 2), TRACE_HAS_ENDED);
	assert_null(model_traced(story.model, model_find_process(story.model, 1)));
	assert_non_null(model_traced(story.model, model_find_process(story.model, 3)));
	model_free(story.model);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_worst_first_and_each_once),
		cmocka_unit_test(test_never_ourselves),
		cmocka_unit_test(test_no_process_without_a_tracer),
		cmocka_unit_test(test_not_where_memory_is_short),
		cmocka_unit_test(test_what_uses_up_all_is_traced_at_once),
		cmocka_unit_test(test_the_kernel),
		cmocka_unit_test(test_trace_is_evidence),
		cmocka_unit_test(test_trace_of_the_kernel_is_evidence),
		cmocka_unit_test(test_the_last_few_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
