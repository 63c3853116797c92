/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A record file of any bytes: reader, model and all views. Seeds are made by tests/replay/make_recording. */
#include <stdio.h>

#include "../../daemon/recfile.h"
#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct model_options options = { .max_groups = 3, .max_processes = 20, .max_events = 4 };
	static __u64 record[RECFILE_MAX_RECORD / sizeof(__u64)];
	FILE *file = size ? fmemopen((void *)(uintptr_t)data, size, "r") : NULL;
	struct model *model;

	if (!file)
		return 0;
	model = model_new(&options);
	must(model);
	if (!recfile_read_header(file)) {
		int record_size;

		while ((record_size = recfile_read(file, record)) > 0)
			(void)model_apply(model, record, (size_t)record_size);
	}
	fclose(file);
	check_model(model);
	model_free(model);
	return 0;
}
