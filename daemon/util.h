/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The few idioms that every file shares: cleanup attributes, array sizes, times, seeds. Nothing here
 * knows what memoir is.
 */
#ifndef MEMOIR_UTIL_H
#define MEMOIR_UTIL_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define NSEC_PER_SEC 1000000000ULL
#define NSEC_PER_MSEC 1000000ULL
#define NSEC_PER_USEC 1000ULL

static inline void cleanup_close(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_free(void *pointer)
{
	free(*(void **)pointer);
}

static inline void cleanup_fclose(FILE **file)
{
	if (*file)
		fclose(*file);
}

#define _cleanup_close_ __attribute__((cleanup(cleanup_close)))
#define _cleanup_free_ __attribute__((cleanup(cleanup_free)))
#define _cleanup_fclose_ __attribute__((cleanup(cleanup_fclose)))

/* The clock's time in nanoseconds; clock is CLOCK_BOOTTIME, CLOCK_REALTIME, ... */
static inline uint64_t now_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * NSEC_PER_SEC + (uint64_t)now.tv_nsec;
}

/* What nobody can guess, and not 0; a time where the kernel has no random bytes yet. */
static inline uint64_t random_seed(void)
{
	uint64_t seed = 0;

	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) < 0 || !seed)
		seed = now_ns(CLOCK_BOOTTIME) | 1;
	return seed;
}

/* Resident memory by a statm file of /proc, in bytes; 0 where there is none. */
static inline uint64_t read_rss_bytes(const char *path)
{
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	unsigned long long pages = 0;

	if (!file || fscanf(file, "%*u %llu", &pages) != 1)
		return 0;
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* A number of seconds from min_ns to max_ns, as nanoseconds; 0 for what is none. */
static inline uint64_t parse_seconds(const char *text, uint64_t min_ns, uint64_t max_ns)
{
	char *end;
	double ns = strtod(text, &end) * 1e9;

	/* Written so that NaN fails. */
	return end != text && !*end && ns >= (double)min_ns && ns <= (double)max_ns ? (uint64_t)ns : 0;
}

#endif
