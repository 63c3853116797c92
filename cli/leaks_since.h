/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What changed between two answers about leaks: by process, and by where memory was allocated. Pure. */
#ifndef MEMOIR_LEAKS_SINCE_H
#define MEMOIR_LEAKS_SINCE_H

#include <jansson.h>

#include "../exporters/text.h"

/*
 * Why the two cannot be compared, for a line about the file that then is from; NULL: they can. then and now
 * are answers of /v1/leaks, then of any origin.
 */
const char *leaks_since_problem(const json_t *then, const json_t *now);

/* Appends the comparison of two that can be. */
void leaks_since_show(const json_t *then, const json_t *now, size_t width, struct text *out);

#endif
