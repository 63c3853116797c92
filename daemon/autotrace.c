// SPDX-License-Identifier: GPL-2.0-or-later
/* What memoird traces by itself; see autotrace.h. */
#include "autotrace.h"

#include "../exporters/leaks.h"

/* Of those that are judged (exporters/leaks.h), so many of the worst are asked whether a trace is of use. */
#define MAX_SUSPECTS 16u

static bool is_own(const struct process *process, const __u32 *own, __u32 nr_own)
{
	for (__u32 i = 0; i < nr_own; i++)
		if (process->tgid == own[i])
			return true;
	return false;
}

static bool was_traced(const struct autotrace *autotrace, const struct process *process, __u64 now_ns)
{
	for (__u32 i = 0; i < AUTOTRACE_MAX_TRACED; i++)
		if (autotrace->traced[i].begun_ns && autotrace->traced[i].tgid == process->tgid &&
		    autotrace->traced[i].start_ns == process->start_ns &&
		    now_ns - autotrace->traced[i].begun_ns < AUTOTRACE_AGAIN_NS)
			return true;
	return false;
}

static bool is_wanted(const struct suspect *suspect)
{
	const struct grower *grower = &suspect->grower;
	const bool is_seen = grower->owner == OWNER_KERNEL ? is_seen_by_kernel_trace(grower)
							   : grower->kind == GROWTH_ANONYMOUS;

	return is_seen && (suspect->judgement.verdict == LEAK_CERTAIN || is_pressing(&suspect->judgement));
}

/* Memory that runs out is the best reason for a trace, as long as there is enough for the trace. */
static bool has_room(const struct model *model)
{
	const struct rec_kernel_memory *memory = model_kernel_memory(model);

	return !memory || memory->available_pages == KERNEL_MEMORY_UNKNOWN ||
	       pages_to_bytes(model, (double)memory->available_pages) >= AUTOTRACE_MIN_AVAILABLE_BYTES;
}

static void note(struct autotrace *autotrace, const struct process *process, __u64 now_ns)
{
	autotrace->begun_ns = now_ns;
	autotrace->traced[autotrace->next].tgid = process->tgid;
	autotrace->traced[autotrace->next].start_ns = process->start_ns;
	autotrace->traced[autotrace->next].begun_ns = now_ns;
	autotrace->next = (autotrace->next + 1) % AUTOTRACE_MAX_TRACED;
}

static const struct process *pick_of(struct autotrace *autotrace, const struct model *model, __u64 now_ns,
				     enum growth_owner owner, const __u32 *own, __u32 nr_own)
{
	static const struct process kernel; /* number 0 */
	struct suspect suspects[MAX_SUSPECTS];
	const __u32 nr = suspects_find(model, owner, suspects, MAX_SUSPECTS);

	for (__u32 i = 0; i < nr; i++) {
		const struct process *process = owner == OWNER_KERNEL ? &kernel : suspects[i].grower.process;

		if (!is_wanted(&suspects[i]) || is_own(process, own, nr_own) ||
		    was_traced(autotrace, process, now_ns))
			continue;
		note(autotrace, process, now_ns);
		return process;
	}
	return NULL;
}

const struct process *autotrace_pick(struct autotrace *autotrace, const struct model *model, __u64 now_ns,
				     bool has_tracer, const __u32 *own, __u32 nr_own)
{
	const struct process *process = NULL;

	if ((autotrace->looked_ns && now_ns - autotrace->looked_ns < AUTOTRACE_LOOK_NS) ||
	    (autotrace->begun_ns && now_ns - autotrace->begun_ns < AUTOTRACE_PAUSE_NS) || !has_room(model))
		return NULL;
	autotrace->looked_ns = now_ns;
	if (has_tracer)
		process = pick_of(autotrace, model, now_ns, OWNER_PROCESS, own, nr_own);
	return process ?: pick_of(autotrace, model, now_ns, OWNER_KERNEL, own, nr_own);
}
