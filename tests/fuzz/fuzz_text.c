/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The escaping of strings of any bytes: in a label, where it can be undone, and in a JSON string. */
#include <stdlib.h>
#include <string.h>

#include "../../exporters/json.h"
#include "../unit/exposition.h"
#include "check.h"

static void check_label(const char *string)
{
	struct text text = {};
	const char *error;
	char line[512];

	text_add(&text, "# HELP x y\n# TYPE x gauge\nx{a=\"");
	text_add_label(&text, string);
	text_add(&text, "\"} 1\n");
	error = exposition_error(&text, false, line);
	must(!text.is_failed && !error);
	text_free(&text);
}

static char *undo(const char *label)
{
	char *string = malloc(strlen(label) + 1), *end = string;

	must(string);
	while (*label) {
		unsigned int byte;

		if (label[0] == '\\' && label[1] == '"') {
			*end++ = '"';
			label += 2;
		} else if (label[0] == '\\') {
			must(sscanf(label, "\\\\x%2x", &byte) == 1);
			*end++ = (char)byte;
			label += strlen("\\\\xNN");
		} else {
			*end++ = *label++;
		}
	}
	*end = '\0';
	return string;
}

/* Two strings never become one label. */
static void check_undone(const char *string)
{
	struct text text = {};
	char *undone;

	text_add(&text, "");
	text_add_label(&text, string);
	undone = undo(text.data);
	must(!strcmp(undone, string));
	free(undone);
	text_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *string = strndup((const char *)data, size);
	struct text text = {};
	struct json json = { .text = &text };

	must(string);
	check_label(string);
	check_undone(string);
	json_object_begin(&json, NULL);
	json_add_string(&json, string, string);
	json_object_end(&json);
	check_json(text.data, text.len);
	text_free(&text);
	free(string);
	return 0;
}
