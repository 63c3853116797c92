/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where live pages were allocated, how much is still held there, and how that grows; part of model.h.
 *
 * The same pages are followed from reading to reading, so their number has no noise of its own: it changes
 * when a page comes or goes, and the sampling error of a change is that of so many events, the root of
 * their number (Poisson), with three more as in live_error_pages().
 */
#ifndef MEMOIR_MODEL_LIVESITES_H
#define MEMOIR_MODEL_LIVESITES_H

#include <stdbool.h>

#include "../../bpf/abi/records.h"

struct model;

/*
 * How the followed pages of a site developed. The window is all that is kept of its history, or the last
 * third of the points of that where the site is a suspect for this alone.
 */
struct live_site_growth {
	__u64 window_ns; /* from the first point to the last reading; 0: there was one reading only */
	double per_hour, per_hour_error; /* over the window: followed pages, with the standard error */
	/* The share of the pages that were held kept_ns ago, and are held still; kept_ns 0: not known yet. */
	double kept;
	__u64 kept_ns;
	/*
	 * It has grown by more than three standard errors, in each quarter of a window of at least a
	 * minute, and hardly anything that was there is gone: neither in between nor now.
	 */
	bool is_suspect;
};

/* The sites of the last reading of live pages; comm is terminated. Valid until the next model_apply(). */
__u32 model_nr_live_sites(const struct model *model);
const struct rec_live_site *model_live_site(const struct model *model, __u32 index);
const struct live_site_growth *model_live_site_growth(const struct model *model, __u32 index);

/* The ages of nr_older, in ns. */
__u64 live_age_ns(__u32 age);

#endif
