/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Suspects: whose memory grows, judged and put in order, and what is to be said of each. Pure. */
#ifndef MEMOIR_LEAKS_H
#define MEMOIR_LEAKS_H

#include "../daemon/model/leak.h"
#include "text.h"

struct suspect {
	struct grower grower;
	struct leak_judgement judgement;
};

/* So many growers of one kind of owner are judged at most: each takes 0.1 ms. */
#define MAX_JUDGED 128u

/*
 * Of the growers of this kind of owner that are judged, because they come first (growth.h), at most max:
 * leaks first, and among those of one verdict the one that will hurt first, weighed by how sure it is. Valid
 * until the next model_apply().
 */
__u32 suspects_find(const struct model *model, enum growth_owner owner, struct suspect *ret, __u32 max);

/* How many growers, of all kinds of owners, are not judged, because so many others come before them. */
__u32 suspects_not_judged(const struct model *model);

/* Whether it would use up all that is left within an hour, if it goes on; be it a leak or not. */
bool is_pressing(const struct leak_judgement *judgement);

/* "anonymous"; of the kernel, "slab". */
const char *suspect_kind(const struct suspect *suspect);

/* Bytes; the figure of a judgement, which is in pages. */
double pages_to_bytes(const struct model *model, double pages);

/*
 * A sentence with the figures behind the verdict, numbered from 0, into ret, which is cleared before; false
 * where there are no more.
 */
#define MAX_LEAK_EVIDENCE 8u
bool suspect_evidence(const struct model *model, const struct suspect *suspect, __u32 number,
		      struct text *ret);

/* Appends the sentence about the last trace of its heap, or of the kernel; nothing where there was none. */
void text_add_traced(struct text *text, const struct model *model, const struct suspect *suspect);

/* Whether a trace of the kernel would show what grows. */
bool is_seen_by_kernel_trace(const struct grower *grower);

/* The command to run next. */
void suspect_next(const struct model *model, const struct suspect *suspect, struct text *ret);

/* Appends "1.50MiB/h", with a sign where it shrinks. */
void text_add_per_hour(struct text *text, const struct model *model, double pages_per_hour);

#endif
