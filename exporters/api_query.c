// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The query of a request: which keys there are, which values they may have, and which of them go together. A
 * query is a stranger's, and what is not understood is refused: whoever mistypes a key is to know it.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../daemon/util.h"
#include "api.h"

/* Of what a stranger wrote, so much is shown. */
#define MAX_SHOWN_BYTES 40

static const struct {
	const char *name;
	__u64 min, max;
} keys[NR_API_KEYS] = {
	[API_PID] = { "pid", 1, INT32_MAX },
	[API_AFTER] = { "after", 0, UINT64_MAX },
	[API_HISTORY] = { "history", 0, 1 },
	[API_MAX_AGE_MS] = { "max_age_ms", 0, UINT64_MAX / NSEC_PER_MSEC },
	[API_LOOK_MS] = { "look_ms", API_SLAB_MIN_MS, API_SLAB_MAX_MS },
	[API_EVERY] = { "every", 1, MAX_SLAB_EVERY },
	[API_SECONDS] = { "seconds", 1, API_TRACE_MAX_SECONDS },
	[API_KERNEL] = { "kernel", 0, 1 },
	[API_EVERY_BYTES] = { "every_bytes", 0, MAX_HEAP_EVERY_BYTES },
	[API_END] = { "end", 0, 1 },
};

/* What a key that is not 0 goes with: at least one of these, and none of those. */
static const struct {
	const char *path;
	enum api_key key;
	__u32 needs, excludes;
} rules[] = {
	{ "/v1/slab", API_EVERY, API_KEY(LOOK_MS), 0 },
	{ "/v1/leaks/trace", API_END, 0,
	  API_KEY(SECONDS) | API_KEY(PID) | API_KEY(KERNEL) | API_KEY(EVERY_BYTES) },
	{ "/v1/leaks/trace", API_PID, API_KEY(SECONDS), 0 },
	{ "/v1/leaks/trace", API_KERNEL, API_KEY(SECONDS), API_KEY(PID) | API_KEY(EVERY_BYTES) },
	{ "/v1/leaks/trace", API_EVERY_BYTES, API_KEY(SECONDS), 0 },
	{ "/v1/leaks/trace", API_SECONDS, API_KEY(PID) | API_KEY(KERNEL), 0 },
};

static void add_shown(struct text *text, const char *string)
{
	size_t len = strnlen(string, MAX_SHOWN_BYTES + 1);

	for (size_t i = 0; i < len && i < MAX_SHOWN_BYTES; i++)
		text_add_format(text, "%c", string[i] >= ' ' && string[i] <= '~' ? string[i] : '?');
	text_add(text, len > MAX_SHOWN_BYTES ? "..." : "");
}

/* "pid or kernel" */
static void add_keys(struct text *text, __u32 some, const char *separator)
{
	bool is_first = true;

	for (__u32 key = 0; key < NR_API_KEYS; key++) {
		if (!(some & 1u << key))
			continue;
		text_add_format(text, "%s%s", is_first ? "" : separator, keys[key].name);
		is_first = false;
	}
}

static bool refuse_key(const char *path, const char *key, struct text *error)
{
	const __u32 known = api_keys(path);

	add_shown(error, *key ? key : "(no name)");
	text_add_format(error, ": %s has no such parameter; it has ", path);
	text_add(error, known ? "" : "none");
	add_keys(error, known, ", ");
	return false;
}

static bool refuse_value(enum api_key key, const char *value, struct text *error)
{
	text_add_format(error, "%s=", keys[key].name);
	add_shown(error, value ? value : "");
	text_add_format(error, ": must be a whole number from %llu to %llu", keys[key].min, keys[key].max);
	return false;
}

static bool parse(enum api_key key, const char *value, __u64 *ret)
{
	if (!value || !*value || value[strspn(value, "0123456789")])
		return false;
	errno = 0;
	*ret = strtoull(value, NULL, 10);
	return !errno && *ret >= keys[key].min && *ret <= keys[key].max;
}

bool api_query_take(struct api_query *query, const char *path, const char *key, const char *value,
		    struct text *error)
{
	for (__u32 i = 0; i < NR_API_KEYS; i++) {
		if (strcmp(key, keys[i].name) != 0 || !(api_keys(path) & 1u << i))
			continue;
		if (query->given & 1u << i) {
			text_add_format(error, "%s: is there twice; it may be there once", key);
			return false;
		}
		query->given |= 1u << i;
		return parse(i, value, &query->v[i]) || refuse_value(i, value, error);
	}
	return refuse_key(path, key, error);
}

bool api_query_check(const struct api_query *query, const char *path, struct text *error)
{
	__u32 set = 0, missing;

	for (__u32 key = 0; key < NR_API_KEYS; key++)
		set |= (__u32) !!query->v[key] << key;
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		if (strcmp(path, rules[i].path) != 0 || !(set & 1u << rules[i].key))
			continue;
		if (set & rules[i].excludes) {
			text_add_format(error, "%s: does not go with ", keys[rules[i].key].name);
			add_keys(error, set & rules[i].excludes, ", ");
			return false;
		}
		if (rules[i].needs && !(set & rules[i].needs)) {
			text_add_format(error, "%s: goes with ", keys[rules[i].key].name);
			add_keys(error, rules[i].needs, " or ");
			text_add(error, " only");
			return false;
		}
	}
	missing = api_required_keys(path) & ~set;
	if (!missing)
		return true;
	add_keys(error, missing, ", ");
	text_add_format(error, ": is missing, and %s does not go without", path);
	return false;
}
