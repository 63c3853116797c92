/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who faults: processes and groups, as memoir faults shows them. */
#ifndef MEMOIR_FAULT_OWNERS_H
#define MEMOIR_FAULT_OWNERS_H

#include <stdbool.h>

#include "view.h"

/*
 * Appends the processes of /v1/processes that waited longest; is_timed: how long is known. EXIT_OK; or, after
 * one line, EXIT_FAILED.
 */
int fault_processes_show(const json_t *processes, bool is_timed, size_t width, struct text *out);

/* Likewise the groups of /v1/groups with most faults, by kind. To be called where the kernel tells kinds. */
int fault_groups_show(const json_t *groups, size_t width, struct text *out);

#endif
