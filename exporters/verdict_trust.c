// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules about memoir itself: what it cannot see, so that an answer may be incomplete; see verdict.h. */
#include "human.h"
#include "verdict_rules.h"

bool judge_probes(const struct model *model, struct verdict *ret)
{
	__u32 nr_missing = 0;

	for (__u32 i = 0; i < model_nr_probes(model); i++) {
		const struct rec_probe *probe = model_probe(model, i);

		if (probe->state == PROBE_ATTACHED || !probe_is_wanted(probe->state))
			continue;
		text_add_format(&ret->evidence, "%s%s (%s): %s", nr_missing ? "; " : "", probe->name,
				probe_state_name(probe->state), probe->reason);
		nr_missing++;
	}
	if (!nr_missing)
		return false;
	ret->severity = SEVERITY_NOTE;
	text_add_format(&ret->finding,
			"%u of memoir's %u probes do not run here, and what they count is missing.",
			nr_missing, model_nr_probes(model));
	text_add(&ret->remedy, "memoir probes has them all; docs/probes.md says what each of them is for.");
	return true;
}

bool judge_losses(const struct model *model, struct verdict *ret)
{
	const __u64 *lost = model_cells(model, METRIC_LOST);
	bool is_any = false;

	for (__u32 cause = 0; cause < NR_LOSSES; cause++) {
		/* Those are common under load, and small. */
		if (!lost[cause] || cause == LOSS_RECURSION_MISSED)
			continue;
		text_add_format(&ret->evidence, "%s%s %s", is_any ? ", " : "",
				model_dim_label(model, DIM_LOSS, cause), human_count(lost[cause]).text);
		is_any = true;
	}
	if (!is_any)
		return false;
	ret->severity = SEVERITY_NOTE;
	text_add(&ret->finding, "Some information was lost since the probes were installed.");
	text_add(&ret->remedy, "docs/probes.md says for each cause what is missing.");
	return true;
}

bool judge_tracer(const char *problem, struct verdict *ret)
{
	if (!problem)
		return false;
	ret->severity = SEVERITY_NOTE;
	text_add(&ret->finding,
		 "memoir cannot look into processes: new stacks have no names, and no heap is traced.");
	text_add(&ret->evidence, problem);
	text_add(&ret->remedy, "systemctl restart memoird.");
	return true;
}
