// SPDX-License-Identifier: GPL-2.0-or-later
/* Metrics of the whole machine in the JSON API: cells with the labels of their dimensions, and histograms. */
#include "../bpf/abi/hist.h"
#include "api_request.h"

void write_cell_labels(struct request *request, enum metric metric, __u32 cell)
{
	const struct metric_row *row = &metric_rows[metric];
	const struct cube *cube = model_cube(request->model, metric);

	for (int d = 0; d < METRIC_MAX_DIMS && row->dims[d] != DIM_NONE; d++) {
		__u32 index = cell / cube->stride[d] % cube->size[d];

		json_add_string(&request->json, dim_name(row->dims[d]),
				model_dim_label(request->model, row->dims[d], index));
	}
}

void write_cell(struct request *request, const char *key, enum metric metric, __u64 value)
{
	const struct metric_row *row = &metric_rows[metric];
	__u64 scale = row->unit == PAGES ? request->status.machine->page_size : 1;

	if (row->type == GAUGE && value == CELL_NONE)
		json_add_null(&request->json, key);
	else if (row->unit == RATIO || row->unit == INDEX)
		json_add_thousandths(&request->json, key, (__s64)value);
	else
		json_add_u64(&request->json, key, value * scale);
}

void write_cube(struct request *request, const char *key, enum metric metric, const char *value_key,
		bool with_zero)
{
	const struct cube *cube = model_cube(request->model, metric);
	const __u64 *cells = model_cells(request->model, metric);
	struct json *json = &request->json;
	__u32 nr_cells = cube->size[0] * cube->stride[0];

	if (!model_sees_metric(request->model, metric)) {
		json_add_null(json, key);
		return;
	}
	json_array_begin(json, key);
	for (__u32 cell = 0; cell < nr_cells; cell++) {
		if (!cells[cell] && !with_zero)
			continue;
		json_object_begin(json, NULL);
		write_cell_labels(request, metric, cell);
		write_cell(request, value_key, metric, cells[cell]);
		json_object_end(json);
	}
	json_array_end(json);
}

void write_bounds(struct request *request)
{
	json_array_begin(&request->json, "bounds_ns");
	for (__u32 i = 0; i < HIST_BOUNDS; i++)
		json_add_u64(&request->json, NULL, hist_bound_ns(i));
	json_array_end(&request->json);
}

void write_histogram(struct request *request, const __u64 *cells)
{
	struct json *json = &request->json;

	json_array_begin(json, "buckets");
	for (__u32 i = 0; i < HIST_BUCKETS; i++)
		json_add_u64(json, NULL, cells[i]);
	json_array_end(json);
}
