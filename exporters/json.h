/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A JSON writer: keys and values go straight into a text, commas are its own business. Integers
 * are exact. key is NULL for the members of an array and for the outermost value.
 */
#ifndef MEMOIR_JSON_H
#define MEMOIR_JSON_H

#include "text.h"

struct json {
	struct text *text;
	bool needs_comma;
};

void json_object_begin(struct json *json, const char *key);
void json_object_end(struct json *json);
void json_array_begin(struct json *json, const char *key);
void json_array_end(struct json *json);
void json_add_u64(struct json *json, const char *key, __u64 value);
void json_add_s64(struct json *json, const char *key, __s64 value);
void json_add_thousandths(struct json *json, const char *key, __s64 value);
/* A value that need not be exact, with three decimals. */
void json_add_double(struct json *json, const char *key, double value);
void json_add_string(struct json *json, const char *key, const char *value);
void json_add_bool(struct json *json, const char *key, bool value);
void json_add_null(struct json *json, const char *key);
/* A number that is known, or else null. */
void json_add_known(struct json *json, const char *key, bool is_known, __u64 value);

#endif
