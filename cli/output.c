// SPDX-License-Identifier: GPL-2.0-or-later
/* The two ways out to a person; see output.h. */
#include "output.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "visible.h"

#define DEFAULT_WIDTH 80
#define MAX_WIDTH 4096

void vcomplain(const char *format, va_list args)
{
	char raw[1024];
	struct text line = {};

	vsnprintf(raw, sizeof(raw), format, args);
	text_add(&line, "memoir: ");
	visible_add(&line, raw);
	fprintf(stderr, "%s\n", line.is_failed ? "memoir: out of memory" : line.data);
	text_free(&line);
}

void complain(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vcomplain(format, args);
	va_end(args);
}

int print_text(const struct text *text)
{
	if (text->is_failed) {
		complain("out of memory");
		return EXIT_FAILED;
	}
	if (fwrite(text->data, 1, text->len, stdout) == text->len && fflush(stdout) == 0)
		return EXIT_OK;
	/* A reader that has seen enough, as head has, is no failure. */
	if (errno == EPIPE)
		return EXIT_OK;
	complain("cannot write to standard output: %s", strerror(errno));
	return EXIT_FAILED;
}

size_t output_width(void)
{
	const char *columns = getenv("COLUMNS");
	char *end;
	unsigned long wanted = columns ? strtoul(columns, &end, 10) : 0;
	struct winsize window;

	if (wanted > 0 && wanted <= MAX_WIDTH && !*end)
		return wanted;
	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) && window.ws_col)
		return window.ws_col;
	return DEFAULT_WIDTH;
}
