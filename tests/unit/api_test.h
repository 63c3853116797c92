/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of the JSON API share: replies as values, and what is in them. */
#ifndef MEMOIR_TEST_API_TEST_H
#define MEMOIR_TEST_API_TEST_H

#include "model_stream.h"

#include <jansson.h>
#include <stdbool.h>

#include "../../exporters/api.h"

/*
 * The reply as a value that the caller releases with json_decref(). query: NULL for one that asks for
 * nothing.
 */
static inline json_t *api_answer(const struct api_context *context, const char *path,
				 const struct api_query *query)
{
	static const struct api_query none;
	struct text text = {};
	json_t *json;

	assert_int_equal(api_reply(context, path, query ? query : &none, &text), API_OK);
	assert_false(text.is_failed);
	json = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
	text_free(&text);
	assert_non_null(json);
	return json;
}

static inline long long integer(const json_t *object, const char *key)
{
	assert_true(json_is_integer(json_object_get(object, key)));
	return json_integer_value(json_object_get(object, key));
}

static inline const char *string(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	if (!value)
		fail_msg("there is no string %s", key);
	return value;
}

/* The member of this key is that, in the form that the API writes it. */
static inline void has(const json_t *object, const char *key, const char *wanted)
{
	char *text = json_dumps(json_object_get(object, key),
				JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(12));

	if (!text)
		fail_msg("there is no %s", key);
	assert_string_equal(text, wanted);
	free(text);
}

#endif
