/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Column tables, the one renderer of everything that has rows. It makes every cell safe to show,
 * aligns by columns on the terminal, and fits the width: it shortens the flexible column,
 * then leaves out optional columns from the right, then cuts lines. Pure.
 */
#ifndef MEMOIR_TABLE_H
#define MEMOIR_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "../exporters/text.h"

#define TABLE_MAX_COLUMNS 16

enum table_align { TABLE_LEFT, TABLE_RIGHT };

struct table_column {
	const char *header;
	enum table_align align;
	size_t min_width; /* 0: as wide as its widest cell */
	bool is_flexible; /* at most one: where room is short it is cut, to min_width or else 6 */
	bool is_optional; /* may be left out where room is short */
};

struct table {
	const struct table_column *columns; /* borrowed */
	size_t nr_columns;
	size_t indent;     /* blanks before each line */
	size_t gap;        /* blanks between columns; 0 stands for 2 */
	struct text cells; /* safe to show, each terminated, row by row */
	size_t nr_cells;
	/* By table_layout(): */
	size_t width[TABLE_MAX_COLUMNS]; /* 0: left out */
	size_t x[TABLE_MAX_COLUMNS];     /* where a column begins */
};

/* The initial value of a table with an array of columns. */
#define TABLE_NEW(array)                                                             \
	{                                                                            \
		.columns = (array), .nr_columns = sizeof(array) / sizeof((array)[0]) \
	}

void table_free(struct table *table);
#define _cleanup_table_ __attribute__((cleanup(table_free)))

/* Appends the next cell; cells fill the columns from the left, row by row. string is of unknown origin. */
void table_cell(struct table *table, const char *string);

/* Fits the columns into width (at least 1); table_render() does so itself. */
void table_layout(struct table *table, size_t width);

/* Appends the header and all complete rows to text, each line ended; none is wider than width. */
void table_render(struct table *table, size_t width, struct text *text);

#endif
