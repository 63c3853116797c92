/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the views share: titles, fields "Name  value", and the parts that occur in more than one. */
#ifndef MEMOIR_VIEW_H
#define MEMOIR_VIEW_H

#include <jansson.h>

#include "table.h"

/* Appends a line, safe to show and cut at width; what is formatted may be of any origin. */
void view_line(struct text *out, size_t width, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The same behind a name, aligned with its neighbours. */
void view_field(struct text *out, size_t width, const char *name, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/*
 * Appends text of any origin as lines that begin at column indent and end before width, broken at
 * blanks; a word that is longer than a line is cut. first stands before the text, as its first word.
 */
void view_paragraph(struct text *out, size_t width, size_t indent, const char *first, const char *string);

/* Appends a table under an empty line and, unless NULL, a title; nothing without rows. Frees the table. */
void view_table(struct text *out, size_t width, const char *title, struct table *table);

/* Appends how old a reply's snapshot is. */
void view_age(struct text *out, size_t width, const json_t *reply);

/* "s" unless n is 1. */
const char *plural(unsigned long long n);

#endif
