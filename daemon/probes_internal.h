/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The probes from inside: shared by probes.c (whose probes run) and probes_load.c (how they come to run). */
#ifndef MEMOIR_PROBES_INTERNAL_H
#define MEMOIR_PROBES_INTERNAL_H

#include "probes.h"
#include "skeleton.h"

#include <bpf/libbpf.h>

/* Stalls of at least this length are recorded one by one. */
#define STALL_RECORD_MIN_NS (10 * NSEC_PER_MSEC)
#define VERIFIER_LOG_BYTES 16384
#define MAX_PROGRAMS 64
#define NR_PROBE_MAPS 14

/* The maps that outlive the daemon. */
extern const char *const probes_map_names[NR_PROBE_MAPS];

struct probe {
	char *name;   /* the program's */
	char *target; /* its section */
	enum probe_state state;
	int prog_fd;         /* -1 while it cannot run */
	int request_link_fd; /* -1 but while it runs on request */
	char reason[REC_TEXT_LEN];
};

struct probes {
	struct memoir_bpf *skeleton; /* open; loaded unless the probes were running */
	bool were_running;
	int map_fds[NR_PROBE_MAPS];
	int iterator_link_fd;
	__u32 nr;
	struct probe probe[MAX_PROGRAMS];
	struct bpf_link *link[MAX_PROGRAMS];
};

/* The programs that keep the ledgers themselves. They run before any program needs a ledger. */
bool probe_keeps_ledgers(const char *target);

/* The programs that run only while somebody asks, by name: loaded and not attached, ... */
bool probe_is_on_request(const char *name);
/* ... or not even loaded (kernelprograms.h). */
bool probe_is_of_kernel_trace(const char *name);

/* "sched_process_fork", of the section "tp_btf/sched_process_fork". */
const char *probe_event(const char *target);

void probe_set_state(struct probe *probe, enum probe_state state, const char *reason);

/*
 * Opens the skeleton, anew if it was open, and tells it about the machine. The first time it lists the
 * programs: those that this kernel lacks become PROBE_ABSENT, or PROBE_OPTIONAL if memoir is
 * made to do without. 0 or a negative errno.
 */
int probes_open(struct probes *probes, const struct machine *machine, const struct cube cubes[NR_METRICS],
		__u32 nr_cells);

/* The hash of the programs and of all that they were told: probes with the same one need not be replaced. */
__u64 probes_object_hash(const struct probes *probes);

/*
 * Loads all programs that are PROBE_OFF; those that the verifier rejects become PROBE_REJECTED and
 * are left out. *ret_reused: the pinned maps are in use, with their counts. 0 or a negative errno.
 */
int probes_load(struct probes *probes, const struct machine *machine, const struct cube cubes[NR_METRICS],
		__u32 nr_cells, const struct pins *pins, bool *ret_reused);

/* Attaches and pins what is loaded, ledgers first; what cannot be attached becomes PROBE_UNSUPPORTED. */
void probes_attach(struct probes *probes, const struct pins *pins);

#endif
