// SPDX-License-Identifier: GPL-2.0-or-later
/* Page faults by mapping and by user stack; see faultsites.h. */
#include "faultsites.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

/* More entries than this, and the lighter half goes. */
#define NEARLY_FULL (MAX_FAULT_SITES / 4 * 3)

struct entry {
	__u64 weight;
	__u32 index; /* in the table as it was read */
};

struct faultsites {
	int mappings_fd, stacks_fd;
	struct entry order[MAX_FAULT_SITES]; /* of the table that is being read, the heaviest first */
	/* One table is read after the other. */
	union {
		struct {
			struct fault_mapping_key keys[MAX_FAULT_SITES];
			struct fault_mapping_count counts[MAX_FAULT_SITES];
		} mappings;
		struct {
			struct fault_stack_key keys[MAX_FAULT_SITES];
			struct fault_stack_count counts[MAX_FAULT_SITES];
		} stacks;
	};
};

/* The entries of all who have none of their own; there already if the probes were running. */
static void add_others(const struct faultsites *sites)
{
	static const struct fault_mapping_count none;

	for (__u32 cause = 0; cause < NR_FAULT_CAUSES; cause++) {
		struct fault_mapping_key key = { .cause = cause, .area = AREA_OTHERS };

		bpf_map_update_elem(sites->mappings_fd, &key, &none, BPF_NOEXIST);
	}
}

struct faultsites *faultsites_new(const struct probes *probes)
{
	struct faultsites *sites = calloc(1, sizeof(*sites));

	if (!sites)
		return NULL;
	sites->mappings_fd = probes_map_fd(probes, "fault_mappings");
	sites->stacks_fd = probes_map_fd(probes, "fault_stacks");
	add_others(sites);
	return sites;
}

void faultsites_free(struct faultsites *sites)
{
	free(sites);
}

static int compare(const void *a, const void *b)
{
	const struct entry *one = a, *other = b;

	return one->weight < other->weight ? 1 : one->weight > other->weight ? -1 : 0;
}

/* All entries of a table. How many, or a negative errno. */
static int read_table(int fd, void *keys, void *counts)
{
	__u32 nr = MAX_FAULT_SITES;
	__u64 place;

	/* The last entries come with the word that there are no more. */
	if (bpf_map_lookup_batch(fd, NULL, &place, keys, counts, &nr, NULL) < 0 && errno != ENOENT)
		return -errno;
	return (int)nr;
}

static void sort(struct faultsites *sites, int nr)
{
	qsort(sites->order, (size_t)nr, sizeof(sites->order[0]), compare);
}

/* Of a sorted table of nr entries, the first that goes; nr where there is room enough. */
static int first_to_go(int nr)
{
	return nr > (int)NEARLY_FULL ? nr / 2 : nr;
}

static int read_mappings(struct faultsites *sites, void (*emit)(void *ctx, const struct rec_header *record),
			 void *ctx)
{
	int nr = read_table(sites->mappings_fd, sites->mappings.keys, sites->mappings.counts);

	for (int i = 0; i < nr; i++)
		sites->order[i] = (struct entry){ sites->mappings.counts[i].total_ns, (__u32)i };
	if (nr < 0)
		return nr;
	sort(sites, nr);
	for (int i = 0; i < nr && i < REC_MAX_FAULT_MAPPINGS && sites->order[i].weight; i++) {
		const struct fault_mapping_key *key = &sites->mappings.keys[sites->order[i].index];
		const struct fault_mapping_count *count = &sites->mappings.counts[sites->order[i].index];
		struct rec_fault_mapping record = {
			.h = { REC_FAULT_MAPPING, sizeof(record), now_ns(CLOCK_BOOTTIME) },
			.id = count->id,
			.count = count->count,
			.nr_major = count->nr_major,
			.total_ns = count->total_ns,
			.longest_ns = count->longest_ns,
			.ino = key->ino,
			.dev = key->dev,
			.cause = key->cause,
			.area = key->area,
		};

		memcpy(record.name, count->name, sizeof(record.name));
		emit(ctx, &record.h);
	}
	for (int i = first_to_go(nr); i < nr; i++) {
		const struct fault_mapping_key *key = &sites->mappings.keys[sites->order[i].index];

		if (key->area != AREA_OTHERS)
			bpf_map_delete_elem(sites->mappings_fd, key);
	}
	return 0;
}

static int read_stacks(struct faultsites *sites, void (*emit)(void *ctx, const struct rec_header *record),
		       void *ctx)
{
	int nr = read_table(sites->stacks_fd, sites->stacks.keys, sites->stacks.counts);

	for (int i = 0; i < nr; i++)
		sites->order[i] = (struct entry){ sites->stacks.counts[i].count, (__u32)i };
	if (nr < 0)
		return nr;
	sort(sites, nr);
	for (int i = 0; i < nr && i < REC_MAX_FAULT_STACKS; i++) {
		const struct fault_stack_count *count = &sites->stacks.counts[sites->order[i].index];
		struct rec_fault_stack record = {
			.h = { REC_FAULT_STACK, sizeof(record), now_ns(CLOCK_BOOTTIME) },
			.id = count->id,
			.count = count->count,
			.address = count->address,
			.access = count->access,
			.nr = count->nr,
		};

		memcpy(record.ip, count->ip, sizeof(record.ip));
		emit(ctx, &record.h);
	}
	for (int i = first_to_go(nr); i < nr; i++)
		bpf_map_delete_elem(sites->stacks_fd, &sites->stacks.keys[sites->order[i].index]);
	return 0;
}

int faultsites_read(struct faultsites *sites, void (*emit)(void *ctx, const struct rec_header *record),
		    void *ctx)
{
	int err = read_mappings(sites, emit, ctx);

	return err ? err : read_stacks(sites, emit, ctx);
}
