// SPDX-License-Identifier: GPL-2.0-or-later
/* Runs of physically adjacent pages; see contiguity.h. */
#include "contiguity.h"

/* Documentation/admin-guide/mm/pagemap.rst, both files. */
#define PM_PFN_MASK ((1ULL << 55) - 1)
#define PM_MMAP_EXCLUSIVE (1ULL << 56)
#define PM_GUARD_REGION (1ULL << 58)
#define PM_FILE (1ULL << 61)
#define PM_SWAP (1ULL << 62)
#define PM_PRESENT (1ULL << 63)
#define KPF_ANON (1ULL << 12)
#define KPF_ZERO_PAGE (1ULL << 24)

const char *const contiguity_kind_names[NR_KINDS] = {
	[KIND_HEAP] = "heap", [KIND_STACK] = "stack",   [KIND_ANONYMOUS] = "anonymous",
	[KIND_FILE] = "file", [KIND_SHARED] = "shared", [KIND_OTHER] = "other",
};

void contiguity_init(struct contiguity *contiguity, uint64_t huge_pages)
{
	*contiguity = (struct contiguity){ .huge_pages = huge_pages };
}

uint64_t contiguity_frame(uint64_t entry)
{
	return entry & PM_PRESENT ? entry & PM_PFN_MASK : 0;
}

/*
 * A page that this process alone maps is known to have a struct page of its own, and the file bit tells what
 * it is. The frame of zeroes, and memory without struct page, have neither bit; the huge page of zeroes has
 * the file bit, although it can be only where there is no file.
 */
bool contiguity_needs_flags(uint64_t entry, bool has_file)
{
	return entry & PM_PRESENT && !(entry & PM_MMAP_EXCLUSIVE) && !(entry & PM_FILE && has_file);
}

enum contiguity_page contiguity_page(uint64_t entry, bool has_file, uint64_t flags)
{
	if (!(entry & PM_PRESENT))
		return entry & PM_SWAP && !(entry & PM_GUARD_REGION) ? PAGE_SWAPPED : PAGE_NONE;
	if (contiguity_needs_flags(entry, has_file)) {
		if (flags & KPF_ZERO_PAGE)
			return PAGE_ZERO;
		if (!(entry & PM_FILE) && !(flags & KPF_ANON))
			return PAGE_SPECIAL;
	}
	return entry & PM_FILE ? PAGE_FILE : PAGE_ANONYMOUS;
}

static void end_run(struct contiguity *contiguity)
{
	struct contiguity_runs *runs = &contiguity->kind[contiguity->run_kind];
	uint64_t length = contiguity->run;
	int bin;

	contiguity->run = 0;
	contiguity->block = 0;
	if (!length)
		return;
	bin = 63 - __builtin_clzll(length);
	if (bin >= CONTIGUITY_CLASSES)
		bin = CONTIGUITY_CLASSES - 1;
	runs->nr_runs++;
	runs->nr_pages += length;
	runs->sum_squares += (double)length * (double)length;
	runs->runs[bin]++;
	runs->pages[bin] += length;
}

/* The page goes on with the run that is open. */
static void add_to_block(struct contiguity *contiguity, uint64_t page, uint64_t frame, bool is_anonymous)
{
	uint64_t huge = contiguity->huge_pages;

	if (!huge)
		return;
	if (page % huge == 0 && frame % huge == 0)
		contiguity->block = is_anonymous;
	else
		contiguity->block = contiguity->block && is_anonymous ? contiguity->block + 1 : 0;
	if (contiguity->block == huge)
		contiguity->nr_hugeable += huge;
}

void contiguity_add(struct contiguity *contiguity, enum mapping_kind kind, uint64_t page, uint64_t frame,
		    enum contiguity_page what)
{
	contiguity->nr[what]++;
	/* The gap that it leaves ends a run. */
	if (what != PAGE_ANONYMOUS && what != PAGE_FILE)
		return;
	if (page != contiguity->last_page + 1 || frame != contiguity->last_frame + 1)
		end_run(contiguity);
	contiguity->run++;
	contiguity->run_kind = kind;
	add_to_block(contiguity, page, frame, what == PAGE_ANONYMOUS);
	contiguity->last_page = page;
	contiguity->last_frame = frame;
}

void contiguity_end_mapping(struct contiguity *contiguity)
{
	end_run(contiguity);
}

void contiguity_sum(const struct contiguity *contiguity, struct contiguity_runs *ret)
{
	*ret = (struct contiguity_runs){};
	for (int kind = 0; kind < NR_KINDS; kind++) {
		const struct contiguity_runs *runs = &contiguity->kind[kind];

		ret->nr_runs += runs->nr_runs;
		ret->nr_pages += runs->nr_pages;
		ret->sum_squares += runs->sum_squares;
		for (int bin = 0; bin < CONTIGUITY_CLASSES; bin++) {
			ret->runs[bin] += runs->runs[bin];
			ret->pages[bin] += runs->pages[bin];
		}
	}
}

uint64_t contiguity_pages_from(const struct contiguity_runs *runs, uint64_t length)
{
	uint64_t nr = 0;

	for (int bin = 0; bin < CONTIGUITY_CLASSES; bin++)
		if (1ULL << bin >= length)
			nr += runs->pages[bin];
	return nr;
}

double contiguity_mean(const struct contiguity_runs *runs)
{
	return runs->nr_runs ? (double)runs->nr_pages / (double)runs->nr_runs : 0;
}

double contiguity_mean_of_pages(const struct contiguity_runs *runs)
{
	return runs->nr_pages ? runs->sum_squares / (double)runs->nr_pages : 0;
}
