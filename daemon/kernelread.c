// SPDX-License-Identifier: GPL-2.0-or-later
/* What a trace of the kernel has found; see kernelread.h. */
#include "kernelread.h"

#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "util.h"

#define BATCH 1024u

/* --- pages of slabs --------------------------------------------------------------------------- */

enum code { CODE_OTHER, CODE_OF_SLAB, CODE_OF_LARGE_KMALLOC, CODE_OF_OTHERS_WORK };

#define NR_CODES 4096u

/* What the tables are read with. Names cost much, and thousands of stacks pass through the same code. */
struct reading {
	const struct stacks *stacks;
	struct kernelsites *sites;
	struct {
		__u64 ip; /* 0: of none yet */
		enum code code;
	} codes[NR_CODES];
};

static enum code code_of_name(const char *name)
{
	static const struct {
		const char *prefix;
		enum code code;
	} known[] = {
		{ "allocate_slab", CODE_OF_SLAB },
		{ "new_slab", CODE_OF_SLAB },
		{ "alloc_from_new_slab", CODE_OF_SLAB },
		{ "___slab_alloc", CODE_OF_SLAB },
		{ "__slab_alloc", CODE_OF_SLAB },
		{ "refill_objects", CODE_OF_SLAB },
		{ "__refill_objects", CODE_OF_SLAB },
		{ "kmem_cache_alloc", CODE_OF_SLAB },
		{ "__kmem_cache_alloc", CODE_OF_SLAB },
		{ "kmalloc", CODE_OF_SLAB },
		{ "__kmalloc", CODE_OF_SLAB },
		/* Reclaim, which the slab's page was short of, and interrupts of whatever runs. */
		{ "try_to_free_", CODE_OF_OTHERS_WORK },
		{ "node_reclaim", CODE_OF_OTHERS_WORK },
		{ "__node_reclaim", CODE_OF_OTHERS_WORK },
		{ "handle_softirqs", CODE_OF_OTHERS_WORK },
		{ "__do_softirq", CODE_OF_OTHERS_WORK },
		{ "asm_", CODE_OF_OTHERS_WORK },
		{ "el1_interrupt", CODE_OF_OTHERS_WORK },
	};

	if (strstr(name, "kmalloc_large"))
		return CODE_OF_LARGE_KMALLOC;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (!strncmp(name, known[i].prefix, strlen(known[i].prefix)))
			return known[i].code;
	return CODE_OTHER;
}

static enum code code_at(struct reading *reading, __u64 ip)
{
	const __u32 slot = (__u32)((ip * 0x9e3779b97f4a7c15ULL) >> 32) % NR_CODES;
	char name[REC_SYMBOL_LEN];

	if (reading->codes[slot].ip != ip) {
		stacks_name(reading->stacks, ip, name);
		reading->codes[slot].ip = ip;
		reading->codes[slot].code = code_of_name(name);
	}
	return reading->codes[slot].code;
}

/*
 * The pages of slabs are shown by the objects that lie in them. Which pages these are, the names of functions
 * tell on all kernels; flags of the page do not, where it was allocated but now.
 */
static bool is_of_slab_page(struct reading *reading, const struct leak_site *site)
{
	__u64 ip[STACK_MAX_FRAMES];
	bool is_of_slab = false;
	__u32 nr;

	if (site->kind != TRACE_PAGES)
		return false;
	nr = stacks_frames(reading->stacks, site->stack, ip);
	for (__u32 i = 0; i < nr; i++) {
		enum code code = code_at(reading, ip[i]);

		if (code == CODE_OF_LARGE_KMALLOC)
			return false;
		/* What is further out did not ask for the page. */
		if (code == CODE_OF_OTHERS_WORK)
			break;
		is_of_slab |= code == CODE_OF_SLAB;
	}
	return is_of_slab;
}

/* --- reading ---------------------------------------------------------------------------------- */

/* NULL without room. */
static struct kernelsite *meet(struct reading *reading, __u64 key, const struct leak_site *site)
{
	bool is_new;
	struct kernelsite *row = kernelsites_meet(reading->sites, key, site, &is_new);

	if (row && is_new)
		row->is_left_out = is_of_slab_page(reading, site);
	return row;
}

static int read_sites(int fd, struct reading *reading)
{
	_cleanup_free_ __u64 *keys = calloc(BATCH, sizeof(*keys));
	_cleanup_free_ struct leak_site *values = calloc(BATCH, sizeof(*values));
	struct batch batch = { .fd = fd, .keys = keys, .values = values, .max = BATCH };

	if (!keys || !values)
		return -ENOMEM;
	while (batch_next(&batch))
		for (__u32 i = 0; i < batch.nr; i++)
			meet(reading, keys[i], &values[i]);
	return batch.err;
}

static int read_objects(int fd, struct reading *reading, __u64 now_ns)
{
	_cleanup_free_ __u64 *keys = calloc(BATCH, sizeof(*keys));
	_cleanup_free_ struct leak_object *values = calloc(BATCH, sizeof(*values));
	struct batch batch = { .fd = fd, .keys = keys, .values = values, .max = BATCH };

	if (!keys || !values)
		return -ENOMEM;
	while (batch_next(&batch))
		for (__u32 i = 0; i < batch.nr; i++) {
			const struct leak_site site = kernelsites_of_object(&values[i]);
			struct kernelsite *row = meet(reading, values[i].site, &site);

			if (row)
				kernelsite_add(row, &values[i], now_ns);
			else
				reading->sites->nr_unplaced++;
		}
	return batch.err;
}

int kernelread(const struct kernelprograms *programs, const struct stacks *stacks, __u64 now_ns,
	       struct kernelsites *ret)
{
	_cleanup_free_ struct reading *reading = calloc(1, sizeof(*reading));
	int err;

	if (!reading)
		return -ENOMEM;
	reading->stacks = stacks;
	reading->sites = ret;
	err = read_sites(kernelprograms_table_fd(programs, LEAK_SITES), reading);
	if (!err)
		err = read_objects(kernelprograms_table_fd(programs, LEAK_OBJECTS), reading, now_ns);
	return err;
}
