/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One event of the API as one line. Pure, but for the time zone. */
#ifndef MEMOIR_EVENT_TEXT_H
#define MEMOIR_EVENT_TEXT_H

#include <jansson.h>

#include "../exporters/text.h"

/* Appends the line, what matters most first, safe to show and no wider than width. */
void event_text_add(struct text *out, const json_t *event, size_t width);

#endif
