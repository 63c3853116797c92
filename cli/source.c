// SPDX-License-Identifier: GPL-2.0-or-later
/* Where answers come from; see source.h. */
#include "source.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../daemon/replay.h"
#include "../daemon/util.h"
#include "../exporters/api.h"
#include "client.h"
#include "interrupt.h"

/* The daemon sends no larger reply. */
#define MAX_REPLY_BYTES (64u << 20)

void source_reply_free(struct source_reply *reply)
{
	text_free(&reply->body);
}

int source_open_record(struct source *source, const char *path)
{
	return replay_file("memoir", path, MODEL_DEFAULT_GROUPS, &source->model);
}

void source_close(struct source *source)
{
	model_free(source->model);
	source->model = NULL;
}

static int take_body(void *ctx, unsigned int status, const char *bytes, size_t size)
{
	struct text *body = ctx;

	(void)status;
	text_add_bytes(body, bytes, size);
	return body->is_failed ? -ENOMEM : 0;
}

static void write_target(char *ret, size_t size, const char *path, const struct source_query *query)
{
	int len = snprintf(ret, size, "%s?after=%" PRIu64, path, query->after);

	if (query->pid)
		len += snprintf(ret + len, size - (size_t)len, "&pid=%" PRIu64, query->pid);
	if (query->with_history)
		len += snprintf(ret + len, size - (size_t)len, "&history=1");
	if (query->look_ms)
		len += snprintf(ret + len, size - (size_t)len, "&look_ms=%" PRIu64 "&every=%" PRIu64,
				query->look_ms, query->every);
	if (query->trace_seconds)
		len += snprintf(ret + len, size - (size_t)len, "&seconds=%" PRIu64 "&every_bytes=%" PRIu64,
				query->trace_seconds, query->every_bytes);
	if (query->trace_kernel)
		len += snprintf(ret + len, size - (size_t)len, "&kernel=1");
	if (query->trace_end)
		len += snprintf(ret + len, size - (size_t)len, "&end=1");
	if (query->max_age_ms != ANY_AGE)
		snprintf(ret + len, size - (size_t)len, "&max_age_ms=%" PRIu64, query->max_age_ms);
}

static int ask_daemon(struct source *source, const char *path, const struct source_query *query,
		      struct source_reply *ret)
{
	struct client_result result;
	char target[256];
	const struct client_request request = { .socket = source->socket,
						.target = target,
						.max_body_bytes = MAX_REPLY_BYTES,
						.end_ns = NO_DEADLINE,
						.body = take_body,
						.ctx = &ret->body };
	int err;

	write_target(target, sizeof(target), path, query);
	err = client_get(&request, &result);
	ret->status = result.status;
	ret->server = result.server;
	snprintf(ret->problem, sizeof(ret->problem), "%s", err == -ENOMEM ? "out of memory" : result.problem);
	return err;
}

static int ask_record(const struct source *source, const char *path, const struct source_query *query,
		      struct source_reply *ret)
{
	const struct api_query api_query = { .pid = query->pid,
					     .after = query->after,
					     .with_history = query->with_history };
	struct api_context context = { .model = source->model };

	context.now_ns = context.started_ns = source_now_ns(source);
	ret->status = api_reply(&context, path, &api_query, &ret->body);
	if (!ret->body.is_failed)
		return 0;
	snprintf(ret->problem, sizeof(ret->problem), "out of memory");
	return -ENOMEM;
}

int source_get(struct source *source, const char *path, const struct source_query *query,
	       struct source_reply *ret)
{
	*ret = (struct source_reply){};
	return source->model ? ask_record(source, path, query, ret) : ask_daemon(source, path, query, ret);
}

uint64_t source_now_ns(const struct source *source)
{
	struct model_status status;

	if (!source->model)
		return now_ns(CLOCK_BOOTTIME);
	model_status(source->model, &status);
	return status.time_ns;
}
