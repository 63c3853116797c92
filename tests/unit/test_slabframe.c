/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which kernel stacks took a page for a slab. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../daemon/slabframe.h"

#define MAX_FRAMES 8

static bool takes_for_slab(const char *const symbols[MAX_FRAMES])
{
	enum slab_frame frames[MAX_FRAMES];
	__u32 nr = 0;

	for (; nr < MAX_FRAMES && symbols[nr]; nr++)
		frames[nr] = slab_frame_of(symbols[nr]);
	return is_slab_page(frames, nr);
}

static void test_a_page_of_a_slab(void **state)
{
	static const char *const by_cache[MAX_FRAMES] = { "alloc_pages_mpol+0x9e/0x1b0",
							  "allocate_slab+0x2b5/0x340",
							  "___slab_alloc+0x5a/0xb0",
							  "kmem_cache_alloc_noprof+0x1/0x2" };
	static const char *const by_size[MAX_FRAMES] = { "__alloc_pages+0x1/0x2", "new_slab+0x1/0x2",
							 "__kmalloc+0x1/0x2", "alloc_pipe_info+0xd7/0x230" };

	(void)state;
	assert_true(takes_for_slab(by_cache));
	assert_true(takes_for_slab(by_size));
}

static void test_other_pages(void **state)
{
	static const char *const of_a_program[MAX_FRAMES] = { "alloc_pages_mpol+0x1/0x2",
							      "do_anonymous_page+0x1/0x2",
							      "asm_exc_page_fault+0x1/0x2" };
	static const char *const large[MAX_FRAMES] = { "alloc_pages_mpol+0x1/0x2",
						       "___kmalloc_large_node+0x1/0x2",
						       "__kmalloc_noprof+0x1/0x2" };
	static const char *const none[MAX_FRAMES] = { NULL };

	(void)state;
	assert_false(takes_for_slab(of_a_program));
	assert_false(takes_for_slab(large));
	assert_false(takes_for_slab(none));
}

/* Reclaim writes to zswap while a slab waits for its page; a packet arrives while an object is allocated. */
static void test_pages_that_others_took_above_a_slab(void **state)
{
	static const char *const reclaim[MAX_FRAMES] = {
		"alloc_pages_mpol+0x1/0x2", "zs_malloc+0x1/0x2",     "try_to_free_pages+0x1/0x2",
		"alloc_pages_mpol+0x1/0x2", "allocate_slab+0x1/0x2", "__kmalloc_noprof+0x1/0x2"
	};
	static const char *const interrupt[MAX_FRAMES] = {
		"alloc_pages_mpol+0x1/0x2", "page_frag_alloc+0x1/0x2", "handle_softirqs+0x1/0x2",
		"asm_common_interrupt+0x1/0x2", "kmem_cache_alloc_noprof+0x1/0x2"
	};
	/* And a slab of theirs is one. */
	static const char *const within[MAX_FRAMES] = { "alloc_pages_mpol+0x1/0x2", "allocate_slab+0x1/0x2",
							"kmem_cache_alloc_noprof+0x1/0x2",
							"handle_softirqs+0x1/0x2" };

	(void)state;
	assert_false(takes_for_slab(reclaim));
	assert_false(takes_for_slab(interrupt));
	assert_true(takes_for_slab(within));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_page_of_a_slab),
		cmocka_unit_test(test_other_pages),
		cmocka_unit_test(test_pages_that_others_took_above_a_slab),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
