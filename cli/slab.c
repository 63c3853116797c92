// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * memoir slab: who is given more by the slab allocators than was asked for, and which caches hold more
 * than is in use. The daemon looks at allocations for a while, and this waits for it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../daemon/util.h"
#include "../exporters/human.h"
#include "command.h"
#include "interrupt.h"
#include "view.h"

#define DEFAULT_SECONDS 5
#define DEFAULT_EVERY 16
#define PATH "/v1/slab"
#define MAX_ROWS 10

/* --- the look --------------------------------------------------------------------------------- */

/*
 * Whether the answer shows a look that has ended since asked_ns, CLOCK_BOOTTIME: the one that this asked
 * for, or took part in.
 */
static bool has_ended(const json_t *reply, uint64_t asked_ns)
{
	const json_t *look = reply_member(reply, "look");

	return json_is_object(look) && reply_u64(look, "age_ns") < now_ns(CLOCK_BOOTTIME) - asked_ns;
}

/* Some of the time until the look is to end; the daemon may end before. 0, or -EINTR. */
static int wait_for_end(const json_t *reply)
{
	uint64_t left_ns = reply_u64(reply, "remaining_ns") + 20 * NSEC_PER_MSEC;

	interrupt_poll(-1, 0, now_ns(CLOCK_MONOTONIC) + (left_ns < NSEC_PER_SEC ? left_ns : NSEC_PER_SEC));
	return interrupt_requested() ? -EINTR : 0;
}

/* Begins a look, or takes part in one, and asks until it has ended. An exit status. */
static int look(struct cli *cli, struct answer *ret)
{
	struct source_query query = { .max_age_ms = ANY_AGE,
				      .look_ms = (cli->seconds ? cli->seconds : DEFAULT_SECONDS) * 1000,
				      .every = cli->every ? cli->every : DEFAULT_EVERY };
	uint64_t asked_ns = now_ns(CLOCK_BOOTTIME);
	int status = command_ask(cli, PATH, &query, ret);

	query.look_ms = 0;
	while (!status && !has_ended(ret->json, asked_ns)) {
		if (!reply_bool(ret->json, "is_running")) {
			complain("the look did not come to its end; was memoird restarted?");
			return EXIT_FAILED;
		}
		if (wait_for_end(ret->json))
			return EXIT_FAILED;
		answer_free(ret);
		*ret = (struct answer){};
		status = command_ask(cli, PATH, &query, ret);
	}
	return status;
}

/* --- the view --------------------------------------------------------------------------------- */

static void add_count(struct table *table, const json_t *row, double seconds)
{
	double count = reply_double(row, "count");

	table_cell(table, human_rate(seconds > 0 ? count / seconds : 0).text);
	table_cell(table,
		   human_bytes(human_round(count > 0 ? reply_double(row, "requested_bytes") / count : 0))
			   .text);
	table_cell(table,
		   human_bytes(human_round(count > 0 ? reply_double(row, "given_bytes") / count : 0)).text);
}

static void add_waste(struct table *table, const json_t *row, double seconds)
{
	char text[80];

	snprintf(text, sizeof(text), "%s+-%s",
		 human_byte_rate(seconds > 0 ? reply_double(row, "wasted_bytes") / seconds : 0).text,
		 human_byte_rate(seconds > 0 ? reply_double(row, "wasted_bytes_error") / seconds : 0).text);
	table_cell(table, text);
}

static void add_pid(struct table *table, const json_t *row)
{
	char pid[24];

	snprintf(pid, sizeof(pid), "%" PRIu64, reply_u64(row, "pid"));
	table_cell(table, pid);
	table_cell(table, reply_string(row, "comm"));
}

static void show_sites(const json_t *sites, double seconds, size_t width, struct text *out)
{
	static const struct table_column columns[] = {
		{ .header = "PID", .align = TABLE_RIGHT },     { .header = "COMM" },
		{ .header = "TIMES/s", .align = TABLE_RIGHT }, { .header = "WANTED", .align = TABLE_RIGHT },
		{ .header = "GIVEN", .align = TABLE_RIGHT },   { .header = "WASTE/s", .align = TABLE_RIGHT },
		{ .header = "CACHE", .is_optional = true },    { .header = "CALL SITE", .is_flexible = true },
	};
	struct table table = TABLE_NEW(columns);
	json_t *site;
	size_t i;

	table.gap = 1;
	json_array_foreach(sites, i, site)
	{
		char name[128];

		if (i == MAX_ROWS)
			break;
		snprintf(name, sizeof(name), "%s", reply_string(site, "call_site"));
		name[strcspn(name, "+")] = '\0';
		add_pid(&table, site);
		add_count(&table, site, seconds);
		add_waste(&table, site, seconds);
		table_cell(&table, reply_string(site, "cache"));
		table_cell(&table, name);
	}
	view_table(out, width, "Given beyond what was asked for, by call site:", &table);
}

static void show_processes(const json_t *processes, double seconds, size_t width, struct text *out)
{
	static const struct table_column columns[] = {
		{ .header = "PID", .align = TABLE_RIGHT },     { .header = "COMM" },
		{ .header = "TIMES/s", .align = TABLE_RIGHT }, { .header = "WANTED", .align = TABLE_RIGHT },
		{ .header = "GIVEN", .align = TABLE_RIGHT },   { .header = "WASTE/s", .align = TABLE_RIGHT },
		{ .header = "UNIT", .is_flexible = true },
	};
	struct table table = TABLE_NEW(columns);
	json_t *process;
	size_t i;

	json_array_foreach(processes, i, process)
	{
		if (i == MAX_ROWS)
			break;
		add_pid(&table, process);
		add_count(&table, process, seconds);
		add_waste(&table, process, seconds);
		table_cell(&table, reply_string(process, "unit"));
	}
	view_table(out, width, "The same by process:", &table);
}

static void show_caches(const json_t *caches, size_t width, struct text *out)
{
	static const struct table_column columns[] = {
		{ .header = "CACHE", .min_width = 20 },
		{ .header = "HOLDS", .align = TABLE_RIGHT, .min_width = 8 },
		{ .header = "UNUSED", .align = TABLE_RIGHT, .min_width = 8 },
		{ .header = "SHARE", .align = TABLE_RIGHT },
		{ .header = "OBJECTS", .align = TABLE_RIGHT },
		{ .header = "SIZE", .align = TABLE_RIGHT },
	};
	struct table table = TABLE_NEW(columns);
	json_t *cache;
	size_t i;

	json_array_foreach(caches, i, cache)
	{
		double held = reply_double(cache, "held_bytes"), unused = reply_double(cache, "unused_bytes");

		if (i == MAX_ROWS || unused <= 0)
			break;
		table_cell(&table, reply_string(cache, "name"));
		table_cell(&table, human_bytes(reply_u64(cache, "held_bytes")).text);
		table_cell(&table, human_bytes(reply_u64(cache, "unused_bytes")).text);
		table_cell(&table, human_percent(unused / held).text);
		table_cell(&table, human_count(reply_u64(cache, "objects")).text);
		table_cell(&table, human_bytes(reply_u64(cache, "object_bytes")).text);
	}
	view_table(out, width, "Slab pages that are held and not in use, by cache:", &table);
}

static void show_summary(const json_t *look, double seconds, size_t width, struct text *out)
{
	const json_t *total = reply_member(look, "total");
	double given = reply_double(total, "given_bytes"), wasted = reply_double(total, "wasted_bytes");
	uint64_t every = reply_u64(look, "every"), lost = reply_u64(look, "lost_samples");
	char ratio[64] = "every allocation was looked at";

	if (every > 1)
		snprintf(ratio, sizeof(ratio), "one allocation in %" PRIu64 " was looked at", every);
	view_line(out, width, "For %s, until %s ago; %s.", human_ns(reply_u64(look, "duration_ns")).text,
		  human_duration(reply_u64(look, "age_ns")).text, ratio);
	view_line(out, width, "%s allocations a second, %s given, of which %s not asked for.",
		  human_rate(seconds > 0 ? reply_double(total, "count") / seconds : 0).text,
		  human_byte_rate(seconds > 0 ? given / seconds : 0).text,
		  human_percent(given > 0 ? wasted / given : 0).text);
	if (lost)
		view_line(out, width, "%s of the allocations are missing: they found no place in the table.",
			  human_percent((double)lost /
					((double)lost + reply_double(total, "count") / (double)every))
				  .text);
}

static int show(const json_t *reply)
{
	const json_t *look = reply_member(reply, "look");
	double seconds = reply_double(look, "duration_ns") / 1e9;
	size_t width = output_width();
	struct text out = {};
	int status;

	if (!json_is_object(look)) {
		view_line(&out, width, "Nobody has looked at slab allocations.");
	} else if (reply_string(look, "reason")[0]) {
		view_line(&out, width, "Not visible here: %s", reply_string(look, "reason"));
	} else {
		show_summary(look, seconds, width, &out);
		show_sites(reply_member(look, "sites"), seconds, width, &out);
		show_processes(reply_member(look, "processes"), seconds, width, &out);
		if (!json_is_array(reply_member(look, "caches")))
			view_line(&out, width,
				  "What slab caches hold is not visible: /proc/slabinfo is not.");
		show_caches(reply_member(look, "caches"), width, &out);
	}
	status = print_text(&out);
	text_free(&out);
	return status;
}

int slab_run(struct cli *cli)
{
	const struct source_query query = { .max_age_ms = ANY_AGE };
	_cleanup_answer_ struct answer answer = {};
	int status;

	interrupt_init();
	status = cli->replay ? command_ask(cli, PATH, &query, &answer) : look(cli, &answer);
	if (status)
		return status;
	return cli->is_json ? print_text(&answer.reply.body) : show(answer.json);
}
