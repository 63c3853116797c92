/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fallback allocations by process and kernel stack: the most frequent, as a snapshot has them. */
#include "internal.h"

#include <errno.h>
#include <string.h>

int apply_fallback(struct model *model, const struct rec_header *h)
{
	const struct rec_fallback *rec = (const struct rec_fallback *)h;
	struct fallbacks *fallbacks = &model->fallbacks;
	struct rec_fallback *fallback;

	if (fallbacks->nr_pending == REC_MAX_FALLBACKS ||
	    rec->migratetype >= model->shape.sizes[DIM_MIGRATETYPE] ||
	    rec->fallback_migratetype >= model->shape.sizes[DIM_FALLBACK_MIGRATETYPE])
		return -EINVAL;
	fallback = &fallbacks->pending[fallbacks->nr_pending++];
	*fallback = *rec;
	terminate(fallback->id.comm);
	return 0;
}

void fallbacks_begin(struct fallbacks *fallbacks)
{
	fallbacks->nr_pending = 0;
}

void fallbacks_end(struct fallbacks *fallbacks)
{
	memcpy(fallbacks->shown, fallbacks->pending, fallbacks->nr_pending * sizeof(fallbacks->shown[0]));
	fallbacks->nr_shown = fallbacks->nr_pending;
}

__u32 model_nr_fallbacks(const struct model *model)
{
	return model->fallbacks.nr_shown;
}

const struct rec_fallback *model_fallback(const struct model *model, __u32 index)
{
	return index < model->fallbacks.nr_shown ? &model->fallbacks.shown[index] : NULL;
}
