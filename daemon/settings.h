/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The settings of the kernel that a remedy may change, from /proc/sys and /sys. They are read
 * every ten seconds at most, so that who changes one sees it soon; only what has changed is told.
 */
#ifndef MEMOIR_SETTINGS_H
#define MEMOIR_SETTINGS_H

#include "../bpf/abi/records.h"

struct settings_reader {
	struct rec_setting known[NR_SETTINGS]; /* as last told; a record of size 0 never was */
	__u64 next_ns;                         /* CLOCK_BOOTTIME when they are due */
};

/* Tells emit every setting that is new or has changed, if they are due. */
void settings_read(struct settings_reader *reader, void (*emit)(void *ctx, const struct rec_header *record),
		   void *ctx);

#endif
