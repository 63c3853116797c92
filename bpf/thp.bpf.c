// SPDX-License-Identifier: GPL-2.0-only
/*
 * Huge pages that are made of small ones later: what khugepaged, or a task that asks for it by
 * MADV_COLLAPSE, finds in a range of anonymous memory, and how each attempt to collapse one ends. Huge
 * pages that a fault gets at once are allocations, and counted in pages.bpf.c.
 */
#include "plane.bpf.h"

SEC("raw_tp/mm_khugepaged_scan_pmd")
int khugepaged_scan(__u64 *ctx)
{
	count(METRIC_KHUGEPAGED_SCANS, compat_scan_status_arg == 5 ? CTX_ARG(ctx, 5) : CTX_ARG(ctx, 4), 0, 0,
	      1);
	return 0;
}

SEC("raw_tp/mm_collapse_huge_page")
int huge_page_collapse(__u64 *ctx)
{
	count(METRIC_HUGE_PAGE_COLLAPSES, ctx[2], 0, 0, 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
