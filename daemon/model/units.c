/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which unit a cgroup stands for. The table is bounded: beyond its size the cgroup that was
 * announced first is forgotten first.
 */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MIN_CGROUPS 64u
#define MAX_CGROUPS 16384u

struct cgroup {
	__u64 id;
	char unit[REC_NAME_LEN];
};

void units_free(struct units *units)
{
	free(units->all);
	index_free(&units->index);
}

static struct cgroup *cgroup_find(const struct units *units, __u64 id)
{
	__u32 hash = index_hash(0, &id, sizeof(id));
	__u32 entry, pos;

	index_for_each(&units->index, hash, entry, pos)
	{
		if (units->all[entry].id == id)
			return &units->all[entry];
	}
	return NULL;
}

static int units_grow(struct units *units)
{
	__u32 capacity = units->capacity ? units->capacity * 2 : MIN_CGROUPS;
	struct cgroup *all = realloc(units->all, capacity * sizeof(*all));

	if (!all)
		return -ENOMEM;
	units->all = all;
	units->capacity = capacity;
	return 0;
}

/* A place for a new cgroup, with its index entry made. */
static int cgroup_add(struct units *units, __u64 id, struct cgroup **ret)
{
	__u32 hash = index_hash(0, &id, sizeof(id));
	__u32 entry = units->nr < MAX_CGROUPS ? units->nr : units->oldest;
	int err;

	if (entry == units->capacity) {
		err = units_grow(units);
		if (err)
			return err;
	}
	err = index_insert(&units->index, hash, entry);
	if (err)
		return err;
	if (units->nr < MAX_CGROUPS) {
		units->nr++;
	} else {
		__u64 old = units->all[entry].id;

		index_remove(&units->index, index_hash(0, &old, sizeof(old)), entry);
		units->oldest = (units->oldest + 1) % MAX_CGROUPS;
	}
	*ret = &units->all[entry];
	(*ret)->id = id;
	return 0;
}

int apply_cgroup(struct model *model, const struct rec_header *h)
{
	const struct rec_cgroup *rec = (const struct rec_cgroup *)h;
	struct units *units = &model->units;
	struct cgroup *cgroup = cgroup_find(units, rec->cgroup_id);

	if (!cgroup) {
		int err = cgroup_add(units, rec->cgroup_id, &cgroup);

		if (err)
			return err;
	}
	memcpy(cgroup->unit, rec->unit, sizeof(cgroup->unit));
	terminate(cgroup->unit);
	units->generation++;
	return 0;
}

const char *model_cgroup_unit(const struct model *model, __u64 cgroup_id)
{
	const struct cgroup *cgroup = cgroup_find(&model->units, cgroup_id);

	return cgroup ? cgroup->unit : "";
}
