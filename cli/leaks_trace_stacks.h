/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memoir leaks --pid: what is not freed, by stack: a table, and the first of them with all their frames. */
#ifndef MEMOIR_LEAKS_TRACE_STACKS_H
#define MEMOIR_LEAKS_TRACE_STACKS_H

#include <jansson.h>

#include "table.h"

/* "1.20MiB" or, where it is an estimate, "1.20MiB+-8%": the standard error is a part of it. */
void leaks_trace_add_not_freed(struct table *table, const json_t *row);

/* Of a traced heap, "stacks" of "/v1/leaks/trace". */
void leaks_trace_show_stacks(const json_t *stacks, size_t width, struct text *out);

#endif
