/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What top shows at one moment, on a screen or as a table; shared by top.c and top_screen.c. */
#ifndef MEMOIR_TOP_H
#define MEMOIR_TOP_H

#include "ask.h"
#include "command.h"
#include "top_rows.h"

/* One moment: what was asked for, and what came. Start with {}. */
struct top_moment {
	struct answer groups, processes; /* processes only where they are shown */
	struct answer zones;             /* only where they are shown */
	struct top_rows rows;            /* filtered and sorted */
	struct top_row total;            /* of the whole machine */
	uint64_t nr_processes, nr_groups;
	char problem[256]; /* why the last attempt failed; then the rest is of the one before. Or "" */
};

struct top_choice {
	enum top_key key;
	bool is_reversed, is_groups;
	bool is_zones;      /* free memory over time instead of rows */
	const char *filter; /* substring, or "" */
};

/*
 * Asks anew. 0; or a negative errno of ask() or -ENOMEM, with moment->problem set: moment then still holds
 * what was there.
 */
int top_fetch(struct source *source, const struct top_choice *choice, uint64_t max_age_ms,
	      struct top_moment *moment);
/* Filters and sorts what is there once more. false if processes are wanted and only groups are there. */
bool top_arrange(const struct top_choice *choice, struct top_moment *moment);
void top_moment_free(struct top_moment *moment);

/* Appends the line of system-wide rates. */
void top_add_summary(struct text *out, const struct top_moment *moment, size_t width);

/* The table of the rows; free with table_free(). */
struct table top_table(const struct top_choice *choice);

/* Whether standard input and output are a terminal that a screen can be drawn on. */
bool top_screen_is_possible(void);
/* Shows moment and what follows it until told to stop. Returns the exit status. */
int top_screen_run(struct cli *cli, const struct top_choice *choice, struct top_moment *moment);

#endif
