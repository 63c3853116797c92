/* SPDX-License-Identifier: GPL-2.0-only */
/* What all records begin with; see records.h. */
#ifndef MEMOIR_ABI_RECORD_HEADER_H
#define MEMOIR_ABI_RECORD_HEADER_H

#include "types.h"

#define REC_NAME_LEN 64
#define REC_TEXT_LEN 128

struct rec_header {
	__u32 kind;    /* enum record */
	__u32 size;    /* bytes, header included */
	__u64 time_ns; /* CLOCK_BOOTTIME when it happened */
};

#endif
