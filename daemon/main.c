// SPDX-License-Identifier: GPL-2.0-or-later
/* memoird: from the command line to one of the few things that it can do. */
#include <bpf/libbpf.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../exporters/describe.h"
#include "../exporters/prometheus.h"
#include "log.h"
#include "options.h"
#include "pins.h"
#include "replay.h"
#include "service.h"

#define MMAP_THRESHOLD_BYTES (128 * 1024)

static int print_text(const struct text *text)
{
	return fwrite(text->data, 1, text->len, stdout) == text->len && fflush(stdout) == 0 ? EXIT_SUCCESS
											    : EXIT_FAILURE;
}

static int describe_metrics(void)
{
	struct text text = {};
	int status;

	metrics_describe(&text);
	status = print_text(&text);
	text_free(&text);
	return status;
}

static int replay(const struct options *options)
{
	struct text text = {};
	struct model *model = NULL;
	int err = replay_file("memoird", options->replay, options->max_groups, &model);
	int status = EXIT_FAILURE;

	if (model) {
		prometheus_write(model, PROMETHEUS_TEXT, &text);
		status = print_text(&text);
		text_free(&text);
		model_free(model);
	}
	return err ? EXIT_FAILURE : status;
}

/* What libbpf says is for who debugs: what fails is said by us, in one line. A message may be a whole log. */
static int libbpf_log(enum libbpf_print_level level, const char *format, va_list args)
{
	char *text, *rest, *line;

	(void)level;
	if (vasprintf(&text, format, args) < 0)
		return 0;
	rest = text;
	while ((line = strsep(&rest, "\n")))
		if (*line)
			log_debug("libbpf: %s", line);
	free(text);
	return 0;
}

int main(int argc, char **argv)
{
	struct options options;

	/* Set once, it stays: tables that grow keep mappings of their own and leave no holes in the heap. */
	mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD_BYTES);
	options_parse(&options, argc, argv);
	if (getenv("MEMOIRD_DEBUG"))
		log_set_level(LOG_LEVEL_DEBUG);
	/* Before the tracer is forked, which calls libbpf as well. */
	libbpf_set_print(libbpf_log);
	if (options.describe_metrics)
		return describe_metrics();
	if (options.replay)
		return replay(&options);
	if (options.uninstall_probes)
		return pins_uninstall(options.pin) ? EXIT_FAILURE : EXIT_SUCCESS;
	return service_run(&options) ? EXIT_FAILURE : EXIT_SUCCESS;
}
