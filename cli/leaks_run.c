// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * memoir leaks --folded and --svg: what is held, by where it was allocated, as a flame graph; and --since:
 * what changed since an answer that was kept in a file.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "../daemon/util.h"

#include "../exporters/human.h"
#include "command.h"
#include "interrupt.h"
#include "leak_stack.h"
#include "leaks_since.h"

#define PATH "/v1/leaks/stacks"
/* A large program with all its libraries takes some seconds to be named. */
#define MAX_NAMING_NS (20 * NSEC_PER_SEC)
#define POLL_NS (100 * NSEC_PER_MSEC)

/* An answer of a machine with thousands of processes is less than one of these. */
#define MAX_SNAPSHOT_BYTES (64u << 20)

/* Adds the rows of an answer. 0 or -ENOMEM. */
static int add_stacks(struct flame *flame, const json_t *stacks)
{
	struct leak_frames frames;
	json_t *stack;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)stacks, i, stack)
	{
		int err;

		if (leak_stack_is_part_of_kernel(stack))
			continue;
		leak_frames_read(stack, &frames);
		err = flame_add(flame, frames.frames, frames.nr, reply_u64(stack, "bytes"));
		if (err)
			return err;
	}
	return 0;
}

static void add_title(struct text *title, const json_t *reply)
{
	const json_t *reading = reply_member(reply, "stacks_reading");

	text_add_format(title,
			"Memory that is held, by where it was allocated: an estimate from one page in %llu; ",
			(unsigned long long)reply_u64(reading, "step_pages"));
	text_add_format(title, "%s are known", human_bytes(reply_u64(reading, "known_bytes")).text);
	if (reply_u64(reading, "unplaced_bytes"))
		text_add_format(title, ", of which there was no room for the places of %s",
				human_bytes(reply_u64(reading, "unplaced_bytes")).text);
}

static int print_flame(const struct cli *cli, const json_t *reply)
{
	struct flame *flame = flame_new();
	struct text out = {}, title = {};
	int status;

	add_title(&title, reply);
	if (!flame || add_stacks(flame, reply_member(reply, "stacks")) || title.is_failed)
		out.is_failed = true;
	else if (cli->options & OPTION_SVG)
		flame_draw(flame, title.data, &out);
	else
		flame_fold(flame, &out);
	status = print_text(&out);
	text_free(&out);
	text_free(&title);
	flame_free(flame);
	return status;
}

/*
 * The daemon names what is asked for, a part at a time, and answers at once. It is asked again until it has
 * no more names to come, for so long; an interrupt ends this earlier, and what is known then is drawn.
 */
static int ask_until_named(struct cli *cli, struct answer *ret)
{
	const uint64_t end_ns = now_ns(CLOCK_MONOTONIC) + MAX_NAMING_NS;
	struct source_query query = cli->query;
	int status = command_ask(cli, PATH, &query, ret);

	/* The same reading, as long as there is no later one. */
	query.max_age_ms = ANY_AGE;
	while (!status && reply_bool(ret->json, "names_are_pending") && now_ns(CLOCK_MONOTONIC) < end_ns) {
		interrupt_poll(-1, 0, now_ns(CLOCK_MONOTONIC) + POLL_NS);
		if (interrupt_requested())
			break;
		answer_free(ret);
		*ret = (struct answer){};
		status = command_ask(cli, PATH, &query, ret);
	}
	return status;
}

static int run_flame(struct cli *cli)
{
	_cleanup_answer_ struct answer answer = {};
	int status = ask_until_named(cli, &answer);

	if (status)
		return status;
	if (!json_is_array(reply_member(answer.json, "stacks"))) {
		complain("there is nothing to draw: %s", reply_string(answer.json, "stacks_reason"));
		return EXIT_FAILED;
	}
	return print_flame(cli, answer.json);
}

/* --- since ------------------------------------------------------------------------------------ */

/* The answer that a file holds, or NULL after one line. */
static json_t *read_snapshot(const char *path)
{
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	json_error_t error;
	struct stat stat;
	json_t *json;

	if (!file || fstat(fileno(file), &stat) < 0) {
		complain("--since %s: %s; keep an answer with: memoir leaks --json > FILE", path,
			 strerror(errno));
		return NULL;
	}
	if (stat.st_size > MAX_SNAPSHOT_BYTES) {
		complain("--since %s: it is larger than any answer of memoir leaks --json", path);
		return NULL;
	}
	json = json_loadf(file, JSON_REJECT_DUPLICATES, &error);
	if (!json)
		complain("--since %s: it is no answer of memoir leaks --json: %s", path, error.text);
	return json;
}

static int run_since(struct cli *cli)
{
	_cleanup_json_ json_t *then = read_snapshot(cli->since);
	_cleanup_answer_ struct answer answer = {};
	const char *problem;
	struct text out = {};
	int status;

	if (!then)
		return EXIT_FAILED;
	status = command_ask(cli, "/v1/leaks", &cli->query, &answer);
	if (!status)
		status = leaks_extend(cli, &answer);
	if (status)
		return status;
	problem = leaks_since_problem(then, answer.json);
	if (problem) {
		complain("--since %s: %s", cli->since, problem);
		return EXIT_FAILED;
	}
	leaks_since_show(then, answer.json, output_width(), &out);
	status = print_text(&out);
	text_free(&out);
	return status;
}

int leaks_run(struct cli *cli)
{
	if (cli->options & (OPTION_PID | OPTION_KERNEL))
		return leaks_trace_run(cli);
	return cli->options & OPTION_SINCE ? run_since(cli) : run_flame(cli);
}
