/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What may be shown on a terminal. Names come from processes and may hold anything; whatever is
 * printed goes through here. Depends on the locale of LC_CTYPE, and on nothing else.
 */
#ifndef MEMOIR_VISIBLE_H
#define MEMOIR_VISIBLE_H

#include <stddef.h>

#include "../exporters/text.h"

/*
 * Appends a string of unknown origin on one line. Control and format characters (escape sequences,
 * newlines, bidirectional controls, what has no width), and bytes that are not UTF-8, become U+FFFD; in
 * a locale other than UTF-8, they and all that is not ASCII become "?".
 */
void visible_add(struct text *text, const char *string);

/* The columns that a string takes on the terminal. It must have come from visible_add(). */
size_t visible_width(const char *string);

/*
 * Appends the beginning of a string from visible_add() that fits into width columns. If not all of it
 * fits, an ellipsis stands for the rest. Returns the columns used: at most width.
 */
size_t visible_add_cut(struct text *text, const char *string, size_t width);

/* The text of an ellipsis, one column wide, in this locale. */
const char *visible_ellipsis(void);

#endif
