// SPDX-License-Identifier: GPL-2.0-or-later
/* memoird's command line; see options.h. */
#include "options.h"

#include <argp.h>
#include <errno.h>
#include <string.h>
#include <sys/un.h>

#include "../exporters/http.h"
#include "model/model.h"
#include "util.h"

#define EXIT_USAGE 2
#define MIN_INTERVAL_NS (100 * NSEC_PER_MSEC)
#define MAX_INTERVAL_NS (3600 * NSEC_PER_SEC)
#define MAX_GROUPS 4000
#define MAX_TRACE_NS (3600 * NSEC_PER_SEC)

enum {
	OPTION_LISTEN = 256,
	OPTION_SOCKET,
	OPTION_PIN,
	OPTION_INTERVAL,
	OPTION_MAX_GROUPS,
	OPTION_TRACE_SUSPECTS,
	OPTION_RECORD,
	OPTION_REPLAY,
	OPTION_DESCRIBE_METRICS,
	OPTION_UNINSTALL_PROBES
};

static const struct argp_option table[] = {
	{ "listen", OPTION_LISTEN, "ADDR:PORT", 0,
	  "Serve /metrics over TCP there, or \"none\" (default " DEFAULT_LISTEN ")", 0 },
	{ "socket", OPTION_SOCKET, "PATH", 0,
	  "Serve the memoir command on this Unix socket (default " DEFAULT_SOCKET ")", 0 },
	{ "pin", OPTION_PIN, "DIR", 0,
	  "Keep probes and counts in this folder of bpffs across restarts, or \"none\" (default " DEFAULT_PIN
	  ")",
	  0 },
	{ "interval", OPTION_INTERVAL, "SECONDS", 0, "Time between snapshots, 0.1 to 3600 (default 5)", 0 },
	{ "max-groups", OPTION_MAX_GROUPS, "N", 0,
	  "Process groups with series of their own, 1 to 4000 (default 100)", 0 },
	{ "trace-suspects", OPTION_TRACE_SUSPECTS, "SECONDS", 0,
	  "Trace the heap of a process that seems to leak for so long, 1 to 3600, or \"no\" (default 30)",
	  0 },
	{ "record", OPTION_RECORD, "FILE", 0, "Write all records to a new file as well", 0 },
	{ "replay", OPTION_REPLAY, "FILE", 0,
	  "Read records from a file instead of the kernel, print the metrics and end", 0 },
	{ "describe-metrics", OPTION_DESCRIBE_METRICS, NULL, 0, "Print the reference of all metrics and end",
	  0 },
	{ "uninstall-probes", OPTION_UNINSTALL_PROBES, NULL, 0,
	  "Remove the probes and counts that --pin keeps, and end", 0 },
	{ 0 },
};

const char *argp_program_version = "memoird " MEMOIR_VERSION;

static void __attribute__((noreturn)) bad_value(const char *option, const char *value, const char *allowed)
{
	fprintf(stderr, "memoird: --%s %s: must be %s\n", option, value, allowed);
	exit(EXIT_USAGE);
}

static uint64_t parse_interval(const char *text)
{
	uint64_t interval_ns = parse_seconds(text, MIN_INTERVAL_NS, MAX_INTERVAL_NS);

	if (!interval_ns)
		bad_value("interval", text, "a number of seconds from 0.1 to 3600");
	return interval_ns;
}

static uint32_t parse_max_groups(const char *text)
{
	char *end;
	unsigned long groups;

	errno = 0;
	groups = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || errno || groups < 1 || groups > MAX_GROUPS)
		bad_value("max-groups", text, "a whole number from 1 to 4000");
	return (uint32_t)groups;
}

/* 0: never. */
static uint64_t parse_trace_suspects(const char *text)
{
	uint64_t duration_ns = parse_seconds(text, NSEC_PER_SEC, MAX_TRACE_NS);

	if (!duration_ns && strcmp(text, "no") != 0 && strcmp(text, "0") != 0)
		bad_value("trace-suspects", text, "a number of seconds from 1 to 3600, or \"no\"");
	return duration_ns;
}

/* A path that is not empty; allow_none admits the word "none". */
static const char *parse_path(const char *option, const char *text, bool allow_none)
{
	if (text[0] == '/' || (allow_none && !strcmp(text, "none")))
		return text;
	bad_value(option, text, allow_none ? "an absolute path or \"none\"" : "an absolute path");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case OPTION_LISTEN:
		if (!http_listen_is_valid(arg))
			bad_value("listen", arg, "ADDR:PORT with a numeric address and port, or \"none\"");
		options->listen = arg;
		return 0;
	case OPTION_SOCKET:
		if (strlen(arg) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
			bad_value("socket", arg, "shorter than 108 bytes");
		options->socket = parse_path("socket", arg, false);
		return 0;
	case OPTION_PIN:
		options->pin = parse_path("pin", arg, true);
		return 0;
	case OPTION_INTERVAL:
		options->interval_ns = parse_interval(arg);
		return 0;
	case OPTION_MAX_GROUPS:
		options->max_groups = parse_max_groups(arg);
		return 0;
	case OPTION_TRACE_SUSPECTS:
		options->trace_suspects_ns = parse_trace_suspects(arg);
		return 0;
	case OPTION_RECORD:
		options->record = arg;
		return 0;
	case OPTION_REPLAY:
		options->replay = arg;
		return 0;
	case OPTION_DESCRIBE_METRICS:
		options->describe_metrics = true;
		return 0;
	case OPTION_UNINSTALL_PROBES:
		options->uninstall_probes = true;
		return 0;
	case ARGP_KEY_ARG:
		fprintf(stderr, "memoird: %s: memoird takes options only; see memoird --help\n", arg);
		exit(EXIT_USAGE);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void options_parse(struct options *ret, int argc, char **argv)
{
	const struct argp argp = {
		.options = table,
		.parser = parse,
		.doc = "Watches the memory of the whole machine: page allocation, faults, stalls."
	};

	*ret = (struct options){
		.listen = DEFAULT_LISTEN,
		.socket = DEFAULT_SOCKET,
		.pin = DEFAULT_PIN,
		.interval_ns = 5 * NSEC_PER_SEC,
		.max_groups = MODEL_DEFAULT_GROUPS,
		.trace_suspects_ns = 30 * NSEC_PER_SEC,
	};
	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, ret);
}
