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

/* Each path refuses keys that it does not know, so what is not asked for is left out. */
static void write_target(struct text *target, const char *path, const struct source_query *query)
{
	const struct {
		const char *key;
		bool is_asked;
		uint64_t value;
	} keys[] = {
		{ "after", query->after, query->after },
		{ "pid", query->pid, query->pid },
		{ "history", query->with_history, 1 },
		{ "look_ms", query->look_ms, query->look_ms },
		{ "every", query->look_ms, query->every },
		{ "seconds", query->trace_seconds, query->trace_seconds },
		{ "every_bytes", query->every_bytes, query->every_bytes },
		{ "kernel", query->trace_kernel, 1 },
		{ "end", query->trace_end, 1 },
		{ "max_age_ms", query->max_age_ms != ANY_AGE, query->max_age_ms },
	};
	char separator = '?';

	text_add(target, path);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (!keys[i].is_asked)
			continue;
		text_add_format(target, "%c%s=%" PRIu64, separator, keys[i].key, keys[i].value);
		separator = '&';
	}
}

static int out_of_memory(struct source_reply *ret)
{
	snprintf(ret->problem, sizeof(ret->problem), "out of memory");
	return -ENOMEM;
}

static int ask_daemon(struct source *source, const char *path, const struct source_query *query,
		      struct source_reply *ret)
{
	_cleanup_text_ struct text target = {};
	struct client_result result;
	struct client_request request = { .socket = source->socket,
					  .max_body_bytes = MAX_REPLY_BYTES,
					  .end_ns = NO_DEADLINE,
					  .body = take_body,
					  .ctx = &ret->body };
	int err;

	write_target(&target, path, query);
	if (target.is_failed)
		return out_of_memory(ret);
	request.target = target.data;
	err = client_get(&request, &result);
	ret->status = result.status;
	ret->server = result.server;
	snprintf(ret->problem, sizeof(ret->problem), "%s", err == -ENOMEM ? "out of memory" : result.problem);
	return err;
}

static int ask_record(const struct source *source, const char *path, const struct source_query *query,
		      struct source_reply *ret)
{
	const struct api_query api_query = { .v = { [API_PID] = query->pid,
						    [API_AFTER] = query->after,
						    [API_HISTORY] = query->with_history } };
	struct api_context context = { .model = source->model };

	context.now_ns = context.started_ns = source_now_ns(source);
	ret->status = api_reply(&context, path, &api_query, &ret->body);
	return ret->body.is_failed ? out_of_memory(ret) : 0;
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
