// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A traced heap against the counts of the program itself, byte for byte, whatever it does; and that no probe
 * is left behind. The program is tests/workloads/allocate.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "traced_program.h"

/* --- what is counted -------------------------------------------------------------------------- */

static void test_counts_are_those_of_the_program(void **state)
{
	struct heap_counts counts;

	(void)state;
	TRACE("allocate", NULL, &counts, "run 20000", "fail", "run 20000");
	assert_string_equal(allocators_of_trace, "allocate, libc.so.6");
	assert_int_equal(counts.nr_reused, 0);
	assert_int_equal(counts.nr_interrupted, 0);
	assert_int_equal(counts.nr_children, 0);
	TRACE("allocate", NULL, &counts, "run 5000", "fail", "free");
}

static void compare_counts_by(enum uprobe_kind best_kind)
{
	struct target_program program = program_start("allocate", NULL);
	struct heap_counts counts;

	trace_program(&program, (struct heaptrace_options){ .best_kind = best_kind },
		      COMMANDS("run 3000", "fail", "fork", "jump", "again", "vanish", "fail-own", "free"),
		      &counts);
	assert_int_equal(counts.nr_interrupted, 1);
	assert_int_equal(counts.nr_reused, 1);
	assert_int_equal(counts.nr_children, 1);
	program_end(&program);
}

/* As on kernels that have no probes for begin and return in one, and as on those with none at many places. */
static void test_counts_are_the_same_on_older_kernels(void **state)
{
	(void)state;
	compare_counts_by(UPROBES_OF_MANY);
	compare_counts_by(UPROBES_OF_EVENTS);
}

/*
 * With a library that takes the place of the usual allocator; which also has operator new, and functions of
 * its own.
 */
static void trace_with(const char *library)
{
	struct heap_counts counts;
	char expected[USER_SYMBOL_NAME_LEN];

	if (access(library, R_OK) < 0) {
		print_message("%s is not installed\n", library);
		skip();
	}
	snprintf(expected, sizeof(expected), "%s", strrchr(library, '/') + 1);
	TRACE("allocate", library, &counts, "run 5000", "run 5000", "free");
	if (!strstr(allocators_of_trace, expected))
		fail_msg("%s is not among %s", expected, allocators_of_trace);
	TRACE("entrypoints", library, &counts, "run 1000");
	assert_true(counts.nr_frees > 1000);
}

#define LIBRARIES "/usr/lib/" LIBRARY_ARCH "-linux-gnu/"
#ifdef __x86_64__
#define LIBRARY_ARCH "x86_64"
#else
#define LIBRARY_ARCH "aarch64"
#endif

static void test_jemalloc(void **state)
{
	(void)state;
	trace_with(LIBRARIES "libjemalloc.so.2");
}

static void test_tcmalloc(void **state)
{
	(void)state;
	trace_with(LIBRARIES "libtcmalloc_minimal.so.4");
}

static void test_mimalloc(void **state)
{
	(void)state;
	trace_with(LIBRARIES "libmimalloc.so.2.0");
}

static void test_linked_statically(void **state)
{
	struct heap_counts counts;

	(void)state;
	TRACE("allocate-static", NULL, &counts, "run 5000", "fail", "run 5000", "free");
	assert_string_equal(allocators_of_trace, "allocate-static");
}

/* Its functions call each other, and its realloc() to 0 bytes gives something. */
static void test_musl(void **state)
{
	struct heap_counts counts;

	(void)state;
	TRACE("allocate-musl-static", NULL, &counts, "run 5000", "fail", "run 5000", "free");
	assert_string_equal(allocators_of_trace, "allocate-musl-static");
	if (access("/lib/ld-musl-" LIBRARY_ARCH ".so.1", R_OK) < 0) {
		print_message("musl is not installed\n");
		return;
	}
	TRACE("allocate-musl", NULL, &counts, "run 5000", "fail", "run 5000", "free");
	if (!strstr(allocators_of_trace, "musl"))
		fail_msg("musl is not among %s", allocators_of_trace);
}

/* What an allocator frees by another one below it is freed once. */
static void test_allocator_over_another(void **state)
{
	struct heap_counts counts;
	char preload[256];

	(void)state;
	snprintf(preload, sizeof(preload), "%s/tests/workloads/over.so", getenv("BUILD") ?: "build");
	TRACE("allocate", preload, &counts, "run 5000", "run 5000", "free");
}

static void test_frees_of_a_child_are_its_own(void **state)
{
	struct heap_counts counts;

	(void)state;
	TRACE("allocate", NULL, &counts, "run 5000", "fork", "fork", "run 5000");
	assert_int_equal(counts.nr_children, 2);
}

static void test_calls_that_do_not_return(void **state)
{
	struct heap_counts counts;

	(void)state;
	TRACE("allocate", NULL, &counts, "jump", "jump", "vanish", "fail-own");
	assert_int_equal(counts.nr_interrupted, 2);
}

static void test_address_is_given_again(void **state)
{
	struct heap_counts counts;

	(void)state;
	TRACE("allocate", NULL, &counts, "again", "again");
	assert_int_equal(counts.nr_reused, 2);
}

static void test_full_table_is_counted(void **state)
{
	struct target_program program = program_start("allocate", NULL);
	struct heaptrace *trace = trace_begin(&program, (struct heaptrace_options){ .max_objects = 100 });
	struct heaptrace_result result;
	struct sums sums;

	(void)state;
	tell(&program, "leak 100");
	sums = trace_end(trace, &result);
	assert_int_equal(sums.nr, 200);
	assert_int_equal(sums.bytes, 110000);
	assert_int_equal(sums.live, 100);
	assert_int_equal(result.counts.nr_lost, 100);
	free(result.rows);
	program_end(&program);
}

/* The callers of one function are told apart, though it and they have no frame pointers. */
static void test_stacks_are_told_apart(void **state)
{
	struct target_program program = program_start("allocate", NULL);
	struct heaptrace *trace = trace_begin(&program, (struct heaptrace_options){});
	struct heaptrace_result result;
	__u32 nr_copies = 0;

	(void)state;
	tell(&program, "leak 50");
	assert_true(heaptrace_poll(trace, no_copy, &nr_copies));
	assert_int_equal(nr_copies, 2);
	trace_end(trace, &result);
	assert_int_equal(result.nr, 2);
	assert_int_equal(result.rows[0].live_bytes, 50000);
	assert_int_equal(result.rows[1].live_bytes, 5000);
	assert_int_equal(result.rows[0].ip[0], result.rows[1].ip[0]);
	assert_in_range(result.rows[0].oldest_ns, result.begin_ns, result.rows[0].newest_ns);
	assert_in_range(result.rows[0].newest_ns, result.rows[0].oldest_ns, result.end_ns);
	free(result.rows);
	program_end(&program);
}

/* Of two stacks the ring has room for one; the other is copied as soon as there is room, or counted. */
static void test_what_could_not_be_copied_is_tried_again(void **state)
{
	const struct heaptrace_options options = { .copies_bytes = 2 * HEAP_COPY_BYTES };

	(void)state;
	for (__u32 is_read = 0; is_read < 2; is_read++) {
		struct target_program program = program_start("allocate", NULL);
		struct heaptrace *trace = trace_begin(&program, options);
		struct heaptrace_result result;
		__u32 nr_copies = 0;

		tell(&program, "leak 50");
		if (is_read) {
			assert_true(heaptrace_poll(trace, no_copy, &nr_copies));
			assert_int_equal(nr_copies, 1);
			tell(&program, "leak 50");
			assert_true(heaptrace_poll(trace, no_copy, &nr_copies));
			assert_int_equal(nr_copies, 2);
		}
		trace_end(trace, &result);
		assert_int_equal(result.nr, 2);
		assert_int_equal(result.nr_not_copied, !is_read);
		free(result.rows);
		program_end(&program);
	}
}

/* --- what becomes of the process -------------------------------------------------------------- */

static void test_process_ends_while_traced(void **state)
{
	struct target_program program = program_start("allocate", NULL);
	struct heaptrace *trace = trace_begin(&program, (struct heaptrace_options){});
	struct heaptrace_result result;
	struct counts counts;
	struct sums sums;

	(void)state;
	tell(&program, "run 1000");
	counts = program.counts;
	kill(program.pid, SIGKILL);
	program_end(&program);
	sums = trace_end(trace, &result);
	assert_int_equal(sums.live_bytes, counts.live_bytes);
	assert_int_equal(nr_links(), 0);
	free(result.rows);
}

static void test_process_executes_another_program(void **state)
{
	struct target_program program = program_start("allocate", NULL);
	struct heaptrace *trace = trace_begin(&program, (struct heaptrace_options){});
	struct heaptrace_result result;
	struct counts counts;
	struct sums sums;

	(void)state;
	tell(&program, "run 1000");
	counts = program.counts;
	assert_true(heaptrace_poll(trace, no_copy, NULL));
	tell(&program, "exec");
	tell(&program, "run 1000");
	assert_false(heaptrace_poll(trace, no_copy, NULL));
	sums = trace_end(trace, &result);
	assert_int_equal(sums.live_bytes, counts.live_bytes);
	assert_int_equal(result.counts.nr_execs, 1);
	assert_int_equal(nr_links(), 0);
	free(result.rows);
	program_end(&program);
}

/* It is traced as others are, and does nothing until it goes on. */
static void test_process_is_stopped(void **state)
{
	struct target_program program = program_start("allocate", NULL);
	struct heap_counts counts;
	struct heaptrace *trace;
	int status;

	(void)state;
	kill(program.pid, SIGSTOP);
	assert_int_equal(waitpid(program.pid, &status, WUNTRACED), program.pid);
	trace = trace_begin(&program, (struct heaptrace_options){});
	heaptrace_free(trace);
	going_on = NULL;
	assert_int_equal(nr_links(), 0);
	kill(program.pid, SIGCONT);
	trace_program(&program, (struct heaptrace_options){}, COMMANDS("run 100"), &counts);
	program_end(&program);
}

/* Its program is in a file system that only it has mounted. */
static void test_process_is_in_another_mount_namespace(void **state)
{
	struct heap_counts counts;

	(void)state;
	is_in_another_mount_namespace = true;
	TRACE("allocate-static", NULL, &counts, "run 1000");
	is_in_another_mount_namespace = false;
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_teardown(test_counts_are_those_of_the_program, tear_down),
	cmocka_unit_test_teardown(test_counts_are_the_same_on_older_kernels, tear_down),
	cmocka_unit_test_teardown(test_jemalloc, tear_down),
	cmocka_unit_test_teardown(test_tcmalloc, tear_down),
	cmocka_unit_test_teardown(test_mimalloc, tear_down),
	cmocka_unit_test_teardown(test_linked_statically, tear_down),
	cmocka_unit_test_teardown(test_musl, tear_down),
	cmocka_unit_test_teardown(test_allocator_over_another, tear_down),
	cmocka_unit_test_teardown(test_frees_of_a_child_are_its_own, tear_down),
	cmocka_unit_test_teardown(test_calls_that_do_not_return, tear_down),
	cmocka_unit_test_teardown(test_address_is_given_again, tear_down),
	cmocka_unit_test_teardown(test_full_table_is_counted, tear_down),
	cmocka_unit_test_teardown(test_stacks_are_told_apart, tear_down),
	cmocka_unit_test_teardown(test_what_could_not_be_copied_is_tried_again, tear_down),
	cmocka_unit_test_teardown(test_process_ends_while_traced, tear_down),
	cmocka_unit_test_teardown(test_process_executes_another_program, tear_down),
	cmocka_unit_test_teardown(test_process_is_stopped, tear_down),
	cmocka_unit_test_teardown(test_process_is_in_another_mount_namespace, tear_down),
};

int main(void)
{
	if (geteuid() != 0) {
		puts("only root may load BPF programs");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
