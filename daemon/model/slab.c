/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the slab allocators gave out while somebody asked, and what their caches hold. The records of a look
 * are kept aside until the one that ends it, and then take the place of the look before.
 */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>

/* No sum is larger: so many bytes every reader of JSON can hold. */
#define MAX_SUM (1ULL << 62)

static void look_free(struct slab_look *look)
{
	free(look->sites);
	free(look->caches);
	*look = (struct slab_look){};
}

void slab_looks_free(struct slab_looks *slab)
{
	look_free(&slab->shown);
	look_free(&slab->pending);
}

/* Whether the squares of some numbers are together no more than the square of their sum. */
static bool are_squares_possible(const struct rec_slab_site *rec)
{
	__u64 wasted = rec->given_bytes - rec->requested_bytes;

	return wasted >> 32 || rec->wasted_squares <= wasted * wasted;
}

int apply_slab_site(struct model *model, const struct rec_header *h)
{
	const struct rec_slab_site *rec = (const struct rec_slab_site *)h;
	struct slab_look *look = &model->slab.pending;
	struct rec_slab_site *sites, *site;

	if (look->nr_sites == MAX_SLAB_SITES || rec->given_bytes > MAX_SUM - look->given_bytes ||
	    rec->requested_bytes > rec->given_bytes || rec->nr_samples > rec->given_bytes ||
	    !are_squares_possible(rec))
		return -EINVAL;
	sites = rows_reserve(look->sites, sizeof(*sites), look->nr_sites, &look->max_sites);
	if (!sites)
		return -ENOMEM;
	look->sites = sites;
	site = &look->sites[look->nr_sites++];
	*site = *rec;
	look->given_bytes += site->given_bytes;
	terminate(site->cache);
	terminate(site->id.comm);
	return 0;
}

int apply_slab_cache(struct model *model, const struct rec_header *h)
{
	const struct rec_slab_cache *rec = (const struct rec_slab_cache *)h;
	struct slab_look *look = &model->slab.pending;
	struct rec_slab_cache *caches, *cache;

	if (look->nr_caches == MAX_SLAB_CACHES || rec->held_bytes > MAX_SUM - look->held_bytes ||
	    rec->object_bytes > MAX_SUM ||
	    (rec->object_bytes && rec->nr_objects > rec->held_bytes / rec->object_bytes))
		return -EINVAL;
	caches = rows_reserve(look->caches, sizeof(*caches), look->nr_caches, &look->max_caches);
	if (!caches)
		return -ENOMEM;
	look->caches = caches;
	cache = &look->caches[look->nr_caches++];
	*cache = *rec;
	look->held_bytes += cache->held_bytes;
	terminate(cache->name);
	return 0;
}

int apply_slab(struct model *model, const struct rec_header *h)
{
	const struct rec_slab *rec = (const struct rec_slab *)h;
	struct slab_looks *slab = &model->slab;

	if (rec->every > MAX_SLAB_EVERY || (!rec->every && !rec->why_not[0]) || rec->duration_ns > MAX_SUM ||
	    rec->nr_lost > MAX_SUM || (rec->every && slab->pending.given_bytes > MAX_SUM / rec->every))
		return -EINVAL;
	slab->rec = *rec;
	terminate(slab->rec.why_not);
	look_free(&slab->shown);
	slab->shown = slab->pending;
	slab->pending = (struct slab_look){};
	return 0;
}

const struct rec_slab *model_slab(const struct model *model)
{
	return model->slab.rec.h.size ? &model->slab.rec : NULL;
}

__u32 model_nr_slab_sites(const struct model *model)
{
	return model->slab.shown.nr_sites;
}

const struct rec_slab_site *model_slab_site(const struct model *model, __u32 index)
{
	return &model->slab.shown.sites[index];
}

__u32 model_nr_slab_caches(const struct model *model)
{
	return model->slab.shown.nr_caches;
}

const struct rec_slab_cache *model_slab_cache(const struct model *model, __u32 index)
{
	return &model->slab.shown.caches[index];
}
