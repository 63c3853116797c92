// SPDX-License-Identifier: GPL-2.0-or-later
/* Stacks for readers; see frames.h. */
#include "frames.h"

#include <stdio.h>
#include <string.h>

#include "../daemon/probeframe.h"

#define MAX_CALLERS 3

bool frame_is_of_allocator(const char *symbol)
{
	static const char *const prefixes[] = { "__alloc_pages",
						"__alloc_frozen_pages",
						"alloc_pages",
						"__folio_alloc",
						"folio_alloc",
						"vma_alloc_folio",
						"get_page_from_",
						"__rmqueue",
						"rmqueue",
						"get_free_pages",
						"__get_free_pages",
						"new_slab",
						"allocate_slab",
						"___slab_alloc",
						"__slab_alloc",
						"kmem_cache_alloc",
						"__kmem_cache_alloc",
						"kmalloc",
						"__kmalloc",
						"___kmalloc",
						"__refill_objects",
						NULL };

	for (size_t i = 0; symbol && prefixes[i]; i++)
		if (symbol_begins_with(symbol, prefixes[i]))
			return true;
	return false;
}

__u32 frames_of(const struct model *model, const struct rec_stack *stack, __u64 ret[STACK_MAX_FRAMES])
{
	struct frame_code codes[STACK_MAX_FRAMES];
	__u32 frames[STACK_MAX_FRAMES], nr;

	for (__u32 i = 0; i < stack->nr; i++)
		codes[i] = frame_code(model_symbol(model, stack->ip[i]));
	nr = frames_but_tracing(codes, stack->nr, frames);
	for (__u32 i = 0; i < nr; i++)
		ret[i] = stack->ip[frames[i]];
	return nr;
}

void address_name(const struct model *model, __u64 ip, char ret[FRAME_NAME_LEN])
{
	const char *symbol = model_symbol(model, ip);

	if (symbol)
		snprintf(ret, FRAME_NAME_LEN, "%s", symbol);
	else
		snprintf(ret, FRAME_NAME_LEN, "0x%llx", ip);
}

void text_add_callers(struct text *text, const struct model *model, __u64 stack)
{
	const struct rec_stack *rec = model_stack(model, stack);
	__u64 ip[STACK_MAX_FRAMES];
	__u32 nr = rec ? frames_of(model, rec, ip) : 0, frame = 0;

	while (frame < nr && frame_is_of_allocator(model_symbol(model, ip[frame])))
		frame++;
	for (__u32 i = 0; i < MAX_CALLERS && frame + i < nr; i++) {
		char name[FRAME_NAME_LEN];

		address_name(model, ip[frame + i], name);
		name[strcspn(name, "+")] = '\0';
		text_add_format(text, "%s%s", i ? ", " : "", name);
	}
}

/* Of a name with its offset ("std::map<int>::find+0x1a") what is before that. */
static size_t function_length(const char *text)
{
	const char *offset = NULL;

	for (const char *at = strstr(text, "+0x"); at; at = strstr(at + 1, "+0x"))
		offset = at;
	return offset ? (size_t)(offset - text) : strlen(text);
}

void text_add_user_place(struct text *text, const struct model *model, const struct rec_user_stack *rec)
{
	for (__u32 i = 0; i < MAX_CALLERS && i < rec->nr && rec->ip[i]; i++) {
		const struct rec_user_symbol *symbol = model_user_symbol(model, rec->tgid, rec->start_ns,
									 rec->ip[i]);

		text_add(text, i ? ", " : "");
		if (symbol && symbol->text[0])
			text_add_format(text, "%.*s", (int)function_length(symbol->text), symbol->text);
		else
			text_add_format(text, "0x%llx", (unsigned long long)rec->ip[i]);
	}
}

void text_add_place(struct text *text, const struct model *model, __u64 stack, __u64 user_stack)
{
	const struct rec_user_stack *rec = user_stack ? model_user_stack(model, user_stack) : NULL;

	if (rec)
		text_add_user_place(text, model, rec);
	else
		text_add_callers(text, model, stack);
}
