// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * leaks NAME PATTERN BYTES SCALE: a program of the leak corpus. It takes NAME as its own, runs the
 * pattern on a clock that is SCALE times as fast as the machine's, and says in its first line, and once
 * more for each line of standard input, its pid, how many minutes of its clock it has lived through, and
 * the bytes that it holds by its own count. It ends when standard input ends. Which names, patterns and
 * bytes there are, and what is true of them, is in corpus.tsv.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "../../../daemon/util.h"
#include "../usage.h"
#include "frame.h"

#define MINUTE_NS (60.0 * (double)NSEC_PER_SEC)

double target_bytes;
static double scale;
static uint64_t began_ns;
static int64_t live_bytes;
static __thread double minutes;
static __thread bool is_asked;

void count(ptrdiff_t bytes)
{
	__atomic_add_fetch(&live_bytes, bytes, __ATOMIC_RELAXED);
}

double minutes_so_far(void)
{
	return minutes;
}

/* Without the heap, which is the pattern's. */
static void report(void)
{
	char line[96];
	int len = snprintf(line, sizeof(line), "{\"pid\":%d,\"minutes\":%.0f,\"live_bytes\":%lld}\n",
			   getpid(), minutes, (long long)__atomic_load_n(&live_bytes, __ATOMIC_RELAXED));

	if (write(STDOUT_FILENO, line, (size_t)len) != len)
		exit(EXIT_FAILURE);
}

static void answer(void)
{
	char bytes[64];
	ssize_t n = read(STDIN_FILENO, bytes, sizeof(bytes));

	if (n <= 0)
		exit(EXIT_SUCCESS);
	for (ssize_t i = 0; i < n; i++)
		if (bytes[i] == '\n')
			report();
}

void pass(double more)
{
	uint64_t due_ns, now;

	minutes += more;
	due_ns = began_ns + (uint64_t)(minutes * MINUTE_NS / scale);
	/* Questions are answered also when there is no time left. */
	do {
		struct timespec rest = {};
		struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };

		now = now_ns(CLOCK_MONOTONIC);
		if (now < due_ns) {
			rest.tv_sec = (time_t)((due_ns - now) / NSEC_PER_SEC);
			rest.tv_nsec = (long)((due_ns - now) % NSEC_PER_SEC);
		}
		if (ppoll(&input, is_asked ? 1 : 0, &rest, NULL) > 0)
			answer();
	} while (now < due_ns);
}

void leak_for(double for_minutes, double bytes_per_hour, size_t (*step)(void))
{
	double owed = 0;

	for (double end = minutes + for_minutes; minutes < end;) {
		pass(1);
		for (owed += bytes_per_hour / HOUR; owed > 0;)
			owed -= (double)step();
	}
}

void leak_forever(double bytes_per_hour, size_t (*step)(void))
{
	for (;;)
		leak_for(DAY, bytes_per_hour, step);
}

pid_t fork_child(void)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (!pid) {
		is_asked = false;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	}
	return pid;
}

struct thread_start {
	void *(*run)(void *);
	void *argument;
	double minutes;
};

/* The clock of a thread goes on where that of its maker was. */
static void *run_thread(void *argument)
{
	struct thread_start start = *(struct thread_start *)argument;

	free(argument);
	minutes = start.minutes;
	return start.run(start.argument);
}

void start_thread(void *(*run)(void *), void *argument)
{
	struct thread_start *start = malloc(sizeof(*start));
	pthread_t thread;

	if (!start)
		die("malloc");
	*start = (struct thread_start){ .run = run, .argument = argument, .minutes = minutes };
	errno = pthread_create(&thread, NULL, run_thread, start);
	if (errno)
		die("pthread_create");
}

uint32_t random_below(uint32_t limit)
{
	static __thread uint64_t state = 88172645463325252ULL;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)((state >> 16) % limit);
}

void *map_written(size_t bytes)
{
	char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		die("mmap");
	memset(memory, 0x5a, bytes);
	use(memory);
	return memory;
}

void unmap(void *memory, size_t bytes)
{
	munmap(memory, bytes);
}

/* What the linker calls the ends of the section that PATTERN() fills. */
extern const struct pattern *const patterns_begin[] __asm__("__start_patterns");
extern const struct pattern *const patterns_end[] __asm__("__stop_patterns");

static const struct pattern *find_pattern(const char *name)
{
	for (const struct pattern *const *pattern = patterns_begin; pattern < patterns_end; pattern++)
		if (!strcmp((*pattern)->name, name))
			return *pattern;
	return NULL;
}

int main(int argc, char **argv)
{
	const struct pattern *pattern = argc == 5 ? find_pattern(argv[2]) : NULL;

	if (!pattern) {
		fputs("usage: leaks NAME PATTERN BYTES SCALE; the patterns of this program are", stderr);
		for (const struct pattern *const *known = patterns_begin; known < patterns_end; known++)
			fprintf(stderr, " %s", (*known)->name);
		fputs("\n", stderr);
		return 2;
	}
	/* What is resident is what was written, and does not change behind the program's back. */
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	prctl(PR_SET_NAME, argv[1]);
	target_bytes = (double)number(argv[3]);
	scale = (double)number(argv[4]);
	began_ns = now_ns(CLOCK_MONOTONIC);
	is_asked = true;
	report();
	pattern->run();
	return EXIT_FAILURE;
}
