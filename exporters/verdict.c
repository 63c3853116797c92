// SPDX-License-Identifier: GPL-2.0-or-later
/* The list of rules, and what they share; see verdict.h. */
#include "verdict.h"

#include "verdict_rules.h"

static const struct {
	const char *subject;
	verdict_rule judge;
} rules[] = {
	{ "oom_kills", judge_oom_kills },
	{ "leaks", judge_leaks },
	{ "direct_reclaim", judge_direct_reclaim },
	{ "memcg_reclaim", judge_memcg_reclaim },
	{ "swap_in", judge_swap_in },
	{ "major_faults", judge_major_faults },
	{ "huge_pages", judge_huge_pages },
	{ "direct_compaction", judge_direct_compaction },
	{ "high_order_failures", judge_high_order_failures },
	{ "spoiling", judge_spoiling },
	{ "exhaustion", judge_exhaustion },
	{ "remote_accesses", judge_remote_accesses },
	{ "remote_allocations", judge_remote_allocations },
	{ "numa_balancing", judge_numa_balancing },
	{ "probes", judge_probes },
	{ "losses", judge_losses },
};
#define NR_RULES (sizeof(rules) / sizeof(rules[0]))
_Static_assert(NR_RULES + 1 <= MAX_VERDICTS, "each rule may have a verdict, that of the tracer too");

double lately_per_second(const struct model *model, enum ledger row)
{
	__u64 covered_ns, growth = model_growth(model, row, LATELY_NS, &covered_ns);

	return covered_ns ? (double)growth / ((double)covered_ns / 1e9) : 0;
}

const struct group *group_with_most(const struct model *model, enum ledger row)
{
	const struct group *most = NULL;

	for (__u32 i = 0; i < model_nr_groups(model); i++) {
		const struct group *group = model_group(model, i);

		if (group_is_fixed(i) || group->total.v[row] <= (most ? most->total.v[row] : 0))
			continue;
		most = group;
	}
	return most;
}

void text_add_group(struct text *text, const struct group *group)
{
	text_add_format(text, group->unit[0] ? "%s in %s" : "%s", group->comm, group->unit);
}

static bool is_complete(const struct verdict *verdict)
{
	return !verdict->finding.is_failed && !verdict->evidence.is_failed && !verdict->who.is_failed &&
	       !verdict->remedy.is_failed;
}

static void verdict_free(struct verdict *verdict)
{
	text_free(&verdict->finding);
	text_free(&verdict->evidence);
	text_free(&verdict->who);
	text_free(&verdict->remedy);
}

/* After those that are as severe. */
static void insert(struct verdicts *verdicts, const struct verdict *verdict)
{
	__u32 at = verdicts->nr++;

	for (; at > 0 && verdicts->verdict[at - 1].severity > verdict->severity; at--)
		verdicts->verdict[at] = verdicts->verdict[at - 1];
	verdicts->verdict[at] = *verdict;
}

/* A rule has been asked: its verdict is kept if it has anything to say. */
static void answer(struct verdicts *verdicts, struct verdict *verdict, bool is_said)
{
	verdicts->nr_rules++;
	if (is_said) {
		verdicts->is_failed |= !is_complete(verdict);
		insert(verdicts, verdict);
	} else {
		verdict_free(verdict);
	}
}

void verdicts_judge(const struct model *model, struct verdicts *ret)
{
	*ret = (struct verdicts){ 0 };
	model_growth(model, LEDGER_MINOR_FAULTS, LATELY_NS, &ret->window_ns);
	for (size_t i = 0; i < NR_RULES; i++) {
		struct verdict verdict = { .subject = rules[i].subject };

		answer(ret, &verdict, rules[i].judge(model, &verdict));
	}
}

void verdicts_judge_tracer(const char *problem, struct verdicts *ret)
{
	struct verdict verdict = { .subject = "tracer" };

	answer(ret, &verdict, judge_tracer(problem, &verdict));
}

void verdicts_free(struct verdicts *verdicts)
{
	for (__u32 i = 0; i < verdicts->nr; i++)
		verdict_free(&verdicts->verdict[i]);
	verdicts->nr = 0;
}

const char *severity_name(enum severity severity)
{
	static const char *const names[NR_SEVERITIES] = {
		[SEVERITY_PROBLEM] = "problem",
		[SEVERITY_WARNING] = "warning",
		[SEVERITY_NOTE] = "note",
	};

	return (__u32)severity < NR_SEVERITIES ? names[severity] : "unknown";
}
