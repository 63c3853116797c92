/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the right NUMA node of a page is told. Where the node lies in a struct page is derived from the
 * kernel's types (machine.c); here memory is taken on each node, the kernel is asked where it is, and what a
 * small program reads from the struct pages is held against that.
 */
#ifndef MEMOIR_NODECHECK_H
#define MEMOIR_NODECHECK_H

#include "machine.h"

/*
 * Takes a little memory of this process on each node, one after the other. False, after one logged line,
 * where the struct pages say something else than the kernel, or that could not be found out.
 */
bool nodecheck_passes(const struct machine *machine);

#endif
