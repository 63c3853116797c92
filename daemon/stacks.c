// SPDX-License-Identifier: GPL-2.0-or-later
/* Kernel stacks; see stacks.h. */
#include "stacks.h"

#include <bpf/bpf.h>
#include <string.h>

#include "known.h"
#include "stacksweep.h"
#include "symbols.h"
#include "util.h"

/* Half of what the model keeps, so that it still has what is not sent again; a reading refers to fewer. */
#define MAX_KNOWN 2048u

struct stacks {
	int fd;
	struct symbols *symbols;
	struct known known;
	struct rec_stack record;
	struct marks marks[NR_STACKS_USERS];
	struct kernel_stack values[STACKSWEEP_BATCH];
};

struct stacks *stacks_new(int map_fd)
{
	struct stacks *stacks = calloc(1, sizeof(*stacks));

	if (!stacks)
		return NULL;
	stacks->fd = map_fd;
	stacks->symbols = symbols_new();
	if (!stacks->symbols || known_init(&stacks->known, MAX_KNOWN)) {
		stacks_free(stacks);
		return NULL;
	}
	return stacks;
}

void stacks_free(struct stacks *stacks)
{
	if (!stacks)
		return;
	symbols_free(stacks->symbols);
	known_free(&stacks->known);
	free(stacks);
}

void stacks_meet_address(struct stacks *stacks, __u64 ip,
			 void (*emit)(void *ctx, const struct rec_header *record), void *ctx)
{
	const struct rec_symbol *symbol = symbols_meet(stacks->symbols, ip);

	if (symbol)
		emit(ctx, &symbol->h);
}

void stacks_meet(struct stacks *stacks, __u64 key, void (*emit)(void *ctx, const struct rec_header *record),
		 void *ctx)
{
	struct rec_stack *record = &stacks->record;
	struct kernel_stack stack;

	if (!key || bpf_map_lookup_elem(stacks->fd, &key, &stack) < 0 || !known_learn(&stacks->known, key))
		return;
	*record = (struct rec_stack){ .h = { REC_STACK, sizeof(*record), now_ns(CLOCK_BOOTTIME) },
				      .stack = key,
				      .nr = stack.nr };
	memcpy(record->ip, stack.ip, sizeof(record->ip));
	for (__u32 i = 0; i < stack.nr && i < STACK_MAX_FRAMES; i++)
		stacks_meet_address(stacks, stack.ip[i], emit, ctx);
	emit(ctx, &record->h);
}

__u32 stacks_frames(const struct stacks *stacks, __u64 key, __u64 ret[STACK_MAX_FRAMES])
{
	struct kernel_stack stack;

	if (!key || bpf_map_lookup_elem(stacks->fd, &key, &stack) < 0 || stack.nr > STACK_MAX_FRAMES)
		return 0;
	memcpy(ret, stack.ip, stack.nr * sizeof(ret[0]));
	return stack.nr;
}

void stacks_name(const struct stacks *stacks, __u64 ip, char ret[REC_SYMBOL_LEN])
{
	symbols_name(stacks->symbols, ip, ret);
}

void stacks_forget(struct stacks *stacks)
{
	known_forget(&stacks->known);
	symbols_forget(stacks->symbols);
}

/* --- removal ---------------------------------------------------------------------------------- */

void stacks_begin(struct stacks *stacks, enum stacks_user user)
{
	marks_clear(&stacks->marks[user]);
}

void stacks_mark(struct stacks *stacks, enum stacks_user user, __u64 key)
{
	marks_set(&stacks->marks[user], key);
}

__u32 stacks_sweep(struct stacks *stacks, __u64 now_ns)
{
	return stacksweep(stacks->fd, stacks->values, sizeof(stacks->values[0]), stacks->marks,
			  NR_STACKS_USERS, now_ns);
}
