/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The allocators of a process: which of its files hold one, and where its functions are. What an
 * allocator is told by are the names of its functions, so that one that is linked into the program is
 * found as well, as long as the program keeps its symbols. Where a file offers probes of its own for
 * what it allocates (USDT of the provider otel_memory), these are taken, and no function of any file.
 */
#ifndef MEMOIR_TRACE_ALLOCATORS_H
#define MEMOIR_TRACE_ALLOCATORS_H

#include "../../bpf/abi/heap.h"
#include "target.h"
#include "uprobes.h"

#define MAX_ALLOCATOR_FILES 8u

/* A file with an allocator in it. */
struct allocator_file {
	int fd;
	__u32 nr;
	struct uprobe_place places[MAX_FUNCTION_PLACES];
	char name[USER_SYMBOL_NAME_LEN]; /* of the file, without its folder; of any origin */
};

/* Start with {}. */
struct allocators {
	struct allocator_file file[MAX_ALLOCATOR_FILES];
	__u32 nr;
	/* What is offered; 0: nothing, and the places are of functions. */
	struct heap_offered offered[MAX_HEAP_OFFERS];
	__u32 nr_offered;
	bool takes_no_offers; /* set by the caller: functions only */
	__u32 nr_left_out;    /* files with an allocator for which there was no room */
};

/* The starts of executable mappings of different files, of at most max; how many there are. */
__u32 allocators_candidates(const struct mappings *mappings, __u64 *ret, __u32 max);

/*
 * Takes a file for an allocator if its functions make it one, or what it offers; each place must have a
 * name of heap_functions. The first file that offers something takes the place of all before it, and only
 * such files are taken from then on. False: it is none, or there is no room. fd is the allocators' only
 * if true is returned.
 */
bool allocators_add(struct allocators *allocators, int fd, const char *name,
		    const struct answer_places *places);
void allocators_close(struct allocators *allocators);

/* The names of the files, as "libc.so.6, libjemalloc.so.2", or "libc.so.6; no room for 2 others". */
void allocators_name(const struct allocators *allocators, char *ret, size_t size);

#endif
