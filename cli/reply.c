// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading a reply's JSON; see reply.h. */
#include "reply.h"

#include <stdio.h>
#include <string.h>

json_t *reply_parse(const struct text *body)
{
	json_t *json = body->len ? json_loadb(body->data, body->len, 0, NULL) : NULL;

	/* jansson's integers have a sign, and a count may need all 64 bits: better inexact than none. */
	if (!json && body->len)
		json = json_loadb(body->data, body->len, JSON_DECODE_INT_AS_REAL, NULL);
	if (json_is_object(json))
		return json;
	json_decref(json);
	return NULL;
}

static int64_t nearest_s64(double value)
{
	if (value >= 0x1p63)
		return INT64_MAX;
	return value < -0x1p63 ? INT64_MIN : (int64_t)value;
}

int64_t reply_s64(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_real(value) ? nearest_s64(json_real_value(value)) : json_integer_value(value);
}

uint64_t reply_u64(const json_t *object, const char *key)
{
	int64_t value = reply_s64(object, key);

	return value > 0 ? (uint64_t)value : 0;
}

double reply_signed_double(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

double reply_double(const json_t *object, const char *key)
{
	double value = json_number_value(json_object_get(object, key));

	return value > 0 ? value : 0;
}

const char *reply_string(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? value : "";
}

bool reply_bool(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

bool reply_is_known(const json_t *object, const char *key)
{
	return json_is_number(json_object_get(object, key));
}

const json_t *reply_member(const json_t *object, const char *key)
{
	return json_object_get(object, key);
}

void reply_error(const struct text *body, unsigned int status, char *ret, size_t size)
{
	json_t *json = reply_parse(body);
	const char *error = reply_string(json, "error");

	if (*error)
		snprintf(ret, size, "%s", error);
	else if (!json && body->len)
		snprintf(ret, size, "%.*s", (int)strcspn(body->data, "\r\n"), body->data);
	else
		*ret = '\0';
	if (!*ret)
		snprintf(ret, size, "HTTP status %u", status);
	json_decref(json);
}
