/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a snapshot has of the tables by process and place: the heaviest entries, which become visible when it
 * ends. Private to the model.
 */
#ifndef MEMOIR_MODEL_SITES_H
#define MEMOIR_MODEL_SITES_H

#include "model.h"

/* --- fallbacks.c ------------------------------------------------------------------------------ */

struct fallbacks {
	struct rec_fallback shown[REC_MAX_FALLBACKS];   /* as of the last snapshot */
	struct rec_fallback pending[REC_MAX_FALLBACKS]; /* as of the open one */
	__u32 nr_shown, nr_pending;
};

int apply_fallback(struct model *model, const struct rec_header *h);
void fallbacks_begin(struct fallbacks *fallbacks);
void fallbacks_end(struct fallbacks *fallbacks);

/* --- faults.c --------------------------------------------------------------------------------- */

struct fault_sites {
	struct rec_fault_mapping
		mappings[2][REC_MAX_FAULT_MAPPINGS];            /* as of the last snapshot, of the open one */
	struct rec_fault_stack stacks[2][REC_MAX_FAULT_STACKS]; /* likewise */
	__u32 nr_mappings[2], nr_stacks[2];
};

int apply_fault_mapping(struct model *model, const struct rec_header *h);
int apply_fault_stack(struct model *model, const struct rec_header *h);
void fault_sites_begin(struct fault_sites *sites);
void fault_sites_end(struct fault_sites *sites);

#endif
