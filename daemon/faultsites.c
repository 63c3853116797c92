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

/*
 * What has no entry of its own is in two for each cause: one that programs add to, and one that only the
 * daemon writes, so that no write undoes another.
 */
enum others { OTHERS_OF_PROGRAMS, OTHERS_OF_DAEMON, NR_OTHERS };

static struct fault_mapping_key key_of_others(enum others others, __u32 cause)
{
	return (struct fault_mapping_key){ .cause = cause, .area = AREA_OTHERS, .dev = others };
}

/* There already if the probes were running. */
static void create_others(const struct faultsites *sites)
{
	static const struct fault_mapping_count none;

	for (__u32 others = 0; others < NR_OTHERS; others++)
		for (__u32 cause = 0; cause < NR_FAULT_CAUSES; cause++) {
			struct fault_mapping_key key = key_of_others(others, cause);

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
	create_others(sites);
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

static void add_faults(struct fault_mapping_count *to, const struct fault_mapping_count *faults)
{
	to->count += faults->count;
	to->nr_major += faults->nr_major;
	to->total_ns += faults->total_ns;
	if (faults->longest_ns > to->longest_ns)
		to->longest_ns = faults->longest_ns;
}

/* Of the table as it was read, makes one entry of the two of others, and an empty one. */
static void merge_others(struct faultsites *sites, int nr)
{
	struct fault_mapping_count *others[NR_OTHERS][NR_FAULT_CAUSES] = {};

	for (int i = 0; i < nr; i++) {
		const struct fault_mapping_key *key = &sites->mappings.keys[i];

		if (key->area == AREA_OTHERS && key->cause < NR_FAULT_CAUSES && key->dev < NR_OTHERS)
			others[key->dev][key->cause] = &sites->mappings.counts[i];
	}
	for (__u32 cause = 0; cause < NR_FAULT_CAUSES; cause++) {
		struct fault_mapping_count *to = others[OTHERS_OF_PROGRAMS][cause],
					   *from = others[OTHERS_OF_DAEMON][cause];

		if (!to || !from)
			continue;
		add_faults(to, from);
		*from = (struct fault_mapping_count){ 0 };
	}
}

/* Adds what was removed, by cause, to the others. */
static void keep_removed(struct faultsites *sites, const struct fault_mapping_count removed[NR_FAULT_CAUSES])
{
	for (__u32 cause = 0; cause < NR_FAULT_CAUSES; cause++) {
		struct fault_mapping_key key = key_of_others(OTHERS_OF_DAEMON, cause);
		struct fault_mapping_count others;

		if (!removed[cause].count || bpf_map_lookup_elem(sites->mappings_fd, &key, &others))
			continue;
		add_faults(&others, &removed[cause]);
		bpf_map_update_elem(sites->mappings_fd, &key, &others, BPF_EXIST);
	}
}

static void remove_mappings(struct faultsites *sites, int first, int nr)
{
	struct fault_mapping_count removed[NR_FAULT_CAUSES] = {}, last;

	for (int i = first; i < nr; i++) {
		const struct fault_mapping_key *key = &sites->mappings.keys[sites->order[i].index];

		if (key->area == AREA_OTHERS || key->cause >= NR_FAULT_CAUSES)
			continue;
		/* With what came since it was read. */
		if (!bpf_map_lookup_and_delete_elem(sites->mappings_fd, key, &last))
			add_faults(&removed[key->cause], &last);
	}
	keep_removed(sites, removed);
}

static int read_mappings(struct faultsites *sites, void (*emit)(void *ctx, const struct rec_header *record),
			 void *ctx)
{
	int nr = read_table(sites->mappings_fd, sites->mappings.keys, sites->mappings.counts);

	if (nr < 0)
		return nr;
	merge_others(sites, nr);
	for (int i = 0; i < nr; i++)
		sites->order[i] = (struct entry){ sites->mappings.counts[i].total_ns, (__u32)i };
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
	remove_mappings(sites, first_to_go(nr), nr);
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
