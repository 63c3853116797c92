// SPDX-License-Identifier: GPL-2.0-or-later
/* What a trace of the kernel has found; see kernelread.h. */
#include "kernelread.h"

#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "util.h"

#define BATCH 1024u

/* --- pages of slabs --------------------------------------------------------------------------- */

static bool is_of_slab(const char *name)
{
	static const char *const prefixes[] = {
		"allocate_slab",      "new_slab",       "alloc_from_new_slab", "___slab_alloc",
		"__slab_alloc",       "refill_objects", "__refill_objects",    "kmem_cache_alloc",
		"__kmem_cache_alloc", "kmalloc",        "__kmalloc",
	};

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (!strncmp(name, prefixes[i], strlen(prefixes[i])))
			return true;
	return false;
}

static bool is_of_large_kmalloc(const char *name)
{
	return strstr(name, "kmalloc_large");
}

/*
 * The pages of slabs are shown by the objects that lie in them. Which pages these are, the names of functions
 * tell on all kernels; flags of the page do not, where it was allocated but now.
 */
static bool is_of_slab_page(const struct stacks *stacks, const struct leak_site *site)
{
	return site->kind == TRACE_PAGES && stacks_have(stacks, site->stack, is_of_slab) &&
	       !stacks_have(stacks, site->stack, is_of_large_kmalloc);
}

/* --- reading ---------------------------------------------------------------------------------- */

/* NULL without room. */
static struct kernelsite *meet(struct kernelsites *sites, const struct stacks *stacks, __u64 key,
			       const struct leak_site *site)
{
	bool is_new;
	struct kernelsite *row = kernelsites_meet(sites, key, site, &is_new);

	if (row && is_new)
		row->is_left_out = is_of_slab_page(stacks, site);
	return row;
}

static int read_sites(int fd, const struct stacks *stacks, struct kernelsites *sites)
{
	_cleanup_free_ __u64 *keys = calloc(BATCH, sizeof(*keys));
	_cleanup_free_ struct leak_site *values = calloc(BATCH, sizeof(*values));
	struct batch batch = { .fd = fd, .keys = keys, .values = values, .max = BATCH };

	if (!keys || !values)
		return -ENOMEM;
	while (batch_next(&batch))
		for (__u32 i = 0; i < batch.nr; i++)
			meet(sites, stacks, keys[i], &values[i]);
	return batch.err;
}

static int read_objects(int fd, const struct stacks *stacks, struct kernelsites *sites, __u64 now_ns)
{
	_cleanup_free_ __u64 *keys = calloc(BATCH, sizeof(*keys));
	_cleanup_free_ struct leak_object *values = calloc(BATCH, sizeof(*values));
	struct batch batch = { .fd = fd, .keys = keys, .values = values, .max = BATCH };

	if (!keys || !values)
		return -ENOMEM;
	while (batch_next(&batch))
		for (__u32 i = 0; i < batch.nr; i++) {
			const struct leak_site site = kernelsites_of_object(&values[i]);
			struct kernelsite *row = meet(sites, stacks, values[i].site, &site);

			if (row)
				kernelsite_add(row, &values[i], now_ns);
			else
				sites->nr_unplaced++;
		}
	return batch.err;
}

int kernelread(const struct kernelprograms *programs, const struct stacks *stacks, __u64 now_ns,
	       struct kernelsites *ret)
{
	int err = read_sites(kernelprograms_table_fd(programs, LEAK_SITES), stacks, ret);

	if (!err)
		err = read_objects(kernelprograms_table_fd(programs, LEAK_OBJECTS), stacks, ret, now_ns);
	return err;
}
