/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The folder of a process in /proc. Whoever opens everything through it is not deceived by a pid that is
 * used again. What is in it may be of any length and hold anything.
 */
#ifndef MEMOIR_PROCESSFOLDER_H
#define MEMOIR_PROCESSFOLDER_H

#include <stddef.h>
#include <stdint.h>

#include "../exporters/text.h"

/*
 * The folder of the process that started then, in ns since boot. A descriptor that is the caller's; -ESRCH:
 * it has ended, or is another one; or another negative errno.
 */
int processfolder_open(uint32_t pid, uint64_t start_ns);

/*
 * Reads a file of it as terminated text, behind what ret has. 0, -EFBIG for more than max_bytes in all, or
 * another negative errno; ret is the caller's in every case.
 */
int processfolder_read(int folder, const char *name, size_t max_bytes, struct text *ret);

/* When the process started, in ns since boot, as exactly as its file says it; 0: there is none. */
uint64_t processfolder_start_ns(uint32_t pid);

#endif
