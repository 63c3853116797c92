/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The allocators of a process: which of its files hold one, and where its functions are. What an
 * allocator is told by are the names of its functions, so that one that is linked into the program is
 * found as well, as long as the program keeps its symbols.
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
};

/* The starts of executable mappings of different files, of at most max; how many there are. */
__u32 allocators_candidates(const struct mappings *mappings, __u64 *ret, __u32 max);

/*
 * Takes a file for an allocator if its functions make it one; each place must have a name of
 * heap_functions. False: it is none, or there is no room. fd is the allocators' only if true is
 * returned.
 */
bool allocators_add(struct allocators *allocators, int fd, const char *name,
		    const struct function_place *places, __u32 nr);
void allocators_close(struct allocators *allocators);

/* The names of the files, as "libc.so.6, libjemalloc.so.2". */
void allocators_name(const struct allocators *allocators, char *ret, size_t size);

#endif
