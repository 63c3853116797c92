// SPDX-License-Identifier: GPL-2.0-or-later
/* Suspects, and the sentences about them; see leaks.h. */
#include "leaks.h"

#include <string.h>

#include "frames.h"
#include "human.h"
#include "pagekinds.h"

/* The least time that is left, so that what has no time at all does not outweigh all else. */
#define LEAST_SECONDS 60.0

double pages_to_bytes(const struct model *model, double pages)
{
	struct model_status status;

	model_status(model, &status);
	return pages * status.machine->page_size;
}

const char *suspect_kind(const struct suspect *suspect)
{
	return suspect->grower.owner == OWNER_KERNEL
		       ? kernel_memory_name((enum kernel_memory)suspect->grower.kind)
		       : growth_kind_name((enum growth_kind)suspect->grower.kind);
}

/* --- the order -------------------------------------------------------------------------------- */

bool is_pressing(const struct leak_judgement *judgement)
{
	return judgement->seconds_left < PRESSING_SECONDS &&
	       (judgement->verdict == LEAK_CERTAIN || judgement->verdict == LEAK_CANNOT_TELL);
}

static int weight_of(const struct leak_judgement *judgement)
{
	static const int weights[NR_LEAK_VERDICTS] = {
		[LEAK_CERTAIN] = 5,     [LEAK_CANNOT_TELL] = 4, [LEAK_FRAGMENTATION] = 3,
		[LEAK_WORKING_SET] = 2, [LEAK_CACHE] = 1,       [LEAK_NONE] = 0,
	};

	return is_pressing(judgement) ? NR_LEAK_VERDICTS : weights[judgement->verdict];
}

static double urgency(const struct leak_judgement *judgement)
{
	double seconds = judgement->seconds_left;

	/* What is pressing cannot wait until it is sure. */
	return (is_pressing(judgement) ? 1 : judgement->confidence) /
	       (seconds > LEAST_SECONDS ? seconds : LEAST_SECONDS);
}

static bool is_worse(const struct suspect *a, const struct suspect *b)
{
	int weight = weight_of(&a->judgement) - weight_of(&b->judgement);

	if (weight)
		return weight > 0;
	if (urgency(&a->judgement) != urgency(&b->judgement))
		return urgency(&a->judgement) > urgency(&b->judgement);
	return a->grower.grown_pages > b->grower.grown_pages;
}

__u32 suspects_find(const struct model *model, enum growth_owner owner, struct suspect *ret, __u32 max)
{
	struct grower growers[MAX_JUDGED];
	__u32 nr_growers = model_growers(model, owner, growers, MAX_JUDGED), nr = 0;

	for (__u32 i = 0; i < nr_growers; i++) {
		struct suspect suspect = { .grower = growers[i] };
		__u32 place;

		leak_judge(model, &growers[i], &suspect.judgement);
		if (nr < max)
			nr++;
		else if (!max || !is_worse(&suspect, &ret[max - 1]))
			continue;
		for (place = nr - 1; place > 0 && is_worse(&suspect, &ret[place - 1]); place--)
			ret[place] = ret[place - 1];
		ret[place] = suspect;
	}
	return nr;
}

__u32 suspects_not_judged(const struct model *model)
{
	__u32 nr = 0;

	for (int owner = 0; owner < NR_GROWTH_OWNERS; owner++) {
		__u32 nr_growers = model_nr_growers(model, (enum growth_owner)owner);

		nr += nr_growers > MAX_JUDGED ? nr_growers - MAX_JUDGED : 0;
	}
	return nr;
}

/* --- sentences -------------------------------------------------------------------------------- */

void text_add_per_hour(struct text *text, const struct model *model, double pages_per_hour)
{
	double bytes = pages_to_bytes(model, pages_per_hour);

	text_add_format(text, "%s%s/h", bytes < 0 ? "-" : "",
			human_bytes(human_round(bytes < 0 ? -bytes : bytes)).text);
}

static const char *window_text(enum growth_window window)
{
	static const char *const texts[NR_GROWTH_WINDOWS] = {
		[WINDOW_QUARTER_HOUR] = "quarter of an hour",
		[WINDOW_TWO_HOURS] = "two hours",
		[WINDOW_DAY] = "day",
	};

	return texts[window];
}

static void say_window(const struct model *model, const struct leak_window *window, enum growth_window which,
		       struct text *ret)
{
	text_add_format(ret, "In the last %s its floor ", window_text(which));
	text_add(ret, window->grows ? "rose by " : "changed by ");
	text_add_per_hour(ret, model, window->trend.slope * 3600);
	text_add_format(ret, " (%u points over %s, 99 %% within ", window->nr,
			human_duration(human_round(window->span_s * 1e9)).text);
	text_add_per_hour(ret, model, window->low * 3600);
	text_add(ret, " to ");
	text_add_per_hour(ret, model, window->high * 3600);
	if (window->steps < 1e6)
		text_add_format(
			ret, "); from block to block it rose by %.1f times the error, and %.1f tell growth.",
			window->steps > 0 ? window->steps : 0, window->min_steps);
	else
		text_add(ret, "), by the same in every block.");
}

static const char *const reasons[] = {
	[LEAK_BECAUSE_IT_GROWS] =
		"It grows block by block to what it never had before, and neither slows nor stops.",
	[LEAK_BECAUSE_TOO_SHORT] =
		"It has been watched for too short a time: a leak is told after 40 minutes at best.",
	[LEAK_BECAUSE_SMALL] = "No growth of a MiB or more is seen that is not chance.",
	[LEAK_BECAUSE_IRREGULAR] = "It grows in few steps or unevenly, as what is needed for the work does.",
	[LEAK_BECAUSE_SLOWING] = "The growth slows, as it does after a start or while a cache fills.",
	[LEAK_BECAUSE_STOPPED] = "It grew, but has stopped.",
	[LEAK_BECAUSE_RECURRING] = "As much was held before and given back: it comes and goes.",
	[LEAK_BECAUSE_CACHE] = "The kernel takes this memory back when others need it.",
};

static void say_slowing(const struct leak_judgement *judgement, struct text *ret)
{
	for (int i = NR_GROWTH_WINDOWS - 1; i >= 0; i--) {
		const struct leak_window *window = &judgement->windows[i];

		if (!window->is_slowing)
			continue;
		text_add_format(ret, " In the last %s the second half brought %s of what the first did.",
				window_text((enum growth_window)i), human_percent(window->halves).text);
		return;
	}
}

static void say_limit(const struct model *model, const struct leak_judgement *judgement, struct text *ret)
{
	if (judgement->detection_limit_per_hour > 1e300)
		return;
	text_add(ret, "Slower growth than ");
	text_add_per_hour(ret, model, judgement->detection_limit_per_hour);
	text_add(ret, " would not be told from how this memory varies.");
}

static void say_lives(const struct model *model, const struct suspect *suspect, struct text *ret)
{
	const struct leaky_lives *lives;

	if (suspect->grower.owner != OWNER_GROUP)
		return;
	lives = model_leaky_lives(model, suspect->grower.group);
	if (!lives->nr)
		return;
	text_add_format(ret, "%u of its processes leaked until they ended (%u did not), the last one by ",
			lives->nr, lives->nr_others);
	text_add_per_hour(ret, model, lives->pages_per_hour);
	text_add(ret, ": each restart hides it.");
}

/* The place that grows like a leak, of this memory: in the process, or anywhere in the kernel. */
static void say_place(const struct model *model, const struct suspect *suspect, struct text *ret)
{
	double step_pages = model_live(model) ? model_live(model)->step_pages : 0;
	const struct live_site_growth *growth;
	const struct rec_live_site *site;
	__u32 index;

	if (!find_suspect_site(model, &suspect->grower, &index))
		return;
	growth = model_live_site_growth(model, index);
	site = model_live_site(model, index);
	text_add(ret, suspect->grower.owner == OWNER_KERNEL
			      ? "Where the kernel allocates pages that stay, and fastest: "
			      : "Where it allocates pages that stay: ");
	text_add_place(ret, model, site->stack, site->user_stack);
	text_add(ret, ", ");
	text_add_per_hour(ret, model, growth->per_hour * step_pages);
	text_add(ret, " +- ");
	text_add_per_hour(ret, model, growth->per_hour_error * step_pages);
	text_add_format(ret, "; %s of what was there %s ago still is.", human_percent(growth->kept).text,
			human_duration(growth->kept_ns).text);
}

static void say(const struct model *model, const struct suspect *suspect, __u32 what, struct text *ret)
{
	const struct leak_judgement *judgement = &suspect->judgement;

	if (what < NR_GROWTH_WINDOWS) {
		/* The longest first. */
		enum growth_window window = (enum growth_window)(NR_GROWTH_WINDOWS - 1 - what);

		if (judgement->windows[window].is_told)
			say_window(model, &judgement->windows[window], window, ret);
	} else if (what == NR_GROWTH_WINDOWS) {
		text_add(ret, reasons[judgement->reason]);
		if (judgement->reason == LEAK_BECAUSE_SLOWING)
			say_slowing(judgement, ret);
	} else if (what == NR_GROWTH_WINDOWS + 1) {
		say_limit(model, judgement, ret);
	} else if (what == NR_GROWTH_WINDOWS + 2) {
		say_lives(model, suspect, ret);
	} else if (what == NR_GROWTH_WINDOWS + 3) {
		say_place(model, suspect, ret);
	} else if (what == NR_GROWTH_WINDOWS + 4) {
		text_add_traced(ret, model, suspect);
	}
}

bool suspect_evidence(const struct model *model, const struct suspect *suspect, __u32 number,
		      struct text *ret)
{
	for (__u32 what = 0; what < MAX_LEAK_EVIDENCE; what++) {
		text_clear(ret);
		say(model, suspect, what, ret);
		if (ret->len && !number--)
			return true;
	}
	return false;
}

/* --- the next command ------------------------------------------------------------------------- */

/* The process that has most of this kind of memory in a group or cgroup; NULL where there is none. */
static const struct process *largest_of(const struct model *model, const struct grower *grower)
{
	const struct process *largest = NULL;
	__u64 pages[NR_GROWTH_KINDS], most = 0;

	for (__u32 i = 0; i < model_nr_processes(model); i++) {
		const struct process *process = model_process(model, i);
		bool is_in = grower->owner == OWNER_GROUP ? process->group == grower->group
							  : process->cgroup_id == grower->cgroup_id;

		if (!is_in)
			continue;
		growth_of_process(process, pages);
		if (!largest || pages[grower->kind] > most) {
			largest = process;
			most = pages[grower->kind];
		}
	}
	return largest;
}

bool is_seen_by_kernel_trace(const struct grower *grower)
{
	return grower->owner == OWNER_KERNEL ? grower->kind == KERNEL_SLAB || grower->kind == KERNEL_PERCPU
					     : grower->kind == GROWTH_KERNEL;
}

void suspect_next(const struct model *model, const struct suspect *suspect, struct text *ret)
{
	const struct grower *grower = &suspect->grower;
	const struct process *process = grower->process;

	text_clear(ret);
	if (is_seen_by_kernel_trace(grower)) {
		text_add(ret, "memoir leaks --kernel --for 30s");
		return;
	}
	if (grower->owner == OWNER_KERNEL) {
		text_add(ret,
			 grower->kind == KERNEL_SLAB_RECLAIMABLE ? "memoir slab" : "memoir leaks --folded");
		return;
	}
	if (!process)
		process = largest_of(model, grower);
	if (!process)
		text_add(ret, "memoir top --groups");
	else if (grower->kind == GROWTH_ANONYMOUS && suspect->judgement.verdict != LEAK_FRAGMENTATION)
		text_add_format(ret, "memoir leaks --pid %u --for 30s", process->tgid);
	else
		text_add_format(ret, "memoir process %u%s", process->tgid,
				grower->kind == GROWTH_ANONYMOUS ? " --heap" : "");
}
