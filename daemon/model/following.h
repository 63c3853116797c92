/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of those whose memory is followed over time, and the clock of the windows. A part of internal.h;
 * what it is for is told in growth.h.
 */
#ifndef MEMOIR_MODEL_FOLLOWING_H
#define MEMOIR_MODEL_FOLLOWING_H

#include "footprint.h"
#include "growth.h"
#include "index.h"

struct footprints {
	__u32 pages[NR_GROWTH_KINDS];
};

/* Somebody who is followed. */
struct followed {
	enum growth_owner owner;
	__u32 tgid;             /* of a process, else 0 */
	__u64 id;               /* a process: when it started; a group: its hash; a cgroup: its id */
	__u64 look;             /* the last that met him; 0: the place is free */
	__u64 grown_before;     /* pages, until he was followed */
	struct footprints base; /* the least of each kind since he is followed */
	struct footprints now;
	struct series *series[NR_GROWTH_KINDS]; /* of those that grew */
};

/* A cgroup with living processes. */
struct cgroup_footprint {
	__u64 id;
	__u64 look;
	__u64 pages[NR_GROWTH_KINDS];
	__u64 kernel_bytes;                     /* when it was last read */
	bool is_kernel_known, was_kernel_known; /* at this look, and at the one before */
	struct footprint footprint;
};

struct window_clock {
	__u64 time_ns[GROWTH_POINTS]; /* when a step ended, by its number */
	__u64 begin_ns;               /* of the step that has not ended */
	__u32 next;                   /* number of the next point */
};

struct growth {
	struct followed *all;
	__u32 nr, capacity; /* places */
	__u32 nr_of[NR_GROWTH_OWNERS];
	__u32 nr_series;
	struct window_clock windows[NR_GROWTH_WINDOWS];
	__u64 look; /* number of the last look; 0: none yet */
	__u64 look_ns;
	bool ends[NR_GROWTH_WINDOWS]; /* the step ends with this look */
	__u32 noticeable_pages;
	__u32 nr_evictions, nr_unfollowed;      /* during this look */
	__u64 weakest_growth[NR_GROWTH_OWNERS]; /* at least; 0: not known */
	__u32 nr_unfollowed_shown;
	struct cgroup_footprint *cgroups;
	__u32 nr_cgroups, max_cgroups;
	struct index cgroup_index;
	struct series *kernel[NR_KERNEL_MEMORY];
	struct rec_kernel_memory kernel_memory, kernel_pending; /* h.size 0: none */
	/* As of that record. */
	struct rec_cgroup_memory cgroup_memories[REC_MAX_CGROUP_MEMORIES];
	struct rec_cgroup_memory cgroup_pending[REC_MAX_CGROUP_MEMORIES];
	__u32 nr_cgroup_memories, nr_cgroup_pending;
};

/* --- following.c ------------------------------------------------------------------------------ */

void growth_free(struct growth *growth);
/* Forgets all points: times before do not compare with those to come. */
void growth_restart(struct growth *growth);

/* Whether a look is due; if so it has begun. */
bool look_begin(struct growth *growth, __u64 time_ns);
void look_end(struct growth *growth, __u64 time_ns);

/* Looks at what one owner has now. */
void look_at(struct growth *growth, enum growth_owner owner, __u32 tgid, __u64 id,
	     const __u64 pages[NR_GROWTH_KINDS], struct footprint *footprint);
/* So many pages of one kind were there before, and nobody knew: they are no growth. Before look_at(). */
void look_learns(struct growth *growth, enum growth_owner owner, __u32 tgid, __u64 id, enum growth_kind kind,
		 __u64 pages, struct footprint *footprint);
/* The one that a footprint is of, if he is followed; else NULL. */
const struct followed *followed_by(const struct growth *growth, enum growth_owner owner, __u32 tgid, __u64 id,
				   const struct footprint *footprint);
/* A series of its own, made when it is first looked at. */
void look_at_series(struct growth *growth, struct series **series, __u64 pages);

/* --- growth.c --------------------------------------------------------------------------------- */

int apply_kernel_memory(struct model *model, const struct rec_header *h);
int apply_cgroup_memory(struct model *model, const struct rec_header *h);
/* Looks at all owners, if a look is due at the snapshot that ends. */
void growth_end(struct model *model);
/* A process has ended: the first snapshot does not see it. */
void growth_leave(struct model *model, const struct process *process);

/* --- growth_cgroups.c ------------------------------------------------------------------------- */

int apply_cgroup_kernel(struct model *model, const struct rec_header *h);
/* Adds what a process has, during a look, to its cgroup; without memory it is left out. */
void growth_add_to_cgroup(struct growth *growth, __u64 id, const __u64 pages[NR_GROWTH_KINDS]);
/* When all processes have been added. Those without processes are forgotten. */
void growth_look_at_cgroups(struct growth *growth, __u32 page_size);

#endif
