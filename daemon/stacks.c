// SPDX-License-Identifier: GPL-2.0-or-later
/* Kernel stacks; see stacks.h. */
#include "stacks.h"

#include <bpf/bpf.h>
#include <string.h>

#include "known.h"
#include "model/index.h"
#include "probeframe.h"
#include "stacksweep.h"
#include "symbols.h"
#include "util.h"
#include "weights.h"

/* Half of what the model keeps, so that it still has what is not sent again; a reading refers to fewer. */
#define MAX_KNOWN 2048u

#define MAX_PLACES (2 * MAX_STACKS)

/* Of a place: what there is room for beside the frames of the probe and of two trampolines. */
#define MAX_PLACE_FRAMES (STACK_MAX_FRAMES - MAX_PROBE_FRAMES - 2 * 2)

#define MAX_KNOWN_FRAMES 4096u

/* So many of stacks that are not there any more are kept. */
#define MAX_OLD_PLACES 1024u

struct place {
	__u64 stack; /* its key */
	__u64 place;
};

struct known_frame {
	__u64 ip;
	struct frame_code code;
};

struct stacks {
	int fd;
	struct symbols *symbols;
	struct place *places; /* room for MAX_PLACES; what is not used takes no memory */
	struct index by_stack, by_place;
	__u32 nr_places;
	struct known_frame frames[MAX_KNOWN_FRAMES]; /* each at a place of its own, the last one there */
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
	stacks->places = calloc(MAX_PLACES, sizeof(*stacks->places));
	if (!stacks->symbols || !stacks->places || known_init(&stacks->known, MAX_KNOWN)) {
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
	index_free(&stacks->by_stack);
	index_free(&stacks->by_place);
	free(stacks->places);
	free(stacks);
}

static bool read_stack(const struct stacks *stacks, __u64 key, struct kernel_stack *ret)
{
	return key && bpf_map_lookup_elem(stacks->fd, &key, ret) == 0 && ret->nr <= STACK_MAX_FRAMES;
}

/* --- places ----------------------------------------------------------------------------------- */

static __u32 hash_of(__u64 key)
{
	return index_hash(0, &key, sizeof(key));
}

/* The kernel is asked for a name only if another address had the place of this one meanwhile. */
static struct frame_code code_of(struct stacks *stacks, __u64 ip)
{
	struct known_frame *known = &stacks->frames[hash_of(ip) % MAX_KNOWN_FRAMES];
	char symbol[REC_SYMBOL_LEN];

	if (known->ip != ip) {
		symbols_name(stacks->symbols, ip, symbol);
		*known = (struct known_frame){ .ip = ip, .code = frame_code(symbol) };
	}
	return known->code;
}

/* Frames of tracing have pushed out some of the outermost, which are left out in any case. */
static __u64 hash_place(struct stacks *stacks, const struct kernel_stack *stack)
{
	struct frame_code codes[STACK_MAX_FRAMES];
	__u32 frames[STACK_MAX_FRAMES], nr;
	__u64 hash = 0;

	for (__u32 i = 0; i < stack->nr; i++)
		codes[i] = code_of(stacks, stack->ip[i]);
	nr = frames_but_tracing(codes, stack->nr, frames);
	for (__u32 i = 0; i < nr && i < MAX_PLACE_FRAMES; i++)
		hash = weights_mix(hash, stack->ip[frames[i]]);
	return hash;
}

/* Without room it is found anew each time. */
static void keep_place(struct stacks *stacks, __u64 key, __u64 place)
{
	if (stacks->nr_places == MAX_PLACES)
		return;
	if (index_insert(&stacks->by_place, hash_of(place), stacks->nr_places))
		return;
	if (index_insert(&stacks->by_stack, hash_of(key), stacks->nr_places)) {
		index_remove(&stacks->by_place, hash_of(place), stacks->nr_places);
		return;
	}
	stacks->places[stacks->nr_places++] = (struct place){ .stack = key, .place = place };
}

__u64 stacks_place(struct stacks *stacks, __u64 key)
{
	struct kernel_stack stack;
	__u32 row, pos;
	__u64 place;

	index_for_each(&stacks->by_stack, hash_of(key), row, pos)
	{
		if (stacks->places[row].stack == key)
			return stacks->places[row].place;
	}
	if (!read_stack(stacks, key, &stack))
		return 0;
	place = hash_place(stacks, &stack);
	if (place)
		keep_place(stacks, key, place);
	return place;
}

/* One of the stacks that were taken there. */
static bool read_stack_at(const struct stacks *stacks, __u64 place, struct kernel_stack *ret)
{
	__u32 row, pos;

	index_for_each(&stacks->by_place, hash_of(place), row, pos)
	{
		if (stacks->places[row].place == place && read_stack(stacks, stacks->places[row].stack, ret))
			return true;
	}
	return false;
}

static void forget_places(struct stacks *stacks)
{
	index_clear(&stacks->by_stack);
	index_clear(&stacks->by_place);
	stacks->nr_places = 0;
}

/* --- records ---------------------------------------------------------------------------------- */

void stacks_meet_address(struct stacks *stacks, __u64 ip,
			 void (*emit)(void *ctx, const struct rec_header *record), void *ctx)
{
	const struct rec_symbol *symbol = symbols_meet(stacks->symbols, ip);

	if (symbol)
		emit(ctx, &symbol->h);
}

void stacks_meet(struct stacks *stacks, __u64 place, void (*emit)(void *ctx, const struct rec_header *record),
		 void *ctx)
{
	struct rec_stack *record = &stacks->record;
	struct kernel_stack stack;

	if (!place || !read_stack_at(stacks, place, &stack) || !known_learn(&stacks->known, place))
		return;
	*record = (struct rec_stack){ .h = { REC_STACK, sizeof(*record), now_ns(CLOCK_BOOTTIME) },
				      .stack = place,
				      .nr = stack.nr };
	memcpy(record->ip, stack.ip, sizeof(record->ip));
	for (__u32 i = 0; i < stack.nr; i++)
		stacks_meet_address(stacks, stack.ip[i], emit, ctx);
	emit(ctx, &record->h);
}

__u32 stacks_frames(const struct stacks *stacks, __u64 key, __u64 ret[STACK_MAX_FRAMES])
{
	struct kernel_stack stack;

	if (!read_stack(stacks, key, &stack))
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
	__u32 nr_left = stacksweep(stacks->fd, stacks->values, sizeof(stacks->values[0]), stacks->marks,
				   NR_STACKS_USERS, now_ns);

	if (stacks->nr_places > nr_left + MAX_OLD_PLACES)
		forget_places(stacks);
	return nr_left;
}
