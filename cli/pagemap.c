// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading a pagemap; see pagemap.h. */
#include "pagemap.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../daemon/util.h"

#define HUGE_PAGE_SIZE_FILE "/sys/kernel/mm/transparent_hugepage/hpage_pmd_size"

static uint64_t huge_page_size(void)
{
	_cleanup_fclose_ FILE *file = fopen(HUGE_PAGE_SIZE_FILE, "re");
	char line[32];

	return file && fgets(line, sizeof(line), file) ? strtoull(line, NULL, 10) : 0;
}

static int walk_mapping(struct address_space *space, const struct mapping *mapping, struct pagemap *result)
{
	uint64_t page = mapping->start / space->page_size, end = mapping->end / space->page_size;

	while (page < end &&
	       !space_must_end(space, "Reading page tables", result->seen_bytes, result->mapped_bytes)) {
		ssize_t nr = space_walk_entries(space, page, end - page);

		if (nr < 0)
			return (int)nr;
		if (!nr)
			break;
		for (ssize_t i = 0; i < nr; i++) {
			uint64_t entry = space->entries[i];

			contiguity_add(&result->contiguity, mapping->kind, page++, contiguity_frame(entry),
				       space_page(space, entry, mapping->has_file));
		}
		result->seen_bytes += (uint64_t)nr * space->page_size;
	}
	contiguity_end_mapping(&result->contiguity);
	return 0;
}

/* What only a complete reading can be held against, and whether the address space is the same still. */
static int look_back(struct address_space *space, const struct text *maps, uint64_t page,
		     struct pagemap *result)
{
	struct text smaps = {};
	uint64_t shared = 0, private = 0;
	int err = space_look_back(space, maps, page, &result->is_changed, &smaps);

	if (smaps.len)
		result->has_smaps = smaps_sum(smaps.data, "Rss", &result->smaps.rss) &&
				    smaps_sum(smaps.data, "AnonHugePages", &result->smaps.anon_huge) &&
				    smaps_sum(smaps.data, "Shared_Hugetlb", &shared) &&
				    smaps_sum(smaps.data, "Private_Hugetlb", &private);
	result->smaps.hugetlb = shared + private;
	text_free(&smaps);
	return err;
}

static int walk_process(struct address_space *space, const struct text *maps, struct pagemap *result)
{
	_cleanup_mappings_ struct mappings mappings;
	int err = space_parse_maps(space, maps, &mappings);

	if (err)
		return err;
	mappings_sort_by_size(&mappings);
	result->mapped_bytes = mappings.nr_bytes;
	for (size_t i = 0; !err && i < mappings.nr && space->end == SPACE_COMPLETE; i++)
		err = walk_mapping(space, &mappings.mapping[i], result);
	space_clear_progress(space);
	if (!err && space->end == SPACE_COMPLETE)
		err = look_back(space, maps, mappings.mapping[0].start / space->page_size, result);
	return err;
}

int pagemap_read(pid_t pid, uint64_t start_ns, uint64_t max_cpu_ns, struct pagemap *ret)
{
	static struct address_space space;
	struct text maps = {};
	int err = space_open(&space, pid, start_ns, max_cpu_ns);

	*ret = (struct pagemap){ .page_size = space.page_size };
	contiguity_init(&ret->contiguity, huge_page_size() / ret->page_size);
	if (!err)
		err = space_read_maps(&space, &maps);
	if (!err)
		err = walk_process(&space, &maps, ret);
	text_free(&maps);
	space_close(&space);
	ret->end = space.end;
	ret->cpu_ns = space_cpu_ns(&space);
	snprintf(ret->problem, sizeof(ret->problem), "%s", space.problem);
	return err;
}
