// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Leaks of the C heap. Each has one function that allocates what is never given back, its site, which
 * corpus.tsv names; around it the program does the work that hides it.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../usage.h"
#include "frame.h"

static void *checked(void *memory)
{
	if (!memory)
		die("malloc");
	return memory;
}

/* A plain leak: the only pointer is dropped. */
SITE static size_t leak_block(void)
{
	char *memory = checked(malloc(512));

	memset(memory, 1, 512);
	use(memory);
	count(512);
	return 512;
}

static void plain(void)
{
	leak_forever(target_bytes, leak_block);
}
PATTERN("plain", plain);

#define WOBBLE_BYTES (256 * KIB)
#define NR_WOBBLES 64

/* Work with up to 16 MiB that come and go, which is much more than what leaks in an hour. */
static void wobble(void)
{
	static void *pieces[NR_WOBBLES];
	void **piece = &pieces[random_below(NR_WOBBLES)];

	if (*piece) {
		unmap(*piece, WOBBLE_BYTES);
		*piece = NULL;
	} else {
		*piece = map_written(WOBBLE_BYTES);
	}
}

static void noisy(void)
{
	for (;;) {
		wobble();
		leak_for(1, target_bytes, leak_block);
	}
}
PATTERN("noisy", noisy);

#define NR_RECORDS 64
#define RECORD_BYTES 2048

/* Buffers that get longer with every record, and are never begun again. */
SITE static size_t append_record(void)
{
	static char *buffers[NR_RECORDS];
	static size_t sizes[NR_RECORDS];
	static unsigned int next;
	unsigned int i = next++ % NR_RECORDS;

	buffers[i] = checked(realloc(buffers[i], sizes[i] + RECORD_BYTES));
	memset(buffers[i] + sizes[i], 1, RECORD_BYTES);
	use(buffers[i]);
	sizes[i] += RECORD_BYTES;
	count(RECORD_BYTES);
	return RECORD_BYTES;
}

static void appending(void)
{
	leak_forever(target_bytes, append_record);
}
PATTERN("realloc", appending);

/* Small strings, as names that are remembered. */
SITE static size_t remember_name(void)
{
	static unsigned long nr;
	char name[200];
	int len = snprintf(name, sizeof(name), "%0150lu", nr++);

	use(checked(strdup(name)));
	count(len + 1);
	return (size_t)len + 1;
}

static void names(void)
{
	leak_forever(target_bytes, remember_name);
}
PATTERN("strdup", names);

struct session {
	struct session *next;
	char state[2000];
};

/* A list that is only added to: all of it can be reached. */
SITE static size_t open_session(void)
{
	static struct session *sessions;
	struct session *session = checked(calloc(1, sizeof(*session)));

	memset(session->state, 1, sizeof(session->state));
	session->next = sessions;
	sessions = session;
	use(session);
	count(sizeof(*session));
	return sizeof(*session);
}

static void list(void)
{
	leak_forever(target_bytes, open_session);
}
PATTERN("list", list);

SITE static size_t leak_aligned(void)
{
	void *memory;

	if (posix_memalign(&memory, 256, 4000))
		die("posix_memalign");
	memset(memory, 1, 4000);
	use(memory);
	count(4000);
	return 4000;
}

static void aligned(void)
{
	leak_forever(target_bytes, leak_aligned);
}
PATTERN("aligned", aligned);

#define REQUESTS_A_LEAK 50
#define REQUEST_BYTES 1500

SITE static char *parse_request(void)
{
	char *request = checked(malloc(REQUEST_BYTES));

	memset(request, 1, REQUEST_BYTES);
	use(request);
	count(REQUEST_BYTES);
	return request;
}

/* Serves requests until one of them takes the way on which its memory is forgotten. */
static size_t serve_requests(void)
{
	for (int i = 1; i < REQUESTS_A_LEAK; i++) {
		char *request = parse_request();
		char *reply = checked(malloc(4000));

		memset(reply, 1, 4000);
		use(reply);
		free(reply);
		free(request);
		count(-REQUEST_BYTES);
	}
	use(parse_request());
	return REQUEST_BYTES;
}

static void one_in_n(void)
{
	leak_forever(target_bytes, serve_requests);
}
PATTERN("one-in-n", one_in_n);

/* Work that gives everything back. */
static size_t work(void)
{
	char *memory = checked(malloc(1000));

	memset(memory, 1, 1000);
	use(memory);
	free(memory);
	return 1000;
}

static void *work_carefully(void *unused)
{
	leak_forever(target_bytes, work);
	return unused;
}

SITE static size_t work_carelessly(void)
{
	char *memory = checked(malloc(1000));

	memset(memory, 1, 1000);
	use(memory);
	count(1000);
	return 1000;
}

static void *careless_thread(void *unused)
{
	leak_forever(target_bytes, work_carelessly);
	return unused;
}

/* One thread of four leaks. */
static void one_thread(void)
{
	for (int i = 0; i < 3; i++)
		start_thread(work_carefully, NULL);
	start_thread(careless_thread, NULL);
	for (;;)
		pass(1);
}
PATTERN("one-thread", one_thread);

#define JOB_BYTES (2 * MIB)
#define NR_JOBS 8

/* A leak under a load that comes and goes in three hours, by much more than leaks in them. */
static void under_load(void)
{
	void *jobs[NR_JOBS];

	for (;;) {
		for (int i = 0; i < NR_JOBS; i++) {
			jobs[i] = map_written(JOB_BYTES);
			leak_for(10, target_bytes, leak_block);
		}
		for (int i = 0; i < NR_JOBS; i++) {
			unmap(jobs[i], JOB_BYTES);
			leak_for(10, target_bytes, leak_block);
		}
		leak_for(20, target_bytes, leak_block);
	}
}
PATTERN("under-load", under_load);

/* Hours of ramp and rest before it begins to leak. */
static void after_warm_up(void)
{
	for (int i = 0; i < NR_JOBS; i++) {
		map_written(JOB_BYTES);
		count(JOB_BYTES);
		pass(20);
	}
	pass(10 * HOUR);
	leak_forever(target_bytes, leak_block);
}
PATTERN("after-warm-up", after_warm_up);

/* A job every four hours, that leaves something behind. */
static void in_batches(void)
{
	for (;;) {
		void *job = map_written(4 * JOB_BYTES);

		pass(30);
		unmap(job, 4 * JOB_BYTES);
		for (double left = 4 * target_bytes; left > 0;)
			left -= (double)leak_block();
		pass(3.5 * HOUR);
	}
}
PATTERN("in-batches", in_batches);

/* Garbage that is collected at a mark, over a floor that rises. */
static void garbage_floor(void)
{
	void *garbage[24];

	for (;;) {
		for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
			garbage[i] = map_written(512 * KIB);
			leak_for(2, target_bytes, leak_block);
		}
		for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++)
			unmap(garbage[i], 512 * KIB);
	}
}
PATTERN("garbage-floor", garbage_floor);
