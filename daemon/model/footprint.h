/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is kept of everybody's memory, to notice that it grows; see following.c. */
#ifndef MEMOIR_MODEL_FOOTPRINT_H
#define MEMOIR_MODEL_FOOTPRINT_H

#include "../../bpf/abi/types.h"

struct footprint {
	__u32 low_pages; /* the least of all kinds together; 0: not looked yet */
	__u32 followed;  /* place in the table of those who are followed, from 1; 0: he is not */
};

#endif
