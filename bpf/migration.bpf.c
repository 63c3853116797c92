// SPDX-License-Identifier: GPL-2.0-only
/*
 * Migration: pages that the kernel moves to another place, for compaction, for NUMA, or because somebody
 * asked for it. One event per call of migrate_pages(), next to the kernel's own count of the same pages
 * (pgmigrate_success, pgmigrate_fail).
 */
#include "plane.bpf.h"

static __always_inline __u32 migrate_reason(__u64 *ctx)
{
	return compat_migrate_reason_arg == 7 ? CTX_ARG(ctx, 7) : CTX_ARG(ctx, 6);
}

SEC("raw_tp/mm_migrate_pages")
int pages_migrated(__u64 *ctx)
{
	__u32 reason = migrate_reason(ctx);

	count(METRIC_MIGRATED_PAGES, reason, MIGRATE_SUCCEEDED, 0, ctx[0]);
	count(METRIC_MIGRATED_PAGES, reason, MIGRATE_FAILED, 0, ctx[1]);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
