/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is outstanding of the kernel's memory by site, and whether its frees are seen. Pure. */
#ifndef MEMOIR_KERNELSITES_H
#define MEMOIR_KERNELSITES_H

#include <stdbool.h>

#include "../bpf/abi/kerneltrace.h"
#include "model/index.h"

/* A site, and what is outstanding of it, of objects that were followed. */
struct kernelsite {
	__u64 key;
	struct leak_site site; /* numbers 0: it was forgotten */
	__u64 nr_live, live_bytes, oldest_ns;
	double squares, age_ns; /* sums: of live bytes of each object, and of ages */
	bool is_unseen; /* its objects are freed in ways that nobody sees: what is live is not known */
	bool is_left_out;
};

/* Set rows, of which there is room for max; the rest is 0. */
struct kernelsites {
	struct kernelsite *rows;
	__u32 nr, max;
	__u64 nr_known;    /* allocations, by the sites */
	__u64 nr_unplaced; /* objects that are outstanding and found no room among the rows */
	struct index index;
};

/* Accepts one that is zeroed; the rows are the caller's. */
void kernelsites_free(struct kernelsites *sites);

/*
 * The row of this key, with what the site of its stack, process and cache says of itself; a new one, of which
 * nothing is outstanding and *ret_is_new is true, if there is none. NULL: there is no room.
 */
struct kernelsite *kernelsites_meet(struct kernelsites *sites, __u64 key, const struct leak_site *site,
				    bool *ret_is_new);

/* What an object says of its site. */
struct leak_site kernelsites_of_object(const struct leak_object *object);

/* Adds an object that is outstanding at now_ns, CLOCK_BOOTTIME, to its site. */
void kernelsite_add(struct kernelsite *row, const struct leak_object *object, __u64 now_ns);

/*
 * Removes those that are left out, decides which are unseen, and puts the others first, and of these those
 * with most bytes. The rows cannot be found by their keys any more.
 *
 * An address that is given out again was freed, seen or not. Where as many objects are known to have gone
 * unseen as are left, those that are left may have gone too. Likewise all objects of a cache of which at
 * least half go unseen.
 */
void kernelsites_judge(struct kernelsites *sites);

#endif
