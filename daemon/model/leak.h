/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether memory that grows is leaked: a judgement by the floors of three windows (growth.h). Pure arithmetic
 * on what the model has; computed when it is asked for.
 *
 * A window has something to tell from so many points on: 10 of the quarter hour and of the day, 20 of
 * the two hours. Its points are cut into blocks that follow each other, 10, or 5 where there are fewer than
 * 20 points; the floor of a block is its least. A window *grows* where all of this is so:
 *
 *	slope	of Theil and Sen is above 0 (trend.h);
 *	size	slope times span is LEAK_MIN_BYTES at least;
 *	steps	the rises from one block's floor to the next have a mean of more than t times their standard
 *		error, t being Student's at 0.1 %, one-sided. A random walk and a few large steps go as far by
 *		chance, but do not rise block by block. Mann and Kendall's test takes readings near to each
 *		other for independent, or loses its power where they are not; this one supposes it of blocks.
 *
 * The interval of the slope is, at either end, the narrower of Sen's, corrected for dependence, and of that
 * of the rises, which supposes a random walk; both with 99 %. A window *has growth* that is worth a word if
 * the size is reached, and either the steps or Mann and Kendall's test, at 1 % and corrected for dependence,
 * say so.
 *
 * It is *slowing* where its second half rises less than 3/4 as much as its first, *slowing down* where it is
 * less than half, if the difference is more than 1.5 times what blocks that differ like these make by chance.
 *
 * A leak is what grows in the window of two hours or of a day, without slowing in it, if no other window
 * contradicts: a shorter one does where it would have to see the growth and has a slope that is with 99 %
 * confidence below 0.3 of it (it has stopped); a longer one where it shows that as much was held before (it
 * comes and goes), or is slowing itself. Of simulated processes without a leak, looked at twelve times in a
 * day, none of 600 whose readings were independent or each 0.9 of the one before was ever called one, 1 of
 * 600 at 0.99, 5 at 0.999, and 20 of 600 random walks.
 *
 * confidence = coverage * clarity * agreement; coverage: hours since it was at its lowest, h / (h + 1/2);
 * clarity: slope / (2 slope - lower bound of the slope), which is 1 for a line and 1/2 where the bound is 0,
 * in the clearest window; agreement: of the windows that could have seen it (their span times the slope is
 * twice LEAK_MIN_BYTES), the share that grows. Where it is no leak it is at most 0.4: how sure it is, then,
 * that it will turn out as one. It is at most 0.8 until it has grown for 20 hours: a cache that takes a night
 * to fill grows as a leak does until it is full.
 */
#ifndef MEMOIR_MODEL_LEAK_H
#define MEMOIR_MODEL_LEAK_H

#include "growth.h"
#include "trend.h"

#define LEAK_MIN_BYTES (1u << 20)
/* What uses up all that is left within such a time is urgent, be it a leak or not. */
#define PRESSING_SECONDS 3600.0

enum leak_verdict {
	LEAK_NONE,
	LEAK_CANNOT_TELL,
	LEAK_WORKING_SET,
	LEAK_CACHE,
	LEAK_FRAGMENTATION, /* of an allocator: only by evidence of its heap, never by figures of growth */
	LEAK_CERTAIN,
	NR_LEAK_VERDICTS
};

/* Why it is no leak, or not known to be one; what decided. */
enum leak_reason {
	LEAK_BECAUSE_IT_GROWS,  /* it is one */
	LEAK_BECAUSE_TOO_SHORT, /* there are too few points */
	LEAK_BECAUSE_SMALL,     /* nothing of size grows */
	LEAK_BECAUSE_IRREGULAR, /* steps, or a walk */
	LEAK_BECAUSE_SLOWING,   /* each half less than the one before */
	LEAK_BECAUSE_STOPPED,
	LEAK_BECAUSE_RECURRING, /* as much was held before */
	LEAK_BECAUSE_CACHE,     /* the kernel takes it back when others need memory */
};

struct leak_window {
	__u32 nr;           /* points */
	double span_s;      /* from the first to the last */
	bool is_told;       /* it has something to tell, and the rest is set */
	struct trend trend; /* pages a second */
	double grown_pages; /* slope times span */
	double low, high;   /* of the slope, with 99 % confidence */
	double widest_high; /* the wider of both intervals' ends */
	double steps;       /* mean of the rises of blocks, in its standard errors; infinite on a line */
	double min_steps;   /* that this must be above */
	bool is_steady;     /* it is */
	double halves; /* rise of the second half by that of the first; 0 where the first does not rise */
	bool is_slowing, is_slowing_down;
	bool grows;
};

enum leak_limit { LEAK_NO_LIMIT, LEAK_LIMIT_CGROUP, LEAK_LIMIT_MACHINE };

struct leak_judgement {
	enum leak_verdict verdict;
	enum leak_reason reason;
	enum growth_window window; /* that the rate is of */
	bool has_rate;
	double pages_per_hour, low_per_hour,
		high_per_hour; /* with 99 % confidence; low or high may be infinite */
	double confidence;
	/* Slower growth than this would not be found in that window, as much as this memory varies. */
	double detection_limit_per_hour;
	__u64 since_ns; /* when it was at its lowest for the last time, CLOCK_BOOTTIME; 0: not known */
	enum leak_limit limit;
	double left_pages; /* until that */
	/* Until nothing is left; infinite where there is no limit or no growth that is significant. */
	double seconds_left, seconds_left_low, seconds_left_high;
	struct leak_window windows[NR_GROWTH_WINDOWS];
};

void leak_judge(const struct model *model, const struct grower *grower, struct leak_judgement *ret);

/*
 * Notes for each group what is left: the least in a cgroup of its processes, because it may be the group
 * alone that reaches that limit. At the end of each snapshot.
 */
void leak_note_left_pages(struct model *model);

/* Pages until the nearest limit that is known; infinite where there is none. */
double leak_left_pages(const struct model *model, const struct grower *grower, enum leak_limit *ret_limit);

const char *leak_verdict_name(enum leak_verdict verdict); /* "growing_working_set" */

/* The least growth in pages an hour that a window could show now of memory that does not vary at all. */
double leak_detection_limit(const struct model *model, enum growth_window window);

#endif
