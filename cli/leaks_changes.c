// SPDX-License-Identifier: GPL-2.0-or-later
/* The rows of two answers, in pairs; see leaks_changes.h. */
#include "leaks_changes.h"

#include <stdlib.h>

#include "reply.h"

/* Rows that cannot be told apart are one. The largest comes first, and what else is said is of that. */
static void add_row(json_t *map, const char *key, json_t *row)
{
	json_t *known = json_object_get(map, key), *sum;
	uint64_t bytes;

	if (!known) {
		json_object_set(map, key, row);
		return;
	}
	bytes = reply_u64(known, "bytes") + reply_u64(row, "bytes");
	sum = json_copy(known);
	json_object_set_new(sum, "bytes", json_integer((json_int_t)bytes));
	json_object_set_new(map, key, sum);
}

/* The rows of an answer by their keys; the caller's to release, or NULL without memory. */
static json_t *by_key(const json_t *rows, void (*add_key)(struct text *text, const json_t *row))
{
	json_t *map = json_object(), *row;
	struct text key = {};
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)rows, i, row)
	{
		text_clear(&key);
		add_key(&key, row);
		/* What is no text cannot have come from the daemon, and is no row. */
		if (!key.is_failed && key.len)
			add_row(map, key.data, row);
	}
	text_free(&key);
	return map;
}

static int compare_changes(const void *a, const void *b)
{
	int64_t bytes_a = ((const struct change *)a)->bytes, bytes_b = ((const struct change *)b)->bytes;

	return bytes_a > bytes_b ? -1 : bytes_a < bytes_b;
}

/* Of what one of them does not list, the least that its change can be. */
static void add_change(struct changes *changes, const struct list *list_then, const json_t *then,
		       const struct list *list_now, const json_t *now)
{
	uint64_t before = reply_u64(then, "bytes"), after = reply_u64(now, "bytes");

	if (!then && reply_u64(now, "start_ns") <= list_then->time_ns)
		before = list_then->rest_bytes < after ? list_then->rest_bytes : after;
	if (!now)
		after = list_now->rest_bytes < before ? list_now->rest_bytes : before;
	changes->all[changes->nr++] = (struct change){
		.then = then,
		.now = now,
		.bytes = after >= before ? (int64_t)(after - before) : -(int64_t)(before - after),
	};
}

void changes_free(struct changes *changes)
{
	free(changes->all);
	json_decref(changes->rows_then);
	json_decref(changes->rows_now);
}

struct changes changes_find(const struct list *then, const struct list *now,
			    void (*add_key)(struct text *text, const json_t *row))
{
	json_t *map_then = by_key(then->rows, add_key), *map_now = by_key(now->rows, add_key);
	struct changes changes = { .all = calloc(json_object_size(map_then) + json_object_size(map_now) + 1,
						 sizeof(*changes.all)),
				   .rows_then = map_then,
				   .rows_now = map_now };
	const char *key;
	json_t *row;

	if (!changes.all)
		return changes;
	json_object_foreach(map_now, key, row)
	{
		add_change(&changes, then, json_object_get(map_then, key), now, row);
	}
	json_object_foreach(map_then, key, row)
	{
		if (!json_object_get(map_now, key))
			add_change(&changes, then, row, now, NULL);
	}
	qsort(changes.all, changes.nr, sizeof(*changes.all), compare_changes);
	return changes;
}
