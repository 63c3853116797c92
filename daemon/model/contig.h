/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How fragmented the free memory of a zone is, exactly as the kernel computes it (mm/vmstat.c), from the
 * numbers of free blocks by order: nr_free[0] to nr_free[nr_orders - 1]. Pure arithmetic. A free block counts
 * whatever its migratetype.
 */
#ifndef MEMOIR_MODEL_CONTIG_H
#define MEMOIR_MODEL_CONTIG_H

#include "../../bpf/abi/types.h"

/* The kernel's struct contig_page_info. */
struct contig_page_info {
	__u64 free_pages;
	__u64 free_blocks_total;
	__u64 free_blocks_suitable; /* blocks of the order that the free ones could be split into */
};

/* fill_contig_page_info() of mm/vmstat.c. order is below nr_orders. */
void contig_page_info(const __u64 *nr_free, __u32 nr_orders, __u32 order, struct contig_page_info *ret);

/*
 * The unusable free space index, unusable_free_index() of mm/vmstat.c, in thousandths, rounded down: the
 * share of the free memory that an allocation of the order cannot use; 1000 where none is free.
 */
__u64 contig_unusable(const struct contig_page_info *info, __u32 order);

/*
 * The fragmentation index, __fragmentation_index() of mm/vmstat.c, in thousandths as two's complement: why an
 * allocation of the order would fail, towards 0 for lack of memory and towards 1000 because of fragmentation.
 * With a single free block it is below 0, as it is in the kernel. CELL_NONE where the kernel says -1000: the
 * allocation would succeed, and the index means nothing.
 */
__u64 contig_fragmentation(const struct contig_page_info *info, __u32 order);

#endif
