// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading the heaps of a process; see heap.h. It begins with the data of the C library, in which the main
 * arena lies, and from there follows the ring of arenas. That it is glibc's malloc is known by its name and
 * by what is there.
 */
#include "heap.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "allocators.h"
#include "heap_reading.h"

#define MAX_LIBRARY_BYTES (1u << 20)
/* malloc makes eight for each CPU, unless it is told otherwise. */
#define MAX_ARENAS 65536
/* Mappings that have the library's name, and are looked at. */
#define MAX_LIBRARIES 16
/* A moment in which an arena is between two states is a few instructions long. */
#define TRIES 8

/* The library's data, and what is in them. */
struct library {
	struct mapping data;
	uint8_t *bytes;
	size_t size;
	uint64_t main_top, main_next; /* by arena_find() */
	bool is_mapped;               /* it is glibc's */
	bool is_absent;               /* a part of its data */
};

bool heap_must_end(struct heap_reading *reading)
{
	return space_must_end(reading->space, "Reading heaps", reading->done_bytes, reading->total_bytes);
}

/* --- the main arena --------------------------------------------------------------------------- */

/* Pages that are not in memory are read as zeroes, which are no arena. */
static int read_library(struct address_space *space, const struct mapping *data, struct library *ret)
{
	uint64_t size = data->end - data->start;

	ret->data = *data;
	ret->size = size < MAX_LIBRARY_BYTES ? (size_t)size : MAX_LIBRARY_BYTES;
	free(ret->bytes);
	ret->bytes = calloc(1, ret->size);
	if (!ret->bytes)
		return space_problem(space, -ENOMEM, "out of memory");
	for (size_t at = 0; at < ret->size; at += space->page_size) {
		int err = space_peek(space, data->start + at, true, ret->bytes + at, space->page_size);

		if (err == -ESRCH)
			space->end = SPACE_GONE;
		ret->is_absent = ret->is_absent || err;
	}
	return 0;
}

/* Looks for the main arena in what each mapping of the library holds that is written to. */
static int find_library(struct heap_reading *reading, struct library *ret)
{
	const struct mappings *mappings = reading->mappings;
	int err = 0, nr_libraries = 0;

	for (size_t i = 0; i < mappings->nr && !err && !ret->main_top; i++) {
		const struct mapping *mapping = &mappings->mapping[i];

		if (!is_glibc(mapping) || nr_libraries == MAX_LIBRARIES)
			continue;
		ret->is_mapped = true;
		nr_libraries += mapping->is_writable;
		for (int nr = 0; mapping->is_writable && nr < TRIES && !err && !ret->main_top; nr++) {
			err = read_library(reading->space, mapping, ret);
			if (!err)
				ret->main_top = arena_find(ret->bytes, ret->size, mapping->start,
							   &ret->main_next);
		}
	}
	return err;
}

static int not_recognised(struct heap_reading *reading, const struct library *library)
{
	unsigned int others = reading->result->other_allocators;
	char *problem = reading->space->problem;
	size_t size = sizeof(reading->space->problem), len;
	const char *why = mappings_are_of_32_bits(reading->mappings) ? "a program of 32 bits"
			  : !library->is_mapped                      ? "no libc.so.6 is mapped"
			  : library->is_absent ? "a part of libc's data is not in memory"
					       : "glibc's malloc was never used";

	snprintf(problem, size, "allocator not recognised; not visible: %s", why);
	for (int i = 0; i < NR_OTHER_ALLOCATORS; i++) {
		len = strlen(problem);
		if (others & 1u << i)
			snprintf(problem + len, size - len, ", %s is mapped", other_allocator_names[i]);
	}
	return -ENOTSUP;
}

/* --- the ring of arenas ----------------------------------------------------------------------- */

static int add_arena(struct heap_reading *reading, struct arena **arenas, size_t nr,
		     const struct arena *arena)
{
	struct arena *larger = reallocarray(*arenas, nr + 1, sizeof(*larger));

	if (!larger) {
		space_problem(reading->space, -ENOMEM, "out of memory");
		return -ENOMEM;
	}
	*arenas = larger;
	larger[nr] = *arena;
	reading->total_bytes += arena->system_mem;
	return 0;
}

static bool read_arena(struct heap_reading *reading, uint64_t address, uint64_t layout, struct arena *ret)
{
	uint8_t bytes[ARENA_MAX_BYTES];

	for (int nr = 0; nr < TRIES; nr++)
		if (!space_peek(reading->space, address, false, bytes, sizeof(bytes)) &&
		    arena_parse(bytes, sizeof(bytes), address, layout, ret))
			return true;
	return false;
}

static bool is_in_library(const struct library *library, uint64_t address)
{
	return address >= library->data.start && address - library->data.start < library->size;
}

static bool has_arena(const struct arena *arenas, size_t nr, uint64_t address)
{
	for (size_t i = 0; i < nr; i++)
		if (arenas[i].address == address)
			return true;
	return false;
}

/*
 * The main arena. It begins where the last of the others leads to; where that cannot be told, by the layout
 * that they have, if there are any.
 */
static int read_main(struct heap_reading *reading, const struct library *library, uint64_t address,
		     struct arena *ret)
{
	uint64_t layout = library->main_top - address, offset = address - library->data.start;

	if (!is_in_library(library, address) || !arena_has_layout(layout) ||
	    !arena_parse(library->bytes + offset, library->size - offset, address, layout, ret))
		return space_problem(reading->space, -ENOTSUP,
				     "allocator not recognised; not visible: its arenas make no sense");
	reading->total_bytes += ret->system_mem;
	return 0;
}

/*
 * All arenas, the main one first, or as many as the ring leads to. ret is the caller's to free in every
 * case.
 */
static int read_ring(struct heap_reading *reading, const struct library *library, struct arena **ret,
		     size_t *ret_nr)
{
	uint64_t address = library->main_next, layout = 0;
	struct arena arena = {};
	int err = add_arena(reading, ret, 0, &arena);

	*ret_nr = 1;
	while (!err && !is_in_library(library, address) && *ret_nr < MAX_ARENAS &&
	       !has_arena(*ret, *ret_nr, address) && read_arena(reading, address, layout, &arena)) {
		err = add_arena(reading, ret, *ret_nr, &arena);
		*ret_nr += !err;
		layout = arena.top_offset;
		address = arena.next;
	}
	reading->result->has_all_arenas = is_in_library(library, address);
	if (!reading->result->has_all_arenas)
		address = library->main_top - layout;
	return err ? err : read_main(reading, library, address, &(*ret)[0]);
}

static int compare_resident(const void *a, const void *b)
{
	const struct heap_arena *one = a, *other = b;

	if (one->figures.resident_bytes != other->figures.resident_bytes)
		return one->figures.resident_bytes > other->figures.resident_bytes ? -1 : 1;
	return other->is_main - one->is_main;
}

static int read_arenas(struct heap_reading *reading, const struct arena *arenas, size_t nr)
{
	struct mapping area = { .start = UINT64_MAX };
	struct heap *result = reading->result;
	int err = 0;

	for (size_t i = 0; i < reading->mappings->nr; i++) {
		const struct mapping *mapping = &reading->mappings->mapping[i];

		if (mapping->kind != KIND_HEAP)
			continue;
		area.start = mapping->start < area.start ? mapping->start : area.start;
		area.end = mapping->end;
	}
	result->arena = calloc(nr, sizeof(result->arena[0]));
	if (!result->arena)
		return space_problem(reading->space, -ENOMEM, "out of memory");
	for (size_t i = 0; i < nr && !err && !heap_must_end(reading); i++) {
		if (!arena_has_top(&arenas[i]))
			continue;
		err = heap_read_arena(reading, &arenas[i], i ? NULL : &area,
				      &result->arena[result->nr_arenas]);
		result->nr_arenas++;
	}
	if (reading->space->end != SPACE_COMPLETE)
		result->has_all_arenas = false;
	qsort(result->arena, result->nr_arenas, sizeof(result->arena[0]), compare_resident);
	return err;
}

/* --- all of it -------------------------------------------------------------------------------- */

static int read_mapped(struct heap_reading *reading, struct library *library)
{
	const struct mapping data = library->data;
	struct heap *result = reading->result;
	int err = read_library(reading->space, &data, library);

	if (err)
		return err;
	result->has_mapped = arena_find_mapped(library->bytes, library->size, reading->main_start,
					       reading->space->page_size, &result->mapped_bytes);
	if (result->has_mapped)
		heap_find_mapped(reading);
	return 0;
}

static int read_heaps(struct heap_reading *reading)
{
	struct library library = {};
	struct arena *arenas = NULL;
	size_t nr = 0;
	int err = find_library(reading, &library);

	if (!err && !library.main_top)
		err = not_recognised(reading, &library);
	if (!err)
		err = read_ring(reading, &library, &arenas, &nr);
	if (!err)
		err = read_arenas(reading, arenas, nr);
	if (!err)
		err = read_mapped(reading, &library);
	if (!err && nr == 1 && !arena_has_top(&arenas[0]) && !reading->result->mapped_bytes)
		err = not_recognised(reading, &library);
	if (!err)
		heap_read_caches(reading);
	free(arenas);
	free(library.bytes);
	return err;
}

static int look_back(struct address_space *space, const struct text *maps, uint64_t page, struct heap *result)
{
	struct text smaps = {};
	int err = space_look_back(space, maps, page, &result->is_changed, &smaps);

	if (smaps.len)
		result->has_anonymous = smaps_sum(smaps.data, "Anonymous", &result->anonymous_bytes);
	text_free(&smaps);
	return err;
}

static int read_process(struct address_space *space, pid_t pid, struct heap *result)
{
	_cleanup_mappings_ struct mappings mappings = {};
	struct heap_reading reading = { .space = space, .result = result, .mappings = &mappings };
	static uint64_t candidates[MAX_CACHES];
	struct text maps = {};
	int err = space_read_maps(space, &maps);

	reading.caches = (struct heap_chunks){ .address = candidates, .max = MAX_CACHES };
	if (!err)
		err = space_parse_maps(space, &maps, &mappings);
	if (!err) {
		result->other_allocators = other_allocators(&mappings);
		err = read_heaps(&reading);
	}
	/* What is gone is not recognised either. */
	if (err == -ENOTSUP && mappings.nr &&
	    !space_read_entries(space, mappings.mapping[0].start / space->page_size, 1))
		err = space_problem(space, -ESRCH,
				    "process %d ended, or executed another program, while it was looked at",
				    pid);
	space_clear_progress(space);
	if (!err && space->end == SPACE_COMPLETE)
		err = look_back(space, &maps, mappings.mapping[0].start / space->page_size, result);
	free(reading.thread_heaps.address);
	text_free(&maps);
	return err;
}

int heap_read(pid_t pid, uint64_t start_ns, uint64_t max_cpu_ns, struct heap *ret)
{
	static struct address_space space;
	int err = space_open(&space, pid, start_ns, max_cpu_ns);

	*ret = (struct heap){ .page_size = space.page_size };
	if (!err)
		err = space_open_memory(&space);
	if (!err)
		err = read_process(&space, pid, ret);
	space_close(&space);
	ret->end = space.end;
	ret->cpu_ns = space_cpu_ns(&space);
	snprintf(ret->problem, sizeof(ret->problem), "%s", space.problem);
	return err;
}

void heap_free(struct heap *heap)
{
	free(heap->arena);
	heap->arena = NULL;
}

void heap_sum(const struct heap *heap, struct heap_figures *ret)
{
	*ret = (struct heap_figures){};
	for (size_t i = 0; i < heap->nr_arenas; i++)
		heap_figures_add(ret, &heap->arena[i].figures);
}
