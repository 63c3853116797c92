// SPDX-License-Identifier: GPL-2.0-or-later
/* The rows of top; see top_rows.h. */
#include "top_rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../exporters/human.h"

static const char *const key_names[NR_TOP_KEYS] = {
	[TOP_PID] = "pid",       [TOP_COMM] = "comm",   [TOP_RSS] = "rss",
	[TOP_FAULTS] = "faults", [TOP_ALLOC] = "alloc", [TOP_STALL] = "stall",
	[TOP_MAJOR] = "major",   [TOP_TOTAL] = "total", [TOP_UNIT] = "unit",
};

int top_key_find(const char *name)
{
	for (int key = 0; key < NR_TOP_KEYS; key++)
		if (!strcmp(key_names[key], name))
			return key;
	return -1;
}

const char *top_key_name(enum top_key key)
{
	return key_names[key];
}

/* --- from the reply --------------------------------------------------------------------------- */

/* The sum of all stall kinds' own time; nested time would count twice. */
static double stall_self_ns(const json_t *counters)
{
	static const char suffix[] = "_stall_self_ns";
	const char *key;
	json_t *value;
	double sum = 0;

	json_object_foreach((json_t *)(uintptr_t)counters, key, value)
	{
		size_t len = strlen(key);

		if (len >= sizeof(suffix) - 1 && !strcmp(key + len - (sizeof(suffix) - 1), suffix))
			sum += json_number_value(value);
	}
	return sum;
}

static void read_row(struct top_row *row, const json_t *object, bool is_groups)
{
	const json_t *rate = reply_member(object, "rate");

	*row = (struct top_row){
		.comm = reply_string(object, "comm"),
		.unit = reply_string(object, "unit"),
		.pid = reply_u64(object, is_groups ? "processes" : "pid"),
		.rss_bytes = reply_u64(object, "rss_anon_bytes") + reply_u64(object, "rss_file_bytes") +
			     reply_u64(object, "rss_shmem_bytes"),
		.faults_per_second = reply_double(rate, "minor_faults") + reply_double(rate, "major_faults"),
		.major_per_second = reply_double(rate, "major_faults"),
		.allocated_per_second = reply_double(rate, "allocated_bytes"),
		.stall = stall_self_ns(rate) / 1e9,
		.stalled_ns = human_round(stall_self_ns(object)),
	};
}

static void add_total(struct top_row *total, const struct top_row *row)
{
	total->pid += row->pid;
	total->faults_per_second += row->faults_per_second;
	total->major_per_second += row->major_per_second;
	total->allocated_per_second += row->allocated_per_second;
	total->stall += row->stall;
	total->stalled_ns += row->stalled_ns;
}

bool top_rows_read(struct top_rows *rows, const json_t *reply, bool is_groups)
{
	const json_t *array = reply_member(reply, is_groups ? "groups" : "processes");
	size_t nr = json_array_size(array);

	*rows = (struct top_rows){ .is_groups = is_groups };
	if (!nr)
		return true;
	rows->row = calloc(nr, sizeof(*rows->row));
	if (!rows->row)
		return false;
	rows->nr = nr;
	for (size_t i = 0; i < nr; i++) {
		const json_t *object = json_array_get(array, i);

		read_row(&rows->row[i], object, is_groups);
		/* A group without series of its own is in "other" as well. */
		if (!is_groups || reply_bool(object, "exported"))
			add_total(&rows->total, &rows->row[i]);
	}
	return true;
}

void top_rows_free(struct top_rows *rows)
{
	free(rows->row);
	*rows = (struct top_rows){};
}

/* --- choice and order ------------------------------------------------------------------------- */

void top_rows_filter(struct top_rows *rows, const char *substring)
{
	size_t nr_kept = 0;

	for (size_t i = 0; i < rows->nr; i++)
		if (strcasestr(rows->row[i].comm, substring) || strcasestr(rows->row[i].unit, substring))
			rows->row[nr_kept++] = rows->row[i];
	rows->nr = nr_kept;
}

static int descending(double a, double b)
{
	return (a < b) - (a > b);
}

static int compare(const struct top_row *a, const struct top_row *b, enum top_key key)
{
	switch (key) {
	case TOP_PID:
		return (a->pid > b->pid) - (a->pid < b->pid);
	case TOP_COMM:
		return strcmp(a->comm, b->comm);
	case TOP_UNIT:
		return strcmp(a->unit, b->unit);
	case TOP_FAULTS:
		return descending(a->faults_per_second, b->faults_per_second);
	case TOP_MAJOR:
		return descending(a->major_per_second, b->major_per_second);
	case TOP_ALLOC:
		return descending(a->allocated_per_second, b->allocated_per_second);
	case TOP_STALL:
		return descending(a->stall, b->stall);
	case TOP_TOTAL:
		return (a->stalled_ns < b->stalled_ns) - (a->stalled_ns > b->stalled_ns);
	case TOP_RSS:
	default:
		return (a->rss_bytes < b->rss_bytes) - (a->rss_bytes > b->rss_bytes);
	}
}

struct order {
	enum top_key key;
	bool is_reversed;
};

static int compare_rows(const void *left, const void *right, void *ctx)
{
	const struct top_row *a = left, *b = right;
	const struct order *order = ctx;
	int by_key = compare(a, b, order->key);

	if (by_key)
		return order->is_reversed ? -by_key : by_key;
	by_key = compare(a, b, TOP_RSS);
	return by_key ? by_key : compare(a, b, TOP_PID);
}

void top_rows_sort(struct top_rows *rows, enum top_key key, bool is_reversed)
{
	struct order order = { .key = key, .is_reversed = is_reversed };

	if (rows->nr)
		qsort_r(rows->row, rows->nr, sizeof(*rows->row), compare_rows, &order);
}

/* --- as a table ------------------------------------------------------------------------------- */

#define NUMBER(text)                                                                        \
	{                                                                                   \
		.header = (text), .align = TABLE_RIGHT, .min_width = 7, .is_optional = true \
	}
#define COLUMNS(pid_header)                                                                             \
	{                                                                                               \
		{ .header = (pid_header), .align = TABLE_RIGHT, .min_width = 7 },                       \
			{ .header = "COMM", .min_width = 15 }, NUMBER("RSS"), NUMBER("FAULT/s"),        \
			NUMBER("ALLOC/s"), NUMBER("STALL%"), NUMBER("MAJOR/s"), NUMBER("STALLED"),      \
			{ .header = "UNIT", .is_flexible = true, .min_width = 4, .is_optional = true }, \
	}

const struct table_column *top_columns(bool is_groups)
{
	static const struct table_column processes[NR_TOP_KEYS] = COLUMNS("PID");
	static const struct table_column groups[NR_TOP_KEYS] = COLUMNS("PROCS");

	return is_groups ? groups : processes;
}

void top_rows_add(const struct top_rows *rows, size_t first, size_t nr, struct table *table)
{
	for (size_t i = first; i < rows->nr && i - first < nr; i++) {
		const struct top_row *row = &rows->row[i];
		char pid[24];

		snprintf(pid, sizeof(pid), "%" PRIu64, row->pid);
		table_cell(table, pid);
		table_cell(table, row->comm);
		table_cell(table, human_bytes(row->rss_bytes).text);
		table_cell(table, human_rate(row->faults_per_second).text);
		table_cell(table, human_byte_rate(row->allocated_per_second).text);
		table_cell(table, human_percent(row->stall).text);
		table_cell(table, human_rate(row->major_per_second).text);
		table_cell(table, human_ns(row->stalled_ns).text);
		table_cell(table, row->unit);
	}
}
