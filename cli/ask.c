// SPDX-License-Identifier: GPL-2.0-or-later
/* A question and its answer; see ask.h. */
#include "ask.h"

#include <errno.h>
#include <stdio.h>

#include "../exporters/api.h"
#include "output.h"

void answer_free(struct answer *answer)
{
	source_reply_free(&answer->reply);
	json_decref(answer->json);
}

int ask(struct source *source, const char *path, const struct source_query *query, struct answer *ret)
{
	struct source_reply *reply = &ret->reply;
	int err;

	ret->json = NULL;
	err = source_get(source, path, query, reply);
	if (err)
		return err;
	if (reply->status != API_OK) {
		reply_error(&reply->body, reply->status, reply->problem, sizeof(reply->problem));
		return -EREMOTEIO;
	}
	ret->json = reply_parse(&reply->body);
	if (ret->json)
		return 0;
	snprintf(reply->problem, sizeof(reply->problem),
		 "the answer to %s is no JSON object; is that memoird's socket?", path);
	return -EBADMSG;
}

int answer_add(struct answer *answer, const char *key, const struct text *value)
{
	struct text *body = &answer->reply.body;

	/* The daemon's bytes stay as they are: what ends the object is all that moves. */
	while (body->len && body->data[body->len - 1] != '}')
		body->len--;
	if (body->len)
		body->len--;
	text_add_format(body, "%s\"%s\":%s}\n", json_object_size(answer->json) ? "," : "", key, value->data);
	json_decref(answer->json);
	answer->json = body->is_failed || value->is_failed ? NULL : reply_parse(body);
	return answer->json ? 0 : -ENOMEM;
}

int ask_exit_status(int err)
{
	return err == -ENOTCONN ? EXIT_UNREACHABLE : err ? EXIT_FAILED : EXIT_OK;
}
