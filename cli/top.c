// SPDX-License-Identifier: GPL-2.0-or-later
/* memoir top: what is shown at one moment; once as a table, or live on top_screen.c. */
#include "top.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../daemon/util.h"
#include "../exporters/human.h"
#include "interrupt.h"
#include "view.h"

void top_moment_free(struct top_moment *moment)
{
	top_rows_free(&moment->rows);
	answer_free(&moment->groups);
	answer_free(&moment->processes);
	answer_free(&moment->zones);
	*moment = (struct top_moment){};
}

bool top_arrange(const struct top_choice *choice, struct top_moment *moment)
{
	const json_t *reply = choice->is_groups ? moment->groups.json : moment->processes.json;

	top_rows_free(&moment->rows);
	if (!reply || !top_rows_read(&moment->rows, reply, choice->is_groups))
		return false;
	top_rows_filter(&moment->rows, choice->filter);
	top_rows_sort(&moment->rows, choice->key, choice->is_reversed);
	return true;
}

/* The sum over the groups is the whole machine; that over living processes is not. */
static bool read_totals(struct top_moment *moment)
{
	struct top_rows groups;

	if (!top_rows_read(&groups, moment->groups.json, true))
		return false;
	moment->total = groups.total;
	moment->nr_processes = groups.total.pid;
	moment->nr_groups = groups.nr;
	top_rows_free(&groups);
	return true;
}

static int fetch_anew(struct source *source, const struct top_choice *choice, uint64_t max_age_ms,
		      struct top_moment *fresh)
{
	struct source_query query = { .max_age_ms = max_age_ms };
	struct answer *last = &fresh->groups;
	int err = ask(source, "/v1/groups", &query, last);

	query.max_age_ms = ANY_AGE;
	if (!err && !choice->is_groups) {
		last = &fresh->processes;
		err = ask(source, "/v1/processes", &query, last);
	}
	if (!err && choice->is_zones) {
		query.with_history = true;
		last = &fresh->zones;
		err = ask(source, "/v1/fragmentation", &query, last);
	}
	if (err) {
		snprintf(fresh->problem, sizeof(fresh->problem), "%s", last->reply.problem);
		return err;
	}
	if (read_totals(fresh) && top_arrange(choice, fresh))
		return 0;
	snprintf(fresh->problem, sizeof(fresh->problem), "out of memory");
	return -ENOMEM;
}

int top_fetch(struct source *source, const struct top_choice *choice, uint64_t max_age_ms,
	      struct top_moment *moment)
{
	struct top_moment fresh = {};
	int err = fetch_anew(source, choice, max_age_ms, &fresh);

	if (err) {
		memcpy(moment->problem, fresh.problem, sizeof(moment->problem));
		top_moment_free(&fresh);
		return err;
	}
	top_moment_free(moment);
	*moment = fresh;
	return 0;
}

void top_add_summary(struct text *out, const struct top_moment *moment, size_t width)
{
	const struct top_row *total = &moment->total;

	view_line(out, width, "faults %s/s  major %s/s  alloc %s/s  stall %s  %s processes  %s groups",
		  human_rate(total->faults_per_second).text, human_rate(total->major_per_second).text,
		  human_byte_rate(total->allocated_per_second).text, human_percent(total->stall).text,
		  human_count(moment->nr_processes).text, human_count(moment->nr_groups).text);
}

struct table top_table(const struct top_choice *choice)
{
	return (struct table){ .columns = top_columns(choice->is_groups),
			       .nr_columns = NR_TOP_KEYS,
			       .gap = 1 };
}

static int print_once(const struct top_choice *choice, struct top_moment *moment)
{
	struct table table = top_table(choice);
	size_t width = output_width();
	struct text out = {};
	int status;

	top_add_summary(&out, moment, width);
	top_rows_add(&moment->rows, 0, moment->rows.nr, &table);
	view_table(&out, width, NULL, &table);
	status = print_text(&out);
	text_free(&out);
	return status;
}

static int run_json(struct cli *cli, const struct top_choice *choice)
{
	_cleanup_answer_ struct answer answer;
	int status = command_ask(cli, choice->is_groups ? "/v1/groups" : "/v1/processes", &cli->query,
				 &answer);

	return status ? status : print_text(&answer.reply.body);
}

int top_run(struct cli *cli)
{
	const struct top_choice choice = { .key = (enum top_key)cli->sort,
					   .is_reversed = cli->options & OPTION_REVERSE,
					   .is_groups = cli->options & OPTION_GROUPS,
					   .filter = "" };
	bool is_live = !(cli->options & OPTION_ONCE) && !cli->replay && top_screen_is_possible();
	struct top_moment moment = {};
	int err, status;

	if (cli->is_json)
		return run_json(cli, &choice);
	err = top_fetch(&cli->source, &choice, FRESH_MS, &moment);
	if (err)
		complain("%s", moment.problem);
	if (err)
		status = ask_exit_status(err);
	else if (is_live)
		status = top_screen_run(cli, &choice, &moment);
	else
		status = print_once(&choice, &moment);
	top_moment_free(&moment);
	return status;
}
