/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the workloads share: their end after a failure, numbers as arguments, and lines of commands. */
#ifndef MEMOIR_TESTS_WORKLOADS_USAGE_H
#define MEMOIR_TESTS_WORKLOADS_USAGE_H

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static inline void __attribute__((noreturn)) die(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(errno));
	exit(EXIT_FAILURE);
}

/* A whole number; anything else ends the program with status 2. */
static inline unsigned long number(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (end == text || *end) {
		fprintf(stderr, "%s: %s: must be a whole number\n", program_invocation_short_name, text);
		exit(2);
	}
	return value;
}

/* A line of standard input without its end, allocating nothing; false at the end of input. */
static inline bool read_line(char *line, size_t size)
{
	size_t len = 0;

	while (len < size - 1 && read(STDIN_FILENO, &line[len], 1) == 1) {
		if (line[len] == '\n') {
			line[len] = '\0';
			return true;
		}
		len++;
	}
	return false;
}

#endif
