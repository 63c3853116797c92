// SPDX-License-Identifier: GPL-2.0-or-later
/* Who holds memory, of the JSON API: the last reading of live pages, and what a census of pageblocks says. */
#include <string.h>

#include "api_request.h"
#include "frames.h"

/* Owners that are shown one by one; the others are one. */
#define MAX_OWNERS 50u
/*
 * Of these, so many at most because of what they spoil: many spoil a little, and must not hide who
 * holds much.
 */
#define MAX_SPOILERS 25u
/* The most that the model may have, and one for the others. */
#define MAX_VIEWS 2049u

/* An owner: the records first to first + nr of the model's, added up. */
struct view {
	__u32 first, nr;
	__u64 nr_pages, nr_huge, age_sum_ms, oldest_ns, spoiled_e6, spoiled_error_e6;
	bool is_shown;
};

static const char *const owner_names[NR_LIVE_OWNERS + 1] = {
	[LIVE_PROCESS] = "process",
	[LIVE_KTHREAD] = "kernel_thread",
	[LIVE_INTERRUPT] = "interrupt",
	[NR_LIVE_OWNERS] = "other",
};

static void view_add(struct view *view, __u64 nr_pages, __u64 nr_huge, __u64 age_sum_ms, __u64 oldest_ns,
		     __u64 spoiled_e6, __u64 spoiled_error_e6)
{
	view->nr_pages += nr_pages;
	view->nr_huge += nr_huge;
	view->age_sum_ms += age_sum_ms;
	if (oldest_ns > view->oldest_ns)
		view->oldest_ns = oldest_ns;
	view->spoiled_e6 += spoiled_e6;
	view->spoiled_error_e6 += spoiled_error_e6;
}

static __u32 make_views(const struct model *model, struct view views[MAX_VIEWS])
{
	__u32 nr = 0;

	for (__u32 i = 0; i < model_nr_holders(model); i++) {
		const struct rec_holder *holder = model_holder(model, i);

		if (!i || !holder_is_of_same(holder, model_holder(model, i - 1)))
			views[nr++] = (struct view){ .first = i };
		views[nr - 1].nr++;
		view_add(&views[nr - 1], holder->nr_pages, holder->nr_huge, holder->age_sum_ms,
			 holder->oldest_ns, holder->spoiled_e6, holder->spoiled_error_e6);
	}
	return nr;
}

/* --- one owner -------------------------------------------------------------------------------- */

static __u64 bytes_of(const struct request *request, __u64 nr_pages)
{
	return nr_pages * model_live(request->model)->step_pages * request->status.machine->page_size;
}

static void write_bytes(struct request *request, __u64 nr_pages)
{
	__u32 step_pages = model_live(request->model)->step_pages;

	json_add_u64(&request->json, "bytes", bytes_of(request, nr_pages));
	json_add_u64(&request->json, "bytes_error",
		     live_error_pages(nr_pages, step_pages) * request->status.machine->page_size);
}

/* Of other types no page is looked at: that they spoil nothing is no estimate. */
static bool may_spoil(const struct request *request, __u32 migratetype)
{
	const char *label = model_dim_label(request->model, DIM_MIGRATETYPE, migratetype);

	return !strcmp(label, "unmovable") || !strcmp(label, "reclaimable");
}

static void write_spoiled(struct request *request, __u64 spoiled_e6, __u64 spoiled_error_e6,
			  bool is_looked_at)
{
	struct json *json = &request->json;
	__u64 error_e3 = is_looked_at ? live_error_spoiled_e3(request->model, spoiled_e6, spoiled_error_e6)
				      : 0;

	if (!model_live(request->model)->knows_blocks) {
		json_add_null(json, "spoiled_blocks");
		json_add_null(json, "spoiled_blocks_error");
		return;
	}
	json_add_double(json, "spoiled_blocks", (double)spoiled_e6 / 1e6);
	json_add_double(json, "spoiled_blocks_error", (double)error_e3 / 1e3);
}

void write_frames(struct request *request, __u64 key)
{
	const struct rec_stack *stack = model_stack(request->model, key);
	__u64 ip[STACK_MAX_FRAMES];
	__u32 nr = stack ? frames_of(request->model, stack, ip) : 0;
	struct text callers = {};

	text_add_callers(&callers, request->model, key);
	json_add_string(&request->json, "callers", callers.data ? callers.data : "");
	request->json.text->is_failed |= callers.is_failed;
	text_free(&callers);
	json_array_begin(&request->json, "frames");
	for (__u32 i = 0; i < nr; i++) {
		char name[FRAME_NAME_LEN];

		address_name(request->model, ip[i], name);
		json_add_string(&request->json, NULL, name);
	}
	json_array_end(&request->json);
}

static void write_stacks(struct request *request, const struct view *view)
{
	json_array_begin(&request->json, "stacks");
	for (__u32 i = view->first; i < view->first + view->nr; i++) {
		const struct rec_holder *holder = model_holder(request->model, i);

		if (!holder->stack)
			continue;
		json_object_begin(&request->json, NULL);
		write_bytes(request, holder->nr_pages);
		write_spoiled(request, holder->spoiled_e6, holder->spoiled_error_e6,
			      may_spoil(request, holder->migratetype));
		write_frames(request, holder->stack);
		json_object_end(&request->json);
	}
	json_array_end(&request->json);
}

/* The process, under the name that it has now where it lives. */
static void write_who(struct request *request, const struct rec_holder *holder)
{
	const struct process *process = model_holder_process(request->model, holder);
	const char *unit = process ? model_group(request->model, process->group)->unit
				   : model_cgroup_unit(request->model, holder->cgroup_id);
	struct json *json = &request->json;

	json_add_u64(json, "pid", holder->tgid);
	json_add_string(json, "comm", process ? process->comm : holder->comm);
	json_add_string(json, "unit", holder->owner == LIVE_KTHREAD ? "kernel" : unit);
	json_add_bool(json, "is_alive", model_holder_is_alive(request->model, holder));
}

static void write_sums(struct request *request, const struct view *view, bool is_looked_at)
{
	struct json *json = &request->json;

	write_bytes(request, view->nr_pages);
	json_add_u64(json, "huge_bytes", bytes_of(request, view->nr_huge));
	json_add_u64(json, "mean_age_ns", view->nr_pages ? view->age_sum_ms / view->nr_pages * 1000000 : 0);
	json_add_u64(json, "oldest_age_ns", view->oldest_ns);
	write_spoiled(request, view->spoiled_e6, view->spoiled_error_e6, is_looked_at);
}

static void write_owner(struct request *request, const struct view *view)
{
	const struct rec_holder *holder = model_holder(request->model, view->first);
	struct json *json = &request->json;

	json_object_begin(json, NULL);
	json_add_string(json, "owner", owner_names[holder->owner]);
	write_who(request, holder);
	json_add_string(json, "migratetype",
			model_dim_label(request->model, DIM_MIGRATETYPE, holder->migratetype));
	write_sums(request, view, may_spoil(request, holder->migratetype));
	write_stacks(request, view);
	json_object_end(json);
}

static void write_others(struct request *request, const struct view *others)
{
	struct json *json = &request->json;

	json_object_begin(json, NULL);
	json_add_string(json, "owner", owner_names[NR_LIVE_OWNERS]);
	json_add_null(json, "pid");
	json_add_string(json, "comm", "");
	json_add_string(json, "unit", "");
	json_add_bool(json, "is_alive", false);
	json_add_null(json, "migratetype");
	write_sums(request, others, true);
	json_array_begin(json, "stacks");
	json_array_end(json);
	json_object_end(json);
}

/* --- all -------------------------------------------------------------------------------------- */

/* The heaviest that has not been shown, by spoiled blocks or by pages; NULL where none has any. */
static struct view *heaviest(const struct model *model, struct view *views, __u32 nr, bool by_blocks)
{
	struct view *best = NULL;
	__u64 most = 0;

	for (__u32 i = 0; i < nr; i++) {
		__u64 weight = by_blocks ? views[i].spoiled_e6 : views[i].nr_pages;

		if (views[i].is_shown || weight <= most || model_holder(model, views[i].first)->is_rest)
			continue;
		most = weight;
		best = &views[i];
	}
	return best;
}

static void write_owners(struct request *request)
{
	static struct view views[MAX_VIEWS];
	__u32 nr = make_views(request->model, views);
	struct view others = { 0 };

	json_array_begin(&request->json, "owners");
	for (__u32 i = 0; i < MAX_OWNERS; i++) {
		struct view *view = NULL;

		if (i < MAX_SPOILERS)
			view = heaviest(request->model, views, nr, true);
		if (!view)
			view = heaviest(request->model, views, nr, false);
		if (!view)
			break;
		write_owner(request, view);
		view->is_shown = true;
	}
	for (__u32 i = 0; i < nr; i++)
		if (!views[i].is_shown)
			view_add(&others, views[i].nr_pages, views[i].nr_huge, views[i].age_sum_ms,
				 views[i].oldest_ns, views[i].spoiled_e6, views[i].spoiled_error_e6);
	if (others.nr_pages || others.spoiled_e6)
		write_others(request, &others);
	json_array_end(&request->json);
}

/* A share of the blocks that were read, which are not none. */
static void write_share(struct request *request, const char *key, const char *error_key, __u32 nr, __u32 of)
{
	json_add_double(&request->json, key, (double)nr / of);
	json_add_double(&request->json, error_key, (double)census_error_e6(nr, nr, of) / 1e6);
}

/* Of pages in a block. */
static void write_mean(struct request *request, const char *key, const char *error_key,
		       const struct rec_census *census, __u64 nr_pages, __u64 squares)
{
	double whole = census->block_pages;
	__u64 error_e6 = census_error_e6((double)nr_pages / whole, (double)squares / whole / whole,
					 census->nr_blocks);

	json_add_double(&request->json, key, (double)nr_pages / census->nr_blocks);
	json_add_double(&request->json, error_key, (double)error_e6 / 1e6 * whole);
}

static void write_census(struct request *request)
{
	struct json *json = &request->json;

	if (!model_live(request->model)->knows_blocks) {
		json_add_null(json, "census");
		return;
	}
	json_array_begin(json, "census");
	for (__u32 i = 0; i < model_nr_censuses(request->model); i++) {
		const struct rec_census *census = model_census(request->model, i);

		if (!census->nr_blocks)
			continue;
		json_object_begin(json, NULL);
		json_add_string(json, "node", model_dim_label(request->model, DIM_NODE, census->node));
		json_add_u64(json, "blocks_read", census->nr_blocks);
		write_share(request, "mixed_share", "mixed_share_error", census->nr_mixed, census->nr_blocks);
		write_share(request, "spoiled_share", "spoiled_share_error", census->nr_spoiled,
			    census->nr_blocks);
		write_mean(request, "mean_free_pages", "mean_free_pages_error", census, census->nr_free,
			   census->free_squares);
		write_mean(request, "mean_movable_pages", "mean_movable_pages_error", census,
			   census->nr_movable, census->movable_squares);
		write_mean(request, "mean_unmovable_pages", "mean_unmovable_pages_error", census,
			   census->nr_unmovable, census->unmovable_squares);
		json_object_end(json);
	}
	json_array_end(json);
}

void write_holders(struct request *request)
{
	const struct rec_live *live = model_live(request->model);
	struct json *json = &request->json;

	if (!live) {
		json_add_null(json, "holders");
		return;
	}
	json_object_begin(json, "holders");
	json_add_u64(json, "age_ns", age_ns(request, live->h.time_ns));
	json_add_u64(json, "cpu_ns", live->cpu_ns);
	json_add_string(json, "state", live->step_pages ? "on" : "off");
	json_add_string(json, "reason", live->why_not);
	json_add_string(json, "blocks_reason", live->why_no_blocks);
	json_add_u64(json, "step_pages", live->step_pages);
	json_add_u64(json, "sampled_pages", live->nr_pages);
	json_add_u64(json, "known_bytes", bytes_of(request, live->nr_pages));
	json_add_u64(json, "unplaced_bytes", bytes_of(request, live->nr_unplaced_owner_pages));
	json_add_u64(json, "kernel_stacks", live->nr_stacks);
	write_owners(request);
	write_census(request);
	json_object_end(json);
}
