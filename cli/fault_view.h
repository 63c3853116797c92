/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The view of memoir faults. */
#ifndef MEMOIR_FAULT_VIEW_H
#define MEMOIR_FAULT_VIEW_H

#include "command.h"
#include "view.h"

/*
 * Appends what /v1/faults, /v1/processes and /v1/groups answered. is_here: they are of this machine, now.
 * EXIT_OK; or, after one line, EXIT_FAILED.
 */
int faults_show(const json_t *reply, const json_t *processes, const json_t *groups, bool is_here,
		size_t width, struct text *out);

#endif
