// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * pairs: for each line of standard input, a number, so many times malloc() and free() of 100 bytes, and the
 * processor time that a pair took, in nanoseconds. Says first that it is ready. It ends when standard input
 * ends.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../../daemon/util.h"

static __attribute__((noinline)) void pair(void)
{
	void *address = malloc(100);

	__asm__ volatile("" ::"r"(address) : "memory");
	free(address);
}

int main(void)
{
	char line[64];

	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("ready");
	while (fgets(line, sizeof(line), stdin)) {
		unsigned long nr = strtoul(line, NULL, 10);
		uint64_t begin_ns = now_ns(CLOCK_PROCESS_CPUTIME_ID);

		for (unsigned long i = 0; i < nr; i++)
			pair();
		if (nr)
			printf("%.1f\n", (double)(now_ns(CLOCK_PROCESS_CPUTIME_ID) - begin_ns) / (double)nr);
	}
	return 0;
}
