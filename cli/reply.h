/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading a reply's JSON. A member that is missing or of another type is 0, "" or an empty array, so
 * that a command built before a key was added or after it was removed still shows the rest.
 */
#ifndef MEMOIR_REPLY_H
#define MEMOIR_REPLY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "../exporters/text.h"

static inline void cleanup_json(json_t **json)
{
	json_decref(*json);
}

#define _cleanup_json_ __attribute__((cleanup(cleanup_json)))

/* The object that a body holds, or NULL. Release with json_decref(). */
json_t *reply_parse(const struct text *body);

/* Members of an object; borrowed from it. A number below 0 is 0. */
uint64_t reply_u64(const json_t *object, const char *key);
int64_t reply_s64(const json_t *object, const char *key);
double reply_double(const json_t *object, const char *key);
double reply_signed_double(const json_t *object, const char *key); /* as it is, below 0 too */
const char *reply_string(const json_t *object, const char *key);
bool reply_bool(const json_t *object, const char *key);
/* Whether the member is a number: null stands for "cannot be known here". */
bool reply_is_known(const json_t *object, const char *key);
/* An object or array; where there is none NULL, which counts as empty everywhere. */
const json_t *reply_member(const json_t *object, const char *key);

/* What a body that is not API_OK says; ret is terminated and never empty. */
void reply_error(const struct text *body, unsigned int status, char *ret, size_t size);

#endif
