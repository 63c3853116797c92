/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose memory grows: the floors of what processes, groups and cgroups hold and of the kernel's own memory,
 * over three windows of time. A floor is the least that was held within a step of a window, so that load
 * which comes and goes within a step does not show. Kept for those only whose memory has grown noticeably;
 * what that means is judged in leak.h.
 */
#ifndef MEMOIR_MODEL_GROWTH_H
#define MEMOIR_MODEL_GROWTH_H

#include "model.h"

/* A window is so many of its steps. Looks at memory are as far apart as the shortest step, at least. */
#define GROWTH_POINTS 60u
enum growth_window { WINDOW_QUARTER_HOUR, WINDOW_TWO_HOURS, WINDOW_DAY, NR_GROWTH_WINDOWS };
__u64 growth_step_ns(enum growth_window window);

enum growth_owner { OWNER_PROCESS, OWNER_GROUP, OWNER_CGROUP, OWNER_KERNEL, NR_GROWTH_OWNERS };

/* What kind of memory it is; where the kernel is the owner it is an enum kernel_memory. */
enum growth_kind {
	GROWTH_ANONYMOUS, /* resident or swapped out, so that swapping alone changes nothing */
	GROWTH_SHARED,    /* shared memory and tmpfs files that are mapped */
	GROWTH_PAGE_TABLES,
	GROWTH_FILE,   /* mapped pages of files: page cache, which is given back when others need it */
	GROWTH_KERNEL, /* what the kernel holds for a cgroup and cannot reclaim; of nobody else */
	NR_GROWTH_KINDS
};

/* Whoever has less than this more than he had at his least is not followed, and no grower. */
#define GROWTH_NOTICEABLE_BYTES (256u << 10)

/* The floor of one kind of memory of one owner, in pages. */
struct series {
	__u32 first[NR_GROWTH_WINDOWS]; /* number of the first point */
	__u32 low[NR_GROWTH_WINDOWS];   /* in the step that has not ended; UINT32_MAX: not looked yet */
	__u32 value[NR_GROWTH_WINDOWS][GROWTH_POINTS];
};

/* How much it matters to judge a grower; see model_growers(). */
enum grower_rank { GROWER_GIVEN_BACK, GROWER_UNSTEADY, GROWER_STEADY, GROWER_PRESSING };

struct grower {
	enum growth_owner owner;
	__u32 kind;                    /* enum growth_kind or enum kernel_memory */
	const struct process *process; /* NULL where it is none */
	__u32 group;                   /* of a process, or itself; for model_group() */
	__u64 cgroup_id;               /* likewise */
	__u64 pages;                   /* at the last look */
	__u64 grown_pages;             /* more than at the least, in all windows */
	enum grower_rank rank;
	double rate; /* pages a second, by which those of one rank are in order */
	const struct series *series;
};

/*
 * Those that have grown noticeably, at most max. First what may use up all that is left within an hour; then
 * those whose floor rises block by block, as that of each leak does, in two hours or a day, or where two
 * hours tell nothing yet, in a quarter of an hour; then the others; at last what the kernel takes back when
 * others need it. Of each of these, the fastest first. All is valid until the next model_apply().
 */
__u32 model_growers(const struct model *model, enum growth_owner owner, struct grower *ret, __u32 max);

/* How many there are, whatever max is. */
__u32 model_nr_growers(const struct model *model, enum growth_owner owner);

/*
 * The cgroups whose limits are worth reading, at most max: of the processes that come first among growers, as
 * long as half of max, and of the cgroups that do.
 */
__u32 model_limiting_cgroups(const struct model *model, __u64 *ret_ids, __u32 max);

/* Whether the kernel takes it back when others need memory. */
bool grower_is_given_back(const struct grower *grower);

/* What a process has of each kind, in pages. */
void growth_of_process(const struct process *process, __u64 ret[NR_GROWTH_KINDS]);

/* How many owners had grown noticeably at the last look, and found no place to be followed. */
__u32 model_nr_unfollowed(const struct model *model);

/* Points of a window that there are for somebody who was followed all the time. */
__u32 model_nr_growth_points(const struct model *model, enum growth_window window);

/* Processes of a group that ended, and had been leaking until then (see leak.h). */
struct leaky_lives {
	__u32 nr;
	__u32 nr_others;       /* that had been watched for as long, and did not leak */
	double pages_per_hour; /* of the last one that did */
	__u64 end_ns;          /* of that, CLOCK_BOOTTIME */
};
const struct leaky_lives *model_leaky_lives(const struct model *model, __u32 group);

/* The memory of the machine and the kernel at the last snapshot; NULL before the first that said. */
const struct rec_kernel_memory *model_kernel_memory(const struct model *model);

/* The memory of a cgroup at that snapshot; NULL where it was not read, because little grows in it. */
const struct rec_cgroup_memory *model_cgroup_memory(const struct model *model, __u64 cgroup_id);

/* The ids of the cgroups with processes, as of the last look, in no order; 0 behind the last. */
__u64 model_growth_cgroup(const struct model *model, __u32 nth);

/* "slab_reclaimable"; "page_tables". */
const char *kernel_memory_name(enum kernel_memory memory);
const char *growth_kind_name(enum growth_kind kind);

#endif
