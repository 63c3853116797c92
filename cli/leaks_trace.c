// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * memoir leaks --pid, --kernel: what a process or the kernel allocates from now on, and not freed when the
 * trace ends, by where it was allocated. The daemon traces, and this waits for it; an interrupt ends the
 * trace, not the command.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../daemon/util.h"
#include "../exporters/human.h"
#include "command.h"
#include "interrupt.h"
#include "leak_stack.h"
#include "leaks_trace_stacks.h"
#include "view.h"

#define DEFAULT_SECONDS 10
#define PATH "/v1/leaks/trace"
#define MAX_ROWS 10
#define MAX_UNSEEN_ROWS 3
#define POLL_NS (200 * NSEC_PER_MSEC)

/* --- the trace -------------------------------------------------------------------------------- */

/* Whether the answer shows a trace that has ended since asked_ns, CLOCK_BOOTTIME. */
static bool has_ended(const json_t *reply, uint64_t asked_ns)
{
	const json_t *trace = reply_member(reply, "trace");

	return json_is_object(trace) && !reply_bool(reply, "is_running") &&
	       reply_u64(trace, "age_ns") < now_ns(CLOCK_BOOTTIME) - asked_ns;
}

static void show_progress(const struct cli *cli, const json_t *reply)
{
	uint64_t left_ns = reply_u64(reply, "remaining_ns");

	if (cli->is_json || !isatty(STDERR_FILENO))
		return;
	if (!reply_bool(reply, "has_begun"))
		fprintf(stderr, "\r\033[Kfinding what to trace ");
	else if (left_ns)
		fprintf(stderr, "\r\033[Ktracing for another %s; interrupt to end it now ",
			human_duration(left_ns).text);
	else
		fprintf(stderr, "\r\033[Kfinding and naming stacks ");
}

static void end_progress(const struct cli *cli)
{
	if (!cli->is_json && isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K");
}

/*
 * Asks; an interrupt is to end the trace, which need not have begun, and not the question. An exit status.
 */
static int ask_on(struct cli *cli, struct source_query *query, struct answer *ret)
{
	int err = ask(&cli->source, PATH, query, ret);

	while (err == -EINTR) {
		*query = (struct source_query){ .max_age_ms = ANY_AGE, .trace_end = query->trace_end };
		answer_free(ret);
		*ret = (struct answer){};
		err = ask(&cli->source, PATH, query, ret);
	}
	if (err)
		complain("%s", ret->reply.problem);
	return ask_exit_status(err);
}

/* Begins a trace and asks until it has ended. An exit status. */
static int trace(struct cli *cli, struct answer *ret)
{
	struct source_query query = { .max_age_ms = ANY_AGE,
				      .pid = cli->query.pid,
				      .trace_kernel = cli->options & OPTION_KERNEL,
				      .trace_seconds = cli->seconds ? cli->seconds : DEFAULT_SECONDS,
				      .every_bytes = cli->every_bytes };
	uint64_t asked_ns = now_ns(CLOCK_BOOTTIME);
	int status = ask_on(cli, &query, ret);
	bool was_running = false, is_ending = false;

	query = (struct source_query){ .max_age_ms = ANY_AGE };
	while (!status && !has_ended(ret->json, asked_ns)) {
		if (!reply_bool(ret->json, "is_running")) {
			complain("%s", interrupt_requested() && !was_running
					       ? "interrupted before the trace began"
					       : "the trace did not come to its end; was memoird restarted?");
			return EXIT_FAILED;
		}
		was_running = true;
		show_progress(cli, ret->json);
		interrupt_poll(-1, 0, now_ns(CLOCK_MONOTONIC) + POLL_NS);
		query.trace_end = interrupt_requested() && !is_ending;
		is_ending |= query.trace_end;
		answer_free(ret);
		*ret = (struct answer){};
		status = ask_on(cli, &query, ret);
	}
	end_progress(cli);
	return status;
}

/* --- the view --------------------------------------------------------------------------------- */

static void show_rate(const json_t *trace, size_t width, struct text *out)
{
	uint64_t bytes = reply_u64(trace, "outstanding_bytes"), ns = reply_u64(trace, "duration_ns");
	double per_hour = ns ? (double)bytes * 3600e9 / (double)ns : 0;
	char sentence[160];

	if (!bytes)
		return;
	snprintf(sentence, sizeof(sentence),
		 "Not freed is not yet leaked: some is still in use. At this rate: %s/h.",
		 human_bytes(human_round(per_hour)).text);
	view_paragraph(out, width, 0, "", sentence);
}

/* "cat 1234": who asked, by name and number. */
static void add_who(struct table *table, const json_t *stack)
{
	char text[80] = "(an interrupt)";

	if (reply_u64(stack, "pid"))
		snprintf(text, sizeof(text), "%s %" PRIu64, reply_string(stack, "comm"),
			 reply_u64(stack, "pid"));
	table_cell(table, text);
}

static void add_what(struct table *table, const json_t *stack)
{
	const char *cache = reply_string(stack, "cache");

	table_cell(table, *cache ? cache : reply_string(stack, "kind"));
}

static void add_callers(struct table *table, const json_t *stack)
{
	const char *callers = reply_string(reply_member(stack, "kernel_stack"), "callers");

	table_cell(table, *callers ? callers : "(there was no room for its stack)");
}

static void show_kernel_stacks(const json_t *stacks, size_t width, struct text *out)
{
	static const struct table_column columns[] = {
		{ .header = "NOT FREED", .align = TABLE_RIGHT },
		{ .header = "COUNT", .align = TABLE_RIGHT },
		{ .header = "OLDEST", .align = TABLE_RIGHT },
		{ .header = "PROCESS" },
		{ .header = "WHAT" },
		{ .header = "WHERE", .is_flexible = true },
	};
	struct table table = TABLE_NEW(columns);
	json_t *stack;
	size_t i;

	table.gap = 1;
	json_array_foreach((json_t *)(uintptr_t)stacks, i, stack)
	{
		if (i == MAX_ROWS || !reply_u64(stack, "outstanding") || !reply_bool(stack, "frees_are_seen"))
			break;
		leaks_trace_add_not_freed(&table, stack);
		table_cell(&table, human_count(reply_u64(stack, "outstanding")).text);
		table_cell(&table, human_duration(reply_u64(stack, "oldest_ns")).text);
		add_who(&table, stack);
		add_what(&table, stack);
		add_callers(&table, stack);
	}
	view_table(out, width, "Not freed, by who asked for it and where:", &table);
}

/* Of what is not seen to be freed, so that nobody takes it for leaked, or for innocent. */
static void show_not_visible(const json_t *trace, size_t width, struct text *out)
{
	static const struct table_column columns[] = {
		{ .header = "AT MOST", .align = TABLE_RIGHT },
		{ .header = "REUSED", .align = TABLE_RIGHT },
		{ .header = "WHAT" },
		{ .header = "WHERE", .is_flexible = true },
	};
	const json_t *stacks = reply_member(trace, "stacks");
	struct table table = TABLE_NEW(columns);
	size_t i, nr = 0;
	json_t *stack;

	table.gap = 1;
	json_array_foreach((json_t *)(uintptr_t)stacks, i, stack)
	{
		if (reply_bool(stack, "frees_are_seen") || nr++ >= MAX_UNSEEN_ROWS)
			continue;
		table_cell(&table, human_bytes(reply_u64(stack, "outstanding_bytes")).text);
		table_cell(&table, human_count(reply_u64(stack, "reused")).text);
		add_what(&table, stack);
		add_callers(&table, stack);
	}
	if (nr)
		view_table(out, width,
			   "Not visible: freed in ways that are not seen on this kernel:", &table);
}

/* Each in one line, where there are any. */
static void show_losses(const json_t *trace, size_t width, struct text *out)
{
	static const struct {
		const char *key, *what;
	} losses[] = {
		{ "lost", "allocations found no place in the table; whether they were freed is not known" },
		{ "reused", "addresses were given out again without having been seen to be freed" },
		{ "interrupted", "calls of the allocator began and did not return" },
		{ "missed", "calls were not counted, for want of memory or within another one" },
		{ "spared",
		  "calls of C++ new were not followed, because an exception could not pass a probe" },
		{ "known_by_call_site_only", "allocations are known by their direct caller only" },
		{ "without_stack", "allocations are in the row without a place" },
		{ "stack_copies_lost", "stacks were not unwound for lack of room: callers may be missing" },
		{ "children", "processes were forked meanwhile; what they do is not counted" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(losses); i++) {
		uint64_t nr = reply_u64(trace, losses[i].key);

		if (nr)
			view_line(out, width, "%s %s.", human_count(nr).text, losses[i].what);
	}
}

static const char *how_it_ended(const json_t *trace)
{
	const char *ended = reply_string(trace, "ended");

	if (!strcmp(ended, "process_ended"))
		return "; then it ended";
	if (!strcmp(ended, "process_executed_another_program"))
		return "; then it executed another program";
	return !strcmp(ended, "stopped") ? ", until it was interrupted" : "";
}

static void show_sampling(const json_t *trace, size_t width, struct text *out)
{
	uint64_t every = reply_u64(trace, "every_bytes"), exact_ns = reply_u64(trace, "exact_ns");

	if (exact_ns)
		view_line(out, width,
			  "Exact for the first %s, until there were too many to look at them all.",
			  human_ns(exact_ns).text);
	view_line(out, width, "Estimated from samples%s: one byte in %s was looked at.",
		  exact_ns ? " since then" : "", human_bytes(every).text);
}

static void show_summary(const json_t *trace, size_t width, struct text *out)
{
	bool is_sampled = !strcmp(reply_string(trace, "probes"), "offered_samples");
	bool is_offered = is_sampled || !strcmp(reply_string(trace, "probes"), "offered");
	const char *older = "";
	char text[96] = "";

	view_line(out, width, "The heap of %s, process %" PRIu64 ", for %s%s.", reply_string(trace, "comm"),
		  reply_u64(trace, "pid"), human_ns(reply_u64(trace, "duration_ns")).text,
		  how_it_ended(trace));
	view_line(out, width, is_offered ? "It offers probes of its own, in %s." : "Its allocator is in %s.",
		  reply_string(trace, "allocators"));
	if (*reply_string(trace, "reason"))
		view_paragraph(out, width, 0,
			       "The functions of its allocator are probed:", reply_string(trace, "reason"));
	view_line(out, width, "Allocated: %s, %s times. Not freed: %s of that, %s times.",
		  human_bytes(reply_u64(trace, "allocated_bytes")).text,
		  human_count(reply_u64(trace, "allocations")).text,
		  human_bytes(reply_u64(trace, "outstanding_bytes")).text,
		  human_count(reply_u64(trace, "outstanding")).text);
	if (is_sampled) {
		view_line(out, width, "Sampled by the program, which says what each sample stands for.");
		return;
	}
	if (reply_u64(trace, "every_bytes")) {
		show_sampling(trace, width, out);
		return;
	}
	if (reply_u64(trace, "frees_of_older")) {
		snprintf(text, sizeof(text), ", and %s times what was allocated before",
			 human_count(reply_u64(trace, "frees_of_older")).text);
		older = text;
	}
	view_line(out, width, "Freed: %s times%s.", human_count(reply_u64(trace, "frees")).text, older);
}

static void show_kernel_summary(const json_t *trace, size_t width, struct text *out)
{
	uint64_t every = reply_u64(trace, "every"), bytes = reply_u64(trace, "outstanding_bytes"),
		 error = reply_u64(trace, "outstanding_bytes_error");

	view_line(out, width, "The kernel, for %s%s.", human_ns(reply_u64(trace, "duration_ns")).text,
		  how_it_ended(trace));
	if (every > 1) {
		view_line(out, width, "Estimated: one object in %" PRIu64 " was followed.", every);
		view_line(out, width, "Not freed: %s, with a standard error of %s.", human_bytes(bytes).text,
			  human_bytes(error).text);
	} else {
		view_line(out, width, "Every object was followed.");
		if (reply_u64(trace, "allocations"))
			view_line(out, width, "Allocated: %s, %s times.",
				  human_bytes(reply_u64(trace, "allocated_bytes")).text,
				  human_count(reply_u64(trace, "allocations")).text);
		view_line(out, width, "Not freed: %s, %s times.", human_bytes(bytes).text,
			  human_count(reply_u64(trace, "outstanding")).text);
	}
	if (reply_u64(trace, "not_visible_bytes"))
		view_line(out, width, "Not visible whether freed: %s at most.",
			  human_bytes(reply_u64(trace, "not_visible_bytes")).text);
	if (!reply_bool(trace, "bulk_frees_are_seen"))
		view_paragraph(
			out, width, 0, "",
			"What kfree_rcu() frees, or is freed in bulk, is not seen on this kernel: it looks "
			"as if not freed until its address is given out again.");
}

static int show(const json_t *reply)
{
	const json_t *trace = reply_member(reply, "trace");
	size_t width = output_width();
	struct text out = {};
	int status;

	if (!strcmp(reply_string(trace, "ended"), "not_begun")) {
		complain("cannot trace: %s", reply_string(trace, "reason"));
		return EXIT_FAILED;
	}
	if (reply_bool(trace, "is_kernel"))
		show_kernel_summary(trace, width, &out);
	else
		show_summary(trace, width, &out);
	show_rate(trace, width, &out);
	show_losses(trace, width, &out);
	if (reply_bool(trace, "is_kernel")) {
		show_kernel_stacks(reply_member(trace, "stacks"), width, &out);
		show_not_visible(trace, width, &out);
	} else {
		leaks_trace_show_stacks(reply_member(trace, "stacks"), width, &out);
	}
	status = print_text(&out);
	text_free(&out);
	return status;
}

int leaks_trace_run(struct cli *cli)
{
	_cleanup_answer_ struct answer answer = {};
	int status;

	interrupt_init();
	status = trace(cli, &answer);
	if (status)
		return status;
	return cli->is_json ? print_text(&answer.reply.body) : show(answer.json);
}
