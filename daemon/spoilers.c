// SPDX-License-Identifier: GPL-2.0-or-later
/* Spoiled pageblocks and the census; see spoilers.h. */
#include "spoilers.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "pageblocks.h"
#include "structpages.h"
#include "util.h"

/* Blocks that are read in a reading at most: of 4 KiB of flags each where they are of order 9. */
#define MAX_SAMPLED 512u
#define CENSUS_BLOCKS 256u
/* Holes and memory that is not there are drawn again, so often at most. */
#define CENSUS_DRAWS (4 * CENSUS_BLOCKS)
#define MAX_CENSUS_NODES 64u

struct sampled {
	__u64 address;
	struct live_page page;
};

struct spoilers {
	__u32 step_shift;
	__u32 order;                  /* of a pageblock */
	__u32 unmovable, reclaimable; /* migratetypes; ~0: not on this machine */
	int kpageflags_fd;
	char why_not[REC_TEXT_LEN]; /* whatever pages there are */
	char why_not_now[REC_TEXT_LEN];
	struct zone_ranges ranges;
	struct page_base base;
	__u64 base_address;
	__u64 random;
	__u64 nr_candidates; /* of which the sample was taken */
	__u32 nr_sampled;
	struct sampled sample[MAX_SAMPLED];
	struct rec_census censuses[MAX_CENSUS_NODES]; /* by node */
	struct structpages *structpages;
	__u64 flags[PAGEBLOCK_MAX_PAGES]; /* of the block that was read last, like the next */
	__u32 refcounts[PAGEBLOCK_MAX_PAGES];
};

/* The value of a migratetype by the kernel's name for it, or ~0. */
static __u32 migratetype_of(const struct machine *machine, const char *name)
{
	for (__u32 i = 0; i < machine->nr_labels; i++)
		if (machine->labels[i].dim == DIM_MIGRATETYPE && !strcmp(machine->labels[i].text, name))
			return machine->labels[i].index;
	return ~0u;
}

/* Whether addresses can be understood here at all; sets why_not. */
static void find_out(struct spoilers *spoilers, const struct machine *machine)
{
	const char *why_not = "";
	int err = 0;

#ifndef __x86_64__
	why_not = "where struct pages lie is known on x86-64 only";
#endif
	if (machine->record.page_size != 4096)
		why_not = "pages are not 4 KiB";
	else if (machine->pageblock_order > PAGEBLOCK_MAX_ORDER)
		why_not = "pageblocks are larger than 4 MiB";
	else if (!machine->page_refcount_offset)
		why_not = "a page's reference count cannot be found on this kernel";
	else if (!machine->page_zone_mask || (machine->record.nr_nodes > 1 && !machine->page_node_shift))
		why_not = "the zone of a page cannot be told on this kernel";
	snprintf(spoilers->why_not, sizeof(spoilers->why_not), "%s", why_not);
	if (*why_not)
		return;
	spoilers->kpageflags_fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	err = errno;
	if (spoilers->kpageflags_fd < 0)
		snprintf(spoilers->why_not, sizeof(spoilers->why_not),
			 "/proc/kpageflags cannot be opened: %s", strerror(err));
	err = spoilers->kpageflags_fd < 0 ? 0
					  : structpages_new(machine->page_refcount_offset,
							    machine->pageblock_order, &spoilers->structpages);
	if (err)
		snprintf(spoilers->why_not, sizeof(spoilers->why_not), "struct pages cannot be read: %s",
			 strerror(-err));
}

struct spoilers *spoilers_new(const struct machine *machine)
{
	struct spoilers *spoilers = calloc(1, sizeof(*spoilers));

	if (!spoilers)
		return NULL;
	spoilers->step_shift = machine->live_step_shift;
	spoilers->order = machine->pageblock_order;
	spoilers->unmovable = migratetype_of(machine, "unmovable");
	spoilers->reclaimable = migratetype_of(machine, "reclaimable");
	spoilers->kpageflags_fd = -1;
	spoilers->random = random_seed();
	find_out(spoilers, machine);
	return spoilers;
}

void spoilers_free(struct spoilers *spoilers)
{
	if (!spoilers)
		return;
	structpages_free(spoilers->structpages);
	if (spoilers->kpageflags_fd >= 0)
		close(spoilers->kpageflags_fd);
	free(spoilers);
}

/* A number below limit (xorshift64*, Marsaglia and Vigna). */
static __u64 random_below(struct spoilers *spoilers, __u64 limit)
{
	__u64 random = spoilers->random;

	random ^= random >> 12;
	random ^= random << 25;
	random ^= random >> 27;
	spoilers->random = random;
	return (__u64)((unsigned __int128)(random * 0x2545f4914f6cdd1dULL) * limit >> 64);
}

void spoilers_begin(struct spoilers *spoilers)
{
	_cleanup_close_ int fd = open("/proc/zoneinfo", O_RDONLY | O_CLOEXEC);
	int err = fd < 0 ? -errno : zone_ranges_read(fd, &spoilers->ranges);

	spoilers->base = (struct page_base)PAGE_BASE_ANY;
	spoilers->nr_candidates = 0;
	spoilers->nr_sampled = 0;
	spoilers->why_not_now[0] = '\0';
	if (err)
		snprintf(spoilers->why_not_now, sizeof(spoilers->why_not_now),
			 "cannot read /proc/zoneinfo: %s", strerror(-err));
}

void spoilers_see(struct spoilers *spoilers, __u64 group, const struct live_page *page)
{
	__u64 address = ((group << spoilers->step_shift) + live_chosen(group, spoilers->step_shift))
			<< LIVE_PAGE_SHIFT;
	__u64 place;

	if (spoilers->why_not[0] || spoilers->why_not_now[0])
		return;
	page_base_see(&spoilers->base, &spoilers->ranges, address, page->node, page->zone);
	if (page->migratetype != spoilers->unmovable && page->migratetype != spoilers->reclaimable)
		return;
	/* Every candidate has the same chance to be in the sample in the end (reservoir sampling). */
	place = spoilers->nr_candidates++;
	if (place >= MAX_SAMPLED)
		place = random_below(spoilers, spoilers->nr_candidates);
	if (place >= MAX_SAMPLED)
		return;
	spoilers->sample[place] = (struct sampled){ .address = address, .page = *page };
	if (spoilers->nr_sampled < MAX_SAMPLED)
		spoilers->nr_sampled++;
}

const char *spoilers_why_not(struct spoilers *spoilers)
{
	const char *why_not = "";
	int err;

	if (spoilers->why_not[0])
		return spoilers->why_not;
	if (spoilers->why_not_now[0])
		return spoilers->why_not_now;
	err = page_base_get(&spoilers->base, &spoilers->base_address);
	if (err)
		why_not = err == -EAGAIN ? "too few pages are known to tell where struct pages lie"
					 : "the addresses of struct pages do not agree with /proc/zoneinfo";
	snprintf(spoilers->why_not_now, sizeof(spoilers->why_not_now), "%s", why_not);
	return spoilers->why_not_now;
}

/* Reads the flags and reference counts of a block, by its number. */
static bool read_block(struct spoilers *spoilers, __u64 block)
{
	__u64 address = spoilers->base_address + (block << (spoilers->order + LIVE_PAGE_SHIFT));
	size_t size = sizeof(spoilers->flags[0]) << spoilers->order;

	return pread(spoilers->kpageflags_fd, spoilers->flags, size, (off_t)(block * size)) ==
		       (ssize_t)size &&
	       structpages_read(spoilers->structpages, address, spoilers->refcounts);
}

void spoilers_blame(struct spoilers *spoilers,
		    void (*blame)(void *ctx, const struct live_page *page, double blocks, double variance),
		    void *ctx)
{
	double weight = spoilers->nr_sampled
				? (double)(1u << spoilers->step_shift) * (double)spoilers->nr_candidates /
					  (double)spoilers->nr_sampled
				: 0;

	for (__u32 i = 0; i < spoilers->nr_sampled; i++) {
		const struct sampled *sampled = &spoilers->sample[i];
		__u64 pfn = (sampled->address - spoilers->base_address) >> LIVE_PAGE_SHIFT, in_block;
		struct pageblock block;
		double blocks;

		if (!read_block(spoilers, pfn >> spoilers->order))
			continue;
		/* It may have been freed, or turned out to be of another kind, since it was allocated. */
		in_block = pfn & ((1u << spoilers->order) - 1);
		if (page_class(spoilers->flags[in_block], spoilers->refcounts[in_block]) != PAGE_IS_UNMOVABLE)
			continue;
		pageblock_add_up(spoilers->flags, spoilers->refcounts, 1u << spoilers->order, &block);
		if (!pageblock_is_spoiled(&block))
			continue;
		blocks = weight / block.nr_unmovable;
		blame(ctx, &sampled->page, blocks, blocks * blocks);
	}
}

/* --- the census ------------------------------------------------------------------------------- */

static __u64 nr_blocks_of(const struct zone_range *zone, __u32 order)
{
	return ((zone->start_pfn + zone->nr_spanned - 1) >> order) - (zone->start_pfn >> order) + 1;
}

/* A block of any zone, each as likely as another. */
static const struct zone_range *draw_block(struct spoilers *spoilers, __u64 *ret_block)
{
	const struct zone_ranges *ranges = &spoilers->ranges;
	__u64 nr_blocks = 0, number;

	for (__u32 i = 0; i < ranges->nr; i++)
		nr_blocks += nr_blocks_of(&ranges->all[i], spoilers->order);
	number = random_below(spoilers, nr_blocks);
	for (__u32 i = 0; i < ranges->nr; i++) {
		const struct zone_range *zone = &ranges->all[i];
		__u64 nr_in_zone = nr_blocks_of(zone, spoilers->order);

		if (number < nr_in_zone) {
			*ret_block = (zone->start_pfn >> spoilers->order) + number;
			return zone;
		}
		number -= nr_in_zone;
	}
	return NULL;
}

/* Whether the block counts: there is memory in it. */
static bool census_add(struct rec_census *census, const struct pageblock *block)
{
	if (!block->nr_free && !block->nr_movable && !block->nr_unmovable)
		return false;
	census->nr_blocks++;
	census->nr_mixed += block->nr_movable && block->nr_unmovable;
	census->nr_spoiled += pageblock_is_spoiled(block);
	census->nr_free += block->nr_free;
	census->nr_movable += block->nr_movable;
	census->nr_unmovable += block->nr_unmovable;
	census->free_squares += (__u64)block->nr_free * block->nr_free;
	census->movable_squares += (__u64)block->nr_movable * block->nr_movable;
	census->unmovable_squares += (__u64)block->nr_unmovable * block->nr_unmovable;
	census->block_pages = block->nr_pages;
	return true;
}

void spoilers_census(struct spoilers *spoilers, void (*emit)(void *ctx, struct rec_census *record), void *ctx)
{
	__u32 nr_counted = 0;

	memset(spoilers->censuses, 0, sizeof(spoilers->censuses));
	for (__u32 draw = 0; draw < CENSUS_DRAWS && nr_counted < CENSUS_BLOCKS; draw++) {
		__u64 block = 0;
		const struct zone_range *zone = draw_block(spoilers, &block);
		struct pageblock counts;

		if (!zone || zone->node >= MAX_CENSUS_NODES || !read_block(spoilers, block))
			continue;
		pageblock_add_up(spoilers->flags, spoilers->refcounts, 1u << spoilers->order, &counts);
		nr_counted += census_add(&spoilers->censuses[zone->node], &counts);
	}
	for (__u32 node = 0; node < MAX_CENSUS_NODES; node++) {
		struct rec_census *census = &spoilers->censuses[node];

		if (!census->nr_blocks)
			continue;
		census->h = (struct rec_header){ REC_CENSUS, sizeof(*census), now_ns(CLOCK_BOOTTIME) };
		census->node = node;
		emit(ctx, census);
	}
}
