/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A name of any bytes on a terminal: no control character, and no column more than there is room for. */
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "../../cli/visible.h"
#include "check.h"

static void check_visible(const char *string, size_t width)
{
	struct text whole = {}, cut = {};
	size_t columns;

	text_add(&whole, "");
	visible_add(&whole, string);
	must(!whole.is_failed);
	for (const char *at = whole.data; *at; at += utf8_length(at)) {
		must(utf8_length(at));
		must((unsigned char)*at >= 0x20 && *at != 0x7f);
		must((unsigned char)at[0] != 0xc2 || (unsigned char)at[1] >= 0xa0);
	}
	text_add(&cut, "");
	columns = visible_add_cut(&cut, whole.data, width);
	must(columns <= width && columns == visible_width(cut.data));
	must(visible_width(whole.data) > width || !strcmp(whole.data, cut.data));
	text_free(&whole);
	text_free(&cut);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *string = size ? strndup((const char *)data + 1, size - 1) : NULL;

	if (!size)
		return 0;
	must(string);
	setlocale(LC_CTYPE, "C.UTF-8");
	check_visible(string, data[0] % 40);
	setlocale(LC_CTYPE, "C");
	check_visible(string, data[0] % 40);
	free(string);
	return 0;
}
