/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A program of tests/workloads that allocates and counts for itself, and a trace of it, for the tests of
 * traced heaps; included after cmocka.h.
 */
#ifndef MEMOIR_TESTS_TRACED_PROGRAM_H
#define MEMOIR_TESTS_TRACED_PROGRAM_H

#include <bpf/bpf.h>
#include <dirent.h>
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

static inline void hear(struct target_program *program)
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

static inline void tell(struct target_program *program, const char *command)
{
	fprintf(program->in, "%s\n", command);
	fflush(program->in);
	hear(program);
}

static bool is_in_another_mount_namespace;

/* Copies the program to a place that nobody else sees, and executes that. */
static inline void execute_elsewhere(const char *path)
{
	static const char place[] = "/sys/elsewhere"; /* every machine has the folder */
	char command[512];

	snprintf(command, sizeof(command), "mount -t tmpfs none /sys && cp %s %s", path, place);
	if (!unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) && !system(command))
		execl(place, place, NULL);
	_exit(127);
}

static inline struct target_program program_start(const char *name, const char *preload)
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

static inline void program_end(struct target_program *program)
{
	fclose(program->in);
	fclose(program->out);
	waitpid(program->pid, NULL, 0);
	running = 0;
}

/* --- the trace -------------------------------------------------------------------------------- */

static char allocators_of_trace[USER_SYMBOL_NAME_LEN];

/* As the tracer and the symbolizer do. */
static inline int find_allocators(pid_t pid, struct allocators *ret)
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
static inline int trace_try(struct heaptrace **ret, pid_t pid, struct heaptrace_options options)
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

static inline struct heaptrace *trace_begin(const struct target_program *program,
					    struct heaptrace_options options)
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

static inline void no_copy(void *ctx, const struct heap_copy *copy)
{
	__u32 *nr = ctx;

	assert_int_not_equal(copy->stack, 0);
	/* 0: the page cannot be read without a fault, as where NUMA balancing has just taken it. */
	assert_in_range(copy->size, 0, HEAP_COPY_BYTES);
	if (nr)
		++*nr;
}

static inline struct sums trace_end(struct heaptrace *trace, struct heaptrace_result *ret)
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

static inline void assert_counts(const struct target_program *program, const struct sums *sums,
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

/* Links that this process holds; nobody else does, and others may trace meanwhile. */
static inline unsigned int nr_links(void)
{
	DIR *descriptors = opendir("/proc/self/fdinfo");
	unsigned int nr = 0;

	assert_non_null(descriptors);
	for (struct dirent *entry; (entry = readdir(descriptors));) {
		char path[sizeof("/proc/self/fdinfo/") + sizeof(entry->d_name)], line[256];
		_cleanup_fclose_ FILE *file = NULL;

		snprintf(path, sizeof(path), "/proc/self/fdinfo/%s", entry->d_name);
		file = *entry->d_name == '.' ? NULL : fopen(path, "re");
		while (file && fgets(line, sizeof(line), file))
			nr += !strncmp(line, "link_id:", strlen("link_id:"));
	}
	closedir(descriptors);
	return nr;
}

/* Traces the program from here on while it obeys, and holds the counts against each other. */
static inline void trace_program(struct target_program *program, struct heaptrace_options options,
				 const char *const *commands, struct heap_counts *ret)
{
	struct heaptrace *trace = trace_begin(program, options);
	struct heaptrace_result result;
	struct sums sums;

	assert_int_not_equal(nr_links(), 0);
	if (heaptrace_has_spared(trace))
		tell(program, "plain");
	for (; *commands; commands++)
		tell(program, *commands);
	sums = trace_end(trace, &result);
	assert_counts(program, &sums, &result.counts);
	assert_int_equal(result.counts.nr_lost, 0);
	assert_int_equal(nr_links(), 0);
	free(result.rows);
	*ret = result.counts;
}

static inline void trace_commands(const char *name, const char *preload, const char *const *commands,
				  struct heap_counts *ret)
{
	struct target_program program = program_start(name, preload);

	trace_program(&program, (struct heaptrace_options){}, commands, ret);
	program_end(&program);
}

#define COMMANDS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define TRACE(name, preload, ret, ...) trace_commands(name, preload, COMMANDS(__VA_ARGS__), ret)

/* --- the end --------------------------------------------------------------------------------- */

static inline int tear_down(void **state)
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

#endif
