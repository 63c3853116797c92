// SPDX-License-Identifier: GPL-2.0-or-later
/* Sites of the kernel's memory; see kernelsites.h. */
#include "kernelsites.h"

#include <stdlib.h>

#include <string.h>

void kernelsites_free(struct kernelsites *sites)
{
	index_free(&sites->index);
}

/* --- rows ------------------------------------------------------------------------------------- */

struct kernelsite *kernelsites_meet(struct kernelsites *sites, __u64 key, const struct leak_site *site,
				    bool *ret_is_new)
{
	__u32 hash = index_hash(0, &key, sizeof(key)), row, pos;

	*ret_is_new = false;
	index_for_each(&sites->index, hash, row,
		       pos) if (sites->rows[row].key == key) return &sites->rows[row];
	if (sites->nr == sites->max || index_insert(&sites->index, hash, sites->nr))
		return NULL;
	*ret_is_new = true;
	sites->nr_known += site->nr;
	sites->rows[sites->nr] = (struct kernelsite){ .key = key, .site = *site };
	return &sites->rows[sites->nr++];
}

struct leak_site kernelsites_of_object(const struct leak_object *object)
{
	struct leak_site site = { .stack = object->stack,
				  .cache = object->cache,
				  .kind = object->kind,
				  .tgid = object->tgid,
				  .start_ns = object->start_ns };

	memcpy(site.comm, object->comm, sizeof(site.comm));
	return site;
}

void kernelsite_add(struct kernelsite *row, const struct leak_object *object, __u64 now_ns)
{
	__u64 age_ns = now_ns > object->time_ns ? now_ns - object->time_ns : 0;

	row->nr_live++;
	row->live_bytes += object->size;
	row->squares += (double)object->size * (double)object->size;
	row->age_ns += (double)age_ns;
	if (age_ns > row->oldest_ns)
		row->oldest_ns = age_ns;
}

static void remove_left_out(struct kernelsites *sites)
{
	__u32 nr = 0;

	for (__u32 i = 0; i < sites->nr; i++)
		if (!sites->rows[i].is_left_out)
			sites->rows[nr++] = sites->rows[i];
	sites->nr = nr;
}

/* --- what is not seen to be freed ------------------------------------------------------------- */

static bool goes_unseen(__u64 nr_reused, __u64 nr_other)
{
	return nr_reused && nr_reused >= nr_other;
}

static __u64 nr_seen_to_go(const struct kernelsite *row)
{
	__u64 nr_not_seen = row->nr_live + row->site.nr_lost + row->site.nr_reused;

	return row->site.nr > nr_not_seen ? row->site.nr - nr_not_seen : 0;
}

static int by_cache(const void *a, const void *b)
{
	__u64 cache_a = ((const struct kernelsite *)a)->site.cache,
	      cache_b = ((const struct kernelsite *)b)->site.cache;

	return cache_a < cache_b ? -1 : cache_a > cache_b;
}

/* Of the sites of one cache. What was forgotten of one, its name too, another may know. */
static void judge_cache(struct kernelsite *first, const struct kernelsite *end)
{
	__u64 nr_reused = 0, nr_seen = 0;
	const char *name = "";

	for (struct kernelsite *row = first; row < end; row++) {
		nr_reused += row->site.nr_reused;
		nr_seen += nr_seen_to_go(row);
		if (row->site.cache_name[0])
			name = row->site.cache_name;
	}
	for (struct kernelsite *row = first; row < end; row++) {
		row->is_unseen = goes_unseen(row->site.nr_reused, row->nr_live) ||
				 (row->site.cache && goes_unseen(nr_reused, nr_seen));
		if (!row->site.cache_name[0])
			memcpy(row->site.cache_name, name, strnlen(name, SLAB_NAME_LEN - 1));
	}
}

static void mark_unseen(struct kernelsite *rows, __u32 nr)
{
	__u32 next;

	qsort(rows, nr, sizeof(*rows), by_cache);
	for (__u32 first = 0; first < nr; first = next) {
		for (next = first; next < nr && !by_cache(&rows[first], &rows[next]);)
			next++;
		judge_cache(rows + first, rows + next);
	}
}

static int by_live_bytes(const void *a, const void *b)
{
	const struct kernelsite *row_a = a, *row_b = b;

	if (row_a->is_unseen != row_b->is_unseen)
		return row_a->is_unseen ? 1 : -1;
	if (row_a->live_bytes != row_b->live_bytes)
		return row_a->live_bytes < row_b->live_bytes ? 1 : -1;
	return row_a->key < row_b->key ? -1 : row_a->key > row_b->key;
}

void kernelsites_judge(struct kernelsites *sites)
{
	remove_left_out(sites);
	mark_unseen(sites->rows, sites->nr);
	qsort(sites->rows, sites->nr, sizeof(*sites->rows), by_live_bytes);
}
