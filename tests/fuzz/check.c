/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What must hold of a model; see check.h. */
#include "check.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../exporters/api.h"
#include "../../exporters/prometheus.h"
#include "../unit/exposition.h"

void check_failed(const char *condition, const char *file, int line)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
	abort();
}

void each_line(const uint8_t *data, size_t size, void (*take)(void *ctx, const char *line, size_t size),
	       void *ctx)
{
	size_t at = 0;

	while (at < size) {
		const uint8_t *eol = memchr(data + at, '\n', size - at);
		size_t length = eol ? (size_t)(eol - data) - at : size - at;
		char *line = malloc(length + !length);

		must(line);
		memcpy(line, data + at, length);
		take(ctx, line, length);
		free(line);
		at += length + 1;
	}
}

void check_json(const char *text, size_t size)
{
	json_error_t error;
	json_t *json = json_loadb(text, size, JSON_DECODE_INT_AS_REAL, &error);

	if (!json_is_object(json))
		fprintf(stderr, "%s at %d: %.*s\n", error.text, error.position, (int)size, text);
	must(json_is_object(json));
	json_decref(json);
}

static void check_api(const struct model *model)
{
	static const char *const paths[] = { "/v1/status",  "/v1/probes",       "/v1/processes",
					     "/v1/process", "/v1/groups",       "/v1/faults",
					     "/v1/stalls",  "/v1/events",       "/v1/fragmentation",
					     "/v1/doctor",  "/v1/slab",         "/v1/numa",
					     "/v1/leaks",   "/v1/leaks/stacks", "/v1/leaks/trace",
					     "/v1/none" };
	const struct process *process = model_process(model, 0);
	const struct api_context context = { .model = model, .now_ns = 1 };
	const struct api_query query = {
		.v = { [API_PID] = process ? process->tgid : 1, [API_HISTORY] = 1 }
	};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct text text = {};

		api_reply(&context, paths[i], &query, &text);
		must(!text.is_failed);
		must(text.data[text.len - 1] == '\n');
		check_json(text.data, text.len);
		text_free(&text);
	}
}

static void check_exposition(const struct model *model, enum prometheus_format format)
{
	struct text text = {};
	const char *error;
	char line[512];

	prometheus_write(model, format, &text);
	must(!text.is_failed);
	error = exposition_error(&text, format == PROMETHEUS_OPENMETRICS, line);
	if (error)
		fprintf(stderr, "%s: %s\n", error, line);
	must(!error);
	text_free(&text);
}

static void check_groups(const struct model *model)
{
	for (__u32 i = 0; i < model_nr_groups(model); i++) {
		const struct group *group = model_group(model, i);

		for (__u32 j = 0; j < i; j++) {
			const struct group *other = model_group(model, j);

			must(strcmp(group->comm, other->comm) != 0 || strcmp(group->unit, other->unit) != 0);
		}
		for (__u32 row = 0; row < NR_LEDGER; row++)
			must(isfinite(group->rate[row]) &&
			     (ledger_rows[row].type == GAUGE || group->rate[row] >= 0));
	}
	for (__u32 i = 0; i < model_nr_processes(model); i++)
		must(model_process(model, i)->group < model_nr_groups(model));
}

void check_model(const struct model *model)
{
	check_groups(model);
	check_api(model);
	check_exposition(model, PROMETHEUS_TEXT);
	check_exposition(model, PROMETHEUS_OPENMETRICS);
}
