// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Programs that do not leak and look as if they did, on their heap or in mappings of their own: caches,
 * ramps, loads that come and go, and pools. None holds more than its argument, but for those that say so.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../../../daemon/util.h"
#include "../usage.h"
#include "frame.h"

#define BLOCK_BYTES 2048

/* A block that was written, counted. */
static char *take(size_t bytes)
{
	char *memory = malloc(bytes);

	if (!memory)
		die("malloc");
	memset(memory, 1, bytes);
	use(memory);
	count((ptrdiff_t)bytes);
	return memory;
}

static void give(void *memory, size_t bytes)
{
	if (memory)
		count(-(ptrdiff_t)bytes);
	free(memory);
}

/*
 * So many pieces of the argument as are in use, in mappings of their own, which come and go without a
 * trace.
 */
#define NR_PIECES 64
static void *pieces[NR_PIECES];
static unsigned int nr_pieces;

static size_t piece_bytes(void)
{
	return (size_t)target_bytes / NR_PIECES;
}

/* Has the fraction of the argument, 0 to 1, in use. */
static void hold(double fraction)
{
	unsigned int wanted = (unsigned int)(fraction * NR_PIECES + 0.5);

	for (; nr_pieces < wanted && nr_pieces < NR_PIECES; nr_pieces++) {
		pieces[nr_pieces] = map_written(piece_bytes());
		count((ptrdiff_t)piece_bytes());
	}
	for (; nr_pieces > wanted; nr_pieces--) {
		unmap(pieces[nr_pieces - 1], piece_bytes());
		count(-(ptrdiff_t)piece_bytes());
	}
}

static void __attribute__((noreturn)) stay(void)
{
	for (;;)
		pass(HOUR);
}

/* Entries replace one another, each minute some, once the cache is full; it is so after so many hours. */
static void __attribute__((noreturn)) cache(double hours)
{
	size_t nr = (size_t)target_bytes / BLOCK_BYTES, next = 0;
	double owed = 0;
	char **entries = calloc(nr, sizeof(*entries));

	for (;;) {
		pass(1);
		for (owed += (double)nr / (hours * HOUR); entries && owed > 0; owed--, next++) {
			give(entries[next % nr], BLOCK_BYTES);
			entries[next % nr] = take(BLOCK_BYTES);
		}
	}
}

static void bounded_cache(void)
{
	cache(0.5);
}
PATTERN("bounded-cache", bounded_cache);

static void slow_cache(void)
{
	cache(12);
}
PATTERN("slow-cache", slow_cache);

/* More is kept each time, but less than the time before: a working set that is found little by little. */
static void saturating(void)
{
	for (;;) {
		hold(1 - exp(-minutes_so_far() / (3 * HOUR)));
		pass(5);
	}
}
PATTERN("saturating", saturating);

static void start_up(void)
{
	for (int i = 1; i <= 60; i++) {
		hold(i / 60.0);
		pass(1);
	}
	stay();
}
PATTERN("start-up", start_up);

static void constant(void)
{
	hold(1);
	stay();
}
PATTERN("constant", constant);

static void shrinking(void)
{
	for (;;) {
		hold(1 - minutes_so_far() / (4 * DAY));
		pass(10);
	}
}
PATTERN("shrinking", shrinking);

static void __attribute__((noreturn)) wave(double period)
{
	for (;;) {
		hold(0.55 + 0.4 * sin(2 * M_PI * minutes_so_far() / period) + random_below(6) / 100.0);
		pass(5);
	}
}

static void periodic(void)
{
	wave(3 * HOUR);
}
PATTERN("periodic", periodic);

static void daily(void)
{
	wave(DAY);
}
PATTERN("daily", daily);

/* Work that comes without a rhythm. */
static void restless(void)
{
	for (;;) {
		hold(0.2 + random_below(80) / 100.0);
		pass(3);
	}
}
PATTERN("restless", restless);

/* A load that wanders, up and down, between its bounds. */
static void wandering(void)
{
	double level = 0.5;

	for (;;) {
		hold(level);
		level = fmin(fmax(level + ((double)random_below(2001) - 1000) / 20000, 0.1), 1);
		pass(10);
	}
}
PATTERN("wandering", wandering);

/* Garbage until a mark, and then little. */
static void garbage(void)
{
	for (;;) {
		for (int i = 0; i <= 40; i++) {
			hold(0.3 + 0.7 * i / 40);
			pass(1);
		}
	}
}
PATTERN("garbage", garbage);

/* A collector that lets the heap grow more and more until it collects in earnest, once in six hours. */
static void rare_collection(void)
{
	for (;;) {
		for (int i = 0; i < 36; i++) {
			hold(0.3 + 0.7 * i / 36);
			pass(10);
		}
	}
}
PATTERN("rare-collection", rare_collection);

/* A level, for hours, and then another one. */
static void steps(void)
{
	static const double levels[] = { 0.4, 0.8, 0.6, 0.9, 0.3, 0.7 };

	for (unsigned int i = 0;; i++) {
		hold(levels[i % ARRAY_SIZE(levels)]);
		pass(5 * HOUR);
	}
}
PATTERN("steps", steps);

/* One more level, late, that stays: a table that was loaded. */
static void one_step(void)
{
	hold(0.5);
	pass(30 * HOUR);
	hold(1);
	stay();
}
PATTERN("one-step", one_step);

/* A job every six hours that grows for two, and then gives all of it back. */
static void batch(void)
{
	for (;;) {
		for (int i = 1; i <= 24; i++) {
			hold(i / 24.0);
			pass(5);
		}
		hold(0);
		pass(4 * HOUR);
	}
}
PATTERN("batch", batch);

/* New settings are laid beside the old ones, which then are given back. */
static void reload(void)
{
	void *settings = NULL;
	size_t half = (size_t)target_bytes / 2;

	for (;;) {
		void *old = settings;

		settings = map_written(half);
		count((ptrdiff_t)half);
		pass(10);
		if (old) {
			unmap(old, half);
			count(-(ptrdiff_t)half);
		}
		pass(2 * HOUR);
	}
}
PATTERN("reload", reload);

/* Code that is made and thrown away, in mappings that are never the same. */
static void churn(void)
{
	void *codes[32] = {};
	size_t bytes = (size_t)target_bytes / ARRAY_SIZE(codes);

	for (;;) {
		void **code = &codes[random_below(ARRAY_SIZE(codes))];

		if (*code) {
			unmap(*code, bytes);
			count(-(ptrdiff_t)bytes);
		}
		*code = map_written(bytes);
		count((ptrdiff_t)bytes);
		pass(1);
	}
}
PATTERN("churn", churn);

/* A buffer that doubles until it is long enough, which it is after ten hours. */
static void doubling(void)
{
	size_t bytes = BLOCK_BYTES, used = 0, most = (size_t)target_bytes, more = most / 600;
	char *buffer = take(bytes);

	for (; used + more <= most; used += more) {
		while (used + more > bytes) {
			count((ptrdiff_t)bytes);
			bytes *= 2;
			buffer = realloc(buffer, bytes);
			if (!buffer)
				die("realloc");
		}
		memset(buffer + used, 1, more);
		use(buffer);
		pass(1);
	}
	stay();
}
PATTERN("doubling", doubling);

/* A pool that is filled once, and lends its blocks. */
static void pool(void)
{
	size_t nr = (size_t)target_bytes / BLOCK_BYTES;
	char **blocks = calloc(nr, sizeof(*blocks));

	for (size_t i = 0; blocks && i < nr; i++)
		blocks[i] = take(BLOCK_BYTES);
	for (;;) {
		memset(blocks[random_below((uint32_t)nr)], 2, BLOCK_BYTES);
		pass(1);
	}
}
PATTERN("pool", pool);

/*
 * A heap that is filled, and of which then all but every 32nd block is given back, little by little: what
 * is in use shrinks, and the allocator can give nothing to the kernel. New blocks of a larger size find
 * no room in the holes.
 */
static void fragmentation(void)
{
	size_t nr = (size_t)target_bytes / 2 / 256, nr_large = (size_t)target_bytes / 2 / BLOCK_BYTES;
	char **blocks = calloc(nr, sizeof(*blocks));

	for (size_t i = 0; blocks && i < nr; i++)
		blocks[i] = take(256);
	for (size_t i = 0; blocks && i < nr; i++) {
		if (i % (nr / 240) == 0)
			pass(5);
		if (i % 32)
			give(blocks[i], 256);
		/* A smaller part than what was freed. */
		if (i % (nr / nr_large * 2) == 0)
			use(take(BLOCK_BYTES));
	}
	stay();
}
PATTERN("fragmentation", fragmentation);
