// SPDX-License-Identifier: GPL-2.0-or-later
/* The answer to "/v1/faults": page faults by kind and time, by error, by mapping and by user stack. */
#include <stdint.h>

#include "../bpf/abi/hist.h"
#include "api_request.h"

/* The program that sees the ends of faults, and the one that takes user stacks. */
#define END_PROBE "fault_end"
#define STACK_PROBE "page_fault_user"

static bool is_attached(const struct rec_probe *probe)
{
	return probe && probe->state == PROBE_ATTACHED;
}

/* The standard error of so many faults, each of which that was seen counts as weight. */
static __u64 fault_error(__u64 count, __u32 weight)
{
	return square_root(count < UINT64_MAX / weight ? count * weight : UINT64_MAX);
}

/* 0 where they are exact. */
static __u64 mapping_error(const struct rec_fault_mapping *mapping)
{
	if (!fault_is_estimated(mapping->cause, FAULT_MINOR) || mapping->count < mapping->nr_major)
		return 0;
	return fault_error(mapping->count - mapping->nr_major, FAULT_SAMPLE);
}

static void write_cause(struct request *request, __u32 cause, __u32 severity)
{
	const struct cube *cube = model_cube(request->model, METRIC_PAGE_FAULT);
	const __u64 *cells = model_cells(request->model, METRIC_PAGE_FAULT) + cause * cube->stride[0] +
			     severity * cube->stride[1];
	struct json *json = &request->json;
	__u64 count = hist_count(cells);

	if (!count)
		return;
	json_object_begin(json, NULL);
	json_add_string(json, "kind", model_dim_label(request->model, DIM_FAULT_CAUSE, cause));
	json_add_string(json, "severity", model_dim_label(request->model, DIM_FAULT_SEVERITY, severity));
	json_add_bool(json, "estimated", fault_is_estimated(cause, severity));
	json_add_u64(json, "count", count);
	json_add_u64(json, "error",
		     fault_is_estimated(cause, severity) ? fault_error(count, FAULT_SAMPLE) : 0);
	json_add_u64(json, "total_ns", cells[HIST_SUM]);
	write_histogram(request, cells);
	json_object_end(json);
}

static void write_causes(struct request *request)
{
	struct json *json = &request->json;

	if (!model_sees_metric(request->model, METRIC_PAGE_FAULT)) {
		const struct rec_probe *probe = model_find_probe(request->model, END_PROBE);

		json_add_null(json, "causes");
		json_add_string(json, "why_not", probe ? probe->reason : "");
		return;
	}
	json_array_begin(json, "causes");
	for (__u32 cause = 0; cause < NR_FAULT_CAUSES; cause++)
		for (__u32 severity = 0; severity < NR_FAULT_KINDS; severity++)
			write_cause(request, cause, severity);
	json_array_end(json);
	json_add_null(json, "why_not");
}

/* Who it was; of many together nobody. */
static void write_whose(struct request *request, const struct rec_fault_mapping *mapping)
{
	if (mapping->area != AREA_OTHERS)
		return write_task(request, &mapping->id);
	json_add_null(&request->json, "pid");
	json_add_string(&request->json, "comm", "[others]");
	json_add_string(&request->json, "unit", "");
}

static void write_mappings(struct request *request)
{
	struct json *json = &request->json;

	if (!model_sees_metric(request->model, METRIC_PAGE_FAULT)) {
		json_add_null(json, "mappings");
		return;
	}
	json_array_begin(json, "mappings");
	for (__u32 i = 0; i < model_nr_fault_mappings(request->model); i++) {
		const struct rec_fault_mapping *mapping = model_fault_mapping(request->model, i);

		json_object_begin(json, NULL);
		write_whose(request, mapping);
		json_add_string(json, "kind",
				model_dim_label(request->model, DIM_FAULT_CAUSE, mapping->cause));
		json_add_string(json, "area", fault_area_name(mapping->area));
		json_add_string(json, "name", mapping->name);
		json_add_u64(json, "device_major", mapping->dev >> 20);
		json_add_u64(json, "device_minor", mapping->dev & 0xfffff);
		json_add_u64(json, "inode", mapping->ino);
		json_add_bool(json, "estimated", mapping_error(mapping));
		json_add_u64(json, "count", mapping->count);
		json_add_u64(json, "error", mapping_error(mapping));
		json_add_u64(json, "major", mapping->nr_major);
		json_add_u64(json, "total_ns", mapping->total_ns);
		json_add_u64(json, "longest_ns", mapping->longest_ns);
		json_object_end(json);
	}
	json_array_end(json);
}

static void write_stacks(struct request *request)
{
	struct json *json = &request->json;

	if (!is_attached(model_find_probe(request->model, STACK_PROBE))) {
		json_add_null(json, "stacks");
		return;
	}
	json_array_begin(json, "stacks");
	for (__u32 i = 0; i < model_nr_fault_stacks(request->model); i++) {
		const struct rec_fault_stack *stack = model_fault_stack(request->model, i);

		json_object_begin(json, NULL);
		write_task(request, &stack->id);
		json_add_u64(json, "start_ns", stack->id.start_ns);
		json_add_u64(json, "count", stack->count);
		json_add_u64(json, "error", fault_error(stack->count, FAULT_STACK_SAMPLE));
		write_address(request, "address", stack->address);
		json_add_string(json, "access",
				model_dim_label(request->model, DIM_FAULT_ACCESS, stack->access));
		json_add_string(json, "found_by", stack_how_name(STACK_BY_FRAME_POINTERS));
		write_user_frames(request, stack->id.tgid, stack->id.start_ns, stack->ip, stack->nr);
		json_object_end(json);
	}
	json_array_end(json);
}

enum api_status faults_reply(struct request *request)
{
	write_snapshot(request);
	write_cube(request, "faults", METRIC_PAGE_FAULTS, "count", true);
	write_cube(request, "exceptions", METRIC_FAULT_EXCEPTIONS, "count", true);
	write_bounds(request);
	write_causes(request);
	write_cube(request, "errors", METRIC_FAULT_ERRORS, "count", true);
	write_mappings(request);
	write_stacks(request);
	return API_OK;
}
