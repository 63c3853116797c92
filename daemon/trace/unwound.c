// SPDX-License-Identifier: GPL-2.0-or-later
/* The stacks of a trace while they are unwound; see unwound.h. */
#include "unwound.h"

#include <stdlib.h>
#include <string.h>

/* Others ask the symbolizer too, and are not to wait for all of ours. */
#define MAX_ASKED 4u
#define MAX_WAITING 1024u

struct waiting {
	struct waiting *next;
	struct trace_unwind request;
};

struct unwound {
	struct symbolizer *symbolizer;
	__u64 start_ns;
	__u32 tgid;
	struct unwound_events events;
	struct waiting *first, **last; /* that have not been asked for */
	__u32 nr_waiting, nr_dropped;
	__u64 asked[MAX_ASKED]; /* keys, in the order of the questions, which is that of the answers */
	__u32 nr_asked;
	struct unwound_stack *stacks;
	__u32 nr_stacks, max_stacks;
};

struct unwound *unwound_new(struct symbolizer *symbolizer, __u32 tgid, __u64 start_ns,
			    const struct unwound_events *events)
{
	struct unwound *unwound = calloc(1, sizeof(*unwound));

	if (!unwound)
		return NULL;
	*unwound = (struct unwound){ .symbolizer = symbolizer,
				     .start_ns = start_ns,
				     .tgid = tgid,
				     .events = *events,
				     .last = &unwound->first };
	return unwound;
}

void unwound_free(struct unwound *unwound)
{
	if (!unwound)
		return;
	for (struct waiting *waiting = unwound->first, *next; waiting; waiting = next) {
		next = waiting->next;
		free(waiting);
	}
	free(unwound->stacks);
	free(unwound);
}

/* What the symbolizer says may be anything; a caller's frame is above, and in the copy. */
static __u32 distance(__u64 sp, __u64 caller_sp)
{
	const __u64 up = caller_sp - sp;

	return sp && caller_sp && up && up <= HEAP_COPY_BYTES ? (__u32)up : 0;
}

static void keep(struct unwound *unwound, __u64 stack, const struct symbolizer_answer *answer)
{
	struct unwound_stack *kept;

	if (unwound->nr_stacks == unwound->max_stacks) {
		__u32 max = unwound->max_stacks ? 2 * unwound->max_stacks : 64;

		kept = reallocarray(unwound->stacks, max, sizeof(*kept));
		if (!kept)
			return;
		unwound->stacks = kept;
		unwound->max_stacks = max;
	}
	kept = &unwound->stacks[unwound->nr_stacks++];
	*kept = (struct unwound_stack){ .stack = stack, .nr = answer->nr_frames };
	memcpy(kept->ip, answer->ip, answer->nr_frames * sizeof(kept->ip[0]));
	for (__u32 i = 0; i < HEAP_KEY_CALLERS && i + 1 < answer->nr_frames; i++)
		kept->up[i] = distance(answer->sp[i], answer->sp[i + 1]);
	unwound->events.found(unwound->events.ctx, kept);
}

static void ask(struct unwound *unwound);

static void on_frames(void *ctx, const struct symbolizer_answer *answer)
{
	struct unwound *unwound = ctx;
	__u64 stack = unwound->asked[0];

	memmove(unwound->asked, unwound->asked + 1, --unwound->nr_asked * sizeof(stack));
	/* One frame is known without. */
	if (!answer->err && answer->nr_frames > 1)
		keep(unwound, stack, answer);
	ask(unwound);
	if (unwound_is_idle(unwound))
		unwound->events.idle(unwound->events.ctx);
}

/* What cannot be asked now has its turn at the next answer, or is dropped if there will be none. */
static void ask(struct unwound *unwound)
{
	while (unwound->first && unwound->nr_asked < MAX_ASKED) {
		struct waiting *waiting = unwound->first;

		if (symbolizer_ask(unwound->symbolizer, (const union trace_message *)&waiting->request,
				   on_frames, unwound)) {
			if (unwound->nr_asked)
				return;
		} else {
			unwound->asked[unwound->nr_asked++] = waiting->request.stack;
		}
		unwound->first = waiting->next;
		if (!unwound->first)
			unwound->last = &unwound->first;
		unwound->nr_waiting--;
		free(waiting);
	}
}

void unwound_add(struct unwound *unwound, const struct heap_copy *copy)
{
	struct waiting *waiting;

	if (copy->nr_registers != TRACE_NR_REGISTERS || !copy->size || copy->size > TRACE_STACK_BYTES)
		return;
	waiting = unwound->nr_waiting < MAX_WAITING ? malloc(sizeof(*waiting)) : NULL;
	if (!waiting) {
		unwound->nr_dropped++;
		return;
	}
	waiting->next = NULL;
	waiting->request.h = (struct trace_header){ .kind = TRACE_UNWIND,
						    .size = sizeof(waiting->request),
						    .start_ns = unwound->start_ns,
						    .tgid = unwound->tgid,
						    .nr = copy->size };
	waiting->request.stack = copy->stack;
	memcpy(waiting->request.registers, copy->registers, sizeof(waiting->request.registers));
	memcpy(waiting->request.bytes, copy->bytes, sizeof(waiting->request.bytes));
	*unwound->last = waiting;
	unwound->last = &waiting->next;
	unwound->nr_waiting++;
	ask(unwound);
}

__u32 unwound_nr_dropped(const struct unwound *unwound)
{
	return unwound->nr_dropped;
}

bool unwound_is_idle(const struct unwound *unwound)
{
	return !unwound->first && !unwound->nr_asked;
}

const struct unwound_stack *unwound_find(const struct unwound *unwound, __u64 stack)
{
	for (__u32 i = 0; i < unwound->nr_stacks; i++)
		if (unwound->stacks[i].stack == stack)
			return &unwound->stacks[i];
	return NULL;
}
