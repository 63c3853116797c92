// SPDX-License-Identifier: GPL-2.0-or-later
/* What may be shown on a terminal; see visible.h. */
#include "visible.h"

#include <langinfo.h>
#include <string.h>
#include <wchar.h>

#include "../daemon/util.h"

/* Format characters that change how their neighbours look, or that cannot be seen at all. */
static const struct {
	wchar_t first, last;
} unsafe[] = {
	{ 0x00ad, 0x00ad },   /* soft hyphen */
	{ 0x034f, 0x034f },   /* grapheme joiner */
	{ 0x061c, 0x061c },   /* Arabic letter mark */
	{ 0x115f, 0x1160 },   /* Hangul fillers */
	{ 0x17b4, 0x17b5 },   /* Khmer inherent vowels */
	{ 0x180b, 0x180f },   /* Mongolian selectors */
	{ 0x200b, 0x200f },   /* zero width, direction marks */
	{ 0x2028, 0x202e },   /* separators, embeddings and overrides */
	{ 0x2060, 0x206f },   /* invisible operators, isolates */
	{ 0x3164, 0x3164 },   /* Hangul filler */
	{ 0xfe00, 0xfe0f },   /* variation selectors */
	{ 0xfeff, 0xfeff },   /* byte order mark */
	{ 0xffa0, 0xffa0 },   /* half-width Hangul filler */
	{ 0xfff0, 0xfffb },   /* annotations */
	{ 0x1bca0, 0x1bca3 }, /* shorthand controls */
	{ 0x1d173, 0x1d17a }, /* musical controls */
	{ 0xe0000, 0xe0fff }, /* tags, more selectors */
};

static bool is_utf8(void)
{
	return !strcmp(nl_langinfo(CODESET), "UTF-8");
}

const char *visible_ellipsis(void)
{
	return is_utf8() ? "\xe2\x80\xa6" : "+";
}

/* The code point of the well-formed sequence of len bytes that string begins with. */
static wchar_t decode(const char *string, size_t len)
{
	static const unsigned char lead_mask[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	wchar_t point = (unsigned char)string[0] & lead_mask[len];

	for (size_t i = 1; i < len; i++)
		point = (wchar_t)(point << 6 | (string[i] & 0x3f));
	return point;
}

/* The columns of a code point, or -1 if it must not be shown. */
static int point_width(wchar_t point)
{
	for (size_t i = 0; i < ARRAY_SIZE(unsafe); i++)
		if (point >= unsafe[i].first && point <= unsafe[i].last)
			return -1;
	return wcwidth(point);
}

static void add_utf8(struct text *text, const char *string)
{
	bool has_base = false;

	while (*string) {
		size_t len = utf8_length(string);
		int width = len ? point_width(decode(string, len)) : -1;

		/* A combining mark without a letter of its own would change the text before it. */
		if (width > 0 || (width == 0 && has_base)) {
			text_add_bytes(text, string, len);
			has_base = true;
		} else {
			text_add(text, "\xef\xbf\xbd");
			has_base = false;
		}
		string += len ? len : 1;
	}
}

static void add_ascii(struct text *text, const char *string)
{
	while (*string) {
		size_t len = utf8_length(string);

		if (len == 1 && *string >= ' ' && *string <= '~')
			text_add_bytes(text, string, 1);
		else
			text_add(text, "?");
		string += len ? len : 1;
	}
}

void visible_add(struct text *text, const char *string)
{
	if (is_utf8())
		add_utf8(text, string);
	else
		add_ascii(text, string);
}

/* The bytes of string that fit into width columns, with the marks of the last letter; their columns. */
static size_t fitting_bytes(const char *string, size_t width, size_t *ret_width)
{
	size_t bytes = 0, used = 0;

	while (string[bytes]) {
		size_t len = utf8_length(string + bytes);
		int columns = len ? wcwidth(decode(string + bytes, len)) : 1;

		len = len ? len : 1;
		columns = columns < 0 ? 1 : columns;
		if (used + (size_t)columns > width)
			break;
		used += (size_t)columns;
		bytes += len;
	}
	*ret_width = used;
	return bytes;
}

size_t visible_width(const char *string)
{
	size_t width;

	fitting_bytes(string, SIZE_MAX / 2, &width);
	return width;
}

size_t visible_add_cut(struct text *text, const char *string, size_t width)
{
	size_t used, bytes = fitting_bytes(string, width, &used);

	if (!string[bytes]) {
		text_add_bytes(text, string, bytes);
		return used;
	}
	if (!width)
		return 0;
	bytes = fitting_bytes(string, width - 1, &used);
	text_add_bytes(text, string, bytes);
	text_add(text, visible_ellipsis());
	return used + 1;
}
