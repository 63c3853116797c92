/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the programs of the leak corpus share: a clock that runs faster than the machine's, the count of
 * what they hold, and the table of their patterns. What a pattern does by this clock is the same at every
 * scale: what leaks 1 MiB an hour at scale 1 leaks 1 MiB a minute at scale 60.
 */
#ifndef MEMOIR_TESTS_WORKLOADS_LEAKS_FRAME_H
#define MEMOIR_TESTS_WORKLOADS_LEAKS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KIB 1024UL
#define MIB (1024UL * KIB)
#define HOUR 60.0
#define DAY (24 * HOUR)

/* A way to use memory. run() does not return. */
struct pattern {
	const char *name;
	void (*run)(void);
};

/* Adds a pattern to those of the program that this file is linked into. */
#define PATTERN(name, run)                                         \
	static const struct pattern run##_pattern = { name, run }; \
	static const struct pattern *const run##_entry             \
		__attribute__((section("patterns"), used)) = &run##_pattern

/* A function that is to have a frame of its own on the stack. */
#define SITE __attribute__((noinline))

/* The argument BYTES: what is leaked in an hour, or the most that an innocent pattern holds. */
extern double target_bytes;

/*
 * Waits until so many minutes of the pattern's time have passed since the end of the last wait of this
 * thread, and meanwhile, in the main thread, answers questions. The program ends with standard input.
 */
void pass(double minutes);

/* Minutes of the pattern's time since the program began, up to the end of the last wait. */
double minutes_so_far(void);

/* Adds to what the program says that it holds; negative: it was given back. Of any thread. */
void count(ptrdiff_t bytes);

/*
 * Calls step() every minute, so often that what it says to have leaked is bytes_per_hour. step() returns
 * the bytes, at least one.
 */
void leak_for(double minutes, double bytes_per_hour, size_t (*step)(void));
void leak_forever(double bytes_per_hour, size_t (*step)(void)) __attribute__((noreturn));

/* fork() that ends the program if it fails; the child answers no questions, and ends with its parent. */
pid_t fork_child(void);

/* A thread with the default attributes, or the end of the program. */
void start_thread(void *(*run)(void *), void *argument);

/* The next number of a sequence that is the same in every run, below limit. */
uint32_t random_below(uint32_t limit);

/* Keeps the compiler from knowing that nobody uses the memory. */
static inline void use(void *memory)
{
	__asm__ volatile("" : : "r"(memory) : "memory");
}

/* Writes to each page, in the caller itself: it is the code of the first touch that live pages name. */
static inline __attribute__((always_inline)) void touch(void *memory, size_t bytes)
{
	for (size_t i = 0; i < bytes; i += 4 * KIB)
		((volatile char *)memory)[i] = 1;
}

/* Fresh memory of its own mapping that was written from end to end, and its end. Not counted. */
void *map_written(size_t bytes);
void unmap(void *memory, size_t bytes);

#ifdef __cplusplus
}
#endif

#endif
