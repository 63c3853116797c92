// SPDX-License-Identifier: GPL-2.0-or-later
/* What the views share; see view.h. */
#include "view.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../exporters/human.h"
#include "reply.h"
#include "visible.h"

#define NAME_WIDTH 12

static void add_formatted(struct text *out, size_t width, const char *format, va_list args)
{
	struct text safe = {};
	char raw[1024];

	vsnprintf(raw, sizeof(raw), format, args);
	visible_add(&safe, raw);
	visible_add_cut(out, safe.data ? safe.data : "", width);
	text_add(out, "\n");
	out->is_failed |= safe.is_failed;
	text_free(&safe);
}

void view_line(struct text *out, size_t width, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_formatted(out, width, format, args);
	va_end(args);
}

void view_field(struct text *out, size_t width, const char *name, const char *format, ...)
{
	va_list args;

	text_add_format(out, "%-*s", NAME_WIDTH, name);
	va_start(args, format);
	add_formatted(out, width > NAME_WIDTH ? width - NAME_WIDTH : 1, format, args);
	va_end(args);
}

void view_paragraph(struct text *out, size_t width, size_t indent, const char *first, const char *string)
{
	size_t room = width > indent ? width - indent : 1, used = visible_width(first);
	struct text safe = {}, word = {};

	visible_add(&safe, string);
	text_add_format(out, "%*s%s", (int)indent, "", first);
	for (const char *at = safe.data ? safe.data : ""; *at;) {
		size_t len = strcspn(at, " "), columns;

		text_clear(&word);
		text_add_bytes(&word, at, len);
		columns = visible_width(word.data ? word.data : "");
		if (used && used + 1 + columns > room) {
			text_add_format(out, "\n%*s", (int)indent, "");
			used = 0;
		}
		if (used)
			text_add(out, " ");
		used += (used ? 1 : 0) + visible_add_cut(out, word.data ? word.data : "", room);
		at += len + strspn(at + len, " ");
	}
	text_add(out, "\n");
	out->is_failed |= safe.is_failed || word.is_failed;
	text_free(&safe);
	text_free(&word);
}

void view_table(struct text *out, size_t width, const char *title, struct table *table)
{
	if (table->nr_cells) {
		text_add(out, "\n");
		if (title)
			view_line(out, width, "%s", title);
		table_render(table, width, out);
	}
	out->is_failed |= table->cells.is_failed;
	table_free(table);
}

void view_age(struct text *out, size_t width, const json_t *reply)
{
	const json_t *snapshot = reply_member(reply, "snapshot");

	view_field(out, width, "Snapshot", "%s old; rates are over the last interval",
		   human_ns(reply_u64(snapshot, "age_ns")).text);
}

const char *plural(unsigned long long n)
{
	return n == 1 ? "" : "s";
}
