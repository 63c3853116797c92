// SPDX-License-Identifier: GPL-2.0-or-later
/* Column tables; see table.h. */
#include "table.h"

#include <string.h>

#include "visible.h"

#define DEFAULT_GAP 2
#define MIN_FLEXIBLE_WIDTH 6

void table_free(struct table *table)
{
	text_free(&table->cells);
}

void table_cell(struct table *table, const char *string)
{
	visible_add(&table->cells, string);
	text_add_bytes(&table->cells, "", 1);
	table->nr_cells++;
}

static size_t table_gap(const struct table *table)
{
	return table->gap ? table->gap : DEFAULT_GAP;
}

static size_t min_flexible(const struct table_column *column)
{
	return column->min_width ? column->min_width : MIN_FLEXIBLE_WIDTH;
}

/* The complete ones. */
static size_t table_nr_rows(const struct table *table)
{
	return table->nr_columns ? table->nr_cells / table->nr_columns : 0;
}

/* What every column would like to have. */
static void natural_widths(struct table *table)
{
	const char *cell = table->cells.data;

	for (size_t c = 0; c < table->nr_columns; c++) {
		size_t header = visible_width(table->columns[c].header);

		table->width[c] = table->columns[c].min_width > header ? table->columns[c].min_width : header;
	}
	for (size_t r = 0; r < table_nr_rows(table); r++)
		for (size_t c = 0; c < table->nr_columns; c++) {
			size_t width = visible_width(cell);

			if (width > table->width[c])
				table->width[c] = width;
			cell += strlen(cell) + 1;
		}
}

static size_t total_width(const struct table *table)
{
	size_t total = table->indent, nr_shown = 0;

	for (size_t c = 0; c < table->nr_columns; c++) {
		total += table->width[c];
		nr_shown += table->width[c] != 0;
	}
	return total + (nr_shown ? nr_shown - 1 : 0) * table_gap(table);
}

/* Takes from the flexible column what is too much for width, as far as it goes. */
static void shorten_flexible(struct table *table, size_t width)
{
	for (size_t c = 0; c < table->nr_columns; c++) {
		size_t least = min_flexible(&table->columns[c]);
		size_t total = total_width(table);
		size_t excess = total > width ? total - width : 0;

		if (!table->columns[c].is_flexible || table->width[c] <= least)
			continue;
		table->width[c] -= excess < table->width[c] - least ? excess : table->width[c] - least;
	}
}

void table_layout(struct table *table, size_t width)
{
	size_t kept = table->nr_columns, x = table->indent;

	if (table->cells.is_failed)
		table->nr_cells = 0;
	natural_widths(table);
	shorten_flexible(table, width);
	while (total_width(table) > width && kept) {
		kept--;
		if (!table->columns[kept].is_optional)
			continue;
		/* The room of a column that is left out is the flexible column's again. */
		natural_widths(table);
		for (size_t c = kept; c < table->nr_columns; c++)
			if (table->columns[c].is_optional)
				table->width[c] = 0;
		shorten_flexible(table, width);
	}
	for (size_t c = 0; c < table->nr_columns; c++) {
		table->x[c] = x;
		x += table->width[c] ? table->width[c] + table_gap(table) : 0;
	}
}

static void add_blanks(struct text *line, size_t nr)
{
	while (nr--)
		text_add_bytes(line, " ", 1);
}

/* Appends a cell where its column begins; *at is how far the line has come. */
static void place_cell(const struct table *table, size_t c, const char *cell, size_t *at, struct text *line)
{
	size_t width = visible_width(cell);
	size_t room = table->width[c];
	size_t x = table->x[c];

	if (!room || !*cell)
		return;
	if (width < room && table->columns[c].align == TABLE_RIGHT)
		x += room - width;
	add_blanks(line, x - *at);
	*at = x + visible_add_cut(line, cell, room);
}

/* Moves a finished line to text, cut at width. */
static void flush_line(struct text *line, size_t width, struct text *text)
{
	visible_add_cut(text, line->data ? line->data : "", width);
	text_add_bytes(text, "\n", 1);
	text_clear(line);
	text_add(line, "");
}

void table_render(struct table *table, size_t width, struct text *text)
{
	const char *cell = table->cells.data;
	struct text line = {};
	size_t at = 0;

	table_layout(table, width);
	for (size_t c = 0; c < table->nr_columns; c++)
		place_cell(table, c, table->columns[c].header, &at, &line);
	flush_line(&line, width, text);
	for (size_t r = 0; r < table_nr_rows(table); r++) {
		at = 0;
		for (size_t c = 0; c < table->nr_columns; c++) {
			place_cell(table, c, cell, &at, &line);
			cell += strlen(cell) + 1;
		}
		flush_line(&line, width, text);
	}
	text->is_failed |= table->cells.is_failed || line.is_failed;
	text_free(&line);
}
