/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The programs of a trace of the kernel (bpf/kerneltrace.bpf.c) and their tables, which are there for the
 * time of a trace only: nothing of them is pinned, so that nothing stays when memoird dies.
 */
#ifndef MEMOIR_KERNELPROGRAMS_H
#define MEMOIR_KERNELPROGRAMS_H

#include "probes.h"

struct kernelprograms;

enum kernelprograms_table { LEAK_SETTINGS, LEAK_COUNTS, LEAK_SITES, LEAK_OBJECTS, NR_LEAK_TABLES };

/*
 * Loads the programs beside those of probes, with whose tables of stacks and losses they work, and attaches
 * them, all that are not optional on this kernel or none. 0, or a negative errno with the name of what cannot
 * be; *ret_what is valid as long as the programs of this build.
 */
int kernelprograms_begin(const struct probes *probes, struct kernelprograms **ret, const char **ret_what);

/* Detaches them; the tables stay. */
void kernelprograms_end(struct kernelprograms *programs);

/* With their tables. Accepts NULL. */
void kernelprograms_free(struct kernelprograms *programs);

/* A descriptor, owned by the programs. */
int kernelprograms_table_fd(const struct kernelprograms *programs, enum kernelprograms_table table);

/* How often one should have run and did not, as it was running on the same CPU. Before they are detached. */
__u64 kernelprograms_nr_missed(const struct kernelprograms *programs);

/* Whether frees in bulk and those by kfree_rcu() are seen, which needs optional programs. */
bool kernelprograms_see_bulk(const struct kernelprograms *programs);

#endif
