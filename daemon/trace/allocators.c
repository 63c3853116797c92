// SPDX-License-Identifier: GPL-2.0-or-later
/* The allocators of a process; see allocators.h. */
#include "allocators.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "../util.h"
#include "heapfunctions.h"

static bool has_suffix(const char *name, const char *suffix)
{
	size_t len = strlen(name), suffix_len = strlen(suffix);

	return len >= suffix_len && !strcmp(name + len - suffix_len, suffix);
}

/* A file that allocates by itself: what only wraps the allocator of another file is none. */
static bool is_allocator(const struct function_place *places, __u32 nr)
{
	bool gives = false, takes = false;

	for (__u32 i = 0; i < nr; i++) {
		const char *name = heap_functions[places[i].name].name;

		gives |= has_suffix(name, "malloc");
		takes |= has_suffix(name, "free");
	}
	return gives && takes;
}

static bool add_offered(struct allocators *allocators, struct allocator_file *file,
			const struct answer_places *places)
{
	if (allocators->nr_offered + places->nr_offered > MAX_HEAP_OFFERS) {
		allocators->nr_left_out++;
		return false;
	}
	for (__u32 i = 0; i < places->nr_offered; i++) {
		file->places[i] = (struct uprobe_place){ .offset = places->offered[i].offset,
							 .semaphore = places->offered[i].semaphore,
							 .cookie = allocators->nr_offered };
		allocators->offered[allocators->nr_offered++] = places->offered[i].offered;
	}
	file->nr = (__u32)places->nr_offered;
	return true;
}

static void add_functions(const struct allocators *allocators, struct allocator_file *file,
			  const struct answer_places *places)
{
	for (__u32 i = 0; i < places->h.nr; i++) {
		const struct heap_function *function = &heap_functions[places->place[i].name];

		file->places[i] = (struct uprobe_place){
			.offset = places->place[i].offset,
			.cookie = HEAP_COOKIE(function->call, function->flags,
					      allocators->nr * MAX_FUNCTION_PLACES + i),
			.returns = function->call != HEAP_FREE && function->call != HEAP_DELETE
		};
	}
	file->nr = places->h.nr;
}

/* Where there are several allocators, one may be laid over another, and call it. */
static void let_hand_on(struct allocators *allocators)
{
	for (__u32 i = 0; i < allocators->nr; i++)
		for (__u32 j = 0; j < allocators->file[i].nr; j++)
			allocators->file[i].places[j].cookie |= HEAP_HANDS_ON;
}

bool allocators_add(struct allocators *allocators, int fd, const char *name,
		    const struct answer_places *places)
{
	const bool is_offer = places->nr_offered && !allocators->takes_no_offers;
	struct allocator_file *file;

	if (is_offer && !allocators->nr_offered)
		allocators_close(allocators);
	if (!is_offer && (allocators->nr_offered || !is_allocator(places->place, places->h.nr)))
		return false;
	if (allocators->nr == MAX_ALLOCATOR_FILES) {
		allocators->nr_left_out++;
		return false;
	}
	file = &allocators->file[allocators->nr];
	*file = (struct allocator_file){ .fd = fd };
	if (!is_offer)
		add_functions(allocators, file, places);
	else if (!add_offered(allocators, file, places))
		return false;
	snprintf(file->name, sizeof(file->name), "%s", name);
	allocators->nr++;
	if (allocators->nr > 1 && !allocators->nr_offered)
		let_hand_on(allocators);
	return true;
}

/* Whether an executable mapping of the same file comes before. */
static bool is_met(const struct mappings *mappings, size_t index)
{
	const struct mapping *mapping = &mappings->mapping[index];

	for (size_t i = 0; i < index; i++)
		if (mappings->mapping[i].is_executable && mappings->mapping[i].ino == mapping->ino &&
		    mappings->mapping[i].dev == mapping->dev)
			return true;
	return false;
}

__u32 allocators_candidates(const struct mappings *mappings, __u64 *ret, __u32 max)
{
	__u32 nr = 0;

	for (size_t i = 0; i < mappings->nr && nr < max; i++)
		if (mappings->mapping[i].is_executable && mappings->mapping[i].ino && !is_met(mappings, i))
			ret[nr++] = mappings->mapping[i].start;
	return nr;
}

void allocators_close(struct allocators *allocators)
{
	while (allocators->nr)
		close(allocators->file[--allocators->nr].fd);
	allocators->nr_left_out = 0;
}

void allocators_name(const struct allocators *allocators, char *ret, size_t size)
{
	char rest[32] = "";
	size_t len = 0;

	if (allocators->nr_left_out)
		snprintf(rest, sizeof(rest), "; no room for %u others", allocators->nr_left_out);
	size -= strlen(rest);
	*ret = '\0';
	for (__u32 i = 0; i < allocators->nr && len < size; i++)
		len += (size_t)snprintf(ret + len, size - len, "%s%s", len ? ", " : "",
					allocators->file[i].name);
	strcat(ret, rest);
}
