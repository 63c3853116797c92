/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ledger counts without blocks of zeroes; see packed.h. */
#include "packed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NR_BLOCKS ((NR_LEDGER + PACKED_ROWS - 1) / PACKED_ROWS)
#define BLOCK_BYTES (PACKED_ROWS * sizeof(__u64))

_Static_assert(NR_BLOCKS <= 32, "a bit for each block");

/* The last block may not be full. */
struct padded {
	__u64 v[NR_BLOCKS * PACKED_ROWS];
};

static __u32 nr_blocks(__u32 present)
{
	return (__u32)__builtin_popcount(present);
}

/* A block that is there: after those of lower numbers. */
static __u64 *block_at(const struct packed_counts *packed, __u32 block)
{
	return packed->blocks + nr_blocks(packed->present & ((1u << block) - 1)) * PACKED_ROWS;
}

void packed_free(struct packed_counts *packed)
{
	free(packed->blocks);
	*packed = (struct packed_counts){ 0 };
}

static __u32 present_in(const struct padded *padded)
{
	static const __u64 zeroes[PACKED_ROWS];
	__u32 present = 0;

	for (__u32 block = 0; block < NR_BLOCKS; block++)
		if (memcmp(&padded->v[block * PACKED_ROWS], zeroes, BLOCK_BYTES) != 0)
			present |= 1u << block;
	return present;
}

int packed_write(struct packed_counts *packed, const struct ledger_counts *counts)
{
	struct padded padded = { 0 };
	__u32 present;

	memcpy(padded.v, counts->v, sizeof(counts->v));
	/* A block that was there stays: what has counted will count again. */
	present = present_in(&padded) | packed->present;
	if (present != packed->present) {
		__u64 *blocks = realloc(packed->blocks, nr_blocks(present) * BLOCK_BYTES);

		if (!blocks)
			return -ENOMEM;
		packed->blocks = blocks;
		packed->present = present;
	}
	for (__u32 block = 0; block < NR_BLOCKS; block++)
		if (present >> block & 1)
			memcpy(block_at(packed, block), &padded.v[block * PACKED_ROWS], BLOCK_BYTES);
	return 0;
}

void packed_read(const struct packed_counts *packed, struct ledger_counts *ret)
{
	struct padded padded = { 0 };

	for (__u32 block = 0; block < NR_BLOCKS; block++)
		if (packed->present >> block & 1)
			memcpy(&padded.v[block * PACKED_ROWS], block_at(packed, block), BLOCK_BYTES);
	memcpy(ret->v, padded.v, sizeof(ret->v));
}

__u64 packed_row(const struct packed_counts *packed, enum ledger row)
{
	__u32 block = (__u32)row / PACKED_ROWS;

	return packed->present >> block & 1 ? block_at(packed, block)[(__u32)row % PACKED_ROWS] : 0;
}
