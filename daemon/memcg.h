/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads the memory, and the limits, of the cgroups in which something grows, and of all of them in turn what
 * the kernel holds for them, where the memory controller says that (version 2). Cgroups are known by their id
 * in the hierarchy of version 2; where the memory controller is one of version 1, the cgroup of the same path
 * is taken, as systemd keeps them.
 */
#ifndef MEMOIR_MEMCG_H
#define MEMOIR_MEMCG_H

#include "cgroups.h"
#include "memcgtext.h"
#include "model/model.h"

/* Whose kernel's memory is read at a time. */
#define MEMCG_KERNELS 64u

struct memcg {
	int root_fd; /* of the hierarchy with the memory controller; -1: there is none */
	enum memcg_version version;
	struct rec_cgroup_memory records[REC_MAX_CGROUP_MEMORIES];
	struct rec_cgroup_kernel kernels[MEMCG_KERNELS];
	__u32 nr, nr_kernels; /* records to be emitted */
	__u32 next;           /* whose turn it is, of model_growth_cgroup() */
};

void memcg_open(struct memcg *memcg);
void memcg_close(struct memcg *memcg);

/* If it is due, reads those of whoever has grown most by the last snapshot. */
void memcg_read(struct memcg *memcg, const struct cgroups *cgroups, const struct model *model, bool is_due);
/* Hands out what has just been read, behind the record of the kernel's memory. */
void memcg_emit(const struct memcg *memcg, void (*emit)(void *ctx, const struct rec_header *record),
		void *ctx);

#endif
