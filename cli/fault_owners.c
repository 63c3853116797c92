// SPDX-License-Identifier: GPL-2.0-or-later
/* Who faults: processes by what they wait, and groups by what their faults are for; see fault_owners.h. */
#include "fault_owners.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "../daemon/util.h"
#include "../exporters/human.h"
#include "output.h"
#include "reply.h"

#define MAX_ROWS 5

/* A process or a group, borrowed from an answer. */
struct owner {
	const json_t *object;
};

/* The first *ret_nr of an array, sorted; borrowed, in memory to be freed. NULL after one line. */
static struct owner *sorted_members(const json_t *array, int (*compare)(const void *, const void *),
				    size_t *ret_nr)
{
	size_t nr = json_array_size(array);
	struct owner *sorted = calloc(nr ? nr : 1, sizeof(*sorted));

	if (!sorted) {
		complain("out of memory");
		return NULL;
	}
	for (size_t i = 0; i < nr; i++)
		sorted[i].object = json_array_get(array, i);
	qsort(sorted, nr, sizeof(*sorted), compare);
	*ret_nr = nr < MAX_ROWS ? nr : MAX_ROWS;
	return sorted;
}

/* --- processes -------------------------------------------------------------------------------- */

/* What they are sorted by: time where it is known, and that in major faults first. */
static int compare_processes(const void *a, const void *b)
{
	static const char *const keys[] = { "major_fault_time_ns", "fault_time_ns", "major_faults",
					    "minor_faults" };
	const json_t *one = ((const struct owner *)a)->object, *other = ((const struct owner *)b)->object;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		uint64_t value = reply_u64(one, keys[i]), other_value = reply_u64(other, keys[i]);

		if (value != other_value)
			return value < other_value ? 1 : -1;
	}
	return 0;
}

/* All time is estimated, that in major faults is not. */
static const char *time_text(const json_t *process, const char *key, bool is_estimated, char *ret,
			     size_t size)
{
	struct human time = human_ns(reply_u64(process, key));

	if (!reply_is_known(process, key))
		snprintf(ret, size, "-");
	else
		snprintf(ret, size, "%s", is_estimated ? human_about(time).text : time.text);
	return ret;
}

static void add_process(const json_t *process, struct table *table)
{
	char pid[24], major_time[32], time[32];

	snprintf(pid, sizeof(pid), "%" PRIu64, reply_u64(process, "pid"));
	table_cell(table, pid);
	table_cell(table, reply_string(process, "comm"));
	table_cell(table, human_count(reply_u64(process, "major_faults")).text);
	table_cell(table, time_text(process, "major_fault_time_ns", false, major_time, sizeof(major_time)));
	table_cell(table, human_count(reply_u64(process, "minor_faults")).text);
	table_cell(table, time_text(process, "fault_time_ns", true, time, sizeof(time)));
	table_cell(table, reply_string(process, "unit"));
}

int fault_processes_show(const json_t *processes, bool is_timed, size_t width, struct text *out)
{
	static const struct table_column columns[] = {
		{ .header = "PID", .align = TABLE_RIGHT, .min_width = 7 },
		{ .header = "COMM", .min_width = 15 },
		{ .header = "MAJOR", .align = TABLE_RIGHT, .min_width = 6 },
		{ .header = "WAITED", .align = TABLE_RIGHT, .min_width = 6 },
		{ .header = "MINOR", .align = TABLE_RIGHT, .min_width = 6 },
		{ .header = "ALL TIME", .align = TABLE_RIGHT },
		{ .header = "UNIT", .is_flexible = true },
	};
	struct table table = TABLE_NEW(columns);
	size_t nr;
	struct owner *sorted = sorted_members(reply_member(processes, "processes"), compare_processes, &nr);

	if (!sorted)
		return EXIT_FAILED;
	for (size_t i = 0; i < nr && reply_u64(sorted[i].object, "minor_faults"); i++)
		add_process(sorted[i].object, &table);
	view_table(out, width,
		   is_timed ? "Living processes that waited longest in major faults:"
			    : "Living processes with most major faults:",
		   &table);
	free(sorted);
	return EXIT_OK;
}

/* --- groups ----------------------------------------------------------------------------------- */

static const struct {
	const char *key;
	bool is_estimate; /* one page of 32 is looked at */
} kinds[] = {
	{ "anonymous_faults", true },     { "file_faults", true },  { "copy_on_write_faults", true },
	{ "shared_memory_faults", true }, { "swap_faults", false }, { "huge_page_faults", false },
	{ "userfaultfd_faults", false },
};

/* Failed faults are of no kind, and together in one column. */
static const char *const failures[] = { "oom_faults", "sigbus_faults", "hwpoison_faults", "sigsegv_faults" };

static uint64_t nr_failed(const json_t *group)
{
	uint64_t nr = 0;

	for (size_t i = 0; i < ARRAY_SIZE(failures); i++)
		nr += reply_u64(group, failures[i]);
	return nr;
}

static uint64_t nr_of_all_kinds(const json_t *group)
{
	uint64_t nr = nr_failed(group);

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		nr += reply_u64(group, kinds[i].key);
	return nr;
}

static int compare_groups(const void *a, const void *b)
{
	uint64_t one = nr_of_all_kinds(((const struct owner *)a)->object),
		 other = nr_of_all_kinds(((const struct owner *)b)->object);

	return one < other ? 1 : -(one > other);
}

static void add_group(const json_t *group, struct table *table)
{
	table_cell(table, reply_string(group, "comm"));
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		uint64_t count = reply_u64(group, kinds[i].key);

		table_cell(table,
			   kinds[i].is_estimate ? human_estimate(count).text : human_count(count).text);
	}
	table_cell(table, human_count(nr_failed(group)).text);
	table_cell(table, reply_string(group, "unit"));
}

int fault_groups_show(const json_t *groups, size_t width, struct text *out)
{
	static const struct table_column columns[] = {
		{ .header = "COMM", .min_width = 8 },
		{ .header = "ANON", .align = TABLE_RIGHT, .min_width = 6 },
		{ .header = "FILE", .align = TABLE_RIGHT, .min_width = 6 },
		{ .header = "COPY", .align = TABLE_RIGHT, .min_width = 6 },
		{ .header = "SHMEM", .align = TABLE_RIGHT, .min_width = 5 },
		{ .header = "SWAP", .align = TABLE_RIGHT, .min_width = 4 },
		{ .header = "HUGE", .align = TABLE_RIGHT, .min_width = 4 },
		{ .header = "UFFD", .align = TABLE_RIGHT },
		{ .header = "FAILED", .align = TABLE_RIGHT },
		{ .header = "UNIT", .is_flexible = true },
	};
	struct table table = TABLE_NEW(columns);
	size_t nr;
	struct owner *sorted = sorted_members(reply_member(groups, "groups"), compare_groups, &nr);

	if (!sorted)
		return EXIT_FAILED;
	for (size_t i = 0; i < nr && nr_of_all_kinds(sorted[i].object); i++)
		add_group(sorted[i].object, &table);
	view_table(out, width, "Groups with most faults, by what they were for:", &table);
	free(sorted);
	return EXIT_OK;
}
