/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The last look at slab allocations, of the model; part of model.h. */
#ifndef MEMOIR_MODEL_SLABLOOK_H
#define MEMOIR_MODEL_SLABLOOK_H

#include "../../bpf/abi/records.h"

struct model;

/*
 * The last complete look at the slab allocators, or NULL. What it consists of is valid until the next
 * model_apply().
 */
const struct rec_slab *model_slab(const struct model *model);

/* What was given out, by process, call site and cache. cache and id.comm are terminated. */
__u32 model_nr_slab_sites(const struct model *model);
const struct rec_slab_site *model_slab_site(const struct model *model, __u32 index);

/* All caches at its end. name is terminated. */
__u32 model_nr_slab_caches(const struct model *model);
const struct rec_slab_cache *model_slab_cache(const struct model *model, __u32 index);

#endif
