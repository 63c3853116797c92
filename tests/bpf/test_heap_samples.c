// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A traced heap of which not every allocation is looked at: that samples are right on average, and that what
 * a program says by probes of its own (tests/workloads/offer.c) is taken as it says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../daemon/trace/heapread.h"
#include "../../daemon/trace/heapresult.h"
#include "traced_program.h"

static void assert_near(double estimate, double truth, double variance, double sigmas)
{
	if (fabs(estimate - truth) > sigmas * sqrt(variance))
		fail_msg("%.0f is no estimate of %.0f with a standard error of %.0f", estimate, truth,
			 sqrt(variance));
}

/* --- probes that the program offers ----------------------------------------------------------- */

#ifdef __x86_64__
static const struct heaptrace_options offered_ways[] = { {}, { .best_kind = UPROBES_OF_EVENTS } };

/* What else it allocates, by functions that have probes in other programs, is not counted. */
static void test_probes_of_the_program(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(offered_ways); i++) {
		struct target_program program = program_start("offer", NULL);
		struct heap_counts counts;

		trace_program(&program, offered_ways[i], COMMANDS("run 5000", "run 1"), &counts);
		assert_string_equal(allocators_of_trace, "offer");
		assert_int_equal(program.counts.nr, 5001);
		assert_int_equal(counts.nr_weighted, 0);
		assert_int_equal(counts.nr_reused, 0);
		program_end(&program);
	}
}

/* Estimates are what the program says, whatever was asked for. */
static struct sums trace_samples(const char *command, __u64 *ret_nr_weighted)
{
	struct target_program program = program_start("offer", NULL);
	struct heaptrace *trace = trace_begin(&program, (struct heaptrace_options){ .every_bytes = 8192 });
	struct heaptrace_result result;
	struct sums sums;

	tell(&program, command);
	sums = trace_end(trace, &result);
	assert_counts(&program, &sums, &result.counts);
	*ret_nr_weighted = result.counts.nr_weighted;
	free(result.rows);
	program_end(&program);
	return sums;
}

/* A sum of N squares is at most the square of the sum, and at least an Nth of that. */
static void assert_variance(double variance, double sum, double nr)
{
	if (variance > sum * sum || variance < sum * sum / nr / 2)
		fail_msg("%g is no sum of %.0f squares of what is %g together", variance, nr, sum);
}

static void test_program_samples(void **state)
{
	__u64 nr_weighted;
	struct sums sums = trace_samples("sample 5000 4", &nr_weighted);

	(void)state;
	assert_int_equal(nr_weighted, 5000);
	assert_variance(sums.bytes_variance, (double)sums.bytes, 5000);
	assert_variance(sums.live_variance, (double)sums.live_bytes, 2500);
	/* With squares of 69 bits. */
	sums = trace_samples("sample 1000 33554432", &nr_weighted);
	assert_variance(sums.bytes_variance, (double)sums.bytes, 1000);
	assert_variance(sums.live_variance, (double)sums.live_bytes, 500);
}

/* The program does not tell of what it allocates while nobody listens. */
static void test_semaphores_are_given_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(offered_ways); i++) {
		struct target_program program = program_start("offer", NULL);
		struct heap_counts counts;
		unsigned long told;

		trace_program(&program, offered_ways[i], COMMANDS("run 10"), &counts);
		told = program.counts.bytes;
		assert_int_not_equal(told, 0);
		tell(&program, "run 10");
		assert_int_equal(program.counts.bytes, told);
		program_end(&program);
	}
}
#endif

#ifdef __x86_64__
static void assert_numbers(const __u64 *first, const __u64 *last)
{
	while (first <= last)
		assert_in_range(*first++, 0, TRACE_MAX_NUMBER);
}

/* A record of more would be refused, and with it the trace. */
static void assert_record(void *ctx, const struct rec_header *record)
{
	const struct rec_trace_stack *stack = (const void *)record;
	const struct rec_trace *trace = (const void *)record;
	unsigned int *nr = ctx;

	if (record->kind == REC_TRACE_STACK)
		assert_numbers(&stack->nr, &stack->mean_age_ns);
	if (record->kind == REC_TRACE)
		assert_numbers(&trace->duration_ns, &trace->nr_not_unwound);
	++*nr;
}

static void test_numbers_of_the_program_have_a_bound(void **state)
{
	static const char *const commands[] = { "sample 9 2251799813685248", "sample 9 18014398509481983",
						"sample 9 9007199254740992" };
	struct target_program program = program_start("offer", NULL);
	struct heaptrace *trace = trace_begin(&program, (struct heaptrace_options){});
	struct rec_trace record = {};
	struct heaptrace_result result;
	unsigned int nr = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		tell(&program, commands[i]);
	trace_end(trace, &result);
	heapresult_emit(&result, &record, assert_record, &nr);
	assert_in_range(nr, 3, 100);
	assert_int_equal(record.bytes, TRACE_MAX_NUMBER);
	free(result.rows);
	program_end(&program);
}

/* The kernel has one semaphore for each place: what has two is not taken, and functions are. */
static void test_places_with_two_semaphores(void **state)
{
	struct target_program program = program_start("offer-twice", NULL);
	struct heaptrace *trace = trace_begin(&program, (struct heaptrace_options){});
	struct heaptrace_result result;

	(void)state;
	assert_null(strstr(allocators_of_trace, "offer"));
	trace_end(trace, &result);
	free(result.rows);
	program_end(&program);
}
#endif

/* --- samples ---------------------------------------------------------------------------------- */

/* A sum over many samples is right within its error, which is as small as it should be. */
static void test_samples_stand_for_all(void **state)
{
	struct target_program program = program_start("allocate", NULL);
	struct heaptrace *trace = trace_begin(&program, (struct heaptrace_options){ .every_bytes = 8192 });
	struct heaptrace_result result;
	__u64 nr_samples = 0;
	struct sums sums;

	(void)state;
	tell(&program, "run 50000");
	sums = trace_end(trace, &result);
	assert_near((double)sums.bytes, (double)program.counts.bytes, sums.bytes_variance, 5);
	assert_near((double)sums.live_bytes, (double)program.counts.live_bytes, sums.live_variance, 5);
	assert_in_range((__u64)sqrt(sums.bytes_variance), 1, program.counts.bytes / 20);
	for (__u32 i = 0; i < result.nr; i++)
		nr_samples += result.rows[i].nr_samples;
	assert_in_range(nr_samples, 1000, program.counts.nr / 2);
	free(result.rows);
	program_end(&program);
}

/* What hands on to another function is looked at once, with one chance. */
static void test_samples_of_operator_new(void **state)
{
	(void)state;
	struct target_program program = program_start("allocate-static", NULL);
	struct heaptrace *trace = trace_begin(&program, (struct heaptrace_options){ .every_bytes = 4096 });
	struct heaptrace_result result;
	struct sums sums;

	tell(&program, "run 50000");
	sums = trace_end(trace, &result);
	assert_near((double)sums.nr, (double)program.counts.nr, (double)program.counts.nr * 40, 5);
	free(result.rows);
	program_end(&program);
}

/* As what hands on by its nature: realloc() of nothing, and an allocator that is laid over another. */
static void test_samples_of_what_hands_on(void **state)
{
	static const struct {
		const char *name, *preload, *command;
	} ways[] = { { "allocate-static", NULL, "from-nothing 20000" },
		     { "allocate", NULL, "from-nothing 20000" },
		     { "allocate", "over.so", "leak 20000" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		char preload[256];
		struct heaptrace_result result;
		struct target_program program;
		struct heaptrace *trace;
		struct sums sums;

		snprintf(preload, sizeof(preload), "%s/tests/workloads/%s", getenv("BUILD") ?: "build",
			 ways[i].preload ?: "");
		program = program_start(ways[i].name, ways[i].preload ? preload : NULL);
		trace = trace_begin(&program, (struct heaptrace_options){ .every_bytes = 4096 });
		tell(&program, ways[i].command);
		sums = trace_end(trace, &result);
		assert_near((double)sums.bytes, (double)program.counts.bytes, sums.bytes_variance, 5);
		assert_near((double)sums.live_bytes, (double)program.counts.live_bytes, sums.live_variance,
			    5);
		free(result.rows);
		program_end(&program);
	}
}

#define MAX_DESCRIPTORS 1024

/* Allocations that the trace of this program has counted by their sizes, of all CPUs. */
static __u64 nr_counted_by_size(void)
{
	struct heap_sizes sizes = {};
	__u64 nr = 0;

	for (int fd = 0; fd < MAX_DESCRIPTORS; fd++) {
		struct bpf_map_info info = {};
		__u32 size = sizeof(info);

		if (!bpf_obj_get_info_by_fd(fd, &info, &size) && !strcmp(info.name, "heap_sizes"))
			assert_int_equal(heapread_sum(fd, sizes.nr, NR_HEAP_OCTAVES), 0);
	}
	for (__u32 i = 0; i < NR_HEAP_OCTAVES; i++)
		nr += sizes.nr[i];
	return nr;
}

/* What a call hands on to another one is not one more, or the rate that is to be held would be another. */
static void test_calls_are_counted_once(void **state)
{
	static const char *const names[] = { "allocate", "allocate-static" };
	static const __u32 periods[] = { 0, 4096 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names) * ARRAY_SIZE(periods); i++) {
		struct target_program program = program_start(names[i % 2], NULL);
		struct heaptrace *trace = trace_begin(&program, (struct heaptrace_options){
									.every_bytes = periods[i / 2] });
		__u64 nr;

		tell(&program, "run 5000");
		nr = program.counts.nr + program.counts.failed;
		/* And to reallocate to nothing, one call in 33. */
		print_message("%s, one byte in %u: %llu of %llu\n", names[i % 2], periods[i / 2],
			      nr_counted_by_size(), nr);
		assert_in_range(nr_counted_by_size(), nr, nr + nr / 20);
		heaptrace_free(trace);
		going_on = NULL;
		program_end(&program);
	}
}

/* So many allocations a second are more than any trace here sees, or fewer than all do. */
#define NEVER_TOO_MANY 1000000000u
#define SOON_TOO_MANY 1000u

static void test_few_allocations_are_all_looked_at(void **state)
{
	struct target_program program = program_start("allocate", NULL);
	struct heaptrace *trace = trace_begin(&program,
					      (struct heaptrace_options){ .max_rate = NEVER_TOO_MANY });
	struct heaptrace_result result;
	struct sums sums;

	(void)state;
	tell(&program, "run 5000");
	heaptrace_hold_rate(trace);
	tell(&program, "run 5000");
	sums = trace_end(trace, &result);
	assert_counts(&program, &sums, &result.counts);
	assert_int_equal(result.every_bytes, 0);
	assert_int_equal(result.sampled_ns, 0);
	free(result.rows);
	program_end(&program);
}

/* How far sums are from the truth, and their variance. */
struct errors {
	double bytes, bytes_variance, live, live_variance;
};

/* A trace that is exact at first and then samples. */
static void trace_too_many(const char *name, struct errors *errors)
{
	struct target_program program = program_start(name, NULL);
	struct heaptrace *trace = trace_begin(&program,
					      (struct heaptrace_options){ .max_rate = SOON_TOO_MANY });
	struct heaptrace_result result;
	__u64 nr_samples = 0, exact;
	struct sums sums;

	tell(&program, "run 500");
	exact = program.counts.nr;
	heaptrace_hold_rate(trace);
	tell(&program, "run 20000");
	sums = trace_end(trace, &result);
	assert_in_range(result.sampled_ns, result.begin_ns, result.end_ns);
	assert_in_range(result.every_bytes, 2, MAX_HEAP_EVERY_BYTES);
	for (__u32 i = 0; i < result.nr; i++)
		nr_samples += result.rows[i].nr_samples;
	assert_in_range(nr_samples, exact + 1, exact + (program.counts.nr - exact) / 2);
	assert_in_range((__u64)sqrt(sums.bytes_variance), 1, program.counts.bytes / 2);
	errors->bytes += (double)sums.bytes - (double)program.counts.bytes;
	errors->live += (double)sums.live_bytes - (double)program.counts.live_bytes;
	errors->bytes_variance += sums.bytes_variance;
	errors->live_variance += sums.live_variance;
	free(result.rows);
	program_end(&program);
}

/* Of many traces together, so that an error in the weights shows which is small beside that of one. */
static void test_too_many_allocations_are_sampled(void **state)
{
	static const char *const names[] = { "allocate", "allocate-static" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct errors errors = {};

		for (int j = 0; j < 10; j++)
			trace_too_many(names[i], &errors);
		print_message("%s: off by %.2f and %.2f standard errors\n", names[i],
			      errors.bytes / sqrt(errors.bytes_variance),
			      errors.live / sqrt(errors.live_variance));
		assert_near(errors.bytes, 0, errors.bytes_variance, 5);
		assert_near(errors.live, 0, errors.live_variance, 5);
	}
}

/* What was recorded exactly is seen to be freed by one that samples, and nothing is left of either. */
static void test_frees_of_both_are_seen(void **state)
{
	struct target_program program = program_start("allocate", NULL);
	struct heaptrace *trace = trace_begin(&program,
					      (struct heaptrace_options){ .max_rate = SOON_TOO_MANY });
	struct heaptrace_result result;
	struct sums sums;

	(void)state;
	tell(&program, "run 2000");
	assert_int_not_equal(program.counts.live, 0);
	heaptrace_hold_rate(trace);
	tell(&program, "run 20000");
	tell(&program, "free");
	sums = trace_end(trace, &result);
	assert_int_not_equal(result.sampled_ns, 0);
	assert_int_equal(program.counts.live, 0);
	assert_int_equal(sums.live, 0);
	assert_int_equal(sums.live_bytes, 0);
	assert_true(sums.bytes_variance > 0);
	assert_int_equal(result.counts.nr_reused, 0);
	free(result.rows);
	program_end(&program);
}

static const struct CMUnitTest tests[] = {
#ifdef __x86_64__
	cmocka_unit_test_teardown(test_probes_of_the_program, tear_down),
	cmocka_unit_test_teardown(test_program_samples, tear_down),
	cmocka_unit_test_teardown(test_numbers_of_the_program_have_a_bound, tear_down),
	cmocka_unit_test_teardown(test_places_with_two_semaphores, tear_down),
	cmocka_unit_test_teardown(test_semaphores_are_given_back, tear_down),
#endif
	cmocka_unit_test_teardown(test_samples_stand_for_all, tear_down),
	cmocka_unit_test_teardown(test_samples_of_operator_new, tear_down),
	cmocka_unit_test_teardown(test_samples_of_what_hands_on, tear_down),
	cmocka_unit_test_teardown(test_calls_are_counted_once, tear_down),
	cmocka_unit_test_teardown(test_few_allocations_are_all_looked_at, tear_down),
	cmocka_unit_test_teardown(test_too_many_allocations_are_sampled, tear_down),
	cmocka_unit_test_teardown(test_frees_of_both_are_seen, tear_down),
};

int main(void)
{
	if (geteuid() != 0) {
		puts("only root may load BPF programs");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
