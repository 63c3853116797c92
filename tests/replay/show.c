/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prints what the daemon answers from a record file: "/metrics", "/openmetrics", or a path of the JSON
 * API with its query. The time is one second after the last snapshot.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../daemon/replay.h"
#include "../../daemon/util.h"
#include "../../exporters/api.h"
#include "../../exporters/prometheus.h"

static void answer(const struct model *model, const char *request, struct text *text)
{
	struct api_context context = {
		.model = model, .daemon_cpu_ns = 1500000, .daemon_rss_bytes = 8 << 20, .restarts_survived = 2
	};
	_cleanup_free_ char *path = strdup(request);
	char *value, *key = path;
	struct api_query query = {};
	struct model_status status;

	if (!path)
		return;
	strsep(&key, "?");
	value = key;
	strsep(&value, "=");
	if (key && !api_query_take(&query, path, key, value, text))
		return;
	model_status(model, &status);
	context.now_ns = status.time_ns + NSEC_PER_SEC;
	context.started_ns = status.time_ns - 60 * NSEC_PER_SEC;
	if (!strcmp(path, "/metrics"))
		prometheus_write(model, PROMETHEUS_TEXT, text);
	else if (!strcmp(path, "/openmetrics"))
		prometheus_write(model, PROMETHEUS_OPENMETRICS, text);
	else
		api_reply(&context, path, &query, text);
}

int main(int argc, char **argv)
{
	struct model *model = NULL;
	struct text text = {};
	int err;

	if (argc != 3) {
		fprintf(stderr, "usage: %s FILE PATH\n", argv[0]);
		return 2;
	}
	err = replay_file("show", argv[1], MODEL_DEFAULT_GROUPS, &model);
	if (err)
		return EXIT_FAILURE;
	answer(model, argv[2], &text);
	fwrite(text.data, 1, text.len, stdout);
	text_free(&text);
	model_free(model);
	return EXIT_SUCCESS;
}
