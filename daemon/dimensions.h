/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The dimensions that the machine decides: how many values each has here, and what they are called. From the
 * kernel's types where it has an enumeration of them, else from what it shows in /proc and /sys.
 */
#ifndef MEMOIR_DIMENSIONS_H
#define MEMOIR_DIMENSIONS_H

#include "machine.h"

/*
 * Fills dim_sizes, labels, the orders of a pageblock and of a huge page, and the sizes in the record that are
 * not known yet; types, nodes, migratetypes, orders, compaction results and page size are. What cannot be
 * read leaves a dimension without values.
 */
void dimensions_read(struct machine *machine);

#endif
