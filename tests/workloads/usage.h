/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the workloads share: their end after a failure, and numbers as arguments. */
#ifndef MEMOIR_TESTS_WORKLOADS_USAGE_H
#define MEMOIR_TESTS_WORKLOADS_USAGE_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

#endif
