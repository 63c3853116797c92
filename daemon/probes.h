/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The probes: the BPF programs, from loading to status. A program's section name is its whole
 * specification; what this kernel lacks is left out, what its verifier rejects is left out after
 * one more try, and each program's state is known with its reason. What the programs count is read
 * by plane.c.
 */
#ifndef MEMOIR_PROBES_H
#define MEMOIR_PROBES_H

#include <stdbool.h>

#include "machine.h"
#include "pins.h"

struct probes;

/*
 * Makes the probes run: takes over those of an earlier daemon if they are of this very build, else
 * loads and attaches them, keeping the counts of pinned maps. 0, or a negative errno after one
 * logged line; -ENODEV when nothing useful could be attached.
 */
int probes_start(const struct machine *machine, const struct cube cubes[NR_METRICS], __u32 nr_cells,
		 struct pins *pins, struct probes **ret);

/* Stops following the probes; pinned ones stay attached. Accepts NULL. */
void probes_free(struct probes *probes);

bool probes_were_running(const struct probes *probes);

/*
 * Lets the programs that run on request run, all or none, until probes_end_request() or the end of this
 * process. 0, or a negative errno with the name of the program that cannot; -ENOENT: it is not loaded.
 */
int probes_begin_request(struct probes *probes, const char **ret_missing);
void probes_end_request(struct probes *probes);

/* Descriptors, owned by the probes. */
int probes_map_fd(const struct probes *probes, const char *name);
int probes_iterator_link_fd(const struct probes *probes);

/*
 * Tells in the record of the machine what none of the programs that run here counts: rows of the ledger, and
 * items of /proc/vmstat, which then have nothing to be compared with.
 */
void probes_tell_unseen(const struct probes *probes, struct rec_machine *record);

__u32 probes_count(const struct probes *probes);

/* Whether the program of that name is attached. */
bool probes_is_attached(const struct probes *probes, const char *name);

/* Fills the record of one probe with its state and its counts of this moment. */
void probes_status(const struct probes *probes, __u32 index, struct rec_probe *ret);

/* The hash that names a folder of pins: everything that the content of the maps depends on. */
__u64 probes_layout(const struct machine *machine, const struct cube cubes[NR_METRICS]);

#endif
