/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Page faults by mapping and by user stack: the heaviest, as a snapshot has them. */
#include "internal.h"

#include <errno.h>
#include <string.h>

enum { SHOWN, PENDING };

int apply_fault_mapping(struct model *model, const struct rec_header *h)
{
	const struct rec_fault_mapping *rec = (const struct rec_fault_mapping *)h;
	struct fault_sites *sites = &model->fault_sites;
	struct rec_fault_mapping *mapping;

	if (sites->nr_mappings[PENDING] == REC_MAX_FAULT_MAPPINGS || rec->cause >= NR_FAULT_CAUSES ||
	    rec->area >= NR_FAULT_AREAS)
		return -EINVAL;
	mapping = &sites->mappings[PENDING][sites->nr_mappings[PENDING]++];
	*mapping = *rec;
	terminate(mapping->id.comm);
	terminate(mapping->name);
	return 0;
}

int apply_fault_stack(struct model *model, const struct rec_header *h)
{
	const struct rec_fault_stack *rec = (const struct rec_fault_stack *)h;
	struct fault_sites *sites = &model->fault_sites;
	struct rec_fault_stack *stack;

	if (sites->nr_stacks[PENDING] == REC_MAX_FAULT_STACKS || rec->access >= NR_FAULT_ACCESSES ||
	    !rec->nr || rec->nr > FAULT_MAX_USER_FRAMES)
		return -EINVAL;
	stack = &sites->stacks[PENDING][sites->nr_stacks[PENDING]++];
	*stack = *rec;
	terminate(stack->id.comm);
	return 0;
}

void fault_sites_begin(struct fault_sites *sites)
{
	sites->nr_mappings[PENDING] = 0;
	sites->nr_stacks[PENDING] = 0;
}

void fault_sites_end(struct fault_sites *sites)
{
	memcpy(sites->mappings[SHOWN], sites->mappings[PENDING], sizeof(sites->mappings[SHOWN]));
	memcpy(sites->stacks[SHOWN], sites->stacks[PENDING], sizeof(sites->stacks[SHOWN]));
	sites->nr_mappings[SHOWN] = sites->nr_mappings[PENDING];
	sites->nr_stacks[SHOWN] = sites->nr_stacks[PENDING];
}

__u32 model_nr_fault_mappings(const struct model *model)
{
	return model->fault_sites.nr_mappings[SHOWN];
}

const struct rec_fault_mapping *model_fault_mapping(const struct model *model, __u32 index)
{
	const struct fault_sites *sites = &model->fault_sites;

	return index < sites->nr_mappings[SHOWN] ? &sites->mappings[SHOWN][index] : NULL;
}

__u32 model_nr_fault_stacks(const struct model *model)
{
	return model->fault_sites.nr_stacks[SHOWN];
}

const struct rec_fault_stack *model_fault_stack(const struct model *model, __u32 index)
{
	const struct fault_sites *sites = &model->fault_sites;

	return index < sites->nr_stacks[SHOWN] ? &sites->stacks[SHOWN][index] : NULL;
}

bool fault_is_estimated(enum fault_cause cause, enum fault_kind severity)
{
	return severity == FAULT_MINOR && cause != FAULT_SWAP && cause != FAULT_HUGE_PAGE &&
	       cause != FAULT_USERFAULTFD;
}

const char *fault_area_name(enum fault_area area)
{
	static const char *const names[NR_FAULT_AREAS] = {
		[AREA_FILE] = "file",           [AREA_HEAP] = "heap",     [AREA_STACK] = "stack",
		[AREA_ANONYMOUS] = "anonymous", [AREA_OTHERS] = "others",
	};

	return (__u32)area < NR_FAULT_AREAS ? names[area] : "unknown";
}
