// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A traced heap against the counts of the program itself, byte for byte, whatever it does; that samples
 * are right on average; and that no probe is left behind. The program is tests/workloads/allocate.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../daemon/processfolder.h"
#include "../../daemon/trace/heaptrace.h"
#include "../../daemon/trace/symbolizer/functions.h"
#include "../../daemon/util.h"

/* What the program says of itself. */
struct counts {
	unsigned long nr, bytes, live, live_bytes, frees, before, failed;
};

struct target_program {
	pid_t pid;
	FILE *in, *out;
	struct counts counts; /* as it said last */
};

/* What a test that fails leaves behind. */
static pid_t running;
static struct heaptrace *going_on;

/* --- the program ------------------------------------------------------------------------------ */

static void hear(struct target_program *program)
{
	struct counts *counts = &program->counts;

	assert_int_equal(
		fscanf(program->out,
		       " {\"pid\": %*d, \"nr\": %lu, \"bytes\": %lu, \"live\": %lu, \"live_bytes\": %lu, "
		       "\"frees\": %lu, \"before\": %lu, \"failed\": %lu}",
		       &counts->nr, &counts->bytes, &counts->live, &counts->live_bytes, &counts->frees,
		       &counts->before, &counts->failed),
		7);
}

static void tell(struct target_program *program, const char *command)
{
	fprintf(program->in, "%s\n", command);
	fflush(program->in);
	hear(program);
}

static bool is_in_another_mount_namespace;

/* Copies the program to a place that nobody else sees, and executes that. */
static void execute_elsewhere(const char *path)
{
	static const char place[] = "/sys/elsewhere"; /* every machine has the folder */
	char command[512];

	snprintf(command, sizeof(command), "mount -t tmpfs none /sys && cp %s %s", path, place);
	if (!unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) && !system(command))
		execl(place, place, NULL);
	_exit(127);
}

static struct target_program program_start(const char *name, const char *preload)
{
	struct target_program ret = {};
	int in[2], out[2];
	char path[256];

	snprintf(path, sizeof(path), "%s/tests/workloads/%s", getenv("BUILD") ?: "build", name);
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	ret.pid = fork();
	assert_true(ret.pid >= 0);
	if (!ret.pid) {
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		if (preload)
			setenv("LD_PRELOAD", preload, 1);
		if (is_in_another_mount_namespace)
			execute_elsewhere(path);
		execl(path, path, NULL);
		_exit(127);
	}
	running = ret.pid;
	close(in[0]);
	close(out[1]);
	ret.in = fdopen(in[1], "w");
	ret.out = fdopen(out[0], "r");
	hear(&ret);
	return ret;
}

static void program_end(struct target_program *program)
{
	fclose(program->in);
	fclose(program->out);
	waitpid(program->pid, NULL, 0);
	running = 0;
}

/* --- the trace -------------------------------------------------------------------------------- */

static char allocators_of_trace[USER_SYMBOL_NAME_LEN];

/* As the tracer and the symbolizer do. */
static int find_allocators(pid_t pid, struct allocators *ret)
{
	struct target target = TARGET_NONE;
	__u64 address[256];
	__u32 nr;
	int err = target_look(&target, (__u32)pid, processfolder_start_ns((__u32)pid));

	nr = err ? 0 : allocators_candidates(&target.mappings, address, ARRAY_SIZE(address));
	for (__u32 i = 0; i < nr; i++) {
		static struct answer_places places;
		struct given given;
		int fd;

		target_open_mapping(&target, address[i], &given, &fd);
		if (functions_find(fd, &places) <= 0 || !allocators_add(ret, fd, given.name, &places))
			close(fd);
	}
	target_close(&target);
	return err ? err : ret->nr ? 0 : -ENOENT;
}

/* Of the process, as heaptrace_begin(). */
static int trace_try(struct heaptrace **ret, pid_t pid, struct heaptrace_options options)
{
	struct allocators allocators = {};
	int err = find_allocators(pid, &allocators);

	options.tgid = (__u32)pid;
	allocators_name(&allocators, allocators_of_trace, sizeof(allocators_of_trace));
	if (!err)
		err = heaptrace_begin(ret, &options, &allocators);
	going_on = err ? NULL : *ret;
	allocators_close(&allocators);
	return err;
}

static struct heaptrace *trace_begin(const struct target_program *program, struct heaptrace_options options)
{
	struct heaptrace *trace = NULL;
	int err = trace_try(&trace, program->pid, options);

	if (err)
		fail_msg("cannot trace: %s", strerror(-err));
	return trace;
}

struct sums {
	__u64 nr, bytes, live, live_bytes;
	double bytes_variance, live_variance;
};

static void no_copy(void *ctx, const struct heap_copy *copy)
{
	__u32 *nr = ctx;

	assert_int_not_equal(copy->stack, 0);
	/* 0: the page cannot be read without a fault, as where NUMA balancing has just taken it. */
	assert_in_range(copy->size, 0, HEAP_COPY_BYTES);
	if (nr)
		++*nr;
}

static struct sums trace_end(struct heaptrace *trace, struct heaptrace_result *ret)
{
	struct sums sums = {};

	heaptrace_stop(trace);
	heaptrace_poll(trace, no_copy, NULL);
	assert_int_equal(heaptrace_read(trace, ret), 0);
	heaptrace_free(trace);
	going_on = NULL;
	for (__u32 i = 0; i < ret->nr; i++) {
		sums.nr += ret->rows[i].nr;
		sums.bytes += ret->rows[i].bytes;
		sums.live += ret->rows[i].nr_live;
		sums.live_bytes += ret->rows[i].live_bytes;
		sums.bytes_variance += pow((double)ret->rows[i].bytes_error, 2);
		sums.live_variance += pow((double)ret->rows[i].live_error, 2);
	}
	return sums;
}

static void assert_counts(const struct target_program *program, const struct sums *sums,
			  const struct heap_counts *counts)
{
	assert_int_equal(sums->nr, program->counts.nr);
	assert_int_equal(sums->bytes, program->counts.bytes);
	assert_int_equal(sums->live, program->counts.live);
	assert_int_equal(sums->live_bytes, program->counts.live_bytes);
	assert_int_equal(counts->nr_frees, program->counts.frees);
	assert_int_equal(counts->nr_unknown, program->counts.before);
	assert_int_equal(counts->nr_failed, program->counts.failed);
}

/* Links of the kernel's that are to programs of a trace. */
static unsigned int nr_links(void)
{
	unsigned int nr = 0;
	__u32 id = 0;

	while (!bpf_link_get_next_id(id, &id)) {
		struct bpf_link_info link = {};
		struct bpf_prog_info program = {};
		__u32 link_size = sizeof(link), program_size = sizeof(program);
		_cleanup_close_ int link_fd = bpf_link_get_fd_by_id(id), program_fd = -1;

		if (link_fd < 0 || bpf_obj_get_info_by_fd(link_fd, &link, &link_size))
			continue;
		program_fd = bpf_prog_get_fd_by_id(link.prog_id);
		if (program_fd >= 0 && !bpf_obj_get_info_by_fd(program_fd, &program, &program_size))
			nr += !strncmp(program.name, "heap_", strlen("heap_"));
	}
	return nr;
}

/* Traces the program from here on while it obeys, and holds the counts against each other. */
static void trace_program(struct target_program *program, struct heaptrace_options options,
			  const char *const *commands, struct heap_counts *ret)
{
	struct heaptrace *trace = trace_begin(program, options);
	struct heaptrace_result result;
	struct sums sums;

	assert_int_not_equal(nr_links(), 0);
	for (; *commands; commands++)
		tell(program, *commands);
	sums = trace_end(trace, &result);
	assert_counts(program, &sums, &result.counts);
	assert_int_equal(result.counts.nr_lost, 0);
	assert_int_equal(nr_links(), 0);
	free(result.rows);
	*ret = result.counts;
}

static void trace_commands(const char *name, const char *preload, const char *const *commands,
			   struct heap_counts *ret)
{
	struct target_program program = program_start(name, preload);

	trace_program(&program, (struct heaptrace_options){}, commands, ret);
	program_end(&program);
}

#define COMMANDS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define TRACE(name, preload, ret, ...) trace_commands(name, preload, COMMANDS(__VA_ARGS__), ret)

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

/* With a library that takes the place of the usual allocator; which also has operator new. */
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

/* --- samples ---------------------------------------------------------------------------------- */

static void assert_near(double estimate, double truth, double variance, double sigmas)
{
	if (fabs(estimate - truth) > sigmas * sqrt(variance))
		fail_msg("%.0f is no estimate of %.0f with a standard error of %.0f", estimate, truth,
			 sqrt(variance));
}

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

/* --- bad input -------------------------------------------------------------------------------- */

static void assert_refused(pid_t pid, int err)
{
	struct heaptrace *trace = NULL;

	assert_int_equal(trace_try(&trace, pid, (struct heaptrace_options){}), err);
	assert_int_equal(nr_links(), 0);
}

static void test_no_such_process(void **state)
{
	struct target_program program = program_start("allocate", NULL);

	(void)state;
	program_end(&program);
	assert_refused(program.pid, -ESRCH);
}

static void test_kernel_thread(void **state)
{
	(void)state;
	/* kthreadd */
	assert_refused(2, -ESRCH);
}

static void test_no_allocator(void **state)
{
	pid_t pid = running = fork();

	(void)state;
	if (!pid) {
		execl("/bin/busybox", "busybox", "sleep", "1000", NULL);
		_exit(127);
	}
	/* It has executed the other program when its name is that. */
	for (char name[64] = "", path[64]; !strstr(name, "busybox");) {
		snprintf(path, sizeof(path), "/proc/%d/exe", pid);
		assert_true(readlink(path, name, sizeof(name) - 1) >= 0);
	}
	assert_refused(pid, -ENOENT);
}

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

static int tear_down(void **state)
{
	(void)state;
	heaptrace_free(going_on);
	going_on = NULL;
	if (running) {
		kill(running, SIGKILL);
		waitpid(running, NULL, 0);
	}
	running = 0;
	is_in_another_mount_namespace = false;
	return 0;
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_teardown(test_counts_are_those_of_the_program, tear_down),
	cmocka_unit_test_teardown(test_counts_are_the_same_on_older_kernels, tear_down),
	cmocka_unit_test_teardown(test_jemalloc, tear_down),
	cmocka_unit_test_teardown(test_tcmalloc, tear_down),
	cmocka_unit_test_teardown(test_mimalloc, tear_down),
	cmocka_unit_test_teardown(test_linked_statically, tear_down),
	cmocka_unit_test_teardown(test_frees_of_a_child_are_its_own, tear_down),
	cmocka_unit_test_teardown(test_calls_that_do_not_return, tear_down),
	cmocka_unit_test_teardown(test_address_is_given_again, tear_down),
	cmocka_unit_test_teardown(test_full_table_is_counted, tear_down),
	cmocka_unit_test_teardown(test_stacks_are_told_apart, tear_down),
#ifdef __x86_64__
	cmocka_unit_test_teardown(test_probes_of_the_program, tear_down),
	cmocka_unit_test_teardown(test_program_samples, tear_down),
	cmocka_unit_test_teardown(test_semaphores_are_given_back, tear_down),
#endif
	cmocka_unit_test_teardown(test_samples_stand_for_all, tear_down),
	cmocka_unit_test_teardown(test_samples_of_operator_new, tear_down),
	cmocka_unit_test_teardown(test_no_such_process, tear_down),
	cmocka_unit_test_teardown(test_kernel_thread, tear_down),
	cmocka_unit_test_teardown(test_no_allocator, tear_down),
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
