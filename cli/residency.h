/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads /proc/PID/numa_maps of one process from end to end, within a limit: on which NUMA nodes its memory
 * lies. The reader needs the right to look into the process, as CAP_SYS_PTRACE gives.
 */
#ifndef MEMOIR_RESIDENCY_H
#define MEMOIR_RESIDENCY_H

#include "address_space.h"
#include "numa_maps.h"

struct residency {
	struct numa_maps maps;
	enum space_end end;
	uint64_t mapped_bytes, seen_bytes; /* of address space */
	uint64_t cpu_ns;
	bool is_changed;   /* mappings came or went meanwhile */
	char problem[256]; /* after an error: one line, what and why */
};

/*
 * Reads of the process pid that started at start_ns (CLOCK_BOOTTIME), with at most max_cpu_ns of this
 * program's CPU time, or until interrupted, as of interrupt.h. Shows how far it is on standard error where
 * that is a terminal. 0, or a negative errno with ret->problem.
 *
 * Each mapping is of the moment in which the kernel looks at it. The kernel looks at a whole mapping at once:
 * the limit is kept between mappings.
 */
int residency_read(pid_t pid, uint64_t start_ns, uint64_t max_cpu_ns, struct residency *ret);

#endif
