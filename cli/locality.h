/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where processes run and where their memory is, and what follows. Pure; from elements of "processes" in the
 * answer to "/v1/numa", and the like member of a process.
 */
#ifndef MEMOIR_LOCALITY_H
#define MEMOIR_LOCALITY_H

#include <jansson.h>
#include <stddef.h>

#include "../exporters/text.h"

/* Appends a table of those that use memory of other nodes, and for the first few why and what helps. */
void locality_show_processes(const json_t *processes, size_t width, struct text *out);

/* Appends what is known of one process; nothing where it is no object. */
void locality_show(const json_t *locality, size_t width, struct text *out);

#endif
