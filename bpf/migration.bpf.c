// SPDX-License-Identifier: GPL-2.0-only
/*
 * Migration: pages that the kernel moves to another place, for compaction, for NUMA, or because somebody
 * asked for it. One event per call of migrate_pages(), next to the kernel's own count of the same pages
 * (pgmigrate_success, pgmigrate_fail).
 *
 * From which node to which a page goes is not in these events. Where this kernel lets a program look at the
 * end of folio_migrate_flags(), which is called for each folio that was moved, it is counted there.
 */
#include "flow.bpf.h"
#include "plane.bpf.h"
#include "stall.bpf.h"

static __always_inline __u32 migrate_reason(__u64 *ctx)
{
	return compat_migrate_reason_arg == 7 ? CTX_ARG(ctx, 7) : CTX_ARG(ctx, 6);
}

static __always_inline bool is_for_numa(__u32 reason)
{
	return reason == bpf_core_enum_value(enum migrate_reason___numa, MR_NUMA_MISPLACED___numa);
}

/* Migrations nest: one that needs memory may have to compact. */
SEC("raw_tp/mm_migrate_pages_start")
int pages_to_migrate(__u64 *ctx)
{
	struct task_ledger *ledger = ledger_of_current();
	__u32 reason = ctx[1];

	if (ledger && ledger->nr_migrations < MIGRATION_MAX_DEPTH)
		ledger->migrations[ledger->nr_migrations++] = reason;
	if (is_for_numa(reason))
		stall_begin(STALL_NUMA_MIGRATION, 0);
	return 0;
}

/* The innermost migration for this reason has ended, and with it any inside whose end was not seen. */
static __always_inline void migration_end(struct task_ledger *ledger, __u32 reason)
{
	for (__u32 i = MIGRATION_MAX_DEPTH; i > 0; i--) {
		if (i > ledger->nr_migrations || ledger->migrations[i - 1] != reason)
			continue;
		ledger->nr_migrations = i - 1;
		return;
	}
}

SEC("raw_tp/mm_migrate_pages")
int pages_migrated(__u64 *ctx)
{
	struct task_ledger *ledger = ledger_of_current();
	__u32 reason = migrate_reason(ctx);
	struct ledger_counts *counts;

	count(METRIC_MIGRATED_PAGES, reason, MIGRATE_SUCCEEDED, 0, ctx[0]);
	count(METRIC_MIGRATED_PAGES, reason, MIGRATE_FAILED, 0, ctx[1]);
	if (ledger)
		migration_end(ledger, reason);
	if (!is_for_numa(reason))
		return 0;
	counts = counts_now();
	if (counts)
		counts->v[LEDGER_NUMA_MIGRATED] += ctx[0];
	stall_end(STALL_NUMA_MIGRATION, 0, 0);
	return 0;
}

/* The reason of the innermost migration that goes on; -1 for none. Constant indices are for the verifier. */
static __always_inline __s64 innermost_reason(const struct task_ledger *ledger)
{
	__s64 reason = -1;

	for (__u32 i = 0; i < MIGRATION_MAX_DEPTH; i++)
		if (i < ledger->nr_migrations)
			reason = ledger->migrations[i];
	return reason;
}

/* The arguments are newfolio and folio. What is moved outside of migrate_pages() has no reason. */
SEC("fexit/folio_migrate_flags")
int folio_migrated(__u64 *ctx)
{
	struct task_ledger *ledger = ledger_of_current();
	__u32 to = page_node(ctx[0]), from = page_node(ctx[1]);
	__s64 reason = ledger ? innermost_reason(ledger) : -1;
	__u64 nr_pages;

	if (reason < 0)
		return 0;
	nr_pages = folio_nr_pages(ctx[0]);
	count(METRIC_MIGRATED, reason, matrix_node(from), matrix_node(to), nr_pages);
	if (from != to)
		flow_add(FLOW_MIGRATED, reason, from, to, nr_pages);
	return 0;
}

/*
 * Somebody moves the memory of a process to other nodes: migrate_pages(2), or a change of its cpuset. The
 * argument is its mm_struct.
 */
SEC("fentry/do_migrate_pages")
int process_to_migrate(__u64 *ctx)
{
	struct task_ledger *ledger = ledger_of_current();

	if (ledger)
		ledger->migrated_mm = ctx[0];
	return 0;
}

SEC("fexit/do_migrate_pages")
int process_migrated(void *ctx)
{
	struct task_ledger *ledger = ledger_of_current();

	if (ledger)
		ledger->migrated_mm = 0;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
