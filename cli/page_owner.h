/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of page_owner's stacks (CONFIG_PAGE_OWNER, page_owner_stacks/show_stacks in debugfs, from Linux
 * 6.10 on): the pages that the kernel has handed out, by stack. Pure.
 */
#ifndef MEMOIR_PAGE_OWNER_H
#define MEMOIR_PAGE_OWNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_OWNER_CALLERS_LEN 128

/* A stack whose lines are being read; start with {}. */
struct page_owner_stack {
	char callers
		[PAGE_OWNER_CALLERS_LEN]; /* the innermost functions that are not the allocator's own: "a, b, c" */
	uint32_t nr_callers;
	uint64_t nr_pages;
};

/*
 * Takes the next line, without its end: a frame " function+0x1/0x2 [module]", or what ends a stack,
 * "nr_base_pages: N". True when a stack is whole; the next line begins another one.
 */
bool page_owner_take(struct page_owner_stack *stack, const char *line, size_t size);

#endif
