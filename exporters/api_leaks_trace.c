// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The trace of a heap, or of the kernel, in the JSON API: the one that goes on, and the last that has
 * ended, with what was allocated and not freed by each stack.
 */
#include "api_request.h"

static void write_sums(struct json *json, __u64 nr, __u64 bytes, __u64 bytes_error, __u64 nr_live,
		       __u64 live_bytes, __u64 live_error)
{
	json_add_u64(json, "allocations", nr);
	json_add_u64(json, "allocated_bytes", bytes);
	json_add_u64(json, "allocated_bytes_error", bytes_error);
	json_add_u64(json, "outstanding", nr_live);
	json_add_u64(json, "outstanding_bytes", live_bytes);
	json_add_u64(json, "outstanding_bytes_error", live_error);
}

/*
 * Of the kernel: addresses that are given out again and again are followed all or not at all, so that of
 * samples nobody knows how good a sum of allocations is.
 */
static void write_kernel_sums(struct json *json, bool is_exact, __u64 nr, __u64 bytes, __u64 nr_live,
			      __u64 live_bytes, __u64 live_error)
{
	json_add_known(json, "allocations", is_exact, nr);
	json_add_known(json, "allocated_bytes", is_exact, bytes);
	json_add_u64(json, "outstanding", nr_live);
	json_add_u64(json, "outstanding_bytes", live_bytes);
	json_add_u64(json, "outstanding_bytes_error", live_error);
}

static const char *kind_name(__u32 kind)
{
	static const char *const names[NR_TRACE_KINDS] = {
		[TRACE_USER_HEAP] = "heap", [TRACE_KMALLOC] = "kmalloc", [TRACE_CACHE] = "cache",
		[TRACE_PAGES] = "pages",    [TRACE_PERCPU] = "percpu",
	};

	return kind < NR_TRACE_KINDS ? names[kind] : "unknown";
}

static void write_kernel_stacks(struct request *request, bool is_exact)
{
	struct json *json = &request->json;

	json_array_begin(json, "stacks");
	for (__u32 i = 0; i < model_nr_trace_stacks(request->model); i++) {
		const struct rec_trace_stack *stack = model_trace_stack(request->model, i);

		json_object_begin(json, NULL);
		json_add_known(json, "pid", stack->tgid, stack->tgid);
		json_add_string(json, "comm", stack->comm);
		json_add_string(json, "kind", kind_name(stack->kind));
		json_add_string(json, "cache", stack->cache);
		write_kernel_sums(json, is_exact, stack->nr, stack->bytes, stack->nr_live, stack->live_bytes,
				  stack->live_error);
		json_add_u64(json, "samples", stack->nr_samples);
		json_add_u64(json, "oldest_ns", stack->oldest_ns);
		json_add_u64(json, "mean_age_ns", stack->mean_age_ns);
		json_add_u64(json, "reused", stack->nr_reused);
		json_add_bool(json, "frees_are_seen", !stack->is_unseen);
		json_object_begin(json, "kernel_stack");
		write_frames(request, stack->stack);
		json_object_end(json);
		json_object_end(json);
	}
	json_array_end(json);
}

static void write_kernel_trace(struct request *request, const struct rec_trace *trace)
{
	struct json *json = &request->json;
	bool is_exact = trace->every == 1 && !trace->is_partial;

	json_add_u64(json, "every", trace->every);
	write_kernel_sums(json, is_exact, trace->nr, trace->bytes, trace->nr_live, trace->live_bytes,
			  trace->live_error);
	json_add_bool(json, "bulk_frees_are_seen", !trace->misses_bulk);
	json_add_u64(json, "not_visible", trace->nr_unseen);
	json_add_u64(json, "not_visible_bytes", trace->unseen_bytes);
	json_add_u64(json, "frees", trace->nr_frees);
	json_add_u64(json, "frees_of_older", trace->nr_unknown);
	json_add_u64(json, "lost", trace->nr_lost);
	json_add_u64(json, "reused", trace->nr_reused);
	json_add_u64(json, "missed", trace->nr_missed);
	json_add_u64(json, "without_stack", trace->nr_unplaced);
	json_add_u64(json, "stacks_total", trace->nr_stacks);
	write_kernel_stacks(request, is_exact);
}

static void write_stacks(struct request *request)
{
	struct json *json = &request->json;

	json_array_begin(json, "stacks");
	for (__u32 i = 0; i < model_nr_trace_stacks(request->model); i++) {
		const struct rec_trace_stack *stack = model_trace_stack(request->model, i);

		json_object_begin(json, NULL);
		json_add_u64(json, "pid", stack->tgid);
		json_add_string(json, "comm", stack->comm);
		write_sums(json, stack->nr, stack->bytes, stack->bytes_error, stack->nr_live,
			   stack->live_bytes, stack->live_error);
		json_add_u64(json, "samples", stack->nr_samples);
		json_add_u64(json, "oldest_ns", stack->oldest_ns);
		json_add_u64(json, "mean_age_ns", stack->mean_age_ns);
		json_object_begin(json, "user_stack");
		write_user_stack(request, stack->stack);
		json_object_end(json);
		json_object_end(json);
	}
	json_array_end(json);
}

static void write_counts(struct json *json, const struct rec_trace *trace)
{
	json_add_u64(json, "frees", trace->nr_frees);
	/* Of samples nobody knows whether they were allocated before or not looked at. */
	json_add_known(json, "frees_of_older", !trace->every_bytes && trace->probes != TRACE_PROBES_SAMPLED,
		       trace->nr_unknown);
	json_add_u64(json, "failed", trace->nr_failed);
	json_add_u64(json, "children", trace->nr_children);
	json_add_u64(json, "lost", trace->nr_lost);
	json_add_u64(json, "reused", trace->nr_reused);
	json_add_u64(json, "interrupted", trace->nr_interrupted);
	json_add_u64(json, "missed", trace->nr_missed);
	json_add_u64(json, "spared", trace->nr_spared);
	json_add_u64(json, "known_by_call_site_only", trace->nr_folded);
	json_add_u64(json, "without_stack", trace->nr_unplaced);
	json_add_u64(json, "stacks_total", trace->nr_stacks);
	json_add_u64(json, "stacks_unwound", trace->nr_unwound);
	json_add_u64(json, "stack_copies_lost", trace->nr_copies_lost);
}

static void write_trace(struct request *request, const struct rec_trace *trace)
{
	struct json *json = &request->json;

	json_object_begin(json, "trace");
	json_add_u64(json, "age_ns", age_ns(request, trace->h.time_ns));
	json_add_bool(json, "is_kernel", trace->is_kernel);
	json_add_u64(json, "pid", trace->tgid);
	json_add_string(json, "comm", trace->comm);
	json_add_string(json, "ended", trace_ending_name(trace->ending));
	json_add_bool(json, "is_automatic", trace->is_automatic);
	json_add_string(json, "reason", trace->why_not);
	if (trace->ending != TRACE_NEVER_BEGAN)
		json_add_u64(json, "duration_ns", trace->duration_ns);
	if (trace->ending != TRACE_NEVER_BEGAN && trace->is_kernel)
		write_kernel_trace(request, trace);
	if (trace->ending != TRACE_NEVER_BEGAN && !trace->is_kernel) {
		json_add_u64(json, "every_bytes", trace->every_bytes);
		json_add_known(json, "exact_ns", trace->exact_ns, trace->exact_ns);
		json_add_string(json, "allocators", trace->allocators);
		json_add_string(json, "probes", trace_probes_name(trace->probes));
		write_sums(json, trace->nr, trace->bytes, trace->bytes_error, trace->nr_live,
			   trace->live_bytes, trace->live_error);
		write_counts(json, trace);
		write_stacks(request);
	}
	json_object_end(json);
}

enum api_status leaks_trace_reply(struct request *request)
{
	const struct rec_trace *trace = model_trace(request->model);
	__u64 end_ns = request->context->trace_end_ns, now_ns = request->context->now_ns;
	struct json *json = &request->json;

	json_add_bool(json, "is_running", end_ns);
	json_add_bool(json, "has_begun", end_ns && request->context->trace_has_begun);
	json_add_u64(json, "remaining_ns", end_ns > now_ns ? end_ns - now_ns : 0);
	json_add_known(json, "running_pid", end_ns && request->context->trace_pid,
		       request->context->trace_pid);
	if (trace)
		write_trace(request, trace);
	else
		json_add_null(json, "trace");
	return API_OK;
}
