// SPDX-License-Identifier: GPL-2.0-or-later
/* Kernel stacks; see stacks.h. */
#include "stacks.h"

#include <bpf/bpf.h>
#include <string.h>

#include "batch.h"
#include "known.h"
#include "marks.h"
#include "symbols.h"
#include "util.h"

/* Half of what the model keeps, so that it still has what is not sent again; a reading refers to fewer. */
#define MAX_KNOWN 2048u

/* A stack that was met this lately may be referred to by what the daemon has not read yet. */
#define KEEP_NS (120 * NSEC_PER_SEC)

#define BATCH 32u

struct stacks {
	int fd;
	struct symbols *symbols;
	struct known known;
	struct rec_stack record;
	struct marks marks[NR_STACKS_USERS];
	__u64 keys[BATCH];
	struct kernel_stack values[BATCH];
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

static bool is_marked(const struct stacks *stacks, __u64 key)
{
	for (__u32 user = 0; user < NR_STACKS_USERS; user++)
		if (marks_has(&stacks->marks[user], key))
			return true;
	return false;
}

__u32 stacks_sweep(struct stacks *stacks, __u64 now_ns)
{
	struct batch batch = {
		.fd = stacks->fd, .keys = stacks->keys, .values = stacks->values, .max = BATCH
	};
	__u32 nr_left = 0;

	while (batch_next(&batch)) {
		for (__u32 i = 0; i < batch.nr; i++) {
			__u64 key = stacks->keys[i];
			bool is_old = stacks->values[i].used_ns + KEEP_NS < now_ns;

			if (is_old && !is_marked(stacks, key))
				bpf_map_delete_elem(stacks->fd, &key);
			else
				nr_left++;
		}
	}
	return nr_left;
}
