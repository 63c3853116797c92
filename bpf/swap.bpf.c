// SPDX-License-Identifier: GPL-2.0-only
/*
 * Swap-in: pages that a task reads from a swap device. It is the task that needs one of them now and
 * waits for it; the pages that the kernel reads ahead with it may be those of others.
 *
 * No tracepoint tells of it, so these programs look at the ends of functions, on the way of every read
 * and of nothing else, and are optional. What zswap has in memory, and pages of zeroes, which are not
 * kept at all, are not read from a device: pswpin in /proc/vmstat is without them, and so is this.
 */
#include "plane.bpf.h"

static __always_inline void swapped_in(__u64 nr_pages)
{
	struct ledger_counts *counts = counts_now();

	/* Or else the compiler adds the account's place to what may be NULL, which the verifier forbids. */
	barrier_var(counts);
	if (counts)
		counts->v[LEDGER_SWAPPED_IN] += nr_pages;
}

/* Every read asks zswap first, and goes to the device if the page is not there (swap_read_folio). */
SEC("fexit/zswap_load")
int swap_read(__u64 *ctx)
{
	__u64 returned = 0;
	bool is_loaded;

	bpf_get_func_ret(ctx, &returned);
	is_loaded = compat_zswap_load_tells_bool ? (__u8)returned : (__s32)returned != -ENOENT;
	if (!is_loaded)
		swapped_in(folio_nr_pages(ctx[0]));
	return 0;
}

/* Of the running task, or NULL, which is a loss only once something is to be counted. */
static __always_inline struct task_ledger *ledger_of_reader(void)
{
	return bpf_task_storage_get(&ledgers, bpf_get_current_task_btf(), NULL, 0);
}

/* Before 6.6 zswap is behind frontswap, which is only asked where it is in use: swap_read_page is to know. */
SEC("fexit/__frontswap_load")
int swap_read_frontswap(void *ctx)
{
	struct task_ledger *ledger = ledger_of_reader();
	__u64 returned = 0;

	bpf_get_func_ret(ctx, &returned);
	if (ledger)
		ledger->frontswap_loaded = !(__s32)returned;
	return 0;
}

/* Always a single page. Not loaded where there is zswap_load(), too: swap_read sees those reads. */
SEC("fexit/swap_readpage")
int swap_read_page(void *ctx)
{
	struct task_ledger *ledger = ledger_of_reader();

	if (ledger && ledger->frontswap_loaded)
		ledger->frontswap_loaded = 0;
	else
		swapped_in(1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
