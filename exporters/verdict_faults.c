// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules about time that tasks wait in page faults; see verdict.h. */
#include "human.h"
#include "verdict_rules.h"

/* Waited seconds per second, all tasks together, above which it is said, and above which it is a problem. */
#define FAULT_WARNING 0.05
#define FAULT_PROBLEM 0.5

/*
 * The file that a process has read from storage most often in faults, of those that the last snapshot has;
 * NULL if there is none. How long it waited for that alone is not kept.
 */
static const struct rec_fault_mapping *most_read_file(const struct model *model)
{
	const struct rec_fault_mapping *most = NULL;

	for (__u32 i = 0; i < model_nr_fault_mappings(model); i++) {
		const struct rec_fault_mapping *mapping = model_fault_mapping(model, i);

		if ((mapping->cause == FAULT_FILE || mapping->cause == FAULT_COPY_ON_WRITE) &&
		    mapping->name[0] && mapping->nr_major > (most ? most->nr_major : 0))
			most = mapping;
	}
	return most;
}

static void add_remedy(const struct model *model, bool is_swap, struct text *remedy)
{
	if (is_swap)
		text_add_format(
			remedy,
			"What was swapped out is in use: limit or move what grows (memoir top --sort rss), or keep "
			"that unit in memory by its memory.low. vm.swappiness is %s now.",
			model_setting(model, SETTING_SWAPPINESS));
	else
		text_add(
			remedy,
			"Pages of files are read again and again, or for the first time: memoir faults has the files. "
			"Where they were in memory before, there is too little of it for them: limit or move what grows "
			"(memoir top --sort rss), or protect that unit's memory by its memory.low.");
}

bool judge_major_faults(const struct model *model, struct verdict *ret)
{
	const struct group *most = group_with_most(model, LEDGER_MAJOR_FAULT_TIME);
	double waited = lately_per_second(model, LEDGER_MAJOR_FAULT_TIME) / 1e9;
	/* Shared memory and files of tmpfs are read from nowhere else. */
	__u64 swap_ns = model_major_fault_growth(model, FAULT_SWAP, LATELY_NS) +
			model_major_fault_growth(model, FAULT_SHARED_MEMORY, LATELY_NS);
	__u64 file_ns = model_major_fault_growth(model, FAULT_FILE, LATELY_NS) +
			model_major_fault_growth(model, FAULT_COPY_ON_WRITE, LATELY_NS);
	const struct rec_fault_mapping *file = most_read_file(model);
	__u64 covered_ns;

	model_growth(model, LEDGER_MAJOR_FAULT_TIME, LATELY_NS, &covered_ns);
	if (!model_sees_row(model, LEDGER_MAJOR_FAULT_TIME) || waited < FAULT_WARNING)
		return false;
	ret->severity = waited < FAULT_PROBLEM ? SEVERITY_WARNING : SEVERITY_PROBLEM;
	ret->since_ns = model_growing_since(model, LEDGER_MAJOR_FAULT_TIME);
	text_add_format(
		&ret->finding,
		"Tasks wait in page faults that read from storage: %s of the time, all together, over "
		"the last %s.",
		human_percent(waited).text, human_duration(covered_ns).text);
	text_add_format(&ret->evidence, "Meanwhile %s were waited for swap and %s for files.",
			human_ns(swap_ns).text, human_ns(file_ns).text);
	if (file)
		text_add_format(&ret->evidence, " So far the file most often read for that is %s.",
				file->name);
	if (most) {
		text_add(&ret->who, "So far it has cost most to ");
		text_add_group(&ret->who, most);
		text_add_format(&ret->who, ": %s.", human_ns(most->total.v[LEDGER_MAJOR_FAULT_TIME]).text);
	}
	add_remedy(model, swap_ns > file_ns, &ret->remedy);
	return true;
}
