// SPDX-License-Identifier: GPL-2.0-or-later
/* The answer to "/v1/leaks": whose memory grows, and whether it leaks. */
#include "api_request.h"
#include "leaks.h"

/* null where it is not a number that can be shown. */
static void write_double(struct request *request, const char *key, bool is_known, double value)
{
	if (is_known && value > -1e300 && value < 1e300)
		json_add_double(&request->json, key, value);
	else
		json_add_null(&request->json, key);
}

static void write_pages(struct request *request, const char *key, bool is_known, double pages)
{
	write_double(request, key, is_known, pages_to_bytes(request->model, pages));
}

static void write_limit(struct request *request, const struct leak_judgement *judgement)
{
	static const char *const names[] = {
		[LEAK_LIMIT_CGROUP] = "cgroup", [LEAK_LIMIT_MACHINE] = "machine"
	};
	struct json *json = &request->json;

	write_double(request, "seconds_left", true, judgement->seconds_left);
	write_double(request, "low_seconds_left", true, judgement->seconds_left_low);
	write_double(request, "high_seconds_left", true, judgement->seconds_left_high);
	if (judgement->limit == LEAK_NO_LIMIT)
		json_add_null(json, "limit");
	else
		json_add_string(json, "limit", names[judgement->limit]);
	write_pages(request, "left_bytes", judgement->limit != LEAK_NO_LIMIT, judgement->left_pages);
}

static void write_evidence(struct request *request, const struct suspect *suspect)
{
	struct json *json = &request->json;
	struct text text = {};

	json_array_begin(json, "evidence");
	for (__u32 i = 0; suspect_evidence(request->model, suspect, i, &text); i++)
		json_add_string(json, NULL, text.data);
	json_array_end(json);
	suspect_next(request->model, suspect, &text);
	json_add_string(json, "next", text.len ? text.data : "");
	json->text->is_failed |= text.is_failed;
	text_free(&text);
}

static void write_figures(struct request *request, const struct suspect *suspect)
{
	const struct leak_judgement *judgement = &suspect->judgement;
	struct json *json = &request->json;

	json_add_string(json, "kind", suspect_kind(suspect));
	json_add_string(json, "verdict", leak_verdict_name(judgement->verdict));
	json_add_double(json, "confidence", judgement->confidence);
	json_add_u64(json, "bytes", suspect->grower.pages * request->status.machine->page_size);
	json_add_u64(json, "grown_bytes", suspect->grower.grown_pages * request->status.machine->page_size);
	write_pages(request, "bytes_per_hour", judgement->has_rate, judgement->pages_per_hour);
	write_pages(request, "low_bytes_per_hour", judgement->has_rate, judgement->low_per_hour);
	write_pages(request, "high_bytes_per_hour", judgement->has_rate, judgement->high_per_hour);
	write_pages(request, "detection_limit_bytes_per_hour", judgement->has_rate,
		    judgement->detection_limit_per_hour);
	json_add_known(json, "since_age_ns", judgement->since_ns, age_ns(request, judgement->since_ns));
	write_limit(request, judgement);
	write_evidence(request, suspect);
}

static void write_process(struct request *request, const struct suspect *suspect)
{
	const struct process *process = suspect->grower.process;
	const struct group *group = model_group(request->model, process->group);
	struct json *json = &request->json;

	json_add_u64(json, "pid", process->tgid);
	json_add_string(json, "comm", process->comm);
	json_add_u64(json, "start_ns", process->start_ns);
	json_add_string(json, "group", group->comm);
	json_add_string(json, "unit", group->unit);
	json_add_string(json, "cgroup", model_cgroup_unit(request->model, process->cgroup_id));
	write_traced(request, suspect->grower.kind == GROWTH_ANONYMOUS ? process : NULL);
}

static void write_group(struct request *request, const struct suspect *suspect)
{
	const struct group *group = model_group(request->model, suspect->grower.group);
	const struct leaky_lives *lives = model_leaky_lives(request->model, suspect->grower.group);
	struct json *json = &request->json;

	json_add_string(json, "comm", group->comm);
	json_add_string(json, "unit", group->unit);
	json_add_u64(json, "processes", group->nr_processes);
	json_add_u64(json, "leaky_lives", lives->nr);
	json_add_u64(json, "other_lives", lives->nr_others);
}

static void write_bytes(struct request *request, const char *key, __u64 bytes)
{
	json_add_known(&request->json, key, bytes != KERNEL_MEMORY_UNKNOWN, bytes);
}

static void write_cgroup(struct request *request, const struct suspect *suspect)
{
	const struct rec_cgroup_memory *memory = model_cgroup_memory(request->model,
								     suspect->grower.cgroup_id);

	json_add_u64(&request->json, "id", suspect->grower.cgroup_id);
	json_add_string(&request->json, "cgroup",
			model_cgroup_unit(request->model, suspect->grower.cgroup_id));
	if (!memory) {
		json_add_null(&request->json, "memory");
		return;
	}
	json_object_begin(&request->json, "memory");
	write_bytes(request, "usage_bytes", memory->usage_bytes);
	write_bytes(request, "limit_bytes", memory->limit_bytes);
	write_bytes(request, "left_bytes", memory->left_bytes);
	write_bytes(request, "anon_bytes", memory->anon_bytes);
	write_bytes(request, "file_bytes", memory->file_bytes);
	write_bytes(request, "shmem_bytes", memory->shmem_bytes);
	write_bytes(request, "kernel_bytes", memory->kernel_bytes);
	json_object_end(&request->json);
}

static void write_kernel(struct request *request, const struct suspect *suspect)
{
	json_add_string(&request->json, "subsystem", suspect_kind(suspect));
}

static void write_suspects(struct request *request, const char *key, enum growth_owner owner,
			   void (*identify)(struct request *request, const struct suspect *suspect))
{
	struct suspect suspects[MAX_JUDGED];
	__u32 nr = suspects_find(request->model, owner, suspects, MAX_JUDGED);
	struct json *json = &request->json;

	json_array_begin(json, key);
	for (__u32 i = 0; i < nr; i++) {
		json_object_begin(json, NULL);
		identify(request, &suspects[i]);
		write_figures(request, &suspects[i]);
		json_object_end(json);
	}
	json_array_end(json);
}

static void write_windows(struct request *request)
{
	double least = __builtin_inf();
	struct json *json = &request->json;

	json_array_begin(json, "windows");
	for (int i = 0; i < NR_GROWTH_WINDOWS; i++) {
		enum growth_window window = (enum growth_window)i;
		double limit = leak_detection_limit(request->model, window);

		if (window != WINDOW_QUARTER_HOUR && limit < least)
			least = limit;
		json_object_begin(json, NULL);
		json_add_u64(json, "step_ns", growth_step_ns(window));
		json_add_u64(json, "points", model_nr_growth_points(request->model, window));
		write_pages(request, "detection_limit_bytes_per_hour", true, limit);
		json_object_end(json);
	}
	json_array_end(json);
	write_pages(request, "detection_limit_bytes_per_hour", least < 1e300, least);
}

static void write_memory(struct request *request)
{
	const struct rec_kernel_memory *memory = model_kernel_memory(request->model);
	__u64 page_size = request->status.machine->page_size;
	struct json *json = &request->json;

	if (!memory) {
		json_add_null(json, "memory");
		return;
	}
	json_object_begin(json, "memory");
	json_add_known(json, "total_bytes", memory->total_pages != KERNEL_MEMORY_UNKNOWN,
		       memory->total_pages * page_size);
	json_add_known(json, "available_bytes", memory->available_pages != KERNEL_MEMORY_UNKNOWN,
		       memory->available_pages * page_size);
	json_add_known(json, "swap_free_bytes", memory->swap_free_pages != KERNEL_MEMORY_UNKNOWN,
		       memory->swap_free_pages * page_size);
	json_array_begin(json, "kernel");
	for (int i = 0; i < NR_KERNEL_MEMORY; i++) {
		json_object_begin(json, NULL);
		json_add_string(json, "subsystem", kernel_memory_name((enum kernel_memory)i));
		json_add_known(json, "bytes", memory->pages[i] != KERNEL_MEMORY_UNKNOWN,
			       memory->pages[i] * page_size);
		json_object_end(json);
	}
	json_array_end(json);
	json_object_end(json);
}

enum api_status leaks_reply(struct request *request)
{
	write_snapshot(request);
	write_windows(request);
	json_add_u64(&request->json, "not_followed", model_nr_unfollowed(request->model));
	json_add_u64(&request->json, "not_judged", suspects_not_judged(request->model));
	write_memory(request);
	write_suspects(request, "processes", OWNER_PROCESS, write_process);
	write_suspects(request, "groups", OWNER_GROUP, write_group);
	write_suspects(request, "cgroups", OWNER_CGROUP, write_cgroup);
	write_suspects(request, "kernel", OWNER_KERNEL, write_kernel);
	write_leak_stacks(request, SOME_PLACES);
	write_leak_sizes(request);
	return API_OK;
}
