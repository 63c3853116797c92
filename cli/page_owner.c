// SPDX-License-Identifier: GPL-2.0-or-later
/* Lines of page_owner's stacks; see page_owner.h. */
#include "page_owner.h"

#include <stdio.h>
#include <string.h>

#include "../exporters/frames.h"

#define MAX_CALLERS 3u
#define END "nr_base_pages: "

static bool parse_pages(const char *text, size_t size, uint64_t *ret)
{
	*ret = 0;
	for (size_t i = 0; i < size; i++) {
		if (text[i] < '0' || text[i] > '9' || *ret > UINT32_MAX)
			return false;
		*ret = *ret * 10 + (uint64_t)(text[i] - '0');
	}
	return size;
}

static void add_caller(struct page_owner_stack *stack, const char *line, size_t size)
{
	size_t used = strlen(stack->callers);
	char name[FRAME_NAME_LEN];

	while (size && *line == ' ') {
		line++;
		size--;
	}
	snprintf(name, sizeof(name), "%.*s", (int)(size < sizeof(name) ? size : sizeof(name) - 1), line);
	name[strcspn(name, "+")] = '\0';
	if (!name[0] || stack->nr_callers == MAX_CALLERS ||
	    (!stack->nr_callers && frame_is_of_allocator(name)))
		return;
	snprintf(stack->callers + used, sizeof(stack->callers) - used, "%s%s", stack->nr_callers ? ", " : "",
		 name);
	stack->nr_callers++;
}

bool page_owner_take(struct page_owner_stack *stack, const char *line, size_t size)
{
	/* The one that was whole has been taken. */
	if (stack->nr_pages)
		*stack = (struct page_owner_stack){};
	if (memchr(line, '\0', size))
		return false;
	if (size && *line == ' ') {
		add_caller(stack, line, size);
		return false;
	}
	if (size > strlen(END) && !memcmp(line, END, strlen(END)) &&
	    parse_pages(line + strlen(END), size - strlen(END), &stack->nr_pages) && stack->nr_pages)
		return true;
	*stack = (struct page_owner_stack){};
	return false;
}
