/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stacks of page_owner, of any bytes. */
#include <string.h>

#include "../../cli/page_owner.h"
#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct page_owner_stack stack = {};
	const char *line = (const char *)data, *end = line + size;

	while (line < end) {
		const char *next = memchr(line, '\n', (size_t)(end - line));
		size_t length = (size_t)((next ? next : end) - line);

		if (page_owner_take(&stack, line, length))
			must(stack.nr_pages);
		must(memchr(stack.callers, '\0', sizeof(stack.callers)));
		must(!stack.callers[0] == !stack.nr_callers);
		line += length + 1;
	}
	return 0;
}
