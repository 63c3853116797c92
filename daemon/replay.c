// SPDX-License-Identifier: GPL-2.0-or-later
/* Answers from a record file; see replay.h. */
#include "replay.h"

#include <errno.h>
#include <string.h>

#include "recfile.h"
#include "util.h"

/* Applies all records. The place of the record that ended it is in ret_offset. */
static int apply_all(FILE *file, struct model *model, uint64_t *ret_offset)
{
	static __u64 record[RECFILE_MAX_RECORD / sizeof(__u64)];
	int size = recfile_read_header(file);

	*ret_offset = 0;
	if (size < 0)
		return size;
	*ret_offset = sizeof(recfile_header);
	for (;;) {
		int err;

		size = recfile_read(file, record);
		if (size <= 0)
			return size;
		err = model_apply(model, record, (size_t)size);
		if (err)
			return err;
		*ret_offset += (uint64_t)size;
	}
}

static const char *explain(int err, uint64_t offset)
{
	if (err == -EPIPE)
		return "it ends inside a record; what came before is shown";
	if (err == -EINVAL && !offset)
		return "not a memoir record file";
	if (err == -EINVAL)
		return "no record of this version of memoir; replay it with the version that wrote it";
	return strerror(-err);
}

int replay_file(const char *program, const char *path, uint32_t max_groups, struct model **ret_model)
{
	const struct model_options options = { .max_groups = max_groups,
					       .max_processes = MODEL_DEFAULT_PROCESSES,
					       .max_events = MODEL_DEFAULT_EVENTS };
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	struct model *model;
	uint64_t offset;
	int err;

	if (!file) {
		err = -errno;
		fprintf(stderr, "%s: cannot open %s: %s\n", program, path, strerror(-err));
		return err;
	}
	model = model_new(&options);
	if (!model) {
		fprintf(stderr, "%s: out of memory\n", program);
		return -ENOMEM;
	}
	err = apply_all(file, model, &offset);
	if (err)
		fprintf(stderr, "%s: %s, byte %llu: %s\n", program, path, (unsigned long long)offset,
			explain(err, offset));
	if (err && err != -EPIPE) {
		model_free(model);
		return err;
	}
	*ret_model = model;
	return err;
}
