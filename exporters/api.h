/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The JSON API of docs/api.md: views of the model as text. Pure: time and the daemon's own figures are
 * given.
 */
#ifndef MEMOIR_API_H
#define MEMOIR_API_H

#include "../daemon/model/model.h"
#include "text.h"

struct api_context {
	const struct model *model;
	__u64 now_ns;     /* CLOCK_BOOTTIME */
	__u64 started_ns; /* of the daemon, CLOCK_BOOTTIME */
	__u64 daemon_cpu_ns, daemon_rss_bytes;
	__u64 restarts_survived;
	struct {
		bool is_running;
		__u64 cpu_ns, rss_bytes; /* its children included, when it last answered */
		const char *problem;     /* what went wrong at last; NULL, "": nothing */
	} tracer;
	__u64 slab_end_ns;  /* when the look at slab allocations that goes on is to end; 0: none goes on */
	__u64 trace_end_ns; /* likewise of a trace of memory that is allocated; it may be past */
	__u64 trace_pid;    /* whose it is; 0: the kernel's */
	bool names_are_pending; /* names of functions that were asked for have not come yet */
	bool trace_has_begun;   /* allocations are counted */
};

/* What a query may say. */
enum api_key {
	API_PID,
	API_AFTER, /* events numbered above this */
	API_HISTORY,
	API_MAX_AGE_MS,
	API_LOOK_MS,
	API_EVERY,
	API_SECONDS,
	API_KERNEL,
	API_EVERY_BYTES,
	API_END,
	NR_API_KEYS
};
#define API_KEY(key) (1u << API_##key)

/* Start with {}: what is not given is 0. */
struct api_query {
	__u64 v[NR_API_KEYS];
	__u32 given; /* bits of enum api_key: what was taken */
};

/* HTTP status of a reply; a reply other than API_OK is {"error": ...}. */
enum api_status { API_OK = 200, API_BAD_REQUEST = 400, API_NOT_FOUND = 404, API_UNAVAILABLE = 503 };

bool api_has_path(const char *path);

/* Whether the reply for a path shows the reading of live pages, which is older than the snapshot. */
bool api_shows_live_pages(const char *path);

/* How many places in processes the reply for a path shows at most, by functions. */
__u32 api_nr_places(const char *path);

/* The keys that a path knows, and those that it does not go without, as bits; none of a path that is none. */
__u32 api_keys(const char *path);
__u32 api_required_keys(const char *path);

/*
 * Takes a key of a query for a path, and its value, which is NULL where there is none. False: it is refused,
 * and one line is added to error: which, why, and what is allowed.
 */
bool api_query_take(struct api_query *query, const char *path, const char *key, const char *value,
		    struct text *error);

/* Likewise: whether all is there, and goes together. */
bool api_query_check(const struct api_query *query, const char *path, struct text *error);

#define API_TRACE_MAX_SECONDS 3600u

/* For how long a query may ask to look at slab allocations; at one allocation in MAX_SLAB_EVERY at most. */
#define API_SLAB_MIN_MS 100u
#define API_SLAB_MAX_MS 60000u

/* Appends the reply for a path ("/v1/status") to a query that was checked. */
enum api_status api_reply(const struct api_context *context, const char *path, const struct api_query *query,
			  struct text *text);

#endif
