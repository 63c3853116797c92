/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A question to a source and its answer as JSON, or one line why there is none. */
#ifndef MEMOIR_ASK_H
#define MEMOIR_ASK_H

#include "reply.h"
#include "source.h"

struct answer {
	struct source_reply reply;
	json_t *json; /* NULL after an error */
};

void answer_free(struct answer *answer);
#define _cleanup_answer_ __attribute__((cleanup(answer_free)))

/*
 * 0 with ret->json set. Otherwise a negative errno as of source_get(), -EREMOTEIO for a reply that is an
 * error, or -EBADMSG for one that is no JSON; ret->reply.problem says why. ret is the caller's to free in
 * every case.
 */
int ask(struct source *source, const char *path, const struct source_query *query, struct answer *ret);

/* Adds a member, a JSON value, behind those of the daemon, to the body and to json. 0 or -ENOMEM. */
int answer_add(struct answer *answer, const char *key, const struct text *value);

/* The exit status for an error of ask(). */
int ask_exit_status(int err);

#endif
