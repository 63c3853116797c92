/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the daemon may still do once its sockets are open: least privilege, for the rest of its life. */
#ifndef MEMOIR_PRIVILEGES_H
#define MEMOIR_PRIVILEGES_H

#include <stdbool.h>

enum privileges {
	/*
	 * CAP_BPF and CAP_PERFMON to load and read the probes, CAP_DAC_READ_SEARCH to name a cgroup by
	 * its id.
	 */
	PRIVILEGES_OF_DAEMON,
	/*
	 * As well CAP_SYS_PTRACE to see what a process has mapped, and CAP_CHECKPOINT_RESTORE to open it
	 * even where it has been deleted or is in another mount namespace (/proc/PID/map_files).
	 */
	PRIVILEGES_OF_TRACER,
	/* As well CAP_SYS_ADMIN, where the kernel places probes for nobody else (trace/uprobes.h). */
	PRIVILEGES_OF_TRACER_WITH_EVENTS,
	/* None. */
	PRIVILEGES_OF_SYMBOLIZER,
	NR_PRIVILEGES
};

/*
 * Keeps of these what the process has; drops everything else, for good and for children too. 0, or a
 * negative errno after one logged line.
 */
int privileges_drop(enum privileges privileges);

/* Whether it is in the first PID namespace, of which all others are a part. */
bool privileges_see_all_processes(void);

#endif
