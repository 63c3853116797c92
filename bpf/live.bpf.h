/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Live pages (abi/live.h): the allocation and the free of followed pages. Nearly all pages are not followed,
 * and for these it is a shift, a multiplication and a comparison. The table has a place for every group
 * of the machine's memory, so it does not fill up, whatever the load.
 *
 * A page whose allocation is not traced is not known, and one whose free is missed is shown as held until
 * its page is allocated again.
 */
#ifndef MEMOIR_LIVE_BPF_H
#define MEMOIR_LIVE_BPF_H

#include "plane.bpf.h"
#include "stack.bpf.h"

/* Set by the daemon before load; defined in ledger.bpf.c. */
extern const volatile __u32 live_step_shift; /* one page of 1 << this is followed; 0: none is */
extern const volatile __u64 live_settled_ns; /* how old a process is whose stacks are taken */
extern const volatile __u32 page_zone_shift; /* page->flags >> this is the zone, of the bits of the mask */
extern const volatile __u32 page_zone_mask;  /* 0: the zone cannot be told */

/* The daemon sets max_entries. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, struct live_page);
} live __weak SEC(".maps");

/* No block has more groups than this: order 12 where one page in 64 is followed. */
#define LIVE_MAX_GROUPS 64

/* The groups whose followed page lies in the block, from the one that is returned on: none, one or many. */
static __always_inline __u64 live_groups(__u64 page, __u32 order, __u32 *ret_nr)
{
	__u32 shift = live_step_shift;
	__u64 group = page >> (LIVE_PAGE_SHIFT + shift);

	if (!shift) {
		*ret_nr = 0;
	} else if (order < shift) {
		__u32 index = (page >> LIVE_PAGE_SHIFT) & ((1u << shift) - 1);

		*ret_nr = index >> order == live_chosen(group, shift) >> order;
	} else if (order - shift < 31 && 1u << (order - shift) <= LIVE_MAX_GROUPS) {
		*ret_nr = 1u << (order - shift);
	} else {
		lost(LOSS_OUT_OF_RANGE);
		*ret_nr = 0;
	}
	return group;
}

static __always_inline void live_name_owner(struct live_page *live_page)
{
	struct task_struct *current = bpf_get_current_task_btf();
	struct task_struct *leader = current->group_leader;

	if (in_interrupt(current)) {
		live_page->owner = LIVE_INTERRUPT;
		return;
	}
	live_page->owner = current->flags & PF_KTHREAD ? LIVE_KTHREAD : LIVE_PROCESS;
	live_page->start_ns = leader->start_boottime;
	live_page->cgroup_id = current->cgroups->dfl_cgrp->kn->id;
	live_page->tgid = current->tgid;
	__builtin_memcpy(live_page->comm, leader->comm, sizeof(live_page->comm));
}

/* What a task allocates while it moves the memory of a process is that one's. */
static __always_inline void live_name_migrated(struct live_page *live_page)
{
	const struct task_struct *owner = owner_of_migrated();

	if (!owner)
		return;
	live_page->owner = LIVE_PROCESS;
	live_page->start_ns = BPF_CORE_READ(owner, start_boottime);
	live_page->cgroup_id = BPF_CORE_READ(owner, cgroups, dfl_cgrp, kn, id);
	live_page->tgid = BPF_CORE_READ(owner, tgid);
	BPF_CORE_READ_INTO(&live_page->comm, owner, comm);
}

/*
 * What a process has in its address space, and what it reads and writes of files, is movable: for that
 * there is a place in its code. Other memory is the kernel's, which has its own stack and the name of the
 * process. The stacks of processes that are young are not taken: where many come and go, each with
 * addresses of its own, they would have every place in the table, and nobody could ask for them while they
 * are there.
 */
static __always_inline bool live_has_user_stack(const struct live_page *live_page)
{
	return live_page->owner == LIVE_PROCESS && live_page->migratetype == MIGRATETYPE(MOVABLE) &&
	       live_page->time_ns - live_page->start_ns >= live_settled_ns;
}

static __always_inline void live_keep(void *ctx, __u64 group, __u32 nr_groups, __u64 page, __u32 order,
				      __u32 migratetype, __u32 node)
{
	struct live_page live_page = { .time_ns = bpf_ktime_get_boot_ns(),
				       .stack = stack_now(ctx),
				       .node = node,
				       .zone = LIVE_ZONE_UNKNOWN,
				       .order = order,
				       .migratetype = migratetype };

	live_name_owner(&live_page);
	if (live_has_user_stack(&live_page))
		live_page.user_stack = user_stack_now(ctx);
	if (nodes_are_many && live_page.owner != LIVE_INTERRUPT)
		live_name_migrated(&live_page);
	if (page_zone_mask)
		live_page.zone = page_flags(page) >> page_zone_shift & page_zone_mask;
	for (__u32 i = 0; i < LIVE_MAX_GROUPS && i < nr_groups; i++) {
		__u64 key = group + i;

		if (MAP_ERROR(bpf_map_update_elem(&live, &key, &live_page, BPF_ANY)))
			lost(LOSS_LIVE_PAGE);
	}
}

/* A block was allocated; ctx is the program's own. */
static __always_inline void live_allocated(void *ctx, __u64 page, __u32 order, __u32 migratetype, __u32 node)
{
	__u32 nr_groups;
	__u64 group = live_groups(page, order, &nr_groups);

	if (nr_groups)
		live_keep(ctx, group, nr_groups, page, order, migratetype, node);
}

/* A block was freed. It need not be one that was allocated as a whole. */
static __always_inline void live_freed(__u64 page, __u32 order)
{
	__u32 nr_groups;
	__u64 group = live_groups(page, order, &nr_groups);

	for (__u32 i = 0; i < LIVE_MAX_GROUPS && i < nr_groups; i++) {
		__u64 key = group + i;
		int err = MAP_ERROR(bpf_map_delete_elem(&live, &key));

		if (err && err != -ENOENT)
			lost(LOSS_LIVE_FREE);
	}
}

#endif
