// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * offer: a process that offers the probes otel_memory:alloc and otel_memory:free, and counts itself what it
 * has told by them. Each line of standard input is a command; the counts follow it as one line of JSON,
 * and come once at the begin. It ends when standard input ends.
 *
 *	run N       allocates N times, and tells of each; every second one is freed
 *	sample N W  the same, and each stands for W of its size
 *
 * It tells nothing while nobody listens. offer-twice has a probe with two semaphores, which no kernel takes;
 * offer-astray has one in the middle of an instruction.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "usage.h"

#define OF_CONSTANT_SIZE 48

/* The kernel counts them up while somebody listens. */
__attribute__((section(".probes"), used)) volatile unsigned short alloc_semaphore, free_semaphore;

/* A probe is a nop and a note of where it and its arguments are: systemtap, UserSpaceProbeImplementation. */
#ifdef ASTRAY
#define PLACE ".byte 0x0f\n990:	.byte 0x1f, 0x40, 0x00\n" /* a nop of four bytes */
#else
#define PLACE "990:	nop\n"
#endif
#define PROBE(name, semaphore, arguments, ...) NOTE(PLACE, name, semaphore, arguments, __VA_ARGS__)
#define NOTE(before, name, semaphore, arguments, ...)                        \
	__asm__ volatile(before ".pushsection .note.stapsdt,\"\",\"note\"\n" \
				".balign 4\n"                                \
				".4byte 992f-991f, 994f-993f, 3\n"           \
				"991:	.asciz \"stapsdt\"\n"                  \
				"992:	.balign 4\n"                           \
				"993:	.8byte 990b, 0, " semaphore "\n"     \
				".asciz \"otel_memory\"\n"                   \
				".asciz \"" name "\"\n"                      \
				".asciz \"" arguments "\"\n"                 \
				"994:	.balign 4\n"                           \
				".popsection\n" ::__VA_ARGS__                \
			 : "memory")

static struct {
	unsigned long nr, bytes, live, live_bytes, frees;
} counts;

static void say(void)
{
	printf("{\"pid\": %d, \"nr\": %lu, \"bytes\": %lu, \"live\": %lu, \"live_bytes\": %lu, \"frees\": %lu, "
	       "\"before\": 0, \"failed\": 0}\n",
	       getpid(), counts.nr, counts.bytes, counts.live, counts.live_bytes, counts.frees);
	fflush(stdout);
}

/* The size is in half a register and the weight in memory. */
static __attribute__((noinline)) void tell_alloc(void *address, uint32_t size, uint64_t weighted_bytes)
{
	PROBE("alloc", "alloc_semaphore", "8@%[address] 4@%k[size] 8@%[weight]", [address] "r"(address),
	      [size] "r"(size), [weight] "m"(weighted_bytes));
}

/* The size is a constant, and the weight that of one that does not sample. */
static __attribute__((noinline)) void tell_alloc_of_constant_size(void *address)
{
	PROBE("alloc", "alloc_semaphore", "8@%[address] -4@%[size] -4@%[weight]", [address] "m"(address),
	      [size] "i"(OF_CONSTANT_SIZE), [weight] "i"(0));
}

static __attribute__((noinline)) void tell_free(void *address)
{
	PROBE("free", "free_semaphore", "8@%[address]", [address] "r"(address));
#ifdef TWICE
	/* One of the same place. */
	NOTE("", "free", "alloc_semaphore", "8@%[address]", [address] "r"(address));
#endif
}

static void step(unsigned long i, unsigned long stands_for)
{
	uint32_t size = stands_for == 1 && i % 4 < 2 ? OF_CONSTANT_SIZE : 64 + (uint32_t)(i % 1000);
	void *address = malloc(size);

	if (!address)
		die("malloc");
	if (!alloc_semaphore || !free_semaphore)
		return free(address);
	if (size == OF_CONSTANT_SIZE)
		tell_alloc_of_constant_size(address);
	else
		tell_alloc(address, size, size * stands_for);
	counts.nr += stands_for;
	counts.bytes += size * stands_for;
	if (i % 2) {
		tell_free(address);
		free(address);
		counts.frees++;
		return;
	}
	counts.live += stands_for;
	counts.live_bytes += size * stands_for;
}

int main(void)
{
	char line[64];

	say();
	while (fgets(line, sizeof(line), stdin)) {
		unsigned long nr = 0, stands_for = 1;

		if (sscanf(line, "run %lu", &nr) != 1 &&
		    sscanf(line, "sample %lu %lu", &nr, &stands_for) != 2)
			die("command");
		for (unsigned long i = 0; i < nr; i++)
			step(i, stands_for);
		say();
	}
	return EXIT_SUCCESS;
}
