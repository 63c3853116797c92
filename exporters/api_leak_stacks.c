// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where memory that is held was allocated, of the JSON API: by process and stack, and the kernel's own
 * memory by kernel stack; with how old it is, how it grows, and whether that looks like a leak.
 */
#include <stdlib.h>

#include "api_request.h"
#include "pagekinds.h"

/* Processes whose size is told. */
#define MAX_SIZES 256u

static __u64 bytes_of(const struct request *request, __u64 nr_pages)
{
	return nr_pages * model_live(request->model)->step_pages * request->status.machine->page_size;
}

static __u64 error_of(const struct request *request, __u64 nr_pages)
{
	return live_error_pages(nr_pages, model_live(request->model)->step_pages) *
	       request->status.machine->page_size;
}

/* Without a process it is whoever it was. */
static void write_owner(struct request *request, const struct rec_live_site *site)
{
	const struct process *process = site->tgid ? model_find_living(request->model, site->tgid,
								       site->start_ns)
						   : NULL;
	struct json *json = &request->json;

	json_add_string(json, "owner", site->tgid ? "process" : "kernel");
	json_add_known(json, "pid", site->tgid, site->tgid);
	json_add_known(json, "start_ns", site->tgid, site->start_ns);
	json_add_string(json, "comm", process ? process->comm : site->comm);
	json_add_string(json, "unit",
			process      ? model_group(request->model, process->group)->unit
			: site->tgid ? model_cgroup_unit(request->model, site->cgroup_id)
				     : "kernel");
	json_add_bool(json, "is_alive",
		      site->tgid && model_lives(request->model, site->tgid, site->start_ns));
}

static void write_ages(struct request *request, const struct rec_live_site *site)
{
	struct json *json = &request->json;

	json_add_u64(json, "mean_age_ns", site->age_sum_ms / site->nr_pages * 1000000);
	json_add_u64(json, "oldest_age_ns", site->oldest_ns);
	json_add_u64(json, "youngest_age_ns", site->youngest_ns);
	json_array_begin(json, "older");
	for (__u32 age = 0; age < NR_LIVE_AGES; age++) {
		json_object_begin(json, NULL);
		json_add_u64(json, "age_ns", live_age_ns(age));
		json_add_u64(json, "bytes", bytes_of(request, site->nr_older[age]));
		json_object_end(json);
	}
	json_array_end(json);
}

static void write_growth(struct request *request, const struct live_site_growth *growth)
{
	double scale = (double)bytes_of(request, 1);
	struct json *json = &request->json;

	if (!growth->window_ns) {
		json_add_null(json, "growth");
		return;
	}
	json_object_begin(json, "growth");
	json_add_u64(json, "window_ns", growth->window_ns);
	json_add_double(json, "bytes_per_hour", growth->per_hour * scale);
	json_add_double(json, "bytes_per_hour_error", growth->per_hour_error * scale);
	json_add_known(json, "kept_ns", growth->kept_ns, growth->kept_ns);
	if (growth->kept_ns)
		json_add_double(json, "kept_share", growth->kept);
	else
		json_add_null(json, "kept_share");
	json_object_end(json);
}

static void write_site(struct request *request, __u32 index)
{
	const struct rec_live_site *site = model_live_site(request->model, index);
	const struct live_site_growth *growth = model_live_site_growth(request->model, index);
	const char *memory = page_kind_name(page_kind_of(request->model, site));
	struct json *json = &request->json;

	json_object_begin(json, NULL);
	write_owner(request, site);
	if (memory)
		json_add_string(json, "memory", memory);
	else
		json_add_null(json, "memory");
	json_add_string(json, "migratetype",
			model_dim_label(request->model, DIM_MIGRATETYPE, site->migratetype));
	json_add_u64(json, "bytes", bytes_of(request, site->nr_pages));
	json_add_u64(json, "bytes_error", error_of(request, site->nr_pages));
	write_ages(request, site);
	write_growth(request, growth);
	json_add_bool(json, "is_suspect", growth->is_suspect);
	json_object_begin(json, "user_stack");
	write_user_stack(request, site->user_stack);
	json_object_end(json);
	json_object_begin(json, "kernel_stack");
	write_frames(request, site->stack);
	json_object_end(json);
	json_object_end(json);
}

/* What is compared of a site, so that they can be sorted without the model. */
struct place {
	__u32 index;
	bool is_suspect;
	double per_hour;
	__u64 nr_pages;
};

/* Suspects first, the fastest growing first; then the heaviest. */
static int compare_places(const void *a, const void *b)
{
	const struct place *place_a = a, *place_b = b;

	if (place_a->is_suspect != place_b->is_suspect)
		return place_b->is_suspect - place_a->is_suspect;
	if (place_a->is_suspect && place_a->per_hour != place_b->per_hour)
		return place_a->per_hour > place_b->per_hour ? -1 : 1;
	if (place_a->nr_pages != place_b->nr_pages)
		return place_a->nr_pages > place_b->nr_pages ? -1 : 1;
	return place_a->index < place_b->index ? -1 : place_a->index > place_b->index;
}

void write_leak_stacks(struct request *request, __u32 max)
{
	const struct rec_live *live = model_live(request->model);
	__u32 nr = live ? model_nr_live_sites(request->model) : 0;
	struct json *json = &request->json;
	struct place places[ALL_PLACES];

	json_add_string(json, "boot_id", request->status.machine->boot_id);
	json_add_u64(json, "time_ns", request->context->now_ns);
	json_add_bool(json, "names_are_pending", request->context->names_are_pending);
	if (!live || !live->step_pages) {
		json_add_null(json, "stacks");
		json_add_string(json, "stacks_reason",
				live ? live->why_not : "live pages have not been read yet");
		return;
	}
	for (__u32 i = 0; i < nr; i++) {
		const struct live_site_growth *growth = model_live_site_growth(request->model, i);

		places[i] = (struct place){ .index = i,
					    .is_suspect = growth->is_suspect,
					    .per_hour = growth->per_hour,
					    .nr_pages = model_live_site(request->model, i)->nr_pages };
	}
	qsort(places, nr, sizeof(places[0]), compare_places);
	json_array_begin(json, "stacks");
	for (__u32 i = 0; i < nr && i < max; i++)
		write_site(request, places[i].index);
	json_array_end(json);
	json_add_string(json, "stacks_reason", "");
	json_object_begin(json, "stacks_reading");
	json_add_u64(json, "age_ns", age_ns(request, live->h.time_ns));
	json_add_u64(json, "step_pages", live->step_pages);
	json_add_u64(json, "sample_bytes", bytes_of(request, 1));
	json_add_u64(json, "known_bytes", bytes_of(request, live->nr_pages));
	json_add_u64(json, "user_stacks", live->nr_user_stacks);
	/* Of what has no place of its own in the reading. */
	json_add_u64(json, "least_bytes", bytes_of(request, live->least_site_pages));
	json_add_u64(json, "least_kernel_bytes", bytes_of(request, live->least_kernel_site_pages));
	json_add_u64(json, "unplaced_bytes", bytes_of(request, live->nr_unplaced_site_pages));
	json_add_u64(json, "not_shown", nr > max ? nr - max : 0);
	json_object_end(json);
}

/* --- sizes ------------------------------------------------------------------------------------ */

static __u64 size_pages(const struct process *process)
{
	return process_total(process, LEDGER_RSS_ANON) + process_total(process, LEDGER_RSS_SHMEM) +
	       process_total(process, LEDGER_SWAP);
}

/* The largest processes, the largest first; their number, and how many pages the others have at most. */
static __u32 find_largest(const struct model *model, __u32 ret_indices[MAX_SIZES], __u64 *ret_least_pages)
{
	__u64 sizes[MAX_SIZES];
	__u32 nr = 0;

	for (__u32 i = 0; i < model_nr_processes(model); i++) {
		__u64 pages = size_pages(model_process(model, i));
		__u32 place = nr;

		if (nr == MAX_SIZES && pages <= sizes[nr - 1])
			continue;
		if (nr == MAX_SIZES)
			place = nr - 1;
		else
			nr++;
		for (; place > 0 && pages > sizes[place - 1]; place--) {
			sizes[place] = sizes[place - 1];
			ret_indices[place] = ret_indices[place - 1];
		}
		sizes[place] = pages;
		ret_indices[place] = i;
	}
	*ret_least_pages = nr == MAX_SIZES ? sizes[nr - 1] : 0;
	return nr;
}

void write_leak_sizes(struct request *request)
{
	__u32 indices[MAX_SIZES], nr;
	struct json *json = &request->json;
	__u64 least_pages;

	nr = find_largest(request->model, indices, &least_pages);
	json_array_begin(json, "sizes");
	for (__u32 i = 0; i < nr; i++) {
		const struct process *process = model_process(request->model, indices[i]);

		json_object_begin(json, NULL);
		json_add_u64(json, "pid", process->tgid);
		json_add_u64(json, "start_ns", process->start_ns);
		json_add_string(json, "comm", process->comm);
		json_add_u64(json, "bytes", size_pages(process) * request->status.machine->page_size);
		json_object_end(json);
	}
	json_array_end(json);
	json_add_u64(json, "other_size_bytes", least_pages * request->status.machine->page_size);
}

enum api_status leak_stacks_reply(struct request *request)
{
	write_snapshot(request);
	write_leak_stacks(request, ALL_PLACES);
	return API_OK;
}
