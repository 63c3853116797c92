/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Verdicts: what is wrong with the machine's memory, in sentences with the numbers behind them. Pure:
 * from the model alone. A rule looks at one subject and says nothing unless it has evidence; that nothing
 * is wrong is an answer too. A file verdict_SUBJECT.c holds the rules of a subject; how they are shown is
 * not its business.
 */
#ifndef MEMOIR_VERDICT_H
#define MEMOIR_VERDICT_H

#include "../daemon/model/model.h"
#include "text.h"

/* In the order in which they are shown. */
enum severity {
	SEVERITY_PROBLEM, /* somebody pays for it now */
	SEVERITY_WARNING, /* somebody is about to, or pays little */
	SEVERITY_NOTE,    /* an answer may be incomplete */
	NR_SEVERITIES
};

/* Text of any origin may be in the sentences: names of processes and units. */
struct verdict {
	const char *subject; /* one word of the kernel's or the field's: "direct_reclaim" */
	enum severity severity;
	__u64 since_ns;       /* CLOCK_BOOTTIME, at the latest; 0: it cannot be said */
	struct text finding;  /* one sentence: what is wrong, and what it costs */
	struct text evidence; /* the numbers that say so */
	struct text who;      /* who causes it and who pays, if that is known */
	struct text remedy;   /* what fits this evidence, and the next command */
};

#define MAX_VERDICTS 17

struct verdicts {
	struct verdict verdict[MAX_VERDICTS];
	__u32 nr;
	__u32 nr_rules;  /* that were asked */
	__u64 window_ns; /* what "lately" means: the last so many nanoseconds, less where less is known */
	bool is_failed;  /* without memory */
};

/* Asks all rules of the model, which has a complete snapshot. Free with verdicts_free(). */
void verdicts_judge(const struct model *model, struct verdicts *ret);
/*
 * To be asked next, about what is not in the model: the daemon that answers. problem is why its tracer has
 * ended, a sentence; NULL where it runs, or where no daemon answers but a recording.
 */
void verdicts_judge_tracer(const char *problem, struct verdicts *ret);
void verdicts_free(struct verdicts *verdicts);

const char *severity_name(enum severity severity); /* "problem" */

#endif
