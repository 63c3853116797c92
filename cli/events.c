// SPDX-License-Identifier: GPL-2.0-or-later
/* memoir events: what is kept, and with --follow what comes, without a silent gap. */
#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#include "../daemon/util.h"
#include "command.h"
#include "event_text.h"
#include "interrupt.h"
#include "view.h"

#define POLL_NS (500 * NSEC_PER_MSEC)

struct follower {
	struct cli *cli;
	struct source_query query; /* after: the last event that was shown */
	pid_t server;              /* that numbered the events; 0: none yet */
	bool is_away;
};

static int show_events(const struct follower *follower, const struct answer *answer)
{
	const json_t *events = reply_member(answer->json, "events");
	uint64_t lost = reply_u64(answer->json, "lost");
	size_t width = output_width(), i;
	struct text out = {};
	json_t *event;
	int status;

	if (follower->cli->is_json)
		return !follower->server || lost || json_array_size(events) ? print_text(&answer->reply.body)
									    : EXIT_OK;
	if (lost)
		view_line(&out, width, "%" PRIu64 " event%s overwritten before they could be read", lost,
			  lost == 1 ? " was" : "s were");
	json_array_foreach(events, i, event) event_text_add(&out, event, width);
	if (!out.len && !(follower->cli->options & OPTION_FOLLOW))
		view_line(&out, width, "No events yet.");
	status = out.len || out.is_failed ? print_text(&out) : EXIT_OK;
	text_free(&out);
	return status;
}

/*
 * Another daemon numbers its events from 1, so what was seen of the last one means nothing to it. Whether
 * the answer must be asked for again.
 */
static bool is_renumbered(struct follower *follower, const struct answer *answer)
{
	bool is_other = follower->server && answer->reply.server != follower->server;
	bool is_behind = reply_u64(answer->json, "last") < follower->query.after;

	if (!is_other && !is_behind)
		return false;
	complain("memoird was started anew: events between the two may be missing");
	follower->query.after = 0;
	follower->server = answer->reply.server;
	return true;
}

/* Asks once and shows what is new: EXIT_OK or another exit status; *ret_err is the error of ask(). */
static int follow_once(struct follower *follower, int *ret_err)
{
	_cleanup_answer_ struct answer answer;
	bool is_first = !follower->server;
	int status;

	*ret_err = ask(&follower->cli->source, "/v1/events", &follower->query, &answer);
	if (*ret_err == -EINTR)
		return EXIT_OK;
	if (*ret_err == -ENOTCONN && !is_first) {
		if (!follower->is_away)
			complain("%s; retrying", answer.reply.problem);
		follower->is_away = true;
		return EXIT_OK;
	}
	if (*ret_err) {
		complain("%s", answer.reply.problem);
		return ask_exit_status(*ret_err);
	}
	follower->is_away = false;
	if (is_renumbered(follower, &answer))
		return EXIT_OK;
	status = show_events(follower, &answer);
	follower->query.after = reply_u64(answer.json, "last");
	follower->server = answer.reply.server;
	return status;
}

int events_run(struct cli *cli)
{
	struct follower follower = { .cli = cli, .query = { .max_age_ms = ANY_AGE } };
	bool is_following = cli->options & OPTION_FOLLOW && !cli->replay;
	int status, err;

	if (is_following)
		interrupt_init();
	status = follow_once(&follower, &err);
	while (!status && is_following && !interrupt_requested()) {
		/* A reader that has gone is noticed without an event. */
		if (interrupt_poll(STDOUT_FILENO, 0, now_ns(CLOCK_MONOTONIC) + POLL_NS) > 0) {
			complain("standard output was closed");
			return EXIT_FAILED;
		}
		if (!interrupt_requested())
			status = follow_once(&follower, &err);
	}
	return status;
}
