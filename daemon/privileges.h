/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the daemon may still do once its sockets are open: least privilege, for the rest of its life. */
#ifndef MEMOIR_PRIVILEGES_H
#define MEMOIR_PRIVILEGES_H

/*
 * Keeps CAP_BPF and CAP_PERFMON (to load and read the probes), and CAP_DAC_READ_SEARCH (to name a cgroup
 * by its id); drops everything else, for good and for children too. 0, or a negative errno after one
 * logged line.
 */
int privileges_drop(void);

#endif
