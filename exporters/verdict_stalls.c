// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules about time that tasks wait for memory, and about those that were killed for it; see verdict.h. */
#include "human.h"
#include "verdict_rules.h"

/* Waited seconds per second, all tasks together, above which it is said, and above which it is a problem. */
#define WAIT_WARNING 0.01
#define WAIT_PROBLEM 0.1

/* Reads from swap per second that are as much: a good SSD takes 0.1 ms for one, and what is slower longer. */
#define SWAP_IN_WARNING (WAIT_WARNING * 1e4)
#define SWAP_IN_PROBLEM (WAIT_PROBLEM * 1e4)

#define HOUR_NS (3600 * 1000000000ULL)

bool judge_waiting(const struct model *model, enum stall_kind kind, struct verdict *ret)
{
	enum ledger count = (enum ledger)LEDGER_STALLS(kind), self = (enum ledger)LEDGER_STALL_SELF_NS(kind);
	const char *name = model_dim_label(model, DIM_STALL_KIND, kind);
	const struct group *most = group_with_most(model, self);
	double waited = lately_per_second(model, self) / 1e9;
	__u64 covered_ns, nr_stalls = model_growth(model, count, LATELY_NS, &covered_ns);

	if (waited < WAIT_WARNING)
		return false;
	ret->severity = waited < WAIT_PROBLEM ? SEVERITY_WARNING : SEVERITY_PROBLEM;
	ret->since_ns = model_growing_since(model, self);
	text_add_format(&ret->finding, "Tasks wait in %s: %s of the time, all together, over the last %s.",
			name, human_percent(waited).text, human_duration(covered_ns).text);
	text_add_format(&ret->evidence, "%s stalls of %s on average.", human_count(nr_stalls).text,
			human_ns(human_round(waited * (double)covered_ns /
					     (double)(nr_stalls ? nr_stalls : 1)))
				.text);
	if (most) {
		text_add_format(&ret->who, "So far it has cost most to ");
		text_add_group(&ret->who, most);
		text_add_format(&ret->who, ": %s.", human_ns(most->total.v[self]).text);
	}
	return true;
}

bool judge_direct_reclaim(const struct model *model, struct verdict *ret)
{
	if (!judge_waiting(model, STALL_DIRECT_RECLAIM, ret))
		return false;
	text_add_format(
		&ret->remedy,
		"The machine is short of memory: limit or move what grows (memoir top --sort rss). If it comes "
		"in bursts, kswapd begins earlier with a higher vm.watermark_scale_factor (now %s).",
		model_setting(model, SETTING_WATERMARK_SCALE_FACTOR));
	return true;
}

bool judge_memcg_reclaim(const struct model *model, struct verdict *ret)
{
	if (!judge_waiting(model, STALL_MEMCG_RECLAIM, ret))
		return false;
	text_add(
		&ret->remedy,
		"A memory cgroup is at its limit: raise memory.max or memory.high of that unit, or let it hold less.");
	return true;
}

static __u64 page_size_of(const struct model *model)
{
	struct model_status status;

	model_status(model, &status);
	return status.machine->page_size;
}

/*
 * Faults that wait for swap per second, at most: each is a major fault, and reads a page at least. Pages that
 * are read ahead with it, by swapoff or by khugepaged, are none.
 */
static double swap_waits_per_second(const struct model *model)
{
	double pages = lately_per_second(model, LEDGER_SWAPPED_IN);
	double faults = lately_per_second(model, LEDGER_MAJOR_FAULTS);

	return pages < faults ? pages : faults;
}

static bool note_unseen_swap_in(const struct model *model, struct verdict *ret)
{
	__u64 nr_pages = model_ledger_total(model, LEDGER_SWAP);

	if (!nr_pages)
		return false;
	ret->severity = SEVERITY_NOTE;
	text_add(&ret->finding,
		 "Whether tasks wait for memory that was swapped out is not visible on this kernel.");
	text_add_format(&ret->evidence, "%s of processes are swapped out now.",
			human_bytes(nr_pages * page_size_of(model)).text);
	text_add(&ret->remedy,
		 "memoir probes says why; memoir_swapped_bytes_total has what the machine reads.");
	return true;
}

bool judge_swap_in(const struct model *model, struct verdict *ret)
{
	const struct group *most = group_with_most(model, LEDGER_SWAPPED_IN);
	double per_second = swap_waits_per_second(model);
	__u64 covered_ns, page_size = page_size_of(model);
	__u64 nr_pages = model_growth(model, LEDGER_SWAPPED_IN, LATELY_NS, &covered_ns);

	if (!model_sees_row(model, LEDGER_SWAPPED_IN))
		return note_unseen_swap_in(model, ret);
	if (per_second < SWAP_IN_WARNING)
		return false;
	ret->severity = per_second < SWAP_IN_PROBLEM ? SEVERITY_WARNING : SEVERITY_PROBLEM;
	ret->since_ns = model_growing_since(model, LEDGER_SWAPPED_IN);
	text_add_format(
		&ret->finding,
		"Tasks wait for memory that was swapped out: up to %s times a second over the last %s.",
		human_count(human_round(per_second)).text, human_duration(covered_ns).text);
	text_add_format(
		&ret->evidence,
		"%s were read back, and %s of processes are swapped out now. A read takes 0.1 ms or more "
		"from a good SSD; from memory (zram) a tenth of that, and is as much less bad.",
		human_bytes(nr_pages * page_size).text,
		human_bytes(model_ledger_total(model, LEDGER_SWAP) * page_size).text);
	if (most) {
		text_add(&ret->who, "So far most was read by ");
		text_add_group(&ret->who, most);
		text_add_format(&ret->who, ": %s; %s of it are swapped out now.",
				human_bytes(most->total.v[LEDGER_SWAPPED_IN] * page_size).text,
				human_bytes(most->total.v[LEDGER_SWAP] * page_size).text);
	}
	text_add_format(
		&ret->remedy,
		"What is read back is in use, and there is too little memory for it: limit or move what grows "
		"(memoir top --sort rss), or keep that unit in memory by its memory.low. vm.swappiness (now %s) "
		"decides only whether such memory or files go first.",
		model_setting(model, SETTING_SWAPPINESS));
	return true;
}

/* The OOM kills of the last hour that are still among the events; the last of them. */
static const struct rec_oom_kill *recent_kills(const struct model *model, __u64 now_ns, __u64 *ret_nr)
{
	const struct rec_oom_kill *last = NULL;
	__u64 first_event, last_event;

	*ret_nr = 0;
	model_event_range(model, &first_event, &last_event);
	for (__u64 number = first_event; number <= last_event; number++) {
		const union event *event = model_event(model, number);

		if (!event || event->h.kind != REC_OOM_KILL || event->h.time_ns + HOUR_NS < now_ns)
			continue;
		last = &event->oom_kill;
		(*ret_nr)++;
	}
	return last;
}

bool judge_oom_kills(const struct model *model, struct verdict *ret)
{
	struct model_status status;
	const struct rec_oom_kill *last;
	__u64 nr_kills;

	model_status(model, &status);
	last = recent_kills(model, status.time_ns, &nr_kills);
	if (!last)
		return false;
	ret->severity = SEVERITY_PROBLEM;
	ret->since_ns = last->h.time_ns;
	text_add_format(&ret->finding, "The OOM killer chose %s process%s during the last hour.",
			human_count(nr_kills).text, nr_kills == 1 ? "" : "es");
	text_add_format(&ret->evidence, "The last was %s (pid %u), with %s of anonymous memory.",
			last->victim_comm[0] ? last->victim_comm : "one whose name this kernel does not tell",
			last->victim_pid, human_bytes(last->anon_rss_kb << 10).text);
	text_add_format(&ret->who, "Memory was needed for %s (pid %u).", last->id.comm, last->id.tgid);
	text_add(&ret->remedy,
		 "memoir events has each of them. Where it was a limit (memcg_reclaim), raise that limit; "
		 "else the machine has too little memory for what it runs.");
	return true;
}
