/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel says of an address space: /proc/PID/maps, smaps_rollup and stat. Pure; takes bytes. */
#ifndef MEMOIR_MAPPINGS_H
#define MEMOIR_MAPPINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What /proc/PID/maps says that a mapping is. */
enum mapping_kind {
	KIND_HEAP,
	KIND_STACK,
	KIND_ANONYMOUS,
	KIND_FILE,   /* private */
	KIND_SHARED, /* of a file or not */
	KIND_OTHER,  /* what the kernel maps into every process */
	NR_KINDS,
};

struct mapping {
	uint64_t start, end; /* start < end, both multiples of the page size */
	uint64_t offset;     /* in its file, bytes */
	uint64_t dev;        /* of its file, as struct stat has it, and its inode; 0: none */
	uint64_t ino;
	enum mapping_kind kind;
	bool has_file; /* it is shared, or of a file */
	bool is_writable, is_executable;
	const char *name; /* borrowed from the text, not terminated; of any origin */
	size_t name_len;
};

struct mappings {
	struct mapping *mapping;
	size_t nr;
	uint64_t nr_bytes;   /* mapped */
	uint64_t nr_strange; /* lines that are none of a mapping, or not behind the one before */
};

/*
 * Reads the lines of a maps file, in ascending order of addresses. Addresses in the kernel's half, as those
 * of [vsyscall], belong to no process and are left out. 0, or -ENOMEM; ret is the caller's to free in every
 * case, before the text.
 */
int mappings_parse(const char *text, size_t size, uint64_t page_size, struct mappings *ret);
void mappings_free(struct mappings *mappings);
#define _cleanup_mappings_ __attribute__((cleanup(mappings_free)))

/* The one that an address is in, of mappings in ascending order; or NULL. */
const struct mapping *mappings_find(const struct mappings *mappings, uint64_t address);

/* A program of 32 bits has no addresses beyond 4 GiB; every other one has its stack there. */
bool mappings_are_of_32_bits(const struct mappings *mappings);

/* Brings them in the order of their sizes, the smallest first. */
void mappings_sort_by_size(struct mappings *mappings);

/*
 * Sums the lines "KEY: N kB" of a smaps file, in bytes. False, with 0, where there is no such line. text is
 * terminated.
 */
bool smaps_sum(const char *text, const char *key, uint64_t *ret);

/*
 * When the process of a stat file started, in clock ticks since boot (field 22); 0 for what is no such file.
 * The name in it may hold anything. text is terminated.
 */
uint64_t stat_start_ticks(const char *text);

#endif
