/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From cgroup ids, which the probes see, to unit names, which people know. Asks the kernel once
 * per cgroup; what a name means is unitname.c's business.
 */
#ifndef MEMOIR_CGROUPS_H
#define MEMOIR_CGROUPS_H

#include <stdbool.h>

#include "../bpf/abi/records.h"

struct cgroups;

/* Finds the cgroup v2 hierarchy. Without one every unit is unknown. NULL without memory. */
struct cgroups *cgroups_new(void);
void cgroups_free(struct cgroups *cgroups);

/* The record that names this cgroup, the first time that it is asked for; else NULL. */
const struct rec_cgroup *cgroups_meet(struct cgroups *cgroups, __u64 cgroup_id);

/* The path of this cgroup below the root of the hierarchy, "" for that itself; false where it is gone. */
#define CGROUP_PATH_MAX 4096
bool cgroups_path(const struct cgroups *cgroups, __u64 cgroup_id, char ret[CGROUP_PATH_MAX]);

/* Forgets what was asked for, so that every cgroup is named once more. */
void cgroups_forget(struct cgroups *cgroups);

#endif
