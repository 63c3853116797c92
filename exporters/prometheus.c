// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The Prometheus exposition; see prometheus.h. Everything is walked by the tables: a new row in
 * metrics.def or ledger.def needs no line here.
 */
#include "prometheus_internal.h"

#include <string.h>

#include "../bpf/abi/hist.h"

/* Counters and histograms with more cells than this are sparse: a cell that never counted is left out. */
#define DENSE_MAX_CELLS 64

static const char *type_name(enum value_type type)
{
	static const char *const names[] = {
		[COUNTER] = "counter", [GAUGE] = "gauge", [HISTOGRAM] = "histogram"
	};

	return names[type];
}

static const char *unit_name_of(enum value_unit unit)
{
	static const char *const names[] = { [EVENTS] = "",      [PAGES] = "bytes", [BYTES] = "bytes",
					     [NSEC] = "seconds", [RATIO] = "ratio", [INDEX] = "" };

	return names[unit];
}

void write_header(struct writer *writer, const char *name, enum value_type type, enum value_unit unit,
		  const char *help)
{
	bool is_openmetrics = writer->format == PROMETHEUS_OPENMETRICS;
	int len = (int)strlen(name) - (is_openmetrics && type == COUNTER ? (int)strlen("_total") : 0);

	text_add_format(writer->text, "# HELP %.*s %s\n# TYPE %.*s %s\n", len, name, help, len, name,
			type_name(type));
	if (is_openmetrics && unit_name_of(unit)[0])
		text_add_format(writer->text, "# UNIT %.*s %s\n", len, name, unit_name_of(unit));
}

/* A raw value in its exported unit. Only events and thousandths can be negative. */
static void write_value(struct writer *writer, enum value_type type, enum value_unit unit, __u64 value)
{
	text_add(writer->text, " ");
	if (unit == NSEC)
		text_add_seconds(writer->text, value);
	else if (unit == PAGES)
		text_add_u64(writer->text, value * writer->page_size);
	else if (unit == RATIO || unit == INDEX)
		text_add_thousandths(writer->text, (__s64)value);
	else if (type == GAUGE)
		text_add_s64(writer->text, (__s64)value);
	else
		text_add_u64(writer->text, value);
	text_add(writer->text, "\n");
}

void write_label(struct writer *writer, bool is_first, const char *name, const char *value)
{
	text_add(writer->text, is_first ? "{" : ",");
	text_add(writer->text, name);
	text_add(writer->text, "=\"");
	text_add_label(writer->text, value);
	text_add(writer->text, "\"");
}

/* --- cubes ------------------------------------------------------------------------------------ */

static void write_dims(struct writer *writer, const struct metric_row *row,
		       const __u32 index[METRIC_MAX_DIMS], const char *le)
{
	bool is_first = true;

	for (int d = 0; d < METRIC_MAX_DIMS && row->dims[d] != DIM_NONE; d++) {
		write_label(writer, is_first, dim_name(row->dims[d]),
			    model_dim_label(writer->model, row->dims[d], index[d]));
		is_first = false;
	}
	if (le) {
		write_label(writer, is_first, "le", le);
		is_first = false;
	}
	if (!is_first)
		text_add(writer->text, "}");
}

static void write_histogram(struct writer *writer, const char *name, const struct metric_row *row,
			    const __u32 index[METRIC_MAX_DIMS], const __u64 *cells)
{
	struct text bound = {};
	__u64 cumulative = 0;

	for (__u32 i = 0; i < HIST_BUCKETS; i++) {
		cumulative += cells[i];
		text_clear(&bound);
		if (i < HIST_BOUNDS)
			text_add_seconds(&bound, hist_bound_ns(i));
		else
			text_add(&bound, "+Inf");
		text_add_format(writer->text, "%s_bucket", name);
		write_dims(writer, row, index, bound.data ? bound.data : "");
		write_value(writer, COUNTER, EVENTS, cumulative);
	}
	text_add_format(writer->text, "%s_sum", name);
	write_dims(writer, row, index, NULL);
	write_value(writer, HISTOGRAM, row->unit, cells[HIST_SUM]);
	text_add_format(writer->text, "%s_count", name);
	write_dims(writer, row, index, NULL);
	write_value(writer, COUNTER, EVENTS, cumulative);
	text_free(&bound);
}

static bool has_observations(const __u64 *cells)
{
	for (__u32 i = 0; i < HIST_BUCKETS; i++)
		if (cells[i])
			return true;
	return false;
}

/* Whether a cell is exported. A gauge's 0 is a value. */
static bool is_shown(const struct metric_row *row, bool is_large, const __u64 *cell)
{
	if (row->type == GAUGE)
		return *cell != CELL_NONE;
	return !is_large || (row->type == HISTOGRAM ? has_observations(cell) : *cell != 0);
}

static void write_metric(struct writer *writer, enum metric metric)
{
	const struct metric_row *row = &metric_rows[metric];
	const struct cube *cube = model_cube(writer->model, metric);
	const __u64 *cells = model_cells(writer->model, metric);
	__u32 nr_cells = cube->size[0] * cube->stride[0];
	__u32 step = row->type == HISTOGRAM ? HIST_CELLS : 1;
	char name[ROW_NAME_LEN];

	if (!model_sees_metric(writer->model, metric))
		return;
	row_metric_name(name, "memoir", row->id, row->type, row->unit);
	write_header(writer, name, row->type, row->unit, row->help);
	for (__u32 cell = 0; cell < nr_cells; cell += step) {
		__u32 index[METRIC_MAX_DIMS];

		if (!is_shown(row, nr_cells > DENSE_MAX_CELLS, &cells[cell]))
			continue;
		for (int d = 0; d < METRIC_MAX_DIMS; d++)
			index[d] = cell / cube->stride[d] % cube->size[d];
		if (row->type == HISTOGRAM) {
			write_histogram(writer, name, row, index, cells + cell);
			continue;
		}
		text_add(writer->text, name);
		write_dims(writer, row, index, NULL);
		write_value(writer, row->type, row->unit, cells[cell]);
	}
}

/* --- groups ----------------------------------------------------------------------------------- */

static void write_group_sample(struct writer *writer, const char *name, const struct group *group,
			       enum value_type type, enum value_unit unit, __u64 value)
{
	text_add(writer->text, name);
	write_label(writer, true, "comm", group->comm);
	write_label(writer, false, "unit", group->unit);
	text_add(writer->text, "}");
	write_value(writer, type, unit, value);
}

static void write_group_row(struct writer *writer, enum ledger ledger)
{
	const struct ledger_row *row = &ledger_rows[ledger];
	char name[ROW_NAME_LEN];

	if (!model_sees_row(writer->model, ledger))
		return;
	row_metric_name(name, "memoir_group", row->id, row->type, row->unit);
	write_header(writer, name, row->type, row->unit, row->help);
	for (__u32 i = 0; i < model_nr_groups(writer->model); i++) {
		const struct group *group = model_group(writer->model, i);

		if (group->is_exported)
			write_group_sample(writer, name, group, row->type, row->unit, group->total.v[ledger]);
	}
}

/*
 * What groups had counted when they lost their series. A gauge, because it steps: the growth was
 * counted before.
 */
static void write_retired_row(struct writer *writer, enum ledger ledger)
{
	const struct ledger_row *row = &ledger_rows[ledger];
	char name[ROW_NAME_LEN];

	if (row->type != COUNTER || !model_sees_row(writer->model, ledger))
		return;
	row_metric_name(name, "memoir_retired_groups", row->id, GAUGE, row->unit);
	write_header(
		writer, name, GAUGE, row->unit,
		"What groups had counted when they lost their series; belongs to the sum over groups, not to a rate.");
	text_add(writer->text, name);
	write_value(writer, COUNTER, row->unit, model_retired(writer->model)->v[ledger]);
}

/* What groups hold, as far as pages are followed here; nothing where a row is not known. */
static void write_held_row(struct writer *writer, enum held_row held)
{
	const struct held_info *row = &held_rows[held];
	const struct rec_live *live = model_live(writer->model);

	if (!live || !live->step_pages || (held == HELD_SPOILED && !live->knows_blocks))
		return;
	write_header(writer, row->name, GAUGE, row->unit, row->help);
	for (__u32 i = 0; i < model_nr_groups(writer->model); i++) {
		const struct group *group = model_group(writer->model, i);

		if (group->is_exported)
			write_group_sample(writer, row->name, group, GAUGE, row->unit,
					   model_group_held(writer->model, i).v[held]);
	}
}

static void write_groups(struct writer *writer)
{
	write_header(writer, "memoir_group_processes", GAUGE, EVENTS,
		     "Processes in the group at the last snapshot.");
	for (__u32 i = 0; i < model_nr_groups(writer->model); i++) {
		const struct group *group = model_group(writer->model, i);

		if (group->is_exported)
			write_group_sample(writer, "memoir_group_processes", group, GAUGE, EVENTS,
					   group->nr_processes);
	}
	for (__u32 row = 0; row < NR_LEDGER; row++)
		write_group_row(writer, row);
	for (__u32 row = 0; row < NR_LEDGER; row++)
		write_retired_row(writer, row);
	for (__u32 row = 0; row < NR_HELD; row++)
		write_held_row(writer, row);
}

/* --- the daemon itself ------------------------------------------------------------------------ */

static void write_probes(struct writer *writer)
{
	write_header(writer, "memoir_probe_up", GAUGE, EVENTS,
		     "Whether the probe is attached, and the reason if it is not.");
	for (__u32 i = 0; i < model_nr_probes(writer->model); i++) {
		const struct rec_probe *probe = model_probe(writer->model, i);

		if (!probe || !probe_is_wanted(probe->state))
			continue;
		text_add(writer->text, "memoir_probe_up");
		write_label(writer, true, "probe", probe->name);
		write_label(writer, false, "reason", probe->reason);
		text_add(writer->text, "}");
		write_value(writer, GAUGE, EVENTS, probe->state == PROBE_ATTACHED);
	}
}

static void write_build_info(struct writer *writer, const struct rec_machine *machine)
{
	write_header(writer, "memoir_build_info", GAUGE, EVENTS, "Always 1; the labels say what runs.");
	text_add(writer->text, "memoir_build_info");
	write_label(writer, true, "version", machine->version);
	write_label(writer, false, "kernel", machine->kernel);
	text_add(writer->text, "}");
	write_value(writer, GAUGE, EVENTS, 1);
}

void prometheus_write(const struct model *model, enum prometheus_format format, struct text *text)
{
	struct writer writer = { .model = model, .text = text, .format = format };
	struct model_status status;

	model_status(model, &status);
	if (status.machine) {
		writer.page_size = status.machine->page_size;
		write_build_info(&writer, status.machine);
		write_probes(&writer);
		for (__u32 metric = 0; metric < NR_METRICS; metric++)
			write_metric(&writer, metric);
		write_groups(&writer);
		write_leaks(&writer);
	}
	if (format == PROMETHEUS_OPENMETRICS)
		text_add(text, "# EOF\n");
}
