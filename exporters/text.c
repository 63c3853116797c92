// SPDX-License-Identifier: GPL-2.0-or-later
/* Text under construction; see text.h. */
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NSEC_DIGITS 9

void text_free(struct text *text)
{
	free(text->data);
	*text = (struct text){};
}

void text_clear(struct text *text)
{
	text->len = 0;
	text->is_failed = false;
}

/* Makes room for size more bytes and a terminator. */
static bool text_reserve(struct text *text, size_t size)
{
	size_t wanted = text->size ? text->size : 4096;
	char *data;

	if (text->is_failed)
		return false;
	if (text->len + size < text->size)
		return true;
	while (wanted <= text->len + size)
		wanted *= 2;
	data = realloc(text->data, wanted);
	if (!data) {
		text->is_failed = true;
		return false;
	}
	text->data = data;
	text->size = wanted;
	return true;
}

void text_add_bytes(struct text *text, const char *bytes, size_t size)
{
	if (!text_reserve(text, size))
		return;
	memcpy(text->data + text->len, bytes, size);
	text->len += size;
	text->data[text->len] = '\0';
}

void text_add(struct text *text, const char *string)
{
	text_add_bytes(text, string, strlen(string));
}

void text_add_u64(struct text *text, __u64 value)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	text_add_bytes(text, digits + at, sizeof(digits) - at);
}

void text_add_s64(struct text *text, __s64 value)
{
	if (value < 0)
		text_add_bytes(text, "-", 1);
	text_add_u64(text, value < 0 ? -(__u64)value : (__u64)value);
}

void text_add_format(struct text *text, const char *format, ...)
{
	va_list args;
	int size;

	va_start(args, format);
	size = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (size < 0 || !text_reserve(text, (size_t)size))
		return;
	va_start(args, format);
	vsnprintf(text->data + text->len, (size_t)size + 1, format, args);
	va_end(args);
	text->len += (size_t)size;
}

void text_add_seconds(struct text *text, __u64 ns)
{
	char fraction[NSEC_DIGITS + 2];
	int len = NSEC_DIGITS + 1;

	text_add_u64(text, ns / 1000000000);
	if (ns % 1000000000 == 0)
		return;
	snprintf(fraction, sizeof(fraction), ".%09u", (unsigned int)(ns % 1000000000));
	while (fraction[len - 1] == '0')
		len--;
	text_add_bytes(text, fraction, (size_t)len);
}

void text_add_thousandths(struct text *text, __s64 value)
{
	__u64 magnitude = value < 0 ? -(__u64)value : (__u64)value;

	if (value < 0)
		text_add_bytes(text, "-", 1);
	text_add_u64(text, magnitude / 1000);
	text_add_format(text, ".%03u", (unsigned int)(magnitude % 1000));
}

size_t utf8_length(const char *string)
{
	const unsigned char *s = (const unsigned char *)string;
	unsigned char low = 0x80, high = 0xbf;
	size_t len;

	if (s[0] < 0x80)
		return s[0] ? 1 : 0;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		len = 2;
	else if (s[0] >= 0xe0 && s[0] <= 0xef)
		len = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		len = 4;
	else
		return 0;
	/* No overlong forms, no surrogates, nothing above U+10FFFF. */
	if (s[0] == 0xe0)
		low = 0xa0;
	else if (s[0] == 0xed)
		high = 0x9f;
	else if (s[0] == 0xf0)
		low = 0x90;
	else if (s[0] == 0xf4)
		high = 0x8f;
	for (size_t i = 1; i < len; i++) {
		if (s[i] < low || s[i] > high)
			return 0;
		low = 0x80;
		high = 0xbf;
	}
	return len;
}

/* Whether the sequence of this length is a control character: C0, DEL or C1 (U+0080 to U+009F). */
static bool is_control(const char *string, size_t len)
{
	const unsigned char *s = (const unsigned char *)string;

	return (len == 1 && (s[0] < 0x20 || s[0] == 0x7f)) || (len == 2 && s[0] == 0xc2 && s[1] < 0xa0);
}

void text_add_label(struct text *text, const char *string)
{
	while (*string) {
		size_t len = utf8_length(string);

		if (len == 1 && *string == '"') {
			text_add(text, "\\\"");
		} else if (len && *string != '\\' && !is_control(string, len)) {
			text_add_bytes(text, string, len);
		} else {
			/* The exposition format itself escapes a backslash by another one. */
			len = len ? len : 1;
			for (size_t i = 0; i < len; i++)
				text_add_format(text, "\\\\x%02x", (unsigned char)string[i]);
		}
		string += len;
	}
}

void text_add_json(struct text *text, const char *string)
{
	while (*string) {
		size_t len = utf8_length(string);

		if (!len)
			text_add(text, "\xef\xbf\xbd");
		else if (len == 1 && (*string == '"' || *string == '\\'))
			text_add_format(text, "\\%c", *string);
		else if (is_control(string, len))
			text_add_format(text, "\\u%04x",
					len == 1 ? (unsigned char)string[0] : (unsigned char)string[1]);
		else
			text_add_bytes(text, string, len);
		string += len ? len : 1;
	}
}
