// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of commands, and how one is run; see command.h. */
#include "command.h"

#include <errno.h>
#include <string.h>

#define TOP_OPTIONS (OPTION_ONCE | OPTION_GROUPS | OPTION_INTERVAL | OPTION_SORT | OPTION_REVERSE)
#define LEAKS_OPTIONS                                                                               \
	(OPTION_FOLDED | OPTION_SVG | OPTION_SINCE | OPTION_PID | OPTION_FOR | OPTION_EVERY_BYTES | \
	 OPTION_KERNEL)
#define PROCESS_OPTIONS (OPTION_CONTIGUITY | OPTION_HEAP | OPTION_NUMA | OPTION_SECONDS)

const struct command commands[] = {
	{ .name = "status",
	  .help = "What the daemon watches and costs, and how far it agrees with the kernel",
	  .path = "/v1/status",
	  .view = status_view },
	{ .name = "probes",
	  .help = "Every BPF program: attached or why not, what it costs",
	  .path = "/v1/probes",
	  .view = probes_view },
	{ .name = "top",
	  .help = "Live: which processes or groups fault, allocate and stall",
	  .options = TOP_OPTIONS,
	  .run = top_run },
	{ .name = "process",
	  .argument = "PID",
	  .help = "Everything about one process",
	  .options = PROCESS_OPTIONS,
	  .path = "/v1/process",
	  .extend = process_extend,
	  .view = process_view },
	{ .name = "faults",
	  .help = "Page faults by kind, how long they take, who waits, and where they happen",
	  .path = "/v1/faults",
	  .view = faults_view },
	{ .name = "stalls",
	  .help = "Time lost to reclaim and compaction, by kind and node",
	  .path = "/v1/stalls",
	  .view = stalls_view },
	{ .name = "fragmentation",
	  .help = "Free memory by zone and order, and what would still succeed",
	  .path = "/v1/fragmentation",
	  .view = fragmentation_view },
	{ .name = "numa",
	  .help = "Who uses memory of another NUMA node, what it costs, why, and what helps",
	  .path = "/v1/numa",
	  .view = numa_view },
	{ .name = "leaks",
	  .help = "Whose memory grows, whether it is lost, how fast, and when it will hurt",
	  .options = LEAKS_OPTIONS | OPTION_HEAP,
	  .path = "/v1/leaks",
	  .extend = leaks_extend,
	  .view = leaks_view,
	  .run = leaks_run,
	  .run_options = LEAKS_OPTIONS },
	{ .name = "slab",
	  .help = "Slab memory that was given beyond the request, or is held and not used",
	  .options = OPTION_SECONDS | OPTION_EVERY,
	  .run = slab_run },
	{ .name = "events",
	  .help = "Long stalls, OOM kills and failed allocations, one by one",
	  .options = OPTION_FOLLOW,
	  .run = events_run },
	{ .name = "doctor",
	  .help = "What is wrong with memory, since when, who, and what helps",
	  .path = "/v1/doctor",
	  .view = doctor_view },
	{ .name = "record",
	  .argument = "FILE",
	  .help = "Write all that the daemon sees to a new file",
	  .options = OPTION_SECONDS,
	  .is_live_only = true,
	  .run = record_run },
	{ .name = "replay",
	  .argument = "FILE",
	  .help = "Answer another command (default: status) from such a file",
	  .is_live_only = true },
	{ 0 },
};

const struct command *command_find(const char *name)
{
	for (const struct command *command = commands; command->name; command++)
		if (!strcmp(command->name, name))
			return command;
	return NULL;
}

int command_ask(struct cli *cli, const char *path, const struct source_query *query, struct answer *ret)
{
	int err = ask(&cli->source, path, query, ret);

	if (err)
		complain("%s", ret->reply.problem);
	return ask_exit_status(err);
}

static bool is_json_body(const struct text *body)
{
	_cleanup_json_ json_t *json = reply_parse(body);

	return json != NULL;
}

static int run_view(struct cli *cli)
{
	_cleanup_answer_ struct answer answer;
	int status = command_ask(cli, cli->command->path, &cli->query, &answer), extended = EXIT_OK;
	struct text out = {};

	if (!status && cli->command->extend)
		extended = cli->command->extend(cli, &answer);

	if (cli->is_json && (!status || is_json_body(&answer.reply.body))) {
		int printed = print_text(&answer.reply.body);

		return status ? status : extended ? extended : printed;
	}
	if (status)
		return status;
	status = cli->command->view(cli, answer.json, &out);
	if (!status)
		status = print_text(&out);
	text_free(&out);
	return status ? status : extended;
}

int command_run(struct cli *cli)
{
	const struct command *command = cli->command;

	if (command->run && (!command->run_options || cli->options & command->run_options))
		return command->run(cli);
	return run_view(cli);
}
