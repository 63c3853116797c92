// SPDX-License-Identifier: GPL-2.0-or-later
/* The matrix of CPU nodes and memory nodes; see numa_matrix.h. */
#include "numa_matrix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../daemon/util.h"
#include "heatmap.h"
#include "reply.h"
#include "view.h"

/* More than a kernel can be configured to have. */
#define MAX_NODES 1024
#define MAX_NAME 8
/* "CPUs 12  " */
#define LABEL_COLUMNS 9
/* " 12.3%" */
#define REMOTE_COLUMNS 7

/* "31 and above" has a row and a column as a node has. */
#define ABOVE " and above"

struct node {
	const char *name;
	char shown[MAX_NAME + 1];
	bool has_cpus;
};

struct matrix {
	struct node nodes[MAX_NODES + 1];
	size_t nr_nodes;
	bool has_above; /* the last of them are many */
	double *value;  /* a row for each node, as they are among nodes */
};

/* Nodes are mostly in the order of their numbers, and cells in that of nodes: looks from *at on. */
static bool find_node(const struct matrix *matrix, const char *name, size_t *at)
{
	for (size_t i = 0; i < matrix->nr_nodes; i++) {
		size_t node = (*at + i) % matrix->nr_nodes;

		if (!strcmp(matrix->nodes[node].name, name)) {
			*at = node;
			return true;
		}
	}
	return false;
}

bool numa_matrix_is_above(const char *name)
{
	size_t len = strlen(name), ending = strlen(ABOVE);

	return len > ending && !strcmp(name + len - ending, ABOVE);
}

/* The name of the last row and column if it stands for many nodes, else NULL. */
static const char *name_above(const json_t *cells)
{
	json_t *cell;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)cells, i, cell)
	{
		const char *cpu_node = reply_string(cell, "cpu_node"),
			   *memory_node = reply_string(cell, "memory_node");

		if (numa_matrix_is_above(cpu_node))
			return cpu_node;
		if (numa_matrix_is_above(memory_node))
			return memory_node;
	}
	return NULL;
}

static void add_node(struct matrix *matrix, const char *name, bool has_cpus)
{
	struct node *node = &matrix->nodes[matrix->nr_nodes];

	if (matrix->nr_nodes == MAX_NODES)
		return;
	*node = (struct node){ .name = name, .has_cpus = has_cpus };
	snprintf(node->shown, sizeof(node->shown), "%.*s", MAX_NAME, name);
	matrix->nr_nodes++;
}

/* One that has lost its CPUs and memory is not among the machine's nodes; what was counted there is. */
static void add_counted_node(struct matrix *matrix, const char *name)
{
	size_t at = 0;

	if (*name && !numa_matrix_is_above(name) && !find_node(matrix, name, &at))
		add_node(matrix, name, false);
}

static int by_number(const void *a, const void *b)
{
	unsigned long number_a = strtoul(((const struct node *)a)->name, NULL, 10),
		      number_b = strtoul(((const struct node *)b)->name, NULL, 10);

	return number_a < number_b ? -1 : number_a > number_b;
}

/* The nodes of the machine, but for those that only have a part in the last row and column. */
static void add_nodes(struct matrix *matrix, const json_t *nodes, const json_t *cells, const char *above)
{
	unsigned long first_above = above ? strtoul(above, NULL, 10) : 0;
	bool has_cpus_above = false;
	json_t *value;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)nodes, i, value)
	{
		const char *name = reply_string(value, "node");
		bool has_cpus = reply_u64(value, "cpus");

		if (above && strtoul(name, NULL, 10) >= first_above)
			has_cpus_above |= has_cpus;
		else
			add_node(matrix, name, has_cpus);
	}
	json_array_foreach((json_t *)(uintptr_t)cells, i, value)
	{
		add_counted_node(matrix, reply_string(value, "cpu_node"));
		add_counted_node(matrix, reply_string(value, "memory_node"));
	}
	qsort(matrix->nodes, matrix->nr_nodes, sizeof(matrix->nodes[0]), by_number);
	matrix->has_above = above;
	if (above) {
		struct node *node = &matrix->nodes[matrix->nr_nodes++];

		*node = (struct node){ .name = above, .has_cpus = has_cpus_above };
		snprintf(node->shown, sizeof(node->shown), "%lu+", first_above % 10000);
	}
}

static bool fill(struct matrix *matrix, const json_t *nodes, const json_t *cells, const char *key)
{
	size_t i, row = 0, column = 0;
	json_t *cell;

	add_nodes(matrix, nodes, cells, name_above(cells));
	matrix->value = calloc(matrix->nr_nodes * matrix->nr_nodes + 1, sizeof(*matrix->value));
	if (!matrix->value)
		return false;
	json_array_foreach((json_t *)(uintptr_t)cells, i,
			   cell) if (find_node(matrix, reply_string(cell, "cpu_node"), &row) &&
				     find_node(matrix, reply_string(cell, "memory_node"), &column))
		matrix->value[row * matrix->nr_nodes + column] += reply_double(cell, key);
	return true;
}

static double at(const struct matrix *matrix, size_t row, size_t column)
{
	return matrix->value[row * matrix->nr_nodes + column];
}

static double sum_of_row(const struct matrix *matrix, size_t row)
{
	double sum = 0;

	for (size_t column = 0; column < matrix->nr_nodes; column++)
		sum += at(matrix, row, column);
	return sum;
}

static double share(double part, double whole)
{
	return whole > 0 ? part / whole : 0;
}

static void add_line(struct text *out, size_t width, struct text *line)
{
	view_line(out, width, "%s", line->data ? line->data : "");
	out->is_failed |= line->is_failed;
	text_clear(line);
}

static void add_title(struct text *out, size_t width, const struct matrix *matrix,
		      const struct numa_matrix_format *format)
{
	size_t last = matrix->nr_nodes - 1;
	double local = 0, all = 0, above = 0;
	struct text line = {};

	for (size_t row = 0; row < matrix->nr_nodes; row++) {
		local += at(matrix, row, row);
		all += sum_of_row(matrix, row);
	}
	/* Among many nodes: local or remote, that is not known. */
	if (matrix->has_above)
		above = at(matrix, last, last);
	text_add(out, "\n");
	if (all > 0)
		text_add_format(&line, "%s: %s, %s local, %s remote", format->title,
				format->human(human_round(all)).text,
				human_percent(share(local - above, all)).text,
				human_percent(share(all - local, all)).text);
	else
		text_add_format(&line, "%s: none so far", format->title);
	if (above > 0)
		text_add_format(&line, ", %s either, within %s", human_percent(share(above, all)).text,
				matrix->nodes[last].shown);
	add_line(out, width, &line);
	text_free(&line);
}

/* Signs alone, or with their numbers. */
static void add_row(struct text *line, const struct matrix *matrix, size_t row,
		    const struct numa_matrix_format *format, bool has_numbers)
{
	double all = sum_of_row(matrix, row);

	for (size_t column = 0; column < matrix->nr_nodes; column++) {
		double value = at(matrix, row, column);

		if (has_numbers)
			text_add_format(line, "  %c %*s", heatmap_share(share(value, all)),
					(int)format->columns, format->human(human_round(value)).text);
		else
			text_add_format(line, "%c", heatmap_share(share(value, all)));
	}
	text_add_format(line, "%s%6s", has_numbers ? "  " : "| ",
			all > 0 ? human_percent(1 - share(at(matrix, row, row), all)).text : "-");
}

static void add_heading(struct text *line, const struct matrix *matrix,
			const struct numa_matrix_format *format, bool has_numbers)
{
	text_add_format(line, "%*s", LABEL_COLUMNS, "");
	for (size_t column = 0; has_numbers && column < matrix->nr_nodes; column++)
		text_add_format(line, "  %*.*s", (int)format->columns + 2, MAX_NAME,
				matrix->nodes[column].shown);
	if (has_numbers)
		text_add(line, "  REMOTE");
	else
		text_add_format(line, " a column for each memory node from %.8s on, then what is remote",
				matrix->nr_nodes ? matrix->nodes[0].shown : "?");
}

static void add_rows(struct text *out, size_t width, const struct matrix *matrix,
		     const struct numa_matrix_format *format)
{
	size_t needed = LABEL_COLUMNS + matrix->nr_nodes * (format->columns + 4) + REMOTE_COLUMNS + 1;
	bool has_numbers = needed <= width;
	struct text line = {};

	add_heading(&line, matrix, format, has_numbers);
	add_line(out, width, &line);
	for (size_t row = 0; row < matrix->nr_nodes; row++) {
		if (!matrix->nodes[row].has_cpus && !(sum_of_row(matrix, row) > 0))
			continue;
		text_add_format(&line, "CPUs %-3s%s", matrix->nodes[row].shown, has_numbers ? " " : "|");
		add_row(&line, matrix, row, format, has_numbers);
		add_line(out, width, &line);
	}
	text_free(&line);
}

void numa_matrix_add(struct text *out, size_t width, const json_t *nodes, const json_t *cells,
		     const struct numa_matrix_format *format)
{
	struct matrix *matrix = calloc(1, sizeof(*matrix));

	if (!matrix || !fill(matrix, nodes, cells, format->key)) {
		out->is_failed = true;
	} else {
		add_title(out, width, matrix, format);
		add_rows(out, width, matrix, format);
		free(matrix->value);
	}
	free(matrix);
}
