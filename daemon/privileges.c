// SPDX-License-Identifier: GPL-2.0-or-later
/* Least privilege; see privileges.h. */
#include "privileges.h"

#include <cap-ng.h>
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "log.h"
#include "util.h"

#define MAX_KEPT 6

static const struct {
	unsigned int nr, kept[MAX_KEPT];
} sets[NR_PRIVILEGES] = {
	[PRIVILEGES_OF_DAEMON] = { 3, { CAP_BPF, CAP_PERFMON, CAP_DAC_READ_SEARCH } },
	[PRIVILEGES_OF_TRACER] = { 5,
				   { CAP_BPF, CAP_PERFMON, CAP_DAC_READ_SEARCH, CAP_SYS_PTRACE,
				     CAP_CHECKPOINT_RESTORE } },
	[PRIVILEGES_OF_TRACER_WITH_EVENTS] = { 6,
					       { CAP_BPF, CAP_PERFMON, CAP_DAC_READ_SEARCH, CAP_SYS_PTRACE,
						 CAP_CHECKPOINT_RESTORE, CAP_SYS_ADMIN } },
};

int privileges_drop(enum privileges privileges)
{
	const unsigned int *kept = sets[privileges].kept, nr = sets[privileges].nr;

	capng_get_caps_process();
	unsigned int held = 0;

	for (unsigned int i = 0; i < nr; i++)
		if (capng_have_capability(CAPNG_EFFECTIVE, kept[i]))
			held |= 1u << i;
	capng_clear(CAPNG_SELECT_ALL);
	for (unsigned int i = 0; i < nr; i++)
		if (held & (1u << i))
			capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, kept[i]);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || capng_apply(CAPNG_SELECT_CAPS) < 0) {
		log_error("cannot drop privileges: %s", strerror(errno));
		return -EPERM;
	}
	return 0;
}

/* The inode of the first PID namespace (PROC_PID_INIT_INO, include/linux/proc_ns.h). */
#define INITIAL_PID_NAMESPACE 0xEFFFFFFCu

bool privileges_see_all_processes(void)
{
	struct stat ns;

	return stat("/proc/self/ns/pid", &ns) < 0 || ns.st_ino == INITIAL_PID_NAMESPACE;
}
