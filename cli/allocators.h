/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which implementation of malloc() a process has, by the libraries that it maps. Pure. */
#ifndef MEMOIR_ALLOCATORS_H
#define MEMOIR_ALLOCATORS_H

#include "../daemon/mappings.h"

/* Whether it is a mapping of glibc, in a version whose heaps are known: 2.23 or newer. */
bool is_glibc(const struct mapping *mapping);

/*
 * The libraries that bring another allocator, by how their names begin; and those that are mapped, a bit
 * each.
 */
#define NR_OTHER_ALLOCATORS 14
extern const char *const other_allocator_names[NR_OTHER_ALLOCATORS];
unsigned int other_allocators(const struct mappings *mappings);

#endif
