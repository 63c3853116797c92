/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is outstanding at the end of a trace of the kernel, by site, read from the tables of its programs. */
#ifndef MEMOIR_KERNELREAD_H
#define MEMOIR_KERNELREAD_H

#include "kernelprograms.h"
#include "kernelsites.h"
#include "stacks.h"

/*
 * Reads what is outstanding at now_ns, CLOCK_BOOTTIME, into ret; the pages of slabs are to be left out. 0 or
 * a negative errno.
 */
int kernelread(const struct kernelprograms *programs, const struct stacks *stacks, __u64 now_ns,
	       struct kernelsites *ret);

#endif
