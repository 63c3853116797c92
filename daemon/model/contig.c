/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How fragmented free memory is; see contig.h. */
#include "contig.h"

#include "../../bpf/abi/metrics.h"

void contig_page_info(const __u64 *nr_free, __u32 nr_orders, __u32 order, struct contig_page_info *ret)
{
	*ret = (struct contig_page_info){ 0 };
	for (__u32 i = 0; i < nr_orders; i++) {
		ret->free_blocks_total += nr_free[i];
		ret->free_pages += nr_free[i] << i;
		if (i >= order)
			ret->free_blocks_suitable += nr_free[i] << (i - order);
	}
}

__u64 contig_unusable(const struct contig_page_info *info, __u32 order)
{
	if (!info->free_pages)
		return 1000;
	return (info->free_pages - (info->free_blocks_suitable << order)) * 1000 / info->free_pages;
}

__u64 contig_fragmentation(const struct contig_page_info *info, __u32 order)
{
	__u64 requested = info->free_pages * 1000 / (1ULL << order);

	if (!info->free_blocks_total)
		return 0;
	if (info->free_blocks_suitable)
		return CELL_NONE;
	return 1000 - (1000 + requested) / info->free_blocks_total;
}
