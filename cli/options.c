// SPDX-License-Identifier: GPL-2.0-or-later
/* memoir's command line; see options.h. */
#include "options.h"

#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "../daemon/util.h"
#include "../exporters/api.h"
#include "top_rows.h"

#define DEFAULT_SOCKET "/run/memoir/memoir.sock"
#define DEFAULT_INTERVAL_NS (2 * NSEC_PER_SEC)
#define MIN_INTERVAL_NS (200 * NSEC_PER_MSEC)
#define MAX_INTERVAL_NS (3600 * NSEC_PER_SEC)
#define MAX_SECONDS (366ULL * 86400)

/* replay FILE COMMAND PID is the longest. */
#define MAX_ARGUMENTS 4

/* What the command looks at itself, now. */
#define LOOKS (OPTION_CONTIGUITY | OPTION_HEAP | OPTION_NUMA)

/* argp's keys; those of OPTION_* follow KEY_OPTION in the order of their bits. */
enum { KEY_SOCKET = 256, KEY_JSON, KEY_OPTION };

static const struct argp_option table[] = {
	{ "socket", KEY_SOCKET, "PATH", 0, "Where memoird listens (default " DEFAULT_SOCKET ")", 1 },
	{ "json", KEY_JSON, NULL, 0, "Print the daemon's exact answer instead of a view of it", 1 },
	{ NULL, 0, NULL, 0, "top:", 2 },
	{ "once", KEY_OPTION + 0, NULL, 0, "Print one table and end", 2 },
	{ "groups", KEY_OPTION + 1, NULL, 0, "Rows are groups (command and unit), not processes", 2 },
	{ "interval", KEY_OPTION + 2, "SECONDS", 0, "Time between updates, 0.2 to 3600 (default 2)", 2 },
	{ "sort", KEY_OPTION + 3, "KEY", 0, "Order of the rows: " TOP_KEY_LIST " (default alloc)", 2 },
	{ "reverse", KEY_OPTION + 4, NULL, 0, "The other way round", 2 },
	{ NULL, 0, NULL, 0, "events:", 3 },
	{ "follow", KEY_OPTION + 5, NULL, 0, "Go on with new events until interrupted", 3 },
	{ NULL, 0, NULL, 0, "process; --heap also with leaks:", 4 },
	{ "contiguity", KEY_OPTION + 7, NULL, 0, "Read where in memory each page lies (as root)", 4 },
	{ "heap", KEY_OPTION + 8, NULL, 0, "Read what malloc has handed out, and what it keeps (as root)",
	  4 },
	{ "numa", KEY_OPTION + 10, NULL, 0, "Read on which NUMA nodes its memory lies (as root)", 4 },
	{ NULL, 0, NULL, 0, "leaks:", 5 },
	{ "since", KEY_OPTION + 13, "FILE", 0, "What changed since an answer that was kept with --json", 5 },
	{ "folded", KEY_OPTION + 11, NULL, 0, "What is held by where it was allocated, as folded stacks", 5 },
	{ "svg", KEY_OPTION + 12, NULL, 0, "The same as a flame graph for a browser", 5 },
	{ "pid", KEY_OPTION + 14, "PID", 0, "Trace what a process allocates, and does not free", 5 },
	{ "kernel", KEY_OPTION + 17, NULL, 0, "Trace what the kernel allocates, and does not free", 5 },
	{ "for", KEY_OPTION + 15, "TIME", 0, "Trace for so long, 1s to 60m (default 10s)", 5 },
	{ "every-bytes", KEY_OPTION + 16, "N", 0, "Look at one byte in N, 1 (all) to 16777216", 5 },
	{ NULL, 0, NULL, 0, "slab:", 6 },
	{ "every", KEY_OPTION + 9, "N", 0, "Look at one allocation in N, 1 to 1000000 (default 16)", 6 },
	{ NULL, 0, NULL, 0, "record, slab, and process with --contiguity, --heap or --numa:", 7 },
	{ "seconds", KEY_OPTION + 6, "N", 0,
	  "End after so many seconds (default: when interrupted; slab: 5), or seconds of CPU (default: 10)",
	  7 },
	{ 0 },
};

const char *argp_program_version = "memoir " MEMOIR_VERSION;

struct command_line {
	struct cli *cli;
	const char *arguments[MAX_ARGUMENTS + 1]; /* and NULL */
	int nr_arguments;
};

static void __attribute__((noreturn, format(printf, 1, 2))) bad_usage(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vcomplain(format, args);
	va_end(args);
	exit(EXIT_USAGE);
}

static uint64_t parse_interval(const char *text)
{
	uint64_t interval_ns = parse_seconds(text, MIN_INTERVAL_NS, MAX_INTERVAL_NS);

	if (!interval_ns)
		bad_usage("--interval %s: must be a number of seconds from 0.2 to 3600", text);
	return interval_ns;
}

/* A whole number from 1 to max; false for anything else. */
static bool parse_number(const char *text, uint64_t max, uint64_t *ret)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*ret = strtoull(text, &end, 10);
	return !*end && !errno && *ret >= 1 && *ret <= max;
}

/* "30", "30s" or "2m", in seconds. */
static uint64_t parse_duration(const char *text)
{
	size_t len = strlen(text);
	char number[16];
	uint64_t value, unit = 1;

	snprintf(number, sizeof(number), "%s", text);
	if (len && len < sizeof(number) && strchr("sm", text[len - 1])) {
		unit = text[len - 1] == 'm' ? 60 : 1;
		number[len - 1] = '\0';
	}
	if (len >= sizeof(number) || !parse_number(number, API_TRACE_MAX_SECONDS / unit, &value))
		bad_usage("--for %s: must be a time from 1s to 60m", text);
	return value * unit;
}

static void parse_option(struct cli *cli, unsigned int option, const char *arg)
{
	cli->options |= option;
	if (option == OPTION_INTERVAL)
		cli->interval_ns = parse_interval(arg);
	if (option == OPTION_SECONDS && !parse_number(arg, MAX_SECONDS, &cli->seconds))
		bad_usage("--seconds %s: must be a whole number from 1 to %llu", arg, MAX_SECONDS);
	if (option == OPTION_FOR)
		cli->seconds = parse_duration(arg);
	if (option == OPTION_PID && !parse_number(arg, INT32_MAX, &cli->query.pid))
		bad_usage("--pid %s: must be a process id, a whole number of at least 1", arg);
	if (option == OPTION_EVERY_BYTES && !parse_number(arg, MAX_HEAP_EVERY_BYTES, &cli->every_bytes))
		bad_usage("--every-bytes %s: must be a whole number from 1 to %u", arg, MAX_HEAP_EVERY_BYTES);
	if (option == OPTION_EVERY && !parse_number(arg, MAX_SLAB_EVERY, &cli->every))
		bad_usage("--every %s: must be a whole number from 1 to %u", arg, MAX_SLAB_EVERY);
	if (option == OPTION_SINCE)
		cli->since = arg;
	if (option != OPTION_SORT)
		return;
	cli->sort = top_key_find(arg);
	if (cli->sort < 0)
		bad_usage("--sort %s: must be one of " TOP_KEY_LIST, arg);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct command_line *line = state->input;

	switch (key) {
	case KEY_SOCKET:
		if (!*arg)
			bad_usage("--socket: must be the path of a socket");
		line->cli->source.socket = arg;
		return 0;
	case KEY_JSON:
		line->cli->is_json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (line->nr_arguments == MAX_ARGUMENTS)
			bad_usage("%s: one argument too many; see memoir --help", arg);
		line->arguments[line->nr_arguments++] = arg;
		return 0;
	default:
		if (key < KEY_OPTION || key >= KEY_OPTION + (int)ARRAY_SIZE(table))
			return ARGP_ERR_UNKNOWN;
		parse_option(line->cli, 1u << (key - KEY_OPTION), arg);
		return 0;
	}
}

/* The help lists the commands from their table. argp frees what is returned. */
static char *help_filter(int key, const char *text, void *input)
{
	struct text help = {};

	(void)input;
	if (key != ARGP_KEY_HELP_PRE_DOC)
		return (char *)(uintptr_t)text;
	text_add_format(&help, "%s\n\nCommands:", text);
	for (const struct command *command = commands; command->name; command++) {
		char usage[32];

		snprintf(usage, sizeof(usage), "%s%s%s", command->name, command->argument ? " " : "",
			 command->argument ? command->argument : "");
		text_add_format(&help, "\n  %-13s %s", usage, command->help);
	}
	return help.data;
}

/* --- arguments -------------------------------------------------------------------------------- */

static const struct command *want_command(const char *name)
{
	const struct command *command = name ? command_find(name) : NULL;

	if (!name)
		bad_usage("a command is missing; see memoir --help");
	if (!command)
		bad_usage("%s: no such command; see memoir --help", name);
	return command;
}

static const char *want_argument(const struct command *command, const char *argument)
{
	if (!argument || !*argument)
		bad_usage("%s: %s is missing", command->name, command->argument);
	return argument;
}

static bool is_command(const struct command *command, const char *name)
{
	return !strcmp(command->name, name);
}

static void check_trace_options(const struct cli *cli)
{
	const unsigned int which = cli->options & (OPTION_PID | OPTION_KERNEL);

	if (which == (OPTION_PID | OPTION_KERNEL))
		bad_usage("--pid, --kernel: only one of them");
	if (cli->options & OPTION_FOR && !which)
		bad_usage("--for: goes with --pid or --kernel; see memoir --help");
	if (cli->options & OPTION_EVERY_BYTES && which != OPTION_PID)
		bad_usage("--every-bytes: goes with --pid; see memoir --help");
	if (which && cli->options & (OPTION_SINCE | OPTION_FOLDED | OPTION_SVG))
		bad_usage("--since, --folded, --svg: do not go with --pid or --kernel");
	if (which && cli->replay)
		bad_usage("--pid, --kernel: cannot be answered from a record file");
}

static void check_options(const struct cli *cli)
{
	unsigned int wrong = cli->options & ~cli->command->options;
	unsigned int forms = cli->options & (OPTION_SINCE | OPTION_FOLDED | OPTION_SVG);

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (table[i].key >= KEY_OPTION && wrong & (1u << (table[i].key - KEY_OPTION)))
			bad_usage("--%s: not an option of %s; see memoir --help", table[i].name,
				  cli->command->name);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (table[i].key >= KEY_OPTION && cli->replay &&
		    cli->options & LOOKS & (1u << (table[i].key - KEY_OPTION)))
			bad_usage("--%s: cannot be answered from a record file", table[i].name);
	if (is_command(cli->command, "slab") && cli->seconds * 1000 > API_SLAB_MAX_MS)
		bad_usage("--seconds %" PRIu64 ": slab looks for at most %u seconds", cli->seconds,
			  API_SLAB_MAX_MS / 1000);
	if (cli->replay && is_command(cli->command, "slab") && cli->options)
		bad_usage("--seconds, --every: a record file has the looks that were taken");
	if (forms && cli->is_json)
		bad_usage("--json: --since, --folded and --svg have a form of their own");
	if (forms & (forms - 1))
		bad_usage("--since, --folded, --svg: only one of them");
	check_trace_options(cli);
	if (is_command(cli->command, "process") && cli->options == OPTION_SECONDS)
		bad_usage("--seconds: goes with --contiguity, --heap or --numa; see memoir --help");
}

static void parse_arguments(struct cli *cli, const char *const *argument)
{
	cli->command = want_command(*argument);
	if (is_command(cli->command, "replay")) {
		cli->replay = want_argument(cli->command, *++argument);
		cli->command = want_command(argument[1] ? *++argument : "status");
		if (cli->command->is_live_only)
			bad_usage("%s: cannot be answered from a record file", cli->command->name);
	}
	if (cli->command->argument) {
		const char *value = want_argument(cli->command, *++argument);

		if (is_command(cli->command, "record"))
			cli->record = value;
		else if (!parse_number(value, INT32_MAX, &cli->query.pid))
			bad_usage("%s %s: must be a process id, a whole number of at least 1",
				  cli->command->name, value);
	}
	if (argument[1])
		bad_usage("%s: one argument too many for %s", argument[1], cli->command->name);
	check_options(cli);
}

void cli_options_parse(struct cli *ret, int argc, char **argv)
{
	static const struct argp argp = {
		.options = table,
		.parser = parse,
		.args_doc = "COMMAND [ARGUMENT]",
		.help_filter = help_filter,
		.doc = "Shows who allocates, faults and stalls on memory, as memoird sees it.\v"
		       "Exit status: 0 success, 1 failure, 2 usage, 3 the daemon cannot be reached.",
	};
	struct command_line line = { .cli = ret };

	*ret = (struct cli){
		.source = { .socket = DEFAULT_SOCKET },
		.query = { .max_age_ms = FRESH_MS },
		.interval_ns = DEFAULT_INTERVAL_NS,
		.sort = TOP_ALLOC,
	};
	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &line);
	parse_arguments(ret, line.arguments);
}
