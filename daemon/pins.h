/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pins: the folder under bpffs where maps, programs and links outlive the daemon, and the shared
 * state that lives with them. One folder per layout of the maps and size of the state; only the
 * current one is kept. What the objects are is the business of probes.c.
 */
#ifndef MEMOIR_PINS_H
#define MEMOIR_PINS_H

#include <stddef.h>

#include "../bpf/abi/metrics.h"

/* State that lives as long as the pinned maps. The model's durable block follows it. */
struct pins_state {
	__u64 magic;
	__u64 object_hash;  /* of the BPF object whose programs are attached; 0 during an installation */
	__u64 installed_ns; /* CLOCK_REALTIME */
	__u64 nr_restarts;  /* daemons that took over living probes */
	__u64 has_base;     /* vmstat_base is set */
	__u64 vmstat_base[NR_VMSTAT_ITEMS];
	__u64 nr_ends_missed; /* tasks freed unseen that quiet moments have confirmed; never decreases */
};

struct pins {
	char *root; /* the folder given by --pin; NULL: nothing is pinned */
	char *path; /* root/layout */
	int lock_fd;
	int state_fd;
	struct pins_state *state; /* shared memory, or private where nothing is pinned */
	void *durable;            /* durable_size bytes after it */
	size_t map_size;
};

/*
 * Opens or makes the folder for this layout below root ("none": nothing outlives the daemon), locks
 * it against a second daemon, and maps the shared state. 0, or a negative errno after one logged line.
 */
int pins_open(struct pins *ret, const char *root, __u64 layout, size_t durable_size);
void pins_close(struct pins *pins);

/* A pinned object's descriptor by its kind ("map", "prog", "link") and name, or a negative errno. */
int pins_get(const struct pins *pins, const char *kind, const char *name);

/* Pins an object, replacing one of that name. 0 (also where nothing is pinned) or a negative errno. */
int pins_put(const struct pins *pins, const char *kind, const char *name, int fd);

/* Removes every pinned link and program of this layout: the probes stop, the maps stay. */
void pins_remove_probes(const struct pins *pins);

/* Removes the folders of other layouts. Returns how many there were. */
int pins_remove_others(const struct pins *pins);

/* Removes the folder of this layout, and root if it is empty then: for a start that installed nothing. */
void pins_discard(const struct pins *pins);

/* Removes everything under root, for --uninstall-probes. 0, or a negative errno after one logged line. */
int pins_uninstall(const char *root);

#endif
