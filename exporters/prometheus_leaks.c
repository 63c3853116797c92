// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What leaks, for alerts: a series for each group, for the kernel's memory of each unit, and for each kind of
 * the kernel's own whose growth is judged to be a leak (leaks.h), and none for the rest.
 */
#include <math.h>
#include <string.h>

#include "leaks.h"
#include "prometheus_internal.h"

/* Of a group, of a unit's cgroups, or of the kernel itself. */
struct leaking {
	enum growth_owner owner;
	const char *comm, *unit; /* NULL: what has none */
	const char *kind;
	bool is_of_processes; /* the sum of those of the group that leak */
	double pages_per_hour, seconds_left;
};

struct leaks {
	struct leaking leak[NR_GROWTH_OWNERS * MAX_JUDGED];
	__u32 nr;
};

/* Whose leak it is, with nothing that is added up. */
static struct leaking describe(const struct model *model, const struct suspect *suspect)
{
	const struct grower *grower = &suspect->grower;
	struct leaking leaking = { .owner = grower->owner,
				   .kind = suspect_kind(suspect),
				   .seconds_left = INFINITY };

	if (grower->owner == OWNER_CGROUP) {
		leaking.unit = model_cgroup_unit(model, grower->cgroup_id);
	} else if (grower->owner != OWNER_KERNEL) {
		const struct group *group = model_group(model, grower->group);

		leaking.owner = OWNER_GROUP;
		leaking.is_of_processes = grower->owner == OWNER_PROCESS;
		leaking.comm = group->comm;
		leaking.unit = group->unit;
	}
	return leaking;
}

static bool is_same_name(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static struct leaking *find(struct leaks *leaks, const struct leaking *wanted)
{
	for (__u32 i = 0; i < leaks->nr; i++) {
		struct leaking *leaking = &leaks->leak[i];

		if (leaking->owner == wanted->owner && leaking->kind == wanted->kind &&
		    is_same_name(leaking->comm, wanted->comm) && is_same_name(leaking->unit, wanted->unit))
			return leaking;
	}
	return NULL;
}

/*
 * What the group does as a whole says more than the sum of its processes: some of them may give back. But the
 * limits of cgroups are those of the processes in them.
 */
static void add(struct leaks *leaks, const struct model *model, const struct suspect *suspect)
{
	const struct leak_judgement *judgement = &suspect->judgement;
	const struct leaking wanted = describe(model, suspect);
	struct leaking *leaking = find(leaks, &wanted);

	if (!leaking) {
		leaking = &leaks->leak[leaks->nr++];
		*leaking = wanted;
	}
	if (leaking->is_of_processes == wanted.is_of_processes)
		leaking->pages_per_hour += judgement->pages_per_hour;
	if (judgement->seconds_left < leaking->seconds_left)
		leaking->seconds_left = judgement->seconds_left;
}

/*
 * The memory of a cgroup's processes is that of groups already, where those leak; but together they reach its
 * limit sooner. Whether there are such groups.
 */
static bool hasten_groups(struct leaks *leaks, const struct model *model, const struct suspect *suspect)
{
	const struct leaking sum = describe(model, suspect);
	double seconds_left = suspect->judgement.seconds_left;
	bool is_any = false;

	if (suspect->grower.owner != OWNER_CGROUP || suspect->grower.kind == GROWTH_KERNEL)
		return false;
	for (__u32 i = 0; i < leaks->nr; i++) {
		struct leaking *leaking = &leaks->leak[i];

		if (leaking->owner != OWNER_GROUP || leaking->kind != sum.kind ||
		    !is_same_name(leaking->unit, sum.unit))
			continue;
		is_any = true;
		if (suspect->judgement.limit == LEAK_LIMIT_CGROUP && seconds_left < leaking->seconds_left)
			leaking->seconds_left = seconds_left;
	}
	return is_any;
}

static bool is_leak(const struct suspect *suspect)
{
	return suspect->judgement.verdict == LEAK_CERTAIN && suspect->judgement.has_rate;
}

static void find_leaks(const struct model *model, struct leaks *ret)
{
	static const enum growth_owner owners[] = { OWNER_GROUP, OWNER_PROCESS, OWNER_CGROUP, OWNER_KERNEL };
	struct suspect suspects[MAX_JUDGED];

	ret->nr = 0;
	for (size_t i = 0; i < sizeof(owners) / sizeof(owners[0]); i++) {
		__u32 nr = suspects_find(model, owners[i], suspects, MAX_JUDGED);

		for (__u32 j = 0; j < nr; j++)
			if (is_leak(&suspects[j]) && !hasten_groups(ret, model, &suspects[j]))
				add(ret, model, &suspects[j]);
	}
}

const struct leak_metric leak_metrics[NR_LEAK_METRICS] = {
	{ "memoir_group_leak_bytes_per_second", EVENTS, OWNER_GROUP,
	  "Growth of the group's memory that memoir leaks calls a leak, of the group as a whole or else of its processes that leak." },
	{ "memoir_group_leak_limit_seconds", NSEC, OWNER_GROUP,
	  "Time until what leaks, with all that grows in its cgroup, reaches the limit of that or uses up the machine's memory, if it goes on." },
	{ "memoir_cgroup_leak_bytes_per_second", EVENTS, OWNER_CGROUP,
	  "Growth of what the kernel holds for the unit's cgroups, or of all their processes where none of their groups leaks by itself, that memoir leaks calls a leak." },
	{ "memoir_cgroup_leak_limit_seconds", NSEC, OWNER_CGROUP,
	  "Time until that reaches the limit of its cgroup or uses up the machine's memory, if it goes on." },
	{ "memoir_kernel_leak_bytes_per_second", EVENTS, OWNER_KERNEL,
	  "Growth of the kernel's own memory that memoir leaks calls a leak." },
	{ "memoir_kernel_leak_limit_seconds", NSEC, OWNER_KERNEL,
	  "Time until that uses up the machine's memory, if it goes on." },
};

static void write_sample(struct writer *writer, const struct leak_metric *metric,
			 const struct leaking *leaking)
{
	double value = metric->unit == NSEC ? leaking->seconds_left
					    : leaking->pages_per_hour * (double)writer->page_size / 3600;

	if (metric->owner != leaking->owner || !isfinite(value))
		return;
	text_add(writer->text, metric->name);
	if (leaking->comm)
		write_label(writer, true, "comm", leaking->comm);
	if (leaking->unit)
		write_label(writer, !leaking->comm, "unit", leaking->unit);
	write_label(writer, !leaking->unit, "kind", leaking->kind);
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
