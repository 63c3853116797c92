/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rows of top: taken from the API's reply, filtered, sorted, and as a table. Pure; the screen is
 * top_screen.c.
 */
#ifndef MEMOIR_TOP_ROWS_H
#define MEMOIR_TOP_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reply.h"
#include "table.h"

/* The columns from the left; also what rows can be sorted by. */
enum top_key {
	TOP_PID,
	TOP_COMM,
	TOP_RSS,
	TOP_FAULTS,
	TOP_ALLOC,
	TOP_STALL,
	TOP_MAJOR,
	TOP_TOTAL,
	TOP_UNIT,
	NR_TOP_KEYS,
};

#define TOP_KEY_LIST "pid, comm, rss, faults, alloc, stall, major, total, unit"

/* The key of that name, or -1. */
int top_key_find(const char *name);
const char *top_key_name(enum top_key key);

struct top_row {
	const char *comm, *unit; /* raw, borrowed from the reply */
	uint64_t pid;            /* of a group: its number of processes */
	uint64_t rss_bytes;
	double faults_per_second, major_per_second, allocated_per_second;
	double stall; /* stalled time by wall time, all threads together */
	uint64_t stalled_ns;
};

struct top_rows {
	struct top_row *row;
	size_t nr;
	bool is_groups;
	struct top_row total; /* of the whole machine; without names and RSS */
};

/*
 * The rows of a reply of /v1/processes or /v1/groups, which must stay as long as they. false without memory.
 * Only the total of groups is that of the machine: it has the processes that ended in the interval.
 */
bool top_rows_read(struct top_rows *rows, const json_t *reply, bool is_groups);
void top_rows_free(struct top_rows *rows);

/* Keeps the rows whose comm or unit contains this, upper and lower case alike. "" keeps all. */
void top_rows_filter(struct top_rows *rows, const char *substring);

/* Names ascend, numbers descend, unless reversed; what is equal is in order of RSS and pid. */
void top_rows_sort(struct top_rows *rows, enum top_key key, bool is_reversed);

/* The columns of the table, NR_TOP_KEYS. */
const struct table_column *top_columns(bool is_groups);

/* Adds rows [first, first + nr) to a table with top_columns(). */
void top_rows_add(const struct top_rows *rows, size_t first, size_t nr, struct table *table);

#endif
