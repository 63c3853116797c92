/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A strict reader of the Prometheus text formats, for tests and fuzzers: says what is wrong with an
 * exposition, or nothing. Stricter than Prometheus where memoir promises more: samples follow the header of
 * their family, and a label value holds printable UTF-8 only. Whether the numbers are right is not its
 * business.
 */
#ifndef MEMOIR_TEST_EXPOSITION_H
#define MEMOIR_TEST_EXPOSITION_H

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../exporters/text.h"

struct exposition {
	bool is_openmetrics, has_ended;
	char family[128], type[16];
};

/* Skips a metric or label name; NULL where there is none. */
static inline const char *skip_name(const char *at)
{
	if (!isalpha((unsigned char)*at) && *at != '_')
		return NULL;
	while (isalnum((unsigned char)*at) || *at == '_')
		at++;
	return at;
}

/* Skips the inside of a label value and its closing quote. */
static inline const char *skip_value(const char *at)
{
	while (*at != '"') {
		size_t len = utf8_length(at);

		if (!len || (unsigned char)*at < 0x20 || *at == 0x7f)
			return NULL;
		if ((unsigned char)at[0] == 0xc2 && (unsigned char)at[1] < 0xa0)
			return NULL;
		if (*at == '\\' && at[1] != '\\' && at[1] != '"')
			return NULL;
		at += *at == '\\' ? 2 : len;
	}
	return at + 1;
}

static inline const char *skip_labels(const char *at)
{
	if (*at != '{')
		return at;
	do {
		at = skip_name(at + 1);
		if (!at || at[0] != '=' || at[1] != '"')
			return NULL;
		at = skip_value(at + 2);
	} while (at && *at == ',');
	return at && *at == '}' ? at + 1 : NULL;
}

/* What may follow the family in the name of a sample. */
static inline bool is_suffix(const struct exposition *state, const char *suffix, size_t len)
{
	static const char *const of_histogram[] = { "_bucket", "_sum", "_count" };

	if (!strcmp(state->type, "histogram")) {
		for (int i = 0; i < 3; i++)
			if (strlen(of_histogram[i]) == len && !memcmp(of_histogram[i], suffix, len))
				return true;
		return false;
	}
	if (!strcmp(state->type, "counter") && state->is_openmetrics)
		return len == 6 && !memcmp(suffix, "_total", 6);
	return !len;
}

static inline const char *check_sample(const struct exposition *state, const char *line)
{
	size_t family_len = strlen(state->family);
	const char *name_end = skip_name(line);
	const char *at = name_end ? skip_labels(name_end) : NULL;
	char *end;

	if (!at)
		return "no name, or malformed labels";
	if (!family_len || (size_t)(name_end - line) < family_len ||
	    memcmp(line, state->family, family_len) != 0 ||
	    !is_suffix(state, line + family_len, (size_t)(name_end - line) - family_len))
		return "a sample that does not belong to the family before it";
	if (*at != ' ' || (!isdigit((unsigned char)at[1]) && at[1] != '-'))
		return "no value";
	strtod(at + 1, &end);
	return *end ? "something behind the value" : NULL;
}

static inline const char *check_comment(struct exposition *state, const char *line)
{
	char keyword[8], name[128], rest[16];
	int n = sscanf(line, "# %7s %127s %15s", keyword, name, rest);

	if (n == 1 && !strcmp(keyword, "EOF")) {
		state->has_ended = true;
		return state->is_openmetrics ? NULL : "# EOF in text 0.0.4";
	}
	if (n < 3)
		return "a header without content";
	if (!strcmp(keyword, "HELP")) {
		strcpy(state->family, name);
		state->type[0] = '\0';
		return NULL;
	}
	if (strcmp(name, state->family) != 0)
		return "a header of another family than the HELP before it";
	if (!strcmp(keyword, "UNIT"))
		return state->is_openmetrics ? NULL : "# UNIT in text 0.0.4";
	strcpy(state->type, rest);
	return strcmp(keyword, "TYPE") ? "an unknown header" : NULL;
}

/* NULL, or what is wrong; the line is then in ret_line. */
static inline const char *exposition_error(const struct text *text, bool is_openmetrics, char ret_line[512])
{
	struct exposition state = { .is_openmetrics = is_openmetrics };
	const char *at = text->data ? text->data : "", *end = at + text->len;

	ret_line[0] = '\0';
	while (at < end) {
		const char *eol = memchr(at, '\n', (size_t)(end - at));
		const char *error;
		char *line;

		if (!eol)
			return "the last line is not terminated";
		line = strndup(at, (size_t)(eol - at));
		if (!line)
			abort();
		error = strlen(line) != (size_t)(eol - at) ? "a NUL byte"
			: state.has_ended                  ? "text after # EOF"
			: *line == '#'                     ? check_comment(&state, line)
							   : check_sample(&state, line);
		snprintf(ret_line, 512, "%s", line);
		free(line);
		if (error)
			return error;
		at = eol + 1;
	}
	return is_openmetrics && !state.has_ended ? "# EOF is missing" : NULL;
}

#endif
