// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory from NR_MANY places of one program, with frame pointers: place_00(), place_01() and so on each keep
 * MANY_PAGES. They take them after WAIT_SECONDS, so that the process is settled. Says "laid", and ends with
 * standard input.
 *
 *         many WAIT_SECONDS
 */
#include <sys/mman.h>
#include <unistd.h>

#include "../../daemon/util.h"
#include "usage.h"

/* 8 of them are followed, where one page in 64 is. */
#define MANY_PAGES 512ul
#define NR_MANY 40ul

static size_t page_size;

static inline void __attribute__((always_inline)) take(char *memory, int value)
{
	for (size_t i = 0; i < MANY_PAGES; i++)
		*(volatile char *)(memory + i * page_size) = (char)value;
}

/* The value makes them differ: the compiler makes one of those that are alike. */
#define PLACE(n)                                                      \
	static void __attribute__((noinline)) place_##n(char *memory) \
	{                                                             \
		take(memory, 1##n);                                   \
	}
#define TEN(PLACE, n) \
	PLACE(n##0)   \
	PLACE(n##1)   \
	PLACE(n##2) PLACE(n##3) PLACE(n##4) PLACE(n##5) PLACE(n##6) PLACE(n##7) PLACE(n##8) PLACE(n##9)
#define ALL(PLACE) TEN(PLACE, 0) TEN(PLACE, 1) TEN(PLACE, 2) TEN(PLACE, 3)

ALL(PLACE)

static void (*const places[NR_MANY])(char *memory) = {
#define NAME(n) place_##n,
	ALL(NAME)
#undef NAME
};

int main(int argc, char **argv)
{
	size_t size;
	char *memory;

	if (argc != 2) {
		fputs("usage: many WAIT_SECONDS\n", stderr);
		return 2;
	}
	page_size = (size_t)sysconf(_SC_PAGESIZE);
	size = MANY_PAGES * page_size;
	memory = mmap(NULL, NR_MANY * size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		die("mmap");
	madvise(memory, NR_MANY * size, MADV_NOHUGEPAGE);
	sleep((unsigned int)number(argv[1]));
	for (size_t i = 0; i < NR_MANY; i++)
		places[i](memory + i * size);
	puts("laid");
	fflush(stdout);
	while (getchar() != EOF)
		;
	return 0;
}
