// SPDX-License-Identifier: GPL-2.0-or-later
/* The rule about leaks: names the worst; see verdict.h. */
#include "human.h"
#include "leaks.h"
#include "verdict_rules.h"

/* So many that grew most are judged. */
#define MAX_SUSPECTS 8u

static bool is_worth_a_word(const struct suspect *suspect)
{
	return suspect->judgement.verdict == LEAK_CERTAIN || is_pressing(&suspect->judgement);
}

/* The worst of any owner: what is pressing, else a process first, because it says most. */
static bool find_worst(const struct model *model, struct suspect *ret)
{
	static const enum growth_owner owners[] = { OWNER_PROCESS, OWNER_GROUP, OWNER_CGROUP, OWNER_KERNEL };
	struct suspect suspects[MAX_SUSPECTS];
	bool is_found = false;

	for (size_t i = 0; i < sizeof(owners) / sizeof(owners[0]); i++) {
		if (!suspects_find(model, owners[i], suspects, MAX_SUSPECTS) ||
		    !is_worth_a_word(&suspects[0]))
			continue;
		if (is_found && (is_pressing(&ret->judgement) || !is_pressing(&suspects[0].judgement)))
			continue;
		*ret = suspects[0];
		is_found = true;
	}
	return is_found;
}

static void say_finding(const struct model *model, const struct suspect *suspect, struct text *ret)
{
	const struct leak_judgement *judgement = &suspect->judgement;
	bool is_leak = judgement->verdict == LEAK_CERTAIN;

	text_add(ret, is_leak ? "Memory leaks: " : "Memory grows fast: ");
	text_add_format(ret, "%s memory by ", suspect_kind(suspect));
	text_add_per_hour(ret, model, judgement->pages_per_hour);
	if (judgement->seconds_left < 1e9)
		text_add_format(ret, ", and %s in %s",
				judgement->limit == LEAK_LIMIT_CGROUP ? "the limit of its cgroup is reached"
								      : "the machine's memory is used up",
				human_duration(human_round(judgement->seconds_left * 1e9)).text);
	text_add(ret, is_leak ? "." : "; whether it is a leak cannot be told yet.");
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
	} else if (grower->owner == OWNER_CGROUP) {
		text_add_format(ret, "%s the processes of cgroup %s.",
				grower->kind == GROWTH_KERNEL ? "The kernel, for" : "Together",
				model_cgroup_unit(model, grower->cgroup_id));
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
	ret->severity = is_pressing(&worst.judgement) ? SEVERITY_PROBLEM : SEVERITY_WARNING;
	ret->since_ns = worst.judgement.since_ns;
	say_finding(model, &worst, &ret->finding);
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
