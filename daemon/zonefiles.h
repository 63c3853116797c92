/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files in which the kernel says what is free in each zone, kept open, and the records that come of
 * them. Free blocks are read at every snapshot. Pageblocks and the sizes of zones change slowly, and reading
 * pageblocks holds the lock of a zone while all of its pageblocks are visited, so that they are read at most
 * once a minute; a zone that is new is asked for its size at once.
 */
#ifndef MEMOIR_ZONEFILES_H
#define MEMOIR_ZONEFILES_H

#include "machine.h"

struct zonefiles;

/* Opens the files; what of them is missing is logged and left out. NULL without memory. */
struct zonefiles *zonefiles_open(const struct machine *machine);
void zonefiles_close(struct zonefiles *files);

/* Reads what is due at this moment (CLOCK_BOOTTIME). */
void zonefiles_read(struct zonefiles *files, __u64 now_ns);

/* Hands over what was read last: a REC_ZONE for each zone with memory, a REC_PAGEBLOCKS behind it. */
void zonefiles_emit(struct zonefiles *files, void (*emit)(void *ctx, const struct rec_header *record),
		    void *ctx);

#endif
