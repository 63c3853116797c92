/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ledger counts of which most are 0, without those: rows are kept in blocks of a few, and a block of zeroes
 * takes no memory. Of ten thousand processes, nearly all have counted in a few rows only.
 */
#ifndef MEMOIR_MODEL_PACKED_H
#define MEMOIR_MODEL_PACKED_H

#include "../../bpf/abi/ledger.h"

#define PACKED_ROWS 4u /* in a block */

struct packed_counts {
	__u64 *blocks; /* those that are there, one after the other */
	__u32 present; /* bit per block */
};

/* Starts with {}, ends here. */
void packed_free(struct packed_counts *packed);

/* Keeps these counts. 0; or -ENOMEM, and then it is as it was. */
int packed_write(struct packed_counts *packed, const struct ledger_counts *counts);

void packed_read(const struct packed_counts *packed, struct ledger_counts *ret);
__u64 packed_row(const struct packed_counts *packed, enum ledger row);

#endif
