/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a command is: a row of the table in command.c. Most are one question to the API and one view of
 * the answer; the others run by themselves.
 */
#ifndef MEMOIR_COMMAND_H
#define MEMOIR_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "ask.h"
#include "output.h"

/* Options that not every command takes; a bit each. */
enum {
	OPTION_ONCE = 1u << 0,
	OPTION_GROUPS = 1u << 1,
	OPTION_INTERVAL = 1u << 2,
	OPTION_SORT = 1u << 3,
	OPTION_REVERSE = 1u << 4,
	OPTION_FOLLOW = 1u << 5,
	OPTION_SECONDS = 1u << 6,
	OPTION_CONTIGUITY = 1u << 7,
	OPTION_HEAP = 1u << 8,
	OPTION_EVERY = 1u << 9,
	OPTION_NUMA = 1u << 10,
	OPTION_FOLDED = 1u << 11,
	OPTION_SVG = 1u << 12,
	OPTION_SINCE = 1u << 13,
	OPTION_PID = 1u << 14,
	OPTION_FOR = 1u << 15,
	OPTION_EVERY_BYTES = 1u << 16,
	OPTION_KERNEL = 1u << 17,
};

struct command;

/* Everything that the command line said. */
struct cli {
	struct source source;
	const struct command *command;
	const char *record; /* file to write: the argument of record */
	const char *replay; /* file to answer from, or NULL: the daemon answers */
	struct source_query query;
	unsigned int options; /* given, OPTION_* */
	bool is_json;
	uint64_t interval_ns; /* --interval */
	uint64_t seconds;     /* --seconds, --for; 0: not given */
	uint64_t every;       /* --every; 0: not given */
	uint64_t every_bytes; /* --every-bytes; 0: not given */
	int sort;             /* --sort: enum top_key */
	const char *since;    /* --since: a file, or NULL */
};

struct command {
	const char *name;
	const char *argument; /* what it is called in the help: "PID", "FILE", or NULL */
	const char *help;
	unsigned int options; /* that it takes, OPTION_* */
	bool is_live_only;    /* cannot be answered from a record file */
	/* One question and one view of the answer, appended to out. EXIT_OK; or, after one line, another. */
	const char *path;
	int (*view)(struct cli *cli, const json_t *reply, struct text *out);
	/*
	 * What the command adds to the answer, or NULL. EXIT_OK; or, after one line, the status that the
	 * command ends with once it has shown the rest.
	 */
	int (*extend)(struct cli *cli, struct answer *answer);
	/*
	 * Or all by itself, with any of run_options or, if these are 0, always; returns the exit status.
	 * replay has neither: it says what another command answers from.
	 */
	int (*run)(struct cli *cli);
	unsigned int run_options;
};

/* The table; a row without a name ends it. */
extern const struct command commands[];
/* The command of that name, or NULL. */
const struct command *command_find(const char *name);
/* Runs cli->command; returns the exit status. */
int command_run(struct cli *cli);

/* Asks; EXIT_OK, or another exit status after one line. */
int command_ask(struct cli *cli, const char *path, const struct source_query *query, struct answer *ret);

/* How old a snapshot may be for a command that shows one moment. */
#define FRESH_MS 1000

int status_view(struct cli *cli, const json_t *reply, struct text *out);
int probes_view(struct cli *cli, const json_t *reply, struct text *out);
int process_view(struct cli *cli, const json_t *reply, struct text *out);
/*
 * With --contiguity, --heap and --numa: adds the members "contiguity", "heap" and "numa_maps", null where
 * there is none.
 */
int process_extend(struct cli *cli, struct answer *answer);
/* Writes such a member's value for the answer's process. EXIT_OK; or, after one line, EXIT_FAILED. */
int process_contiguity_write(const struct cli *cli, const json_t *process, struct text *ret);
int process_heap_write(const struct cli *cli, const json_t *process, struct text *ret);
int process_numa_maps_write(const struct cli *cli, const json_t *process, struct text *ret);
/* Shows that member; nothing where it is missing or null. */
void process_contiguity_show(const json_t *reply, size_t width, struct text *out);
void process_heap_show(const json_t *reply, size_t width, struct text *out);
void process_numa_maps_show(const json_t *reply, size_t width, struct text *out);
int faults_view(struct cli *cli, const json_t *reply, struct text *out);
int doctor_view(struct cli *cli, const json_t *reply, struct text *out);
int stalls_view(struct cli *cli, const json_t *reply, struct text *out);
int fragmentation_view(struct cli *cli, const json_t *reply, struct text *out);
int numa_view(struct cli *cli, const json_t *reply, struct text *out);
int leaks_view(struct cli *cli, const json_t *reply, struct text *out);
int leaks_run(struct cli *cli);
/*
 * Adds the members "allocinfo" and "page_owner", null where the kernel has none or not for us; and shows
 * them.
 */
int leaks_extend(struct cli *cli, struct answer *answer);
void leaks_kernel_show(const json_t *reply, size_t width, struct text *out);
/* With --heap: reads the heaps of suspects, and adds what they say to their evidence and verdicts. */
int leaks_heap_extend(struct cli *cli, struct answer *answer);
int leaks_trace_run(struct cli *cli);
int slab_run(struct cli *cli);
int top_run(struct cli *cli);
int events_run(struct cli *cli);
int record_run(struct cli *cli);

#endif
