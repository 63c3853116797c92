/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rows of two answers in pairs, by what tells them apart, and how much each has changed. Pure. */
#ifndef MEMOIR_LEAKS_CHANGES_H
#define MEMOIR_LEAKS_CHANGES_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "../exporters/text.h"

/* Of one process or place: what it was and what it is. */
struct change {
	const json_t *then, *now; /* NULL: not in that answer */
	int64_t bytes;
	uint64_t error; /* of a place: the standard error */
};

struct changes {
	struct change *all;
	size_t nr;
	json_t *rows_then, *rows_now; /* by their keys */
};

/* What an answer lists: the largest. */
struct list {
	const json_t *rows;
	uint64_t time_ns;
	uint64_t rest_bytes; /* what is not listed has so much at most; 0: there is none */
};

/* All rows of both, those that grew most first. Without memory there are none. Free with changes_free(). */
struct changes changes_find(const struct list *then, const struct list *now,
			    void (*add_key)(struct text *text, const json_t *row));
void changes_free(struct changes *changes);

#endif
