/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two ways out to a person: standard output, where every failure is noticed, and one line on
 * standard error, which is always safe to show.
 */
#ifndef MEMOIR_OUTPUT_H
#define MEMOIR_OUTPUT_H

#include <stdarg.h>
#include <stddef.h>

#include "../exporters/text.h"

/* Exit status of the command. */
enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_UNREACHABLE = 3 };

/* One line "memoir: ..." on standard error; what is formatted may be of any origin. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
void vcomplain(const char *format, va_list args) __attribute__((format(printf, 1, 0)));

/* Writes text to standard output at once. EXIT_OK, or EXIT_FAILED after one line. */
int print_text(const struct text *text);

/*
 * The columns to fill: COLUMNS, else the width of the terminal that standard output is, else 80.
 */
size_t output_width(void);

#endif
