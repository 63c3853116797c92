/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where page faults happen: files and mappings, and user stacks, as memoir faults shows them. */
#ifndef MEMOIR_FAULT_SITES_H
#define MEMOIR_FAULT_SITES_H

#include <stdbool.h>

#include "../daemon/mappings.h"
#include "view.h"

/* Appends the mappings that faults took most time in; nothing where the kernel does not tell. */
void fault_mappings_show(const json_t *reply, size_t width, struct text *out);

/*
 * Appends the user stacks that fault most. Addresses are shown by what is mapped there if the process still
 * lives here and may be looked at; is_here: the reply is of this machine, now.
 */
void fault_stacks_show(const json_t *reply, bool is_here, size_t width, struct text *out);

/*
 * An address by the mapping that it is in, with the place in its file or, of other memory, from its begin:
 * "libc.so.6+0x1234", "[heap]+0x10", "anonymous+0x0"; or the number itself where there is none. mappings may be NULL.
 */
void fault_place(const struct mappings *mappings, uint64_t address, struct text *ret);

#endif
