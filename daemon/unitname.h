/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an operator calls a cgroup: the systemd unit, or the container. Pure. */
#ifndef MEMOIR_UNITNAME_H
#define MEMOIR_UNITNAME_H

#include "../bpf/abi/records.h"

/*
 * Names the unit of a cgroup by its path below the cgroup root ("/system.slice/ssh.service").
 *   a container's scope or folder     "docker:0123456789ab" (runtime and 12 digits of its id)
 *   the innermost service or scope    "ssh.service"
 *   anything else                     the path, cut at the front where it is too long
 */
void unit_name(char ret[REC_NAME_LEN], const char *cgroup_path);

#endif
