// SPDX-License-Identifier: GPL-2.0-or-later
/* Files of NUMA nodes; see nodetext.h. */
#include "nodetext.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "procfs.h"

size_t node_text_read(int fd, char *ret, size_t size)
{
	size_t len = 0;
	ssize_t n = 0;

	while (len < size - 1 && (n = read(fd, ret + len, size - 1 - len)) > 0)
		len += (size_t)n;
	if (n < 0 || !len || ret[len - 1] != '\n')
		len = 0;
	ret[len] = '\0';
	return len;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

void node_list_parse(const char *list, __u32 limit, node_list_fn take, void *ctx)
{
	char *end;

	for (const char *at = list; is_digit(*at); at = *end == ',' ? end + 1 : end) {
		unsigned long first = strtoul(at, &end, 10), last = first;

		if (*end == '-' && is_digit(end[1]))
			last = strtoul(end + 1, &end, 10);
		for (unsigned long number = first; number <= last && number < limit; number++)
			take(ctx, (__u32)number);
	}
}

static const char *const numastat_keys[NR_NUMASTAT_ITEMS] = {
	[NUMASTAT_HIT] = "numa_hit",         [NUMASTAT_MISS] = "numa_miss",
	[NUMASTAT_FOREIGN] = "numa_foreign", [NUMASTAT_INTERLEAVE] = "interleave_hit",
	[NUMASTAT_LOCAL] = "local_node",     [NUMASTAT_OTHER] = "other_node",
};

bool numastat_line_parse(const char *line, size_t size, __u64 ret[NR_NUMASTAT_ITEMS])
{
	const char *space = memchr(line, ' ', size);
	size_t len = space ? (size_t)(space - line) : 0;

	for (int item = 0; space && item < NR_NUMASTAT_ITEMS; item++)
		if (len == strlen(numastat_keys[item]) && !memcmp(line, numastat_keys[item], len))
			return parse_u64(space + 1, line + size, &ret[item]);
	return false;
}
