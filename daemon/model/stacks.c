/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel stacks by their keys, and the names of their frames. Both tables keep twice as much as whoever
 * sends takes for known (daemon/stacks.c, daemon/symbols.c).
 */
#include "internal.h"

#include <errno.h>
#include <string.h>

#define MAX_KNOWN_STACKS 4096u
#define MAX_KNOWN_SYMBOLS 8192u

struct keyed_stack {
	__u64 key;
	struct rec_stack rec;
};

struct symbol {
	__u64 ip;
	char text[REC_SYMBOL_LEN];
};

void stacks_init(struct stacks *stacks)
{
	stacks->all = (struct recent){ .element_size = sizeof(struct keyed_stack), .max = MAX_KNOWN_STACKS };
	stacks->symbols = (struct recent){ .element_size = sizeof(struct symbol), .max = MAX_KNOWN_SYMBOLS };
}

int apply_stack(struct model *model, const struct rec_header *h)
{
	struct keyed_stack keyed = { .rec = *(const struct rec_stack *)h };

	keyed.key = keyed.rec.stack;
	return keyed.key && keyed.rec.nr <= STACK_MAX_FRAMES ? recent_put(&model->stacks.all, &keyed)
							     : -EINVAL;
}

int apply_symbol(struct model *model, const struct rec_header *h)
{
	const struct rec_symbol *rec = (const struct rec_symbol *)h;
	struct symbol symbol = { .ip = rec->ip };

	memcpy(symbol.text, rec->text, sizeof(symbol.text));
	terminate(symbol.text);
	return recent_put(&model->stacks.symbols, &symbol);
}

const struct rec_stack *model_stack(const struct model *model, __u64 key)
{
	const struct keyed_stack *keyed = recent_find(&model->stacks.all, key);

	return keyed ? &keyed->rec : NULL;
}

const char *model_symbol(const struct model *model, __u64 ip)
{
	const struct symbol *symbol = recent_find(&model->stacks.symbols, ip);

	return symbol ? symbol->text : NULL;
}
