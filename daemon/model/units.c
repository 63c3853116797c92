/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which unit a cgroup stands for. */
#include "internal.h"

#include <string.h>

#define MAX_CGROUPS 16384u

struct cgroup {
	__u64 id;
	char unit[REC_NAME_LEN];
};

void units_init(struct units *units)
{
	units->cgroups = (struct recent){ .element_size = sizeof(struct cgroup), .max = MAX_CGROUPS };
}

int apply_cgroup(struct model *model, const struct rec_header *h)
{
	const struct rec_cgroup *rec = (const struct rec_cgroup *)h;
	struct cgroup cgroup = { .id = rec->cgroup_id };
	int err;

	memcpy(cgroup.unit, rec->unit, sizeof(cgroup.unit));
	terminate(cgroup.unit);
	err = recent_put(&model->units.cgroups, &cgroup);
	if (!err)
		model->units.generation++;
	return err;
}

const char *model_cgroup_unit(const struct model *model, __u64 cgroup_id)
{
	const struct cgroup *cgroup = recent_find(&model->units.cgroups, cgroup_id);

	return cgroup ? cgroup->unit : "";
}
