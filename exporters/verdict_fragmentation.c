// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rules about fragmentation: who pays for it, why large blocks cannot be had, who holds what cannot be moved
 * in blocks that otherwise could be; see verdict.h.
 */
#include <string.h>

#include "frames.h"
#include "human.h"
#include "verdict_rules.h"

/* Attempts lately of which fewer are chance, and the share of them that must fail. */
#define MIN_ATTEMPTS 16
#define FAILED_WARNING 0.1
#define FAILED_PROBLEM 0.5

/* Below this an index says that memory is lacking, as vm.extfrag_threshold does by default. */
#define INDEX_OF_LACK 500

/* Allocations lately that are worth a word. */
#define MIN_SPOILING 100

#define NEAR_SECONDS (24 * 3600.0)

/* --- who holds what cannot be moved ----------------------------------------------------------- */

/* An owner of the last reading of live pages: records first to first + nr, added up. */
struct spoiler {
	__u32 first, nr, heaviest;
	__u64 nr_pages, spoiled_e6, variance_e6, error_e3;
};

/*
 * The owner who spoils most pageblocks: by more than two standard errors more than none, and a tenth or
 * more of all that is known. False where there is none, or it is not known.
 */
static bool find_spoiler(const struct model *model, struct spoiler *ret)
{
	const struct rec_live *live = model_live(model);
	struct spoiler owner = { 0 }, most = { 0 };
	__u64 all_e6 = 0;

	for (__u32 i = 0; live && live->knows_blocks && i < model_nr_holders(model); i++) {
		const struct rec_holder *holder = model_holder(model, i);

		if (!i || !holder_is_of_same(holder, model_holder(model, owner.first)))
			owner = (struct spoiler){ .first = i, .heaviest = i };
		owner.nr++;
		owner.nr_pages += holder->nr_pages;
		owner.spoiled_e6 += holder->spoiled_e6;
		owner.variance_e6 += holder->spoiled_error_e6;
		if (holder->stack && holder->spoiled_e6 > model_holder(model, owner.heaviest)->spoiled_e6)
			owner.heaviest = i;
		all_e6 += holder->spoiled_e6;
		if (!holder->is_rest && owner.spoiled_e6 > most.spoiled_e6)
			most = owner;
	}
	most.error_e3 = live_error_spoiled_e3(model, most.spoiled_e6, most.variance_e6);
	*ret = most;
	return most.spoiled_e6 / 10 >= all_e6 / 100 && most.spoiled_e6 / 1000 > 2 * most.error_e3;
}

static void add_spoiler_name(struct text *text, const struct model *model, const struct rec_holder *holder)
{
	const struct process *process = model_holder_process(model, holder);
	const char *unit = process ? model_group(model, process->group)->unit
				   : model_cgroup_unit(model, holder->cgroup_id);

	if (holder->owner == LIVE_INTERRUPT)
		text_add(text, "what runs in interrupts");
	else
		text_add_format(text, "%s (pid %u%s%s%s)", process ? process->comm : holder->comm,
				holder->tgid, model_holder_is_alive(model, holder) ? "" : ", gone",
				unit[0] ? ", " : "", unit);
}

/* "workload (pid 7, x.service) holds ..., which spoils ..., from ...", as far as that is known. */
static bool add_spoiler(struct text *text, const struct model *model)
{
	struct model_status status;
	struct spoiler spoiler;
	const struct rec_holder *holder;
	__u64 step_bytes;

	if (!find_spoiler(model, &spoiler))
		return false;
	model_status(model, &status);
	holder = model_holder(model, spoiler.first);
	step_bytes = (__u64)model_live(model)->step_pages * status.machine->page_size;
	add_spoiler_name(text, model, holder);
	text_add_format(text, " holds %s of %s memory, which spoils %s +- %s huge pages",
			human_bytes(spoiler.nr_pages * step_bytes).text,
			model_dim_label(model, DIM_MIGRATETYPE, holder->migratetype),
			human_count((spoiler.spoiled_e6 + 500000) / 1000000).text,
			human_count((spoiler.error_e3 + 500) / 1000).text);
	if (model_holder(model, spoiler.heaviest)->stack) {
		text_add(text, ", most of them from ");
		text_add_callers(text, model, model_holder(model, spoiler.heaviest)->stack);
	}
	text_add(text, ".");
	return true;
}

/* --- what is free ----------------------------------------------------------------------------- */

/* The zone with most memory, which is where nearly everything comes from; NULL if no zone is known. */
static const struct zone *largest_zone(const struct model *model)
{
	const struct zone *largest = NULL;

	for (__u32 i = 0; i < model_nr_zones(model); i++)
		if (!largest || model_zone(model, i)->managed_pages > largest->managed_pages)
			largest = model_zone(model, i);
	return largest;
}

static __u32 huge_order(const struct model *model)
{
	const struct zone *zone = largest_zone(model);
	__u32 last = model_dim_size(model, DIM_ORDER) - 1;

	return zone && zone->pageblocks_time_ns && zone->pageblock_order < last ? zone->pageblock_order
										: last;
}

/* What is free of this order in the largest zone, and why not more. Whether memory is lacking as such. */
static bool add_free(struct text *text, const struct model *model, __u32 order)
{
	const struct zone *zone = largest_zone(model);
	struct model_status status;
	__u64 index;

	if (!zone)
		return false;
	model_status(model, &status);
	index = zone_fragmentation(model, zone, order);
	text_add_format(text, "Node %s, zone %s: %s free, of which %s are in smaller blocks; ",
			model_dim_label(model, DIM_NODE, zone->node),
			model_dim_label(model, DIM_ZONE, zone->zone),
			human_bytes(zone->free_pages * status.machine->page_size).text,
			human_percent((double)zone_unusable(model, zone, order) / 1000).text);
	if (index == CELL_NONE)
		text_add_format(text, "%s blocks of order %u could be had now.",
				human_count(zone_available(model, zone, order)).text, order);
	else
		text_add_format(text,
				"no block of order %u could be had now, and the fragmentation index is %.3f.",
				order, (double)(__s64)index / 1000);
	return index != CELL_NONE && (__s64)index < INDEX_OF_LACK;
}

static void add_census(struct text *text, const struct model *model)
{
	__u64 nr_blocks = 0, nr_spoiled = 0;

	for (__u32 i = 0; i < model_nr_censuses(model); i++) {
		nr_blocks += model_census(model, i)->nr_blocks;
		nr_spoiled += model_census(model, i)->nr_spoiled;
	}
	if (nr_blocks)
		text_add_format(text,
				" Of %s pageblocks read at random, %s hold a few pages that cannot be moved.",
				human_count(nr_blocks).text,
				human_percent((double)nr_spoiled / (double)nr_blocks).text);
}

/* --- the rules -------------------------------------------------------------------------------- */

static void add_huge_page_remedy(struct text *text, const struct model *model, bool is_lack, bool has_spoiler)
{
	const char *proactiveness = model_setting(model, SETTING_COMPACTION_PROACTIVENESS);

	if (is_lack) {
		text_add(text, "This is lack of memory, not fragmentation: let something hold less.");
		return;
	}
	if (has_spoiler)
		text_add(
			text,
			"As long as it holds that memory, compaction cannot help: let it take it once, at its "
			"start, or from a pool of its own. ");
	else
		text_add_format(text,
				"Compaction can help: try echo 1 > /proc/sys/vm/compact_memory, and a higher "
				"vm.compaction_proactiveness (now %s). ",
				proactiveness[0] ? proactiveness : "not there");
	text_add_format(text, "What must have huge pages can reserve them at boot (vm.nr_hugepages, now %s).",
			model_setting(model, SETTING_NR_HUGEPAGES));
}

bool judge_huge_pages(const struct model *model, struct verdict *ret)
{
	const struct group *victim = group_with_most(model, LEDGER_HUGE_PAGE_FALLBACKS);
	__u64 covered_ns, nr_failed = model_growth(model, LEDGER_HUGE_PAGE_FALLBACKS, LATELY_NS, &covered_ns);
	__u64 nr_made = model_growth(model, LEDGER_HUGE_PAGES, LATELY_NS, &covered_ns);
	double share = nr_failed ? (double)nr_failed / (double)(nr_failed + nr_made) : 0;
	bool is_lack, has_spoiler;

	if (nr_failed < MIN_ATTEMPTS || share < FAILED_WARNING)
		return false;
	ret->severity = share < FAILED_PROBLEM ? SEVERITY_WARNING : SEVERITY_PROBLEM;
	ret->since_ns = model_growing_since(model, LEDGER_HUGE_PAGE_FALLBACKS);
	text_add_format(&ret->finding, "Huge pages cannot be had: %s of %s attempts failed over the last %s.",
			human_count(nr_failed).text, human_count(nr_failed + nr_made).text,
			human_duration(covered_ns).text);
	is_lack = add_free(&ret->evidence, model, huge_order(model));
	add_census(&ret->evidence, model);
	has_spoiler = !is_lack && add_spoiler(&ret->who, model);
	if (victim) {
		text_add(&ret->who, has_spoiler ? " It has cost most to " : "It has cost most to ");
		text_add_group(&ret->who, victim);
		text_add_format(&ret->who, ": %s attempts.",
				human_count(victim->total.v[LEDGER_HUGE_PAGE_FALLBACKS]).text);
	}
	add_huge_page_remedy(&ret->remedy, model, is_lack, has_spoiler);
	return true;
}

bool judge_direct_compaction(const struct model *model, struct verdict *ret)
{
	__u64 covered_ns, nr = model_growth(model, LEDGER_DIRECT_COMPACTIONS, LATELY_NS, &covered_ns);
	__u64 nr_failed = model_growth(model, LEDGER_FAILED_COMPACTIONS, LATELY_NS, &covered_ns);
	const char *proactiveness = model_setting(model, SETTING_COMPACTION_PROACTIVENESS);

	if (!judge_waiting(model, STALL_DIRECT_COMPACTION, ret))
		return false;
	text_add_format(&ret->evidence, " %s of them gave no block.",
			human_percent(nr ? (double)nr_failed / (double)nr : 0).text);
	text_add_format(
		&ret->remedy,
		"kcompactd does it ahead of need with a higher vm.compaction_proactiveness (now %s); page faults do "
		"not wait for it where transparent_hugepage/defrag is defer (now %s).",
		proactiveness[0] ? proactiveness : "not there", model_setting(model, SETTING_THP_DEFRAG));
	return true;
}

bool judge_high_order_failures(const struct model *model, struct verdict *ret)
{
	const struct group *victim = group_with_most(model, LEDGER_HIGH_ORDER_FAILURES);
	__u64 covered_ns, nr = model_growth(model, LEDGER_HIGH_ORDER_FAILURES, LATELY_NS, &covered_ns);

	if (!nr)
		return false;
	ret->severity = SEVERITY_WARNING;
	ret->since_ns = model_growing_since(model, LEDGER_HIGH_ORDER_FAILURES);
	text_add_format(&ret->finding,
			"%s allocation%s of several pages in one piece failed over the last %s.",
			human_count(nr).text, nr == 1 ? "" : "s", human_duration(covered_ns).text);
	add_free(&ret->evidence, model, 3);
	if (victim) {
		text_add(&ret->who, "Most of them so far were for ");
		text_add_group(&ret->who, victim);
		text_add(&ret->who, ".");
	}
	text_add_format(
		&ret->remedy,
		"A higher vm.min_free_kbytes (now %s) keeps more in reserve; memoir events has those that the "
		"kernel complains about.",
		model_setting(model, SETTING_MIN_FREE_KBYTES));
	return true;
}

static const struct rec_fallback *most_spoiling_stack(const struct model *model)
{
	for (__u32 i = 0; i < model_nr_fallbacks(model); i++) {
		const struct rec_fallback *fallback = model_fallback(model, i);

		/* The most frequent come first. */
		if (strcmp(model_dim_label(model, DIM_MIGRATETYPE, fallback->migratetype), "movable") != 0)
			return fallback;
	}
	return NULL;
}

bool judge_spoiling(const struct model *model, struct verdict *ret)
{
	const struct group *most = group_with_most(model, LEDGER_SPOILING_ALLOCATIONS);
	__u64 covered_ns, nr = model_growth(model, LEDGER_SPOILING_ALLOCATIONS, LATELY_NS, &covered_ns);
	const struct rec_fallback *fallback = most_spoiling_stack(model);
	const char *mode = model_setting(model, SETTING_DEFRAG_MODE);

	if (nr < MIN_SPOILING)
		return false;
	ret->severity = SEVERITY_WARNING;
	ret->since_ns = model_growing_since(model, LEDGER_SPOILING_ALLOCATIONS);
	text_add_format(&ret->finding,
			"Memory that cannot be moved was put among what can be: %s times over the last %s.",
			human_count(nr).text, human_duration(covered_ns).text);
	add_free(&ret->evidence, model, huge_order(model));
	if (most) {
		text_add(&ret->who, "Most of it so far was for ");
		text_add_group(&ret->who, most);
		text_add_format(&ret->who, ": %s times.",
				human_count(most->total.v[LEDGER_SPOILING_ALLOCATIONS]).text);
	}
	if (fallback && fallback->stack) {
		text_add(&ret->who, " The most frequent caller is ");
		text_add_callers(&ret->who, model, fallback->stack);
		text_add(&ret->who, ".");
	}
	if (mode[0])
		text_add_format(&ret->remedy, "The kernel avoids it with vm.defrag_mode=1 (now %s); ", mode);
	text_add_format(&ret->remedy, "%s higher vm.min_free_kbytes (now %s) leaves it more choice.",
			mode[0] ? "a" : "A", model_setting(model, SETTING_MIN_FREE_KBYTES));
	return true;
}

bool judge_exhaustion(const struct model *model, struct verdict *ret)
{
	const struct zone *zone = largest_zone(model);
	__u32 order = huge_order(model);
	struct zone_trend trend;

	if (!zone || !model_zone_trend(model, zone, order, &trend) || !trend.is_significant ||
	    !(trend.seconds_left_high < NEAR_SECONDS))
		return false;
	ret->severity = SEVERITY_WARNING;
	text_add_format(
		&ret->finding,
		"If it goes on like that, free blocks of order %u run out in %s to %s on node %s, zone %s.",
		order, human_duration((__u64)(trend.seconds_left_low * 1e9)).text,
		human_duration((__u64)(trend.seconds_left_high * 1e9)).text,
		model_dim_label(model, DIM_NODE, zone->node), model_dim_label(model, DIM_ZONE, zone->zone));
	text_add_format(&ret->evidence, "%s are left, and an hour takes %s.",
			human_count(zone_available(model, zone, order)).text,
			human_rate(-trend.per_hour).text);
	text_add(&ret->remedy, "memoir fragmentation shows all orders, and who holds what.");
	return true;
}
