/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The address space of one process, as /proc/PID shows it to root: its mappings, its page tables, and,
 * where asked for, its memory. Everything is opened once and belongs to that process and that address
 * space, so that neither its pid nor another program in it is mistaken for it. Reading is bounded in CPU
 * time.
 */
#ifndef MEMOIR_ADDRESS_SPACE_H
#define MEMOIR_ADDRESS_SPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../exporters/text.h"
#include "contiguity.h"
#include "../daemon/mappings.h"

/* Entries that are read at once, at most. */
#define SPACE_MAX_ENTRIES 8192
#define SPACE_MAX_FLAGS 512

/* How a reading ended. */
enum space_end {
	SPACE_COMPLETE,
	SPACE_TIME,        /* the limit was reached */
	SPACE_INTERRUPTED, /* by a signal */
	SPACE_GONE,        /* the process ended, or executed another program */
	NR_SPACE_ENDS,
};

/* What an end is called in JSON: "complete", "limit", "interrupted", "gone". */
extern const char *const space_end_names[NR_SPACE_ENDS];

struct address_space {
	uint64_t page_size;
	enum space_end end;
	char problem[256]; /* after an error: one line, what and why */
	pid_t pid;
	int folder; /* /proc/PID; what is opened through it is of this process */
	/* The rest is its own. */
	int pagemap, kpageflags, mem;
	uint64_t start_cpu_ns, max_cpu_ns, last_progress_ns;
	bool has_progress;
	/* The last flags that were read, of the frames from first_flags on. */
	uint64_t first_flags;
	size_t nr_flags;
	uint64_t flags[SPACE_MAX_FLAGS];
	uint64_t entries[SPACE_MAX_ENTRIES]; /* by space_read_entries() */
};

/*
 * Takes up the process pid that started at start_ns (CLOCK_BOOTTIME), to be read with at most max_cpu_ns of
 * this program's CPU time: its folder in /proc. 0, or a negative errno with space->problem; to be closed in
 * both cases.
 */
int space_begin(struct address_space *space, pid_t pid, uint64_t start_ns, uint64_t max_cpu_ns);
/* The same, and opens its page tables. */
int space_open(struct address_space *space, pid_t pid, uint64_t start_ns, uint64_t max_cpu_ns);
void space_close(struct address_space *space);

/* Opens its memory, too. 0, or a negative errno with space->problem. */
int space_open_memory(struct address_space *space);

/* Sets space->problem, and returns err. */
int space_problem(struct address_space *space, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* CPU time of this program since space_open(). */
uint64_t space_cpu_ns(const struct address_space *space);

/*
 * Whether to stop here: at the limit, or when interrupted, as of interrupt.h, and from then on always;
 * space->end says why. Where standard error is a terminal, says there from time to time how far what is done:
 * done of total bytes.
 */
bool space_must_end(struct address_space *space, const char *what, uint64_t done, uint64_t total);
/* Removes what space_must_end() has shown. */
void space_clear_progress(const struct address_space *space);

/* Its maps file, terminated; ret is the caller's to free in every case. 0, or a negative errno. */
int space_read_maps(struct address_space *space, struct text *ret);

/*
 * The same of a process that is not looked at any further, pid that started at start_ns (CLOCK_BOOTTIME).
 * -ESRCH where it has ended, -EACCES where it may not be looked at.
 */
int process_read_maps(pid_t pid, uint64_t start_ns, struct text *ret);

/*
 * Its mappings, from the text of its maps file, in ascending order. 0, or a negative errno with
 * space->problem; ret is the caller's to free in every case.
 */
int space_parse_maps(struct address_space *space, const struct text *maps, struct mappings *ret);

/*
 * At the end of a complete reading: whether the mappings are others than maps, and its smaps_rollup file,
 * terminated, or nothing where there is none. Sets space->end to SPACE_GONE where the address space of page,
 * which was mapped, is gone. 0, or a negative errno with space->problem.
 */
int space_look_back(struct address_space *space, const struct text *maps, uint64_t page, bool *ret_is_changed,
		    struct text *ret_smaps);

/*
 * Reads the entries of its pagemap from page on into space->entries, at most nr and SPACE_MAX_ENTRIES. How
 * many, 0 for an address space that is gone, or a negative errno.
 */
ssize_t space_read_entries(struct address_space *space, uint64_t page, uint64_t nr);

/*
 * The same for a walk, which ends where it returns 0 or less: with space->end at SPACE_GONE, or with
 * space->problem.
 */
ssize_t space_walk_entries(struct address_space *space, uint64_t page, uint64_t nr);

/* What such an entry stands for. has_file: as of struct mapping. */
enum contiguity_page space_page(struct address_space *space, uint64_t entry, bool has_file);

/*
 * Reads memory; a page that is not in memory would be brought there, so ask space_page() before. Whole, or a
 * negative errno: -EIO where nothing is mapped, -ESRCH for an address space that is gone.
 */
int space_read_memory(struct address_space *space, uint64_t address, void *buffer, size_t size);

/* Whether a page of that kind can be read without bringing anything to memory. */
bool space_is_readable(enum contiguity_page what);

/*
 * Reads memory, if all of it is there; overwrites space->entries. has_file: as of struct mapping. 0, -ENODATA
 * where it is not, or as space_read_memory().
 */
int space_peek(struct address_space *space, uint64_t address, bool has_file, void *buffer, size_t size);

#endif
