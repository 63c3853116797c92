// SPDX-License-Identifier: GPL-2.0-or-later
/* memoir process PID --heap: what the command adds to the daemon's answer. */
#include <stdio.h>

#include "../daemon/util.h"
#include "../exporters/json.h"
#include "allocators.h"
#include "command.h"
#include "heap.h"

static const char *const walk_end_names[NR_HEAP_WALK_ENDS] = {
	[HEAP_WALK_COMPLETE] = "complete",
	[HEAP_WALK_CUT] = "limit",
	[HEAP_WALK_ABSENT] = "absent",
	[HEAP_WALK_STRANGE] = "strange",
};

static void write_figures(struct json *json, const struct heap_figures *figures)
{
	json_add_u64(json, "bytes", figures->bytes);
	json_add_u64(json, "resident_bytes", figures->resident_bytes);
	json_add_u64(json, "swapped_bytes", figures->swapped_bytes);
	json_add_u64(json, "used_blocks", figures->nr_used);
	json_add_u64(json, "used_bytes", figures->used_bytes);
	json_add_u64(json, "used_resident_bytes", figures->used_resident_bytes);
	json_add_u64(json, "free_bytes", figures->free_bytes);
	json_add_u64(json, "free_resident_bytes", figures->free_resident_bytes);
	json_add_u64(json, "fastbin_bytes", figures->fast_bytes);
	json_add_u64(json, "top_bytes", figures->top_bytes);
	json_add_u64(json, "overhead_bytes", figures->overhead_bytes);
	json_add_u64(json, "unknown_bytes", figures->unknown_bytes);
	json_add_u64(json, "unknown_resident_bytes", figures->unknown_resident_bytes);
	json_add_u64(json, "changed_blocks", figures->nr_changed);
	json_add_u64(json, "largest_free_bytes", figures->largest_run_bytes);
	json_add_u64(json, "whole_pages_bytes", figures->whole_bytes);
	json_add_u64(json, "trimmable_bytes", figures->trimmable_bytes);
}

static void write_arenas(struct json *json, const struct heap *heap)
{
	json_array_begin(json, "arenas");
	for (size_t i = 0; i < heap->nr_arenas; i++) {
		const struct heap_arena *arena = &heap->arena[i];

		json_object_begin(json, NULL);
		json_add_string(json, "kind", arena->is_main ? "main" : "thread");
		json_add_u64(json, "heaps", arena->nr_heaps);
		json_add_string(json, "end", walk_end_names[arena->end]);
		json_add_bool(json, "changed", arena->is_changed);
		json_add_u64(json, "unseen_bytes", arena->unseen_bytes);
		write_figures(json, &arena->figures);
		json_object_end(json);
	}
	json_array_end(json);
}

static void write_runs(struct json *json, const struct heap_figures *all)
{
	json_array_begin(json, "free_runs");
	for (int class = 0; class < HEAP_CLASSES; class ++) {
		const struct heap_runs *runs = &all->runs[class];

		if (!runs->nr_runs)
			continue;
		json_object_begin(json, NULL);
		json_add_u64(json, "min_bytes", 1ULL << class);
		json_add_u64(json, "runs", runs->nr_runs);
		json_add_u64(json, "bytes", runs->bytes);
		json_add_u64(json, "resident_bytes", runs->resident_bytes);
		json_object_end(json);
	}
	json_array_end(json);
}

/* What malloc has beside its heaps, and waits in caches inside them. */
static void write_blocks(struct json *json, const struct heap *heap)
{
	json_object_begin(json, "thread_caches");
	json_add_u64(json, "caches", heap->nr_caches);
	json_add_u64(json, "blocks", heap->cached_blocks);
	json_add_u64(json, "bytes", heap->cached_bytes);
	json_object_end(json);
	if (!heap->has_mapped) {
		json_add_null(json, "mapped_blocks");
		return;
	}
	json_object_begin(json, "mapped_blocks");
	json_add_u64(json, "bytes", heap->mapped_bytes);
	json_add_u64(json, "found", heap->nr_mapped_found);
	json_add_u64(json, "found_bytes", heap->mapped_found_bytes);
	json_add_u64(json, "found_resident_bytes", heap->mapped_resident_bytes);
	json_object_end(json);
}

static void write_heap(const struct heap *heap, struct text *ret)
{
	struct json json = { .text = ret };
	struct heap_figures all;

	heap_sum(heap, &all);
	json_object_begin(&json, NULL);
	json_add_string(&json, "allocator", "glibc");
	json_add_string(&json, "end", space_end_names[heap->end]);
	json_add_u64(&json, "cpu_ns", heap->cpu_ns);
	json_add_bool(&json, "mappings_changed", heap->is_changed);
	json_add_u64(&json, "page_size_bytes", heap->page_size);
	json_array_begin(&json, "other_allocators");
	for (int i = 0; i < NR_OTHER_ALLOCATORS; i++)
		if (heap->other_allocators & 1u << i)
			json_add_string(&json, NULL, other_allocator_names[i]);
	json_array_end(&json);
	json_add_known(&json, "process_anonymous_bytes", heap->has_anonymous, heap->anonymous_bytes);
	write_blocks(&json, heap);
	json_add_bool(&json, "all_arenas", heap->has_all_arenas);
	write_arenas(&json, heap);
	json_object_begin(&json, "all");
	write_figures(&json, &all);
	json_object_end(&json);
	write_runs(&json, &all);
	json_object_end(&json);
}

int process_heap_write(const struct cli *cli, const json_t *process, struct text *ret)
{
	pid_t pid = (pid_t)reply_u64(process, "pid");
	struct heap heap;
	int err, status = EXIT_FAILED;

	if (reply_bool(process, "kernel_thread")) {
		complain("heap: %d is a kernel thread, which has no memory of its own", pid);
		return EXIT_FAILED;
	}
	err = heap_read(pid, reply_u64(process, "start_ns"), cli->seconds * NSEC_PER_SEC, &heap);
	if (err) {
		complain("heap: %s", heap.problem);
	} else {
		write_heap(&heap, ret);
		if (heap.end == SPACE_GONE)
			complain(
				"heap: process %d ended, or executed another program, while it was looked at",
				pid);
		else
			status = EXIT_OK;
	}
	heap_free(&heap);
	return status;
}
