/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memoird's command line: one table, checked values. */
#ifndef MEMOIR_OPTIONS_H
#define MEMOIR_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#define DEFAULT_LISTEN "127.0.0.1:9942"
#define DEFAULT_SOCKET "/run/memoir/memoir.sock"
#define DEFAULT_PIN "/sys/fs/bpf/memoir"

struct options {
	const char *listen; /* ADDR:PORT or "none" */
	const char *socket; /* path */
	const char *pin;    /* folder or "none" */
	uint64_t interval_ns;
	uint32_t max_groups;
	uint64_t trace_suspects_ns; /* 0: never */
	const char *record;         /* file to write records to, or NULL */
	const char *replay;         /* file to answer from instead of the kernel, or NULL */
	bool describe_metrics;
	bool uninstall_probes;
};

/*
 * Parses argv into ret. Ends the process: status 0 after --help and --version, 2 after a usage error,
 * with one line that names the option, its value and what is allowed.
 */
void options_parse(struct options *ret, int argc, char **argv);

#endif
