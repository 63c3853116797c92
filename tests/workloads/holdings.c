// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * holdings N: a process for which the kernel allocates and frees all the time, until a line comes on standard
 * input; and which then has it hold what is known to the byte: N pipes with a page in each, and N per-CPU
 * values of 512 bytes. It says so in a line, and ends when standard input does.
 */
#include <fcntl.h>
#include <linux/bpf.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "usage.h"

#define VALUE_BYTES 512
#define VALUES_OF_MAP 256
#define BURST 20
#define PAUSE_MS 1

static char page[4096];

static void fill_pipe(int ret[2])
{
	if (pipe2(ret, O_CLOEXEC) < 0 || write(ret[1], page, sizeof(page)) != sizeof(page))
		die("pipe");
}

/* Some 100,000 allocations and frees in a second, so that of these not each is followed. */
static void be_busy(void)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };

	while (!poll(&input, 1, PAUSE_MS)) {
		for (int i = 0; i < BURST; i++) {
			int ends[2];

			fill_pipe(ends);
			close(ends[0]);
			close(ends[1]);
		}
	}
}

/* Each value is an allocation of its own. */
static void make_map(void)
{
	union bpf_attr attributes = { .map_type = BPF_MAP_TYPE_PERCPU_ARRAY,
				      .key_size = 4,
				      .value_size = VALUE_BYTES,
				      .max_entries = VALUES_OF_MAP };

	if (syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof(attributes)) < 0)
		die("BPF_MAP_CREATE");
}

int main(int argc, char **argv)
{
	const unsigned long nr = argc > 1 ? number(argv[1]) : 4096;
	const struct rlimit limit = { 3 * nr + 64, 3 * nr + 64 };
	int ends[2];
	char byte;

	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		die("RLIMIT_NOFILE");
	be_busy();
	if (read(STDIN_FILENO, &byte, 1) != 1)
		return EXIT_FAILURE;
	for (unsigned long i = 0; i < nr; i++) {
		fill_pipe(ends);
		if (i % VALUES_OF_MAP == 0)
			make_map();
	}
	puts("held");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) == 1)
		;
	return EXIT_SUCCESS;
}
