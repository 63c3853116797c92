/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where answers come from: the daemon's socket or a record file. Both give the JSON of docs/api.md, so
 * that whoever shows it need not know which.
 */
#ifndef MEMOIR_SOURCE_H
#define MEMOIR_SOURCE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../exporters/text.h"

struct model;

struct source {
	const char *socket;  /* path, borrowed */
	struct model *model; /* of a record file; NULL: ask the socket */
};

#define ANY_AGE UINT64_MAX

struct source_query {
	uint64_t pid; /* 0: not asked for */
	uint64_t after;
	uint64_t max_age_ms;    /* or ANY_AGE */
	bool with_history;      /* of free memory */
	uint64_t look_ms;       /* begin a look at slab allocations for so long; 0: do not */
	uint64_t every;         /* at one in so many */
	uint64_t trace_seconds; /* begin a trace of pid or the kernel for so long; 0: do not */
	bool trace_kernel;      /* of the kernel, not of pid */
	uint64_t every_bytes;   /* that looks at one byte in so many; 0: all */
	bool trace_end;         /* end the trace that goes on */
};

struct source_reply {
	unsigned int status; /* as of HTTP */
	struct text body;
	pid_t server;      /* who answered; 0: a record file */
	char problem[256]; /* after an error: one line, what and why */
};

void source_reply_free(struct source_reply *reply);
#define _cleanup_reply_ __attribute__((cleanup(source_reply_free)))

/*
 * Makes a source answer from a record file. 0, -EPIPE for one that ends early but answers, or another
 * negative errno; one line about any error is written to standard error.
 */
int source_open_record(struct source *source, const char *path);
void source_close(struct source *source);

/*
 * Asks for a path of the API ("/v1/status"). 0 with status and body in ret, which need not be API_OK;
 * -EINTR: told to stop; -ENOTCONN: the daemon cannot be reached; else a negative errno. ret is the caller's
 * to free in every case.
 */
int source_get(struct source *source, const char *path, const struct source_query *query,
	       struct source_reply *ret);

/* The moment the answers are about, CLOCK_BOOTTIME: now, or the end of the record. */
uint64_t source_now_ns(const struct source *source);

#endif
