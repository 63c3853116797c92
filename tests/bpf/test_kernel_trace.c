/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Traces of the kernel's memory: what is kept of which object, that a free takes exactly what was allocated,
 * and that nothing that cannot be followed is lost in silence. Interrupts are in test_interrupts.c.
 */
#include "book.h"
#include "kernel_memory.h"
#include "leaks.h"

#define SITE 0xffffffff81234567ULL
#define OBJECT 0xffff888012340000ULL
#define GFP_KERNEL 0xcc0
#define UNMOVABLE 0
#define MOVABLE 1

/* Addresses of so many objects of 64 bytes. */
#define OBJECT_AT(i) (OBJECT + 64 * (__u64)(i))

static void alloc(struct lab *lab, __u64 address, __u64 bytes)
{
	RUN(lab, leak_kmalloc, SITE, address, bytes - 1, bytes, GFP_KERNEL, 0);
}

static void test_objects_are_kept_until_they_are_freed(void **state)
{
	struct lab *lab = *state;
	struct leak_object object;
	struct leak_site site;

	leak_settings_set(lab, 1);
	for (int i = 0; i < 10; i++)
		alloc(lab, OBJECT_AT(i), 64);
	for (int i = 0; i < 7; i++)
		RUN(lab, leak_kfree, SITE, OBJECT_AT(i));
	assert_int_equal(leak_nr_objects(lab), 3);
	assert_false(leak_get(lab, OBJECT_AT(6), &object, &site));
	assert_true(leak_get(lab, OBJECT_AT(7), &object, &site));
	assert_int_equal(object.size, 64);
	assert_int_not_equal(object.time_ns, 0);
	assert_int_not_equal(site.stack, 0);
	assert_int_equal(site.kind, TRACE_KMALLOC);
	assert_int_equal(site.tgid, getpid());
	/* All by one way through the kernel, which is this test's. */
	assert_int_equal(site.nr, 10);
	assert_int_equal(site.bytes, 640);
	assert_int_equal(leak_counts_read(lab).nr_freed, 7);
	/* Nothing else is counted by it. */
	lab_verify(lab);
}

static void test_cache_says_its_name_and_size(void **state)
{
	static const char name[] = "a_cache";
	struct lab *lab = *state;
	struct lab_memory memory = lab_memory_new();
	const __u64 name_at = memory.address + 2048;
	const __u32 size = 192;
	struct leak_object object;
	struct leak_site site;

	lab_memory_put(&memory, kernel_offset("kmem_cache", "size"), &size, sizeof(size));
	lab_memory_put(&memory, kernel_offset("kmem_cache", "name"), &name_at, sizeof(name_at));
	lab_memory_put(&memory, 2048, name, sizeof(name));
	leak_settings_set(lab, 1);
	RUN(lab, leak_cache_alloc, SITE, OBJECT, memory.address, GFP_KERNEL, 0);
	assert_true(leak_get(lab, OBJECT, &object, &site));
	assert_int_equal(object.size, 192);
	assert_int_equal(site.kind, TRACE_CACHE);
	assert_string_equal(site.cache_name, name);
	RUN(lab, leak_cache_free, SITE, OBJECT, memory.address);
	assert_int_equal(leak_nr_objects(lab), 0);
	lab_memory_free(&memory);
}

static void test_pages_are_kept_as_blocks(void **state)
{
	const __u64 page_size = (__u64)sysconf(_SC_PAGESIZE), page = 0xffffea0000100000ULL;
	struct lab *lab = *state;
	struct leak_object object;
	struct leak_site site;

	leak_settings_set(lab, 1);
	RUN(lab, leak_page_alloc, page, 0, GFP_KERNEL, UNMOVABLE);
	RUN(lab, leak_page_alloc, page + 4096, 3, GFP_KERNEL, UNMOVABLE);
	/* One that failed, and one that is a process's. */
	RUN(lab, leak_page_alloc, 0, 3, GFP_KERNEL, UNMOVABLE);
	RUN(lab, leak_page_alloc, page + 8192, 0, GFP_KERNEL, MOVABLE);
	assert_int_equal(leak_nr_objects(lab), 2);
	assert_true(leak_get(lab, page + 4096, &object, &site));
	assert_int_equal(object.size, 8 * page_size);
	assert_int_equal(site.kind, TRACE_PAGES);
	RUN(lab, leak_page_free, page + 4096, 3);
	RUN(lab, leak_page_free, page, 0);
	/* Of pages nobody can tell those that were allocated before from those of processes. */
	RUN(lab, leak_page_free, page + 8192, 0);
	assert_int_equal(leak_nr_objects(lab), 0);
	assert_int_equal(leak_counts_read(lab).nr_freed, 2);
	assert_int_equal(leak_counts_read(lab).nr_unknown, 0);
}

static void test_percpu_memory_has_the_bytes_of_all_cpus(void **state)
{
	const __u64 address = 0x60fd00001000ULL;
	struct lab *lab = *state;
	struct leak_object object;
	struct leak_site site;

	leak_settings_set(lab, 1);
	RUN(lab, leak_percpu_alloc, SITE, 0, 0, 8, 8, OBJECT, 0, address, 96, GFP_KERNEL);
	assert_true(leak_get(lab, address, &object, &site));
	assert_int_equal(object.size, 96);
	assert_int_equal(site.kind, TRACE_PERCPU);
	RUN(lab, leak_percpu_free, OBJECT, 0, address);
	assert_int_equal(leak_nr_objects(lab), 0);
}

/* They are whole pages, and seen as such. */
static void test_more_than_two_pages_are_no_slab(void **state)
{
	const __u64 two_pages = 2 * (__u64)sysconf(_SC_PAGESIZE);
	struct lab *lab = *state;

	leak_settings_set(lab, 1);
	alloc(lab, OBJECT_AT(0), two_pages);
	alloc(lab, OBJECT_AT(1), 2 * two_pages);
	alloc(lab, 0, 64);
	assert_int_equal(leak_nr_objects(lab), 1);
}

static void test_address_that_is_given_out_again_is_one_object(void **state)
{
	struct lab *lab = *state;
	struct leak_object object;
	struct leak_site site;

	leak_settings_set(lab, 1);
	alloc(lab, OBJECT, 64);
	alloc(lab, OBJECT, 32);
	assert_int_equal(leak_nr_objects(lab), 1);
	assert_true(leak_get(lab, OBJECT, &object, &site));
	assert_int_equal(object.size, 32);
	assert_int_equal(site.nr, 2);
	assert_int_equal(site.nr_reused, 1);
	assert_int_equal(leak_counts_read(lab).nr_reused, 1);
}

static void test_free_of_older_object_is_counted_apart(void **state)
{
	struct lab *lab = *state;

	leak_settings_set(lab, 1);
	RUN(lab, leak_kfree, SITE, OBJECT);
	RUN(lab, leak_cache_free, SITE, OBJECT, 0);
	RUN(lab, leak_percpu_free, OBJECT, 0, OBJECT);
	/* kfree(NULL) is none. */
	RUN(lab, leak_kfree, SITE, 0);
	assert_int_equal(leak_counts_read(lab).nr_unknown, 3);
	assert_int_equal(leak_counts_read(lab).nr_freed, 0);
}

static const struct lab_config with_few_objects = { .nr_leak_objects = 4 };

static void test_without_a_place_it_is_lost_and_counted(void **state)
{
	struct lab *lab = *state;
	struct leak_object object;
	struct leak_site site;
	__u64 nr_lost;

	leak_settings_set(lab, 1);
	for (int i = 0; i < 100; i++)
		alloc(lab, OBJECT_AT(i), 64);
	nr_lost = leak_counts_read(lab).nr_lost;
	assert_int_equal(nr_lost + leak_nr_objects(lab), 100);
	assert_true(nr_lost > 0);
	for (int i = 0; i < 100; i++)
		if (leak_get(lab, OBJECT_AT(i), &object, &site))
			assert_int_equal(site.nr_lost, nr_lost);
}

/* Each is followed or not by its address, in both programs alike: of 6,400 there are 100 at one in 64. */
static void test_of_so_many_objects_one_is_followed(void **state)
{
	struct lab *lab = *state;
	struct leak_settings settings = leak_settings_set(lab, 64);
	struct leak_object object;
	struct leak_site site;
	__u32 nr = 0;

	for (int i = 0; i < 6400; i++) {
		alloc(lab, OBJECT_AT(i), 64);
		nr += !!leak_is_followed(OBJECT_AT(i), &settings);
		assert_int_equal(leak_get(lab, OBJECT_AT(i), &object, &site),
				 leak_is_followed(OBJECT_AT(i), &settings));
	}
	assert_in_range(nr, 50, 150);
	assert_int_equal(leak_nr_objects(lab), nr);
	for (int i = 0; i < 6400; i++)
		RUN(lab, leak_kfree, SITE, OBJECT_AT(i));
	assert_int_equal(leak_nr_objects(lab), 0);
	assert_int_equal(leak_counts_read(lab).nr_freed, nr);
	assert_int_equal(leak_counts_read(lab).nr_unknown, 0);
}

static void test_before_objects_are_followed_events_are_counted(void **state)
{
	struct lab *lab = *state;

	leak_settings_set(lab, 0);
	alloc(lab, OBJECT, 64);
	RUN(lab, leak_kfree, SITE, OBJECT);
	assert_int_equal(leak_nr_objects(lab), 0);
	assert_int_equal(leak_counts_read(lab).nr_events, 2);
	assert_int_equal(leak_counts_read(lab).nr_unknown, 0);
}

static const struct CMUnitTest tests[] = {
	LAB_TEST(test_objects_are_kept_until_they_are_freed),
	LAB_TEST(test_cache_says_its_name_and_size),
	LAB_TEST(test_pages_are_kept_as_blocks),
	LAB_TEST(test_percpu_memory_has_the_bytes_of_all_cpus),
	LAB_TEST(test_more_than_two_pages_are_no_slab),
	LAB_TEST(test_address_that_is_given_out_again_is_one_object),
	LAB_TEST(test_free_of_older_object_is_counted_apart),
	LAB_TEST_WITH(test_without_a_place_it_is_lost_and_counted, &with_few_objects),
	LAB_TEST(test_of_so_many_objects_one_is_followed),
	LAB_TEST(test_before_objects_are_followed_events_are_counted),
};

LAB_MAIN(tests)
