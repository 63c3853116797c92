// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory from three places of one program, with frame pointers: grow() keeps all that it takes, cycle()
 * gives all back when it has CYCLE_PAGES, and fill() writes into pipes that nobody reads, which takes
 * memory of the kernel's. After WAIT_SECONDS, so that the process is settled, the first two take PAGES
 * pages in every tenth of a second, and the last PIPE_PAGES. Prints the addresses of grow() and cycle(),
 * and then a line "KEPT CYCLED FILLED" in pages for each line on standard input, until that ends.
 *
 *         places WAIT_SECONDS PAGES CYCLE_PAGES PIPE_PAGES [NAME]
 */
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../../daemon/util.h"
#include "usage.h"

#define MAX_PAGES (1ul << 18)
#define INTERVAL_NS (100 * NSEC_PER_MSEC)

static size_t page_size;
static unsigned long nr_kept, nr_cycled, nr_filled;

static char *map_small(unsigned long nr_pages)
{
	char *memory = mmap(NULL, nr_pages * page_size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		die("mmap");
	madvise(memory, nr_pages * page_size, MADV_NOHUGEPAGE);
	return memory;
}

static void __attribute__((noinline)) grow(char *memory, unsigned long nr)
{
	for (; nr && nr_kept < MAX_PAGES; nr--)
		*(volatile char *)(memory + nr_kept++ * page_size) = 1;
}

static void __attribute__((noinline)) cycle(char *memory, unsigned long nr, unsigned long most)
{
	for (; nr; nr--) {
		if (nr_cycled == most) {
			madvise(memory, most * page_size, MADV_DONTNEED);
			nr_cycled = 0;
		}
		*(volatile char *)(memory + nr_cycled++ * page_size) = 1;
	}
}

static void __attribute__((noinline)) fill(const char *page, unsigned long nr)
{
	static int pipes[2] = { -1, -1 };

	while (nr) {
		if (pipes[1] >= 0 && write(pipes[1], page, page_size) == (ssize_t)page_size) {
			nr_filled++;
			nr--;
		} else if (pipe2(pipes, O_NONBLOCK | O_CLOEXEC) < 0 ||
			   fcntl(pipes[1], F_SETPIPE_SZ, 256 * page_size) < 0) {
			die("pipe");
		}
	}
}

/* Whether a line came before that time; standard input has ended: exit. */
static bool wait_for_line(uint64_t until_ns)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	uint64_t now = now_ns(CLOCK_MONOTONIC);
	char line[16];
	ssize_t nr;

	if (now >= until_ns || poll(&input, 1, (int)((until_ns - now) / NSEC_PER_MSEC) + 1) <= 0)
		return false;
	nr = read(STDIN_FILENO, line, sizeof(line));
	if (nr <= 0)
		exit(EXIT_SUCCESS);
	return true;
}

int main(int argc, char **argv)
{
	unsigned long most = argc == 5 || argc == 6 ? number(argv[3]) : 0;
	uint64_t next_ns = now_ns(CLOCK_MONOTONIC);
	char *kept, *cycled;

	if (!most) {
		fputs("usage: places WAIT_SECONDS PAGES CYCLE_PAGES PIPE_PAGES [NAME]\n", stderr);
		return 2;
	}
	if (argc == 6)
		prctl(PR_SET_NAME, argv[5]);
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 4096, 4096 });
	page_size = (size_t)sysconf(_SC_PAGESIZE);
	kept = map_small(MAX_PAGES);
	cycled = map_small(most);
	printf("%p %p\n", (void *)(uintptr_t)grow, (void *)(uintptr_t)cycle);
	fflush(stdout);
	for (next_ns += number(argv[1]) * NSEC_PER_SEC;; next_ns += INTERVAL_NS) {
		while (wait_for_line(next_ns)) {
			printf("%lu %lu %lu\n", nr_kept, nr_cycled, nr_filled);
			fflush(stdout);
		}
		grow(kept, number(argv[2]));
		cycle(cycled, number(argv[2]), most);
		fill(cycled, number(argv[4]));
	}
}
