/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the daemon may still do once its sockets are open: least privilege, for the rest of its life. */
#ifndef MEMOIR_PRIVILEGES_H
#define MEMOIR_PRIVILEGES_H

#include <stdbool.h>

/*
 * Keeps CAP_BPF and CAP_PERFMON (to load and read the probes), and CAP_DAC_READ_SEARCH (to name a cgroup
 * by its id); drops everything else, for good and for children too. 0, or a negative errno after one
 * logged line.
 */
int privileges_drop(void);

/* Whether it is in the first PID namespace, of which all others are a part. */
bool privileges_see_all_processes(void);

#endif
