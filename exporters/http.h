/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HTTP: /metrics, /healthz and the page on TCP; these and the JSON API on the Unix socket. GET and
 * HEAD only. Clients are strangers: their number, the size and the time of a request, and the
 * memory of all replies are bounded. Runs in the event loop of the caller; TLS is a proxy's business.
 */
#ifndef MEMOIR_HTTP_H
#define MEMOIR_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "api.h"

struct http;

typedef void (*http_emit_fn)(void *emit_ctx, const void *record, size_t size);

/* What the server asks of the daemon. */
struct http_backend {
	void *ctx;
	/* Takes a snapshot if the last one is older; with_live: and a reading of live pages likewise. */
	int (*refresh)(void *ctx, uint64_t max_age_ns, bool with_live);
	/* Begins a look at slab allocations, at one in `every`, unless one goes on. */
	int (*look_at_slab)(void *ctx, uint64_t duration_ns, uint32_t every);
	/*
	 * Begins a trace of what a process allocates, or the kernel, for which pid is 0. 0, or -EBUSY where
	 * one goes on. What else goes wrong is in the answer.
	 */
	int (*begin_trace)(void *ctx, uint32_t pid, uint64_t duration_ns, uint32_t every_bytes);
	void (*end_trace)(void *ctx);
	/* For a reply that shows so many places in processes, whose functions are to have names. */
	void (*context)(void *ctx, uint32_t nr_places, struct api_context *ret);
	void (*preamble)(void *ctx, http_emit_fn emit, void *emit_ctx); /* what a record stream begins with */
};

struct http_options {
	int tcp_fd;  /* listening, or -1 */
	int unix_fd; /* likewise */
};

/* Whether this is ADDR:PORT or [ADDR]:PORT with a numeric address and port, or "none". */
bool http_listen_is_valid(const char *listen);

/*
 * Opens a listening socket. listen is valid; for "none" ret_fd is -1. path is absolute, its folder
 * is made (0750) where it is missing. A socket file that nobody answers on is replaced. 0, or a
 * negative errno after one logged line (but -EINVAL for an invalid listen is silent).
 */
int http_listen_tcp(const char *listen, int *ret_fd);
int http_listen_unix(const char *path, int *ret_fd);

/* Starts serving; takes over the descriptors of options. 0 or a negative errno. */
int http_new(sd_event *event, const struct http_options *options, const struct http_backend *backend,
	     struct http **ret);
/* Ends all connections. Accepts NULL. */
void http_free(struct http *http);

/* Whether somebody reads /v1/record; http_record() hands them a record. */
bool http_recording(const struct http *http);
void http_record(struct http *http, const void *record, size_t size);

#endif
