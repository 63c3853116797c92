// SPDX-License-Identifier: GPL-2.0-or-later
/* The rule about leaks: names the worst; see verdict.h. */
#include "human.h"
#include "leaks.h"
#include "verdict_rules.h"

/* So many that grew most are judged. */
#define MAX_SUSPECTS 8u

/* What will be used up so soon costs somebody now. */
#define SOON_SECONDS 3600.0

/* What is named although it cannot be told yet whether it is a leak. */
#define VERY_SOON_SECONDS 1800.0

static bool is_worth_a_word(const struct suspect *suspect)
{
	const struct leak_judgement *judgement = &suspect->judgement;

	return judgement->verdict == LEAK_CERTAIN ||
	       (judgement->verdict == LEAK_CANNOT_TELL && judgement->seconds_left_high < VERY_SOON_SECONDS);
}

/* The worst of any owner: one process first, because it says most. */
static bool find_worst(const struct model *model, struct suspect *ret)
{
	static const enum growth_owner owners[] = { OWNER_PROCESS, OWNER_GROUP, OWNER_KERNEL };
	struct suspect suspects[MAX_SUSPECTS];

	for (size_t i = 0; i < sizeof(owners) / sizeof(owners[0]); i++) {
		if (!suspects_find(model, owners[i], suspects, MAX_SUSPECTS) ||
		    !is_worth_a_word(&suspects[0]))
			continue;
		*ret = suspects[0];
		return true;
	}
	return false;
}

static void say_who(const struct model *model, const struct grower *grower, struct text *ret)
{
	if (grower->process) {
		text_add_format(ret, "Process %u, ", grower->process->tgid);
		text_add_group(ret, model_group(model, grower->process->group));
		text_add(ret, ".");
	} else if (grower->owner == OWNER_GROUP) {
		text_add(ret, "Together the processes of ");
		text_add_group(ret, model_group(model, grower->group));
		text_add(ret, ".");
	} else {
		text_add(ret, "The kernel itself.");
	}
}

bool judge_leaks(const struct model *model, struct verdict *ret)
{
	struct suspect worst;
	struct text text = {};

	if (!find_worst(model, &worst))
		return false;
	ret->severity = worst.judgement.seconds_left < SOON_SECONDS ? SEVERITY_PROBLEM : SEVERITY_WARNING;
	ret->since_ns = worst.judgement.since_ns;
	text_add(&ret->finding,
		 worst.judgement.verdict == LEAK_CERTAIN ? "Memory leaks: " : "Memory grows fast: ");
	text_add_format(&ret->finding, "%s memory by ", suspect_kind(&worst));
	text_add_per_hour(&ret->finding, model, worst.judgement.pages_per_hour);
	if (worst.judgement.seconds_left < 1e9)
		text_add_format(&ret->finding, "; what the %s has is used up in %s",
				worst.judgement.limit == LEAK_LIMIT_CGROUP ? "cgroup" : "machine",
				human_duration(human_round(worst.judgement.seconds_left * 1e9)).text);
	text_add(&ret->finding, ".");
	for (__u32 i = 0; suspect_evidence(model, &worst, i, &text); i++)
		text_add_format(&ret->evidence, "%s%s", i ? " " : "", text.data);
	say_who(model, &worst.grower, &ret->who);
	suspect_next(model, &worst, &text);
	text_add_format(&ret->remedy, "memoir leaks shows all that grow. Next: %s",
			text.len ? text.data : "");
	ret->evidence.is_failed |= text.is_failed;
	text_free(&text);
	return true;
}
