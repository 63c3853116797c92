/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text under construction: one buffer that grows and is used again, exact numbers, and the escaping
 * that makes hostile bytes harmless in each format. Nothing here knows what is written.
 */
#ifndef MEMOIR_TEXT_H
#define MEMOIR_TEXT_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

/* Start with {}. Without memory is_failed is set, and nothing more is added: check it once, at the end. */
struct text {
	char *data;
	size_t len, size;
	bool is_failed;
};

void text_free(struct text *text);
#define _cleanup_text_ __attribute__((cleanup(text_free)))

/* Empties the text and keeps its memory. */
void text_clear(struct text *text);

void text_add(struct text *text, const char *string);
void text_add_bytes(struct text *text, const char *bytes, size_t size);
void text_add_u64(struct text *text, __u64 value);
void text_add_s64(struct text *text, __s64 value);
void text_add_format(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Nanoseconds as decimal seconds, exact and without trailing zeros. */
void text_add_seconds(struct text *text, __u64 ns);

/* Thousandths, two's complement, as a number with exactly three decimals: "-0.500". */
void text_add_thousandths(struct text *text, __s64 value);

/*
 * A string of unknown origin as the inside of a Prometheus label value. What is not printable UTF-8, and the
 * backslash itself, becomes \xNN, so that different bytes stay different labels.
 */
void text_add_label(struct text *text, const char *string);

/* A string of unknown origin as the inside of a JSON string; bytes that are not UTF-8 become U+FFFD. */
void text_add_json(struct text *text, const char *string);

/*
 * The length of the UTF-8 sequence that string begins with, or 0 if it begins with none that is
 * well-formed (Unicode 15, table 3-7). string is terminated.
 */
size_t utf8_length(const char *string);

#endif
