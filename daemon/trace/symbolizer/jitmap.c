// SPDX-License-Identifier: GPL-2.0-or-later
/* Maps of code that was compiled at run time; see jitmap.h. */
#include "jitmap.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FUNCTIONS (1u << 20)
/* Code that was thrown away may lie in the middle of newer code. */
#define MAX_OVERLAPS 16

/* A hexadecimal number that a blank ends; moves *at behind that. */
static bool take_number(const char **at, const char *end, uint64_t *ret)
{
	const char *start = *at;

	*ret = 0;
	if (end - *at > 2 && start[0] == '0' && (start[1] == 'x' || start[1] == 'X'))
		start = *at += 2;
	for (; *at < end && **at != ' '; (*at)++) {
		char c = **at;
		int digit = c >= '0' && c <= '9'   ? c - '0'
			    : c >= 'a' && c <= 'f' ? c - 'a' + 10
			    : c >= 'A' && c <= 'F' ? c - 'A' + 10
						   : -1;

		if (digit < 0 || *ret >> 60)
			return false;
		*ret = *ret << 4 | (uint64_t)digit;
	}
	if (*at == start || *at == end)
		return false;
	(*at)++;
	return true;
}

static bool parse_line(const char *line, const char *end, struct jit_function *ret)
{
	if (!take_number(&line, end, &ret->address) || !take_number(&line, end, &ret->size) || line == end)
		return false;
	ret->name = line;
	ret->len = (size_t)(end - line);
	return ret->size && ret->address + ret->size > ret->address;
}

static int compare(const void *a, const void *b)
{
	const struct jit_function *one = a, *other = b;

	if (one->address != other->address)
		return one->address < other->address ? -1 : 1;
	return one->line < other->line ? -1 : one->line > other->line;
}

static int add(struct jitmap *jitmap, const struct jit_function *function)
{
	size_t nr = jitmap->nr;

	/* The array doubles whenever it is full: at 1, 2, 4 and so on. */
	if (!(nr & (nr - 1))) {
		struct jit_function *larger = reallocarray(jitmap->functions, nr ? nr * 2 : 1,
							   sizeof(*larger));

		if (!larger)
			return -ENOMEM;
		jitmap->functions = larger;
	}
	jitmap->functions[jitmap->nr++] = *function;
	return 0;
}

int jitmap_parse(const char *text, size_t size, struct jitmap *ret)
{
	const char *end = text + size;
	size_t nr_lines = 0;

	*ret = (struct jitmap){};
	for (const char *line = text; line < end && ret->nr < MAX_FUNCTIONS;) {
		const char *eol = memchr(line, '\n', (size_t)(end - line));
		struct jit_function function = { .line = nr_lines++ };

		/* A line without an end is still being written. */
		if (!eol)
			break;
		if (parse_line(line, eol, &function) && add(ret, &function))
			return -ENOMEM;
		line = eol + 1;
	}
	if (ret->nr)
		qsort(ret->functions, ret->nr, sizeof(ret->functions[0]), compare);
	return 0;
}

void jitmap_free(struct jitmap *jitmap)
{
	free(jitmap->functions);
	*jitmap = (struct jitmap){};
}

const struct jit_function *jitmap_find(const struct jitmap *jitmap, uint64_t address)
{
	const struct jit_function *best = NULL;
	size_t first = 0, last = jitmap->nr;

	while (first < last) {
		size_t middle = first + (last - first) / 2;

		if (jitmap->functions[middle].address <= address)
			first = middle + 1;
		else
			last = middle;
	}
	for (size_t back = 1; back <= first && back <= MAX_OVERLAPS; back++) {
		const struct jit_function *function = &jitmap->functions[first - back];

		if (address - function->address < function->size && (!best || function->line > best->line))
			best = function;
	}
	return best;
}
