// SPDX-License-Identifier: GPL-2.0-or-later
/* Stacks of processes; see userstacks.h. */
#include "userstacks.h"

#include <bpf/bpf.h>
#include <string.h>

#include "known.h"
#include "stacksweep.h"
#include "util.h"

/* Half of what the model keeps, so that it still has what is not sent again; a reading refers to fewer. */
#define MAX_KNOWN 1024u

struct userstacks {
	int fd;
	struct known known;
	struct marks marks;
	struct rec_user_stack record;
	struct user_stack values[STACKSWEEP_BATCH];
};

struct userstacks *userstacks_new(int map_fd)
{
	struct userstacks *stacks = calloc(1, sizeof(*stacks));

	if (!stacks)
		return NULL;
	stacks->fd = map_fd;
	if (known_init(&stacks->known, MAX_KNOWN)) {
		free(stacks);
		return NULL;
	}
	return stacks;
}

void userstacks_free(struct userstacks *stacks)
{
	if (!stacks)
		return;
	known_free(&stacks->known);
	free(stacks);
}

void userstacks_meet(struct userstacks *stacks, __u64 key,
		     void (*emit)(void *ctx, const struct rec_header *record), void *ctx)
{
	struct rec_user_stack *record = &stacks->record;
	struct user_stack stack;

	if (!key || bpf_map_lookup_elem(stacks->fd, &key, &stack) < 0 || !known_learn(&stacks->known, key))
		return;
	*record = (struct rec_user_stack){ .h = { REC_USER_STACK, sizeof(*record), now_ns(CLOCK_BOOTTIME) },
					   .stack = key,
					   .start_ns = stack.start_ns,
					   .tgid = stack.tgid,
					   .nr = stack.nr,
					   .how = STACK_BY_FRAME_POINTERS };
	memcpy(record->ip, stack.ip, sizeof(stack.ip));
	emit(ctx, &record->h);
}

void userstacks_forget(struct userstacks *stacks)
{
	known_forget(&stacks->known);
}

void userstacks_begin(struct userstacks *stacks)
{
	marks_clear(&stacks->marks);
}

void userstacks_mark(struct userstacks *stacks, __u64 key)
{
	marks_set(&stacks->marks, key);
}

__u32 userstacks_sweep(struct userstacks *stacks, __u64 now_ns)
{
	return stacksweep(stacks->fd, stacks->values, sizeof(stacks->values[0]), &stacks->marks, 1, now_ns);
}
