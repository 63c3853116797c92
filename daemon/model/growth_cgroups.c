/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cgroups that have processes, and their memory: that of the processes, and what the kernel holds. */
#include <errno.h>
#include <string.h>

#include "internal.h"

static struct cgroup_footprint *find_cgroup(const struct growth *growth, __u64 id)
{
	__u32 hash = index_hash(0, &id, sizeof(id)), entry, pos;

	index_for_each(&growth->cgroup_index, hash, entry, pos)
	{
		if (growth->cgroups[entry].id == id)
			return &growth->cgroups[entry];
	}
	return NULL;
}

/* NULL without memory: then it is not looked at. */
static struct cgroup_footprint *get_cgroup(struct growth *growth, __u64 id)
{
	struct cgroup_footprint *cgroup = find_cgroup(growth, id), *all;

	if (cgroup)
		return cgroup;
	all = rows_reserve(growth->cgroups, sizeof(*all), growth->nr_cgroups, &growth->max_cgroups);
	if (!all)
		return NULL;
	growth->cgroups = all;
	if (index_insert(&growth->cgroup_index, index_hash(0, &id, sizeof(id)), growth->nr_cgroups))
		return NULL;
	growth->cgroups[growth->nr_cgroups] = (struct cgroup_footprint){ .id = id };
	return &growth->cgroups[growth->nr_cgroups++];
}

void growth_add_to_cgroup(struct growth *growth, __u64 id, const __u64 pages[NR_GROWTH_KINDS])
{
	struct cgroup_footprint *cgroup = id ? get_cgroup(growth, id) : NULL;

	if (!cgroup)
		return;
	if (cgroup->look != growth->look)
		memset(cgroup->pages, 0, sizeof(cgroup->pages));
	cgroup->look = growth->look;
	for (int kind = 0; kind < NR_GROWTH_KINDS; kind++)
		cgroup->pages[kind] += pages[kind];
}

/* A cgroup is looked at before it is first read what the kernel holds for it. */
static void look_at_cgroup(struct growth *growth, struct cgroup_footprint *cgroup, __u32 page_size)
{
	const __u64 pages = cgroup->kernel_bytes / page_size;

	if (cgroup->is_kernel_known && !cgroup->was_kernel_known)
		look_learns(growth, OWNER_CGROUP, 0, cgroup->id, GROWTH_KERNEL, pages, &cgroup->footprint);
	cgroup->was_kernel_known = cgroup->is_kernel_known;
	cgroup->pages[GROWTH_KERNEL] = pages;
	look_at(growth, OWNER_CGROUP, 0, cgroup->id, cgroup->pages, &cgroup->footprint);
}

void growth_look_at_cgroups(struct growth *growth, __u32 page_size)
{
	for (__u32 i = 0; i < growth->nr_cgroups;) {
		struct cgroup_footprint *cgroup = &growth->cgroups[i];
		__u32 last = growth->nr_cgroups - 1;

		if (cgroup->look == growth->look) {
			look_at_cgroup(growth, cgroup, page_size);
			i++;
			continue;
		}
		index_remove(&growth->cgroup_index, index_hash(0, &cgroup->id, sizeof(cgroup->id)), i);
		if (i != last) {
			__u64 id = growth->cgroups[last].id;

			index_renumber(&growth->cgroup_index, index_hash(0, &id, sizeof(id)), last, i);
			*cgroup = growth->cgroups[last];
		}
		growth->nr_cgroups--;
	}
}

int apply_cgroup_kernel(struct model *model, const struct rec_header *h)
{
	const struct rec_cgroup_kernel *rec = (const struct rec_cgroup_kernel *)h;
	struct cgroup_footprint *cgroup;

	if (!rec->cgroup_id || rec->bytes >= 1ULL << 63)
		return -EINVAL;
	cgroup = find_cgroup(&model->growth, rec->cgroup_id);
	if (!cgroup)
		return 0;
	cgroup->is_kernel_known = true;
	cgroup->kernel_bytes = rec->bytes;
	return 0;
}

__u64 model_growth_cgroup(const struct model *model, __u32 nth)
{
	return nth < model->growth.nr_cgroups ? model->growth.cgroups[nth].id : 0;
}
