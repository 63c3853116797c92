/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the handlers of the JSON API share; private to api*.c. */
#ifndef MEMOIR_API_REQUEST_H
#define MEMOIR_API_REQUEST_H

#include "api.h"
#include "json.h"

/* Places in an answer: of /v1/leaks, and of /v1/leaks/stacks, which has all. */
#define SOME_PLACES 64u
#define ALL_PLACES (REC_MAX_LIVE_SITES + REC_MAX_KERNEL_LIVE_SITES)

struct request {
	const struct api_context *context;
	const struct api_query *query;
	const struct model *model;
	struct model_status status; /* machine is never NULL in a handler */
	struct json json;
};

/* Writes what went wrong, and returns the status. */
enum api_status api_fail(struct request *request, enum api_status status, const char *message);

/* How long ago, at the time of the request; 0 for what is to come. */
__u64 age_ns(const struct request *request, __u64 time_ns);

/* The member "snapshot": of when the answer is. */
void write_snapshot(struct request *request);

/* Members of one cell: the labels of its dimensions; and a value of it, as write_cube() has it. */
void write_cell_labels(struct request *request, enum metric metric, __u32 cell);
void write_cell(struct request *request, const char *key, enum metric metric, __u64 value);

/*
 * A metric's cells that have counted, each with the labels of its dimensions and its value under
 * value_key. Pages become bytes, thousandths get three decimals, and CELL_NONE becomes null.
 */
void write_cube(struct request *request, const char *key, enum metric metric, const char *value_key,
		bool with_zero);

/* The member "bounds_ns": of the buckets of every histogram. */
void write_bounds(struct request *request);

/* The member "buckets" of the histogram in these cells. */
void write_histogram(struct request *request, const __u64 *cells);

/*
 * The members about the state of free memory: "page_size_bytes", "page_block_order", "zones"
 * and, if asked for, "history".
 */
void write_zones(struct request *request);

/* The members "fallbacks" and "fallback_stacks": who took pages of another migratetype than wanted. */
void write_fallbacks(struct request *request);

/* The members "huge_pages", "migrated" and "swap". */
void write_huge_pages(struct request *request);

/* The member "holders": who holds memory, and what that spoils. */
void write_holders(struct request *request);

/*
 * The members "pid", "comm" and "unit": who it was, under the name that the process has now where it lives;
 * tgid 0: interrupts.
 */
void write_task(struct request *request, const struct task_identity *id);

/*
 * A row of a ledger under its key, in the unit of the API, null where it is not counted here; and its rate
 * under the same key, nothing where it is 0.
 */
void write_row(struct request *request, const struct ledger_counts *counts, enum ledger row);
void write_rate(struct request *request, const float rate[NR_LEDGER], enum ledger row);

/* The members about NUMA of an object that is about a process. */
void write_process_numa(struct request *request, const struct process *process);

/* The members "callers" and "frames": a kernel stack by its key, without the frames of the probe. */
void write_frames(struct request *request, __u64 key);

/* An address as text: it may be any number, and not every reader of JSON can hold all. */
void write_address(struct request *request, const char *key, __u64 address);

/*
 * The member "frames" of nr addresses in a process, the innermost first, each with its name where that is
 * known.
 */
void write_user_frames(struct request *request, __u32 tgid, __u64 start_ns, const __u64 *ip, __u32 nr);

/* The members "found_by" and "frames" of a user stack; null and none where it is NULL. */
void write_found_stack(struct request *request, const struct rec_user_stack *stack);

/* Likewise by its key; null and none where it is not known. */
void write_user_stack(struct request *request, __u64 key);

/*
 * The members "boot_id", "time_ns", "stacks", "stacks_reason" and "stacks_reading": where memory that is
 * held was allocated; at most max places, suspects of a leak first.
 */
void write_leak_stacks(struct request *request, __u32 max);

/*
 * The members "sizes" and "other_size_bytes": what the largest processes have of memory that is no file,
 * resident or swapped out, exact; and how much the others have at most.
 */
void write_leak_sizes(struct request *request);

/* The members "stack" and "traced" of a process: what its last trace says. */
void write_traced(struct request *request, const struct process *process);

enum api_status status_reply(struct request *request);
enum api_status probes_reply(struct request *request);
enum api_status processes_reply(struct request *request);
enum api_status process_reply(struct request *request);
enum api_status groups_reply(struct request *request);
enum api_status stalls_reply(struct request *request);
enum api_status leak_stacks_reply(struct request *request);
enum api_status faults_reply(struct request *request);
enum api_status events_reply(struct request *request);
enum api_status doctor_reply(struct request *request);
enum api_status fragmentation_reply(struct request *request);
enum api_status numa_reply(struct request *request);
enum api_status slab_reply(struct request *request);
enum api_status leaks_reply(struct request *request);
enum api_status leaks_trace_reply(struct request *request);

#endif
