// SPDX-License-Identifier: GPL-2.0-or-later
/* Fallback allocations by process and kernel stack; see fallbacks.h. */
#include "fallbacks.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../bpf/abi/fallbacks.h"
#include "util.h"

/* More entries than this, and the rarer half goes. */
#define NEARLY_FULL (MAX_FALLBACKS / 4 * 3)

struct fallbacks {
	int fd;
	struct stacks *stacks;
	struct fallback_key keys[MAX_FALLBACKS];
	struct fallback_count counts[MAX_FALLBACKS];
	__u32 order[MAX_FALLBACKS]; /* of the entries, the most frequent first */
};

struct fallbacks *fallbacks_new(const struct probes *probes, struct stacks *stacks)
{
	struct fallbacks *fallbacks = calloc(1, sizeof(*fallbacks));

	if (!fallbacks)
		return NULL;
	fallbacks->fd = probes_map_fd(probes, "fallbacks");
	fallbacks->stacks = stacks;
	return fallbacks;
}

void fallbacks_free(struct fallbacks *fallbacks)
{
	free(fallbacks);
}

static int compare_counts(const void *a, const void *b, void *ctx)
{
	const struct fallbacks *fallbacks = ctx;
	__u64 count_a = fallbacks->counts[*(const __u32 *)a].count;
	__u64 count_b = fallbacks->counts[*(const __u32 *)b].count;

	return count_a < count_b ? 1 : count_a > count_b ? -1 : 0;
}

static int compare_keys(const void *a, const void *b, void *ctx)
{
	const struct fallbacks *fallbacks = ctx;

	return memcmp(&fallbacks->keys[*(const __u32 *)a], &fallbacks->keys[*(const __u32 *)b],
		      sizeof(fallbacks->keys[0]));
}

static void sort(struct fallbacks *fallbacks, __u32 nr,
		 int (*compare)(const void *a, const void *b, void *ctx))
{
	qsort_r(fallbacks->order, nr, sizeof(fallbacks->order[0]), compare, fallbacks);
}

/* All entries. How many, or a negative errno. */
static int read_table(struct fallbacks *fallbacks)
{
	__u32 nr = MAX_FALLBACKS;
	__u64 place;

	/* The last entries come with the word that there are no more. */
	if (bpf_map_lookup_batch(fallbacks->fd, NULL, &place, fallbacks->keys, fallbacks->counts, &nr, NULL) <
		    0 &&
	    errno != ENOENT)
		return -errno;
	stacks_begin(fallbacks->stacks, STACKS_OF_FALLBACKS);
	for (__u32 i = 0; i < nr; i++) {
		fallbacks->order[i] = i;
		stacks_mark(fallbacks->stacks, STACKS_OF_FALLBACKS, fallbacks->keys[i].stack);
	}
	return (int)nr;
}

static void drop_rarest(const struct fallbacks *fallbacks, __u32 nr)
{
	for (__u32 i = nr / 2; i < nr && nr > NEARLY_FULL; i++)
		bpf_map_delete_elem(fallbacks->fd, &fallbacks->keys[fallbacks->order[i]]);
}

/* Adds up what differs in nothing but frames of the probe. Returns how many are left. */
static __u32 merge(struct fallbacks *fallbacks, __u32 nr)
{
	__u32 *order = fallbacks->order, nr_left = 0;

	for (__u32 i = 0; i < nr; i++)
		fallbacks->keys[i].stack = stacks_place(fallbacks->stacks, fallbacks->keys[i].stack);
	sort(fallbacks, nr, compare_keys);
	for (__u32 i = 0; i < nr; i++) {
		if (nr_left && !compare_keys(&order[nr_left - 1], &order[i], fallbacks))
			fallbacks->counts[order[nr_left - 1]].count += fallbacks->counts[order[i]].count;
		else
			order[nr_left++] = order[i];
	}
	return nr_left;
}

int fallbacks_read(struct fallbacks *fallbacks, void (*emit)(void *ctx, const struct rec_header *record),
		   void *ctx)
{
	int read = read_table(fallbacks);
	__u32 nr = read < 0 ? 0 : (__u32)read;

	sort(fallbacks, nr, compare_counts);
	drop_rarest(fallbacks, nr);
	nr = merge(fallbacks, nr);
	sort(fallbacks, nr, compare_counts);
	for (__u32 i = 0; i < nr && i < REC_MAX_FALLBACKS; i++) {
		const struct fallback_key *key = &fallbacks->keys[fallbacks->order[i]];
		const struct fallback_count *count = &fallbacks->counts[fallbacks->order[i]];
		struct rec_fallback record = {
			.h = { REC_FALLBACK, sizeof(record), now_ns(CLOCK_BOOTTIME) },
			.id = count->id,
			.stack = key->stack,
			.count = count->count,
			.migratetype = key->migratetype,
			.fallback_migratetype = key->fallback_migratetype,
		};

		stacks_meet(fallbacks->stacks, key->stack, emit, ctx);
		emit(ctx, &record.h);
	}
	return read < 0 ? read : 0;
}
