// SPDX-License-Identifier: GPL-2.0-or-later
/* What a trace of the kernel has found; see kernelread.h. */
#include "kernelread.h"

#include <stdlib.h>

#include "batch.h"
#include "slabframe.h"
#include "util.h"

#define BATCH 1024u

/* --- pages of slabs --------------------------------------------------------------------------- */

#define NR_KNOWN 4096u

/* What the tables are read with. Names cost much, and thousands of stacks pass through the same code. */
struct reading {
	const struct stacks *stacks;
	struct kernelsites *sites;
	struct {
		__u64 ip; /* 0: of none yet */
		enum slab_frame frame;
	} known[NR_KNOWN];
};

static enum slab_frame frame_at(struct reading *reading, __u64 ip)
{
	const __u32 slot = (__u32)((ip * 0x9e3779b97f4a7c15ULL) >> 32) % NR_KNOWN;
	char name[REC_SYMBOL_LEN];

	if (reading->known[slot].ip != ip) {
		stacks_name(reading->stacks, ip, name);
		reading->known[slot].ip = ip;
		reading->known[slot].frame = slab_frame_of(name);
	}
	return reading->known[slot].frame;
}

/* The pages of slabs are shown by the objects that lie in them. */
static bool is_of_slab_page(struct reading *reading, const struct leak_site *site)
{
	enum slab_frame frames[STACK_MAX_FRAMES];
	__u64 ip[STACK_MAX_FRAMES];
	__u32 nr;

	if (site->kind != TRACE_PAGES)
		return false;
	nr = stacks_frames(reading->stacks, site->stack, ip);
	for (__u32 i = 0; i < nr; i++)
		frames[i] = frame_at(reading, ip[i]);
	return is_slab_page(frames, nr);
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
