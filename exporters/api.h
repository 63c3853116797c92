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
	__u64 slab_end_ns;    /* when the look at slab allocations that goes on is to end; 0: none goes on */
	__u64 trace_end_ns;   /* likewise of a trace of memory that is allocated; it may be past */
	__u64 trace_pid;      /* whose it is; 0: the kernel's */
	bool trace_has_begun; /* allocations are counted */
};

struct api_query {
	__u64 pid;   /* 0: not given */
	__u64 after; /* events numbered above this */
	bool with_history;
};

/* HTTP status of a reply; a reply other than API_OK is {"error": ...}. */
enum api_status { API_OK = 200, API_BAD_REQUEST = 400, API_NOT_FOUND = 404, API_UNAVAILABLE = 503 };

/* Whether the reply for a path shows the reading of live pages, which is older than the snapshot. */
bool api_shows_live_pages(const char *path);

/* Whether the reply for a path shows a look at slab allocations, which a query can begin. */
bool api_shows_slab(const char *path);

/* Whether the reply for a path shows a trace of memory that is allocated, which a query can begin and end. */
bool api_shows_trace(const char *path);

#define API_TRACE_MAX_SECONDS 3600u

/* For how long a query may ask to look at slab allocations; at one allocation in MAX_SLAB_EVERY at most. */
#define API_SLAB_MIN_MS 100u
#define API_SLAB_MAX_MS 60000u

/* Appends the reply for a path ("/v1/status"). */
enum api_status api_reply(const struct api_context *context, const char *path, const struct api_query *query,
			  struct text *text);

#endif
