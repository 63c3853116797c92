/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A query of any bytes, a path in the first line and "key=value" in each other one: taken, or refused in one line. */
#include <stdlib.h>
#include <string.h>

#include "../../exporters/api.h"
#include "check.h"

struct reading {
	char *path;
	struct api_query query;
	struct text error;
};

static void take(void *ctx, const char *line, size_t size)
{
	char *value = strndup(line, size), *key;
	struct reading *reading = ctx;
	bool is_taken;

	must(value);
	if (!reading->path) {
		/* A path that nobody knows is refused before its query is read. */
		reading->path = api_has_path(value) ? value : strdup("/v1/record");
		must(reading->path);
		if (reading->path != value)
			free(value);
		return;
	}
	key = strsep(&value, "=");
	if (!reading->error.len) {
		is_taken = api_query_take(&reading->query, reading->path, key, value, &reading->error);
		must(is_taken == !reading->error.len);
	}
	free(key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reading reading = {};

	each_line(data, size, take, &reading);
	if (reading.path && !reading.error.len)
		must(api_query_check(&reading.query, reading.path, &reading.error) == !reading.error.len);
	for (size_t i = 0; i < reading.error.len; i++)
		must(reading.error.data[i] != '\n' && (unsigned char)reading.error.data[i] >= 0x20);
	must(!reading.error.is_failed);
	if (reading.path && !reading.error.len)
		must(!(reading.query.given & ~api_keys(reading.path)));
	text_free(&reading.error);
	free(reading.path);
	return 0;
}
