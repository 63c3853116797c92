/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What pages are, by who in the kernel asked for them; and of memory that grows, a place of this memory is
 * named, or none: not the one that grows fastest, whatever it is of.
 */
#include "model_stream.h"

#include "../../exporters/pagekinds.h"

#define UNMOVABLE 0
#define MOVABLE 1
#define RECLAIMABLE 2
#define MAX_FUNCTIONS 8

static struct model *new_model(void)
{
	static const char *const types[] = { "unmovable", "movable", "reclaimable" };
	struct model *model = model_with(10, 10, NULL);

	for (__u32 i = 0; i < 3; i++) {
		struct rec_label label = { .h = HEADER(REC_LABEL, struct rec_label, 1),
					   .dim = DIM_MIGRATETYPE,
					   .index = i };

		copy_text(label.text, types[i], sizeof(label.text));
		assert_int_equal(feed(model, &label), 0);
	}
	return model;
}

/* Functions of a kernel stack, the innermost first; "" has no name. */
static void feed_stack(struct model *model, __u64 key, const char *const *functions)
{
	struct rec_stack stack = { .h = HEADER(REC_STACK, struct rec_stack, 1), .stack = key };

	for (; stack.nr < MAX_FUNCTIONS && functions[stack.nr]; stack.nr++) {
		struct rec_symbol symbol = { .h = HEADER(REC_SYMBOL, struct rec_symbol, 1),
					     .ip = key * 0x1000 + stack.nr + 1 };

		stack.ip[stack.nr] = symbol.ip;
		if (!functions[stack.nr][0])
			continue;
		snprintf(symbol.text, sizeof(symbol.text), "%s+0x1/0x2", functions[stack.nr]);
		assert_int_equal(feed(model, &symbol), 0);
	}
	assert_int_equal(feed(model, &stack), 0);
}

static const struct {
	const char *functions[MAX_FUNCTIONS];
	__u32 migratetype;
	enum page_kind kind;
} cases[] = {
	{ { "__alloc_pages_noprof", "vma_alloc_folio_noprof", "do_anonymous_page", "handle_mm_fault" },
	  MOVABLE,
	  PAGES_ANONYMOUS },
	/* All is inlined; and the fault is of a read, into memory that is new. */
	{ { "__folio_alloc", "__handle_mm_fault", "handle_mm_fault", "exc_page_fault", "filemap_read" },
	  MOVABLE,
	  PAGES_ANONYMOUS },
	{ { "alloc_pages", "page_cache_ra_unbounded", "filemap_fault", "__do_fault", "handle_mm_fault" },
	  MOVABLE,
	  PAGES_FILE },
	{ { "__folio_alloc", "__filemap_get_folio", "ext4_da_write_begin", "generic_perform_write" },
	  MOVABLE,
	  PAGES_FILE },
	{ { "folio_alloc_mpol_noprof", "shmem_alloc_folio", "shmem_write_begin", "generic_perform_write" },
	  MOVABLE,
	  PAGES_SHARED },
	{ { "__alloc_pages", "pte_alloc_one", "__pte_alloc", "do_anonymous_page", "handle_mm_fault" },
	  UNMOVABLE,
	  PAGES_TABLES },
	{ { "alloc_pages", "allocate_slab", "___slab_alloc", "kmem_cache_alloc", "vm_area_dup" },
	  UNMOVABLE,
	  PAGES_SLAB },
	{ { "new_slab", "kmem_cache_alloc_lru", "xas_alloc", "filemap_add_folio", "handle_mm_fault" },
	  RECLAIMABLE,
	  PAGES_SLAB_RECLAIMABLE },
	{ { "alloc_pages", "__vmalloc_node_range", "bpf_prog_alloc" }, UNMOVABLE, PAGES_VMALLOC },
	{ { "alloc_pages", "__vmalloc_node_range", "dup_task_struct" }, UNMOVABLE, PAGES_STACKS },
	{ { "alloc_pages", "pcpu_populate_chunk", "pcpu_alloc" }, UNMOVABLE, PAGES_PERCPU },
	{ { "alloc_pages", "skb_page_frag_refill", "tcp_sendmsg" }, UNMOVABLE, PAGES_SOCKETS },
	{ { "alloc_pages", "anon_pipe_write", "vfs_write" }, UNMOVABLE, PAGES_OTHER },
	/* Another page's place, a driver's fault, a frame that could be anything, and no frame at all. */
	{ { "alloc_pages", "migrate_pages", "do_numa_page", "handle_mm_fault" }, MOVABLE, PAGES_UNKNOWN },
	{ { "alloc_pages", "drm_fault", "__do_fault", "handle_mm_fault" }, UNMOVABLE, PAGES_UNKNOWN },
	{ { "alloc_pages", "balloon_page_alloc", "fill_balloon" }, MOVABLE, PAGES_UNKNOWN },
	{ { "alloc_pages", "", "handle_mm_fault" }, MOVABLE, PAGES_UNKNOWN },
	{ { NULL }, UNMOVABLE, PAGES_UNKNOWN },
};

static void test_kinds(void **state UNUSED)
{
	struct model *model = new_model();

	for (__u64 i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct rec_live_site site = { .stack = i + 1, .migratetype = cases[i].migratetype };

		if (cases[i].functions[0])
			feed_stack(model, i + 1, cases[i].functions);
		if (page_kind_of(model, &site) != cases[i].kind)
			fail_msg("case %llu is %s", (unsigned long long)i,
				 page_kind_name(page_kind_of(model, &site)));
	}
	model_free(model);
}

/* --- of what grows ---------------------------------------------------------------------------- */

/* Places of one process, and of the kernel; the first of each is the slower one. */
static const struct {
	__u32 tgid, migratetype, per_minute;
	const char *functions[MAX_FUNCTIONS];
} places[] = {
	{ 42, MOVABLE, 2, { "do_anonymous_page", "handle_mm_fault" } },
	{ 42, MOVABLE, 50, { "__filemap_get_folio", "generic_perform_write" } },
	{ 0, UNMOVABLE, 2, { "allocate_slab", "kmem_cache_alloc" } },
	{ 0, UNMOVABLE, 50, { "alloc_pages", "anon_pipe_write" } },
};

static void feed_places(struct model *model)
{
	for (__u64 place = 0; place < 4; place++)
		feed_stack(model, place + 1, places[place].functions);
	for (__u32 minute = 0; minute < 30; minute++) {
		const struct rec_live live = { .h = HEADER(REC_LIVE, struct rec_live,
							   (1000 + minute * 60) * NSEC_PER_SEC),
					       .step_pages = 64 };

		for (__u32 place = 0; place < 4; place++) {
			struct rec_live_site site = { .h = HEADER(REC_LIVE_SITE, struct rec_live_site, 1),
						      .start_ns = places[place].tgid,
						      .stack = place + 1,
						      .nr_pages = 60 + places[place].per_minute * minute,
						      .oldest_ns = 3600 * NSEC_PER_SEC,
						      .tgid = places[place].tgid,
						      .migratetype = places[place].migratetype };

			for (__u32 age = 0; age < NR_LIVE_AGES; age++) {
				__u32 minutes = (__u32)(live_age_ns(age) / 60 / NSEC_PER_SEC);

				if (minutes < minute)
					site.nr_older[age] = 60 +
							     places[place].per_minute * (minute - minutes);
			}
			assert_int_equal(feed(model, &site), 0);
		}
		assert_int_equal(feed(model, &live), 0);
	}
}

/* The number of the place that is named, or -1. */
static int place_named(const struct model *model, const struct grower *grower)
{
	__u32 index;

	return find_suspect_site(model, grower, &index) ? (int)model_live_site(model, index)->stack - 1 : -1;
}

static void test_a_slower_place_of_the_right_memory_is_named(void **state UNUSED)
{
	const struct process process = { .tgid = 42, .start_ns = 42 }, other = { .tgid = 42, .start_ns = 43 };
	struct grower grower = { .owner = OWNER_PROCESS, .kind = GROWTH_ANONYMOUS, .process = &process };
	struct model *model = new_model();

	feed_places(model);
	for (__u32 i = 0; i < 4; i++)
		assert_true(model_live_site_growth(model, i)->is_suspect);
	assert_int_equal(place_named(model, &grower), 0);
	grower.kind = GROWTH_FILE;
	assert_int_equal(place_named(model, &grower), 1);
	grower.kind = GROWTH_SHARED;
	assert_int_equal(place_named(model, &grower), -1);
	grower.kind = GROWTH_PAGE_TABLES;
	assert_int_equal(place_named(model, &grower), -1);
	grower = (struct grower){ .owner = OWNER_PROCESS, .process = &other };
	assert_int_equal(place_named(model, &grower), -1);

	grower = (struct grower){ .owner = OWNER_KERNEL, .kind = KERNEL_SLAB };
	assert_int_equal(place_named(model, &grower), 2);
	grower.kind = KERNEL_UNACCOUNTED;
	assert_int_equal(place_named(model, &grower), 3);
	for (grower.kind = KERNEL_SLAB_RECLAIMABLE; grower.kind < KERNEL_UNACCOUNTED; grower.kind++)
		assert_int_equal(place_named(model, &grower), -1);
	grower = (struct grower){ .owner = OWNER_GROUP, .kind = GROWTH_KERNEL };
	assert_int_equal(place_named(model, &grower), -1);
	model_free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_a_slower_place_of_the_right_memory_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
