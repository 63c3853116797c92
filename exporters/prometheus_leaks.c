// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What leaks, for alerts: a series for each group and for each kind of kernel memory whose growth is judged
 * to be a leak (leaks.h), and none for the rest.
 */
#include <math.h>

#include "leaks.h"
#include "prometheus_internal.h"

#define MAX_LEAKS 32u

/* Of a group, or of the kernel itself. */
struct leaking {
	const struct group *group; /* NULL: the kernel's */
	const char *kind;
	bool is_of_processes; /* the sum of those of the group that leak */
	double pages_per_hour, seconds_left;
};

struct leaks {
	struct leaking leak[3 * MAX_LEAKS];
	__u32 nr;
};

static struct leaking *find(struct leaks *leaks, const struct group *group, const char *kind)
{
	for (__u32 i = 0; i < leaks->nr; i++)
		if (leaks->leak[i].group == group && leaks->leak[i].kind == kind)
			return &leaks->leak[i];
	return NULL;
}

/* What the group does as a whole says more than the sum of its processes: some of them may give back. */
static void add(struct leaks *leaks, const struct model *model, const struct suspect *suspect)
{
	const struct grower *grower = &suspect->grower;
	const struct leak_judgement *judgement = &suspect->judgement;
	const struct group *group = grower->owner == OWNER_KERNEL ? NULL : model_group(model, grower->group);
	const char *kind = suspect_kind(suspect);
	struct leaking *leaking = find(leaks, group, kind);

	if (leaking && !leaking->is_of_processes)
		return;
	if (!leaking) {
		leaking = &leaks->leak[leaks->nr++];
		*leaking = (struct leaking){ .group = group,
					     .kind = kind,
					     .is_of_processes = grower->owner == OWNER_PROCESS,
					     .seconds_left = INFINITY };
	}
	leaking->pages_per_hour += judgement->pages_per_hour;
	if (judgement->seconds_left < leaking->seconds_left)
		leaking->seconds_left = judgement->seconds_left;
}

static void find_leaks(const struct model *model, struct leaks *ret)
{
	static const enum growth_owner owners[] = { OWNER_GROUP, OWNER_PROCESS, OWNER_KERNEL };
	struct suspect suspects[MAX_LEAKS];

	ret->nr = 0;
	for (size_t i = 0; i < sizeof(owners) / sizeof(owners[0]); i++) {
		__u32 nr = suspects_find(model, owners[i], suspects, MAX_LEAKS);

		for (__u32 j = 0; j < nr; j++)
			if (suspects[j].judgement.verdict == LEAK_CERTAIN && suspects[j].judgement.has_rate)
				add(ret, model, &suspects[j]);
	}
}

const struct leak_metric leak_metrics[NR_LEAK_METRICS] = {
	{ "memoir_group_leak_bytes_per_second", EVENTS, false,
	  "Growth of the group's memory that memoir leaks calls a leak, of the group as a whole or else of its processes that leak." },
	{ "memoir_group_leak_limit_seconds", NSEC, false,
	  "Time until what leaks reaches the limit of its cgroup or uses up the machine's memory, if it goes on." },
	{ "memoir_kernel_leak_bytes_per_second", EVENTS, true,
	  "Growth of the kernel's own memory that memoir leaks calls a leak." },
	{ "memoir_kernel_leak_limit_seconds", NSEC, true,
	  "Time until that uses up the machine's memory, if it goes on." },
};

static void write_sample(struct writer *writer, const struct leak_metric *metric,
			 const struct leaking *leaking)
{
	double value = metric->unit == NSEC ? leaking->seconds_left
					    : leaking->pages_per_hour * (double)writer->page_size / 3600;

	if (metric->is_of_kernel == (leaking->group != NULL) || !isfinite(value))
		return;
	text_add(writer->text, metric->name);
	if (leaking->group) {
		write_label(writer, true, "comm", leaking->group->comm);
		write_label(writer, false, "unit", leaking->group->unit);
	}
	write_label(writer, !leaking->group, "kind", leaking->kind);
	text_add_format(writer->text, "} %.3f\n", value);
}

void write_leaks(struct writer *writer)
{
	struct leaks leaks;

	find_leaks(writer->model, &leaks);
	for (__u32 i = 0; i < NR_LEAK_METRICS; i++) {
		const struct leak_metric *metric = &leak_metrics[i];

		write_header(writer, metric->name, GAUGE, metric->unit, metric->help);
		for (__u32 j = 0; j < leaks.nr; j++)
			write_sample(writer, metric, &leaks.leak[j]);
	}
}
