// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The yardstick for what BPF programs cost: a program that does nothing, on each event that is named, and
 * with --statistics the kernel's run statistics, both for as long as this process lives. It prints a line
 * "EVENT PROGRAM_ID" for each program, then "ready", and waits until standard input ends. It measures
 * nothing itself: who reads the statistics joins them by the id.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "../../daemon/util.h"

/* tp/CATEGORY/NAME: through perf, as bpftrace does; raw_tp/NAME: as memoir does. */
#define TRACEPOINT_PREFIX "tp/"
#define RAW_PREFIX "raw_tp/"

static bool has_prefix(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

static int load_empty(enum bpf_prog_type type)
{
	const struct bpf_insn nothing[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K },
					    { .code = BPF_JMP | BPF_EXIT } };
	int fd = bpf_prog_load(type, "empty", "GPL", nothing, ARRAY_SIZE(nothing), NULL);

	return fd < 0 ? -errno : fd;
}

/* The number by which perf knows a tracepoint, event being CATEGORY/NAME; or a negative errno. */
static int tracepoint_id(const char *event)
{
	static const char *const roots[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };
	int id;

	for (size_t i = 0; i < ARRAY_SIZE(roots); i++) {
		_cleanup_fclose_ FILE *file = NULL;
		char path[256];

		snprintf(path, sizeof(path), "%s/events/%s/id", roots[i], event);
		file = fopen(path, "re");
		if (file && fscanf(file, "%d", &id) == 1)
			return id;
	}
	return -ENOENT;
}

static int attach_tracepoint(const char *event, int program)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_TRACEPOINT, .size = sizeof(attr) };
	int id = tracepoint_id(event);
	int fd;

	if (id < 0)
		return id;
	attr.config = (__u64)id;
	/* One event on one CPU is enough: the program of a tracepoint runs on all. */
	fd = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0 || ioctl(fd, PERF_EVENT_IOC_SET_BPF, program) < 0 ||
	    ioctl(fd, PERF_EVENT_IOC_ENABLE, 0) < 0)
		return -errno;
	return 0;
}

/* Attaches an empty program until this process ends. 0 or a negative errno. */
static int attach_empty(const char *event, __u32 *ret_id)
{
	bool is_raw = has_prefix(event, RAW_PREFIX);
	int program = load_empty(is_raw ? BPF_PROG_TYPE_RAW_TRACEPOINT : BPF_PROG_TYPE_TRACEPOINT);
	struct bpf_prog_info info = { 0 };
	__u32 size = sizeof(info);

	if (program < 0)
		return program;
	if (bpf_obj_get_info_by_fd(program, &info, &size) < 0)
		return -errno;
	*ret_id = info.id;
	if (!is_raw)
		return attach_tracepoint(event + strlen(TRACEPOINT_PREFIX), program);
	return bpf_raw_tracepoint_open(event + strlen(RAW_PREFIX), program) < 0 ? -errno : 0;
}

static int fail(const char *what, const char *object, int err)
{
	fprintf(stderr, "empty_programs: cannot %s%s: %s\n", what, object, strerror(-err));
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	bool wants_statistics = argc > 1 && !strcmp(argv[1], "--statistics");
	int first = wants_statistics ? 2 : 1;
	char byte;

	if (argc <= first) {
		fputs("usage: empty_programs [--statistics] {raw_tp/NAME | tp/CATEGORY/NAME}...\n", stderr);
		return 2;
	}
	if (wants_statistics && bpf_enable_stats(BPF_STATS_RUN_TIME) < 0)
		return fail("enable the run statistics of BPF programs", "", -errno);
	for (int i = first; i < argc; i++) {
		__u32 id = 0;
		int err = has_prefix(argv[i], RAW_PREFIX) || has_prefix(argv[i], TRACEPOINT_PREFIX)
				  ? attach_empty(argv[i], &id)
				  : -EINVAL;

		if (err < 0)
			return fail("attach a program to ", argv[i], err);
		printf("%s %u\n", argv[i], id);
	}
	puts("ready");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return EXIT_SUCCESS;
}
