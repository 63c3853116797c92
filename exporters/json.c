// SPDX-License-Identifier: GPL-2.0-or-later
/* A JSON writer; see json.h. */
#include "json.h"

static void begin_value(struct json *json, const char *key)
{
	if (json->needs_comma)
		text_add(json->text, ",");
	json->needs_comma = true;
	if (!key)
		return;
	text_add(json->text, "\"");
	text_add_json(json->text, key);
	text_add(json->text, "\":");
}

static void open_with(struct json *json, const char *key, const char *bracket)
{
	begin_value(json, key);
	text_add(json->text, bracket);
	json->needs_comma = false;
}

static void close_with(struct json *json, const char *bracket)
{
	text_add(json->text, bracket);
	json->needs_comma = true;
}

void json_object_begin(struct json *json, const char *key)
{
	open_with(json, key, "{");
}

void json_object_end(struct json *json)
{
	close_with(json, "}");
}

void json_array_begin(struct json *json, const char *key)
{
	open_with(json, key, "[");
}

void json_array_end(struct json *json)
{
	close_with(json, "]");
}

void json_add_u64(struct json *json, const char *key, __u64 value)
{
	begin_value(json, key);
	text_add_u64(json->text, value);
}

void json_add_s64(struct json *json, const char *key, __s64 value)
{
	begin_value(json, key);
	text_add_s64(json->text, value);
}

void json_add_thousandths(struct json *json, const char *key, __s64 value)
{
	begin_value(json, key);
	text_add_thousandths(json->text, value);
}

void json_add_double(struct json *json, const char *key, double value)
{
	begin_value(json, key);
	text_add_format(json->text, "%.3f", value);
}

void json_add_string(struct json *json, const char *key, const char *value)
{
	begin_value(json, key);
	text_add(json->text, "\"");
	text_add_json(json->text, value);
	text_add(json->text, "\"");
}

void json_add_bool(struct json *json, const char *key, bool value)
{
	begin_value(json, key);
	text_add(json->text, value ? "true" : "false");
}

void json_add_null(struct json *json, const char *key)
{
	begin_value(json, key);
	text_add(json->text, "null");
}

void json_add_known(struct json *json, const char *key, bool is_known, __u64 value)
{
	if (is_known)
		json_add_u64(json, key, value);
	else
		json_add_null(json, key);
}
