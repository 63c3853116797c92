// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the pages of a place are; see pagekinds.h. No kind is kept with a page in the kernel: what a page is
 * for is not known yet when it is allocated, but its stack tells it, to whom reads names.
 */
#include "pagekinds.h"

#include <string.h>

#include "../daemon/probeframe.h"
#include "frames.h"

const char *page_kind_name(enum page_kind kind)
{
	static const char *const names[NR_PAGE_KINDS] = {
		[PAGES_ANONYMOUS] = "anonymous", [PAGES_SHARED] = "shared",
		[PAGES_FILE] = "file",           [PAGES_TABLES] = "page_tables",
		[PAGES_SLAB] = "slab",           [PAGES_SLAB_RECLAIMABLE] = "slab_reclaimable",
		[PAGES_STACKS] = "stacks",       [PAGES_VMALLOC] = "vmalloc",
		[PAGES_PERCPU] = "percpu",       [PAGES_SOCKETS] = "sockets",
		[PAGES_OTHER] = "other",
	};

	return names[kind];
}

/*
 * How the names of functions begin that tell what a page is. Kernels differ in what is inlined, so there are
 * several for each way. PAGES_UNKNOWN: a page that is moved, or kept in place of another, which may be of any
 * kind.
 */
static const struct {
	const char *prefix;
	enum page_kind kind;
} marks[] = {
	{ "migrate_", PAGES_UNKNOWN },
	{ "alloc_migrat", PAGES_UNKNOWN },
	{ "alloc_misplaced_", PAGES_UNKNOWN },
	{ "alloc_demote_", PAGES_UNKNOWN },
	{ "collapse_", PAGES_UNKNOWN },
	{ "hpage_collapse_", PAGES_UNKNOWN },
	{ "shrink_", PAGES_UNKNOWN },
	{ "zs_malloc", PAGES_UNKNOWN },
	{ "zswap_", PAGES_UNKNOWN },
	{ "zram_", PAGES_UNKNOWN },
	{ "hugetlb_", PAGES_UNKNOWN },

	{ "pte_alloc_", PAGES_TABLES },
	{ "__pte_alloc", PAGES_TABLES },
	{ "pmd_alloc_", PAGES_TABLES },
	{ "__pmd_alloc", PAGES_TABLES },
	{ "__pud_alloc", PAGES_TABLES },
	{ "__p4d_alloc", PAGES_TABLES },
	{ "pgd_alloc", PAGES_TABLES },
	{ "_pgd_alloc", PAGES_TABLES },
	{ "kvm_mmu_topup_", PAGES_TABLES },

	{ "new_slab", PAGES_SLAB },
	{ "allocate_slab", PAGES_SLAB },
	{ "___slab_alloc", PAGES_SLAB },
	{ "__slab_alloc", PAGES_SLAB },
	{ "kmem_cache_alloc", PAGES_SLAB },
	{ "__kmem_cache_alloc", PAGES_SLAB },
	{ "kmalloc", PAGES_SLAB },
	{ "__kmalloc", PAGES_SLAB },
	{ "___kmalloc", PAGES_SLAB },
	{ "__refill_objects", PAGES_SLAB },
	{ "refill_objects", PAGES_SLAB },

	{ "alloc_thread_stack_", PAGES_STACKS },
	{ "dup_task_struct", PAGES_STACKS },
	{ "vm_area_alloc_pages", PAGES_VMALLOC },
	{ "vmalloc", PAGES_VMALLOC },
	{ "__vmalloc", PAGES_VMALLOC },
	{ "pcpu_", PAGES_PERCPU },

	{ "skb_", PAGES_SOCKETS },
	{ "alloc_skb_", PAGES_SOCKETS },
	{ "__alloc_skb", PAGES_SOCKETS },
	{ "sk_page_frag_", PAGES_SOCKETS },
	{ "sock_alloc_send_", PAGES_SOCKETS },
	{ "page_frag_", PAGES_SOCKETS },
	{ "__page_frag_", PAGES_SOCKETS },
	{ "page_pool_", PAGES_SOCKETS },
	{ "__page_pool_", PAGES_SOCKETS },
	{ "napi_", PAGES_SOCKETS },
	{ "__napi_", PAGES_SOCKETS },
	{ "__netdev_alloc_", PAGES_SOCKETS },

	{ "shmem_", PAGES_SHARED },
	{ "filemap_", PAGES_FILE },
	{ "__filemap_", PAGES_FILE },
	{ "page_cache_", PAGES_FILE },
	{ "pagecache_", PAGES_FILE },
	{ "ondemand_readahead", PAGES_FILE },
	{ "force_page_cache_", PAGES_FILE },
	{ "do_page_cache_", PAGES_FILE },
	{ "read_pages", PAGES_FILE },
	{ "do_read_cache_", PAGES_FILE },
	{ "read_cache_", PAGES_FILE },
	{ "grab_cache_page", PAGES_FILE },
	{ "iomap_", PAGES_FILE },
	{ "generic_perform_write", PAGES_FILE },

	{ "do_anonymous_page", PAGES_ANONYMOUS },
	{ "do_huge_pmd_anonymous_page", PAGES_ANONYMOUS },
	{ "wp_page_copy", PAGES_ANONYMOUS },
	{ "do_wp_page", PAGES_ANONYMOUS },
	{ "do_cow_fault", PAGES_ANONYMOUS },
	{ "do_swap_page", PAGES_ANONYMOUS },
	{ "handle_mm_fault", PAGES_ANONYMOUS },
	{ "__handle_mm_fault", PAGES_ANONYMOUS },
	{ "copy_pte_range", PAGES_ANONYMOUS },
	{ "copy_page_range", PAGES_ANONYMOUS },
	{ "mfill_atomic", PAGES_ANONYMOUS },
	{ "mcopy_atomic", PAGES_ANONYMOUS },
};

/* False: the name tells nothing. */
static bool kind_by_name(const char *symbol, enum page_kind *ret)
{
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		if (!symbol_begins_with(symbol, marks[i].prefix))
			continue;
		*ret = marks[i].kind;
		return true;
	}
	return false;
}

static bool is_of_processes(enum page_kind kind)
{
	return kind == PAGES_ANONYMOUS || kind == PAGES_SHARED || kind == PAGES_FILE;
}

/*
 * The innermost function that tells it decides: a fault may happen within a read, and a read within a fault.
 * A frame without a name could have been that one.
 */
static enum page_kind kind_by_stack(const struct model *model, const __u64 *ip, __u32 nr)
{
	enum page_kind kind = PAGES_OTHER, outer;
	__u32 i = 0;

	for (; i < nr; i++) {
		const char *symbol = model_symbol(model, ip[i]);

		if (frame_code(symbol).kind == FRAME_UNNAMED)
			return PAGES_UNKNOWN;
		if (kind_by_name(symbol, &kind))
			break;
	}
	if (kind != PAGES_VMALLOC)
		return kind;
	/* Stacks of tasks are mapped there. */
	while (++i < nr) {
		const char *symbol = model_symbol(model, ip[i]);

		if (symbol && kind_by_name(symbol, &outer) && outer == PAGES_STACKS)
			return PAGES_STACKS;
	}
	return kind;
}

/*
 * Pages that are mapped or are page cache are asked for as movable, and the kernel's own are not: where name
 * and migratetype disagree, something is different from what is known here.
 */
enum page_kind page_kind_of(const struct model *model, const struct rec_live_site *site)
{
	const char *type = model_dim_label(model, DIM_MIGRATETYPE, site->migratetype);
	const struct rec_stack *stack = site->stack ? model_stack(model, site->stack) : NULL;
	__u64 ip[STACK_MAX_FRAMES];
	__u32 nr = stack ? frames_of(model, stack, ip) : 0;
	enum page_kind kind = nr ? kind_by_stack(model, ip, nr) : PAGES_UNKNOWN;

	if (is_of_processes(kind) != !strcmp(type, "movable"))
		return PAGES_UNKNOWN;
	if (kind == PAGES_SLAB && !strcmp(type, "reclaimable"))
		return PAGES_SLAB_RECLAIMABLE;
	return kind;
}

/* --- of what grows ---------------------------------------------------------------------------- */

#define KIND(kind) (1u << PAGES_##kind)

/* Bits of enum page_kind. Shared memory has no row among the kernel's places. */
static __u32 wanted_kinds(const struct grower *grower)
{
	static const __u32 of_process[NR_GROWTH_KINDS] = {
		[GROWTH_ANONYMOUS] = KIND(ANONYMOUS),
		[GROWTH_SHARED] = KIND(SHARED),
		[GROWTH_PAGE_TABLES] = KIND(TABLES),
		[GROWTH_FILE] = KIND(FILE),
	};
	static const __u32 of_kernel[NR_KERNEL_MEMORY] = {
		[KERNEL_SLAB] = KIND(SLAB),
		[KERNEL_SLAB_RECLAIMABLE] = KIND(SLAB_RECLAIMABLE),
		[KERNEL_STACKS] = KIND(STACKS),
		[KERNEL_PAGE_TABLES] = KIND(TABLES),
		[KERNEL_VMALLOC] = KIND(VMALLOC) | KIND(STACKS),
		[KERNEL_PERCPU] = KIND(PERCPU),
		[KERNEL_SOCKETS] = KIND(SOCKETS),
		[KERNEL_UNACCOUNTED] = KIND(OTHER) | KIND(SOCKETS),
	};

	if (grower->owner == OWNER_PROCESS)
		return of_process[grower->kind];
	return grower->owner == OWNER_KERNEL ? of_kernel[grower->kind] : 0;
}

bool find_suspect_site(const struct model *model, const struct grower *grower, __u32 *ret_index)
{
	const bool is_process = grower->owner == OWNER_PROCESS;
	const __u32 tgid = is_process ? grower->process->tgid : 0;
	const __u64 start_ns = is_process ? grower->process->start_ns : 0;
	const __u32 wanted = wanted_kinds(grower);
	double fastest = 0;

	for (__u32 i = 0; wanted && i < model_nr_live_sites(model); i++) {
		const struct live_site_growth *growth = model_live_site_growth(model, i);
		const struct rec_live_site *site = model_live_site(model, i);

		if (site->tgid != tgid || site->start_ns != start_ns || !growth->is_suspect ||
		    growth->per_hour <= fastest || !(wanted >> page_kind_of(model, site) & 1))
			continue;
		fastest = growth->per_hour;
		*ret_index = i;
	}
	return fastest > 0;
}
