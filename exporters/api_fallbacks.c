// SPDX-License-Identifier: GPL-2.0-or-later
/* Fallback allocations of the JSON API: by migratetypes for the machine, by process and kernel stack. */
#include "api_request.h"

void write_task(struct request *request, const struct task_identity *id)
{
	const struct process *process = id->tgid ? model_find_living(request->model, id->tgid, id->start_ns)
						 : NULL;
	struct json *json = &request->json;

	json_add_u64(json, "pid", id->tgid);
	if (process) {
		json_add_string(json, "comm", process->comm);
		json_add_string(json, "unit", model_group(request->model, process->group)->unit);
	} else {
		json_add_string(json, "comm", id->tgid ? id->comm : "[interrupt]");
		json_add_string(json, "unit",
				!id->tgid || id->flags & TASK_IS_KTHREAD
					? "kernel"
					: model_cgroup_unit(request->model, id->cgroup_id));
	}
}

void write_fallbacks(struct request *request)
{
	struct json *json = &request->json;

	write_cube(request, "fallbacks", METRIC_FALLBACK_ALLOCATIONS, "count", false);
	json_array_begin(json, "fallback_stacks");
	for (__u32 i = 0; i < model_nr_fallbacks(request->model); i++) {
		const struct rec_fallback *fallback = model_fallback(request->model, i);

		json_object_begin(json, NULL);
		write_task(request, &fallback->id);
		json_add_string(json, "migratetype",
				model_dim_label(request->model, DIM_MIGRATETYPE, fallback->migratetype));
		json_add_string(json, "fallback_migratetype",
				model_dim_label(request->model, DIM_FALLBACK_MIGRATETYPE,
						fallback->fallback_migratetype));
		json_add_u64(json, "count", fallback->count);
		write_frames(request, fallback->stack);
		json_object_end(json);
	}
	json_array_end(json);
}
