/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is outstanding of the kernel's memory: sums of objects by site, and that nothing is taken for leaked
 * whose frees nobody sees.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../daemon/kernelsites.h"

#define UNUSED __attribute__((unused))
#define NOW_NS 1000000000ULL
#define CACHE 0xffff888000000100ULL
#define OTHER_CACHE 0xffff888000000200ULL

#define MAX_ROWS 3

static struct kernelsite rows[MAX_ROWS];

static void add_site(struct kernelsites *sites, __u64 key, __u64 cache, __u64 nr, __u64 nr_reused)
{
	const struct leak_site site = { .cache = cache, .nr = nr, .nr_reused = nr_reused };
	bool is_new;

	assert_non_null(kernelsites_meet(sites, key, &site, &is_new));
	assert_true(is_new);
}

static void add(struct kernelsites *sites, __u64 key, __u64 nr_objects, __u64 size)
{
	const struct leak_object object = { .site = key, .size = size, .time_ns = NOW_NS - 10 * key };
	const struct leak_site site = kernelsites_of_object(&object);
	bool is_new;

	for (__u64 i = 0; i < nr_objects; i++)
		kernelsite_add(kernelsites_meet(sites, key, &site, &is_new), &object, NOW_NS);
}

static void test_objects_are_added_to_their_sites(void **state UNUSED)
{
	struct kernelsites sites = { .rows = rows, .max = MAX_ROWS };
	const struct leak_object later = { .site = 4, .size = 8, .time_ns = NOW_NS + 1 };
	const struct leak_site fourth = {};
	bool is_new;

	add_site(&sites, 5, 0, 9, 0);
	add_site(&sites, 3, 0, 9, 0);
	add(&sites, 3, 2, 100);
	add(&sites, 5, 1, 700);
	/* Of a site that was forgotten, and younger than now. */
	kernelsite_add(kernelsites_meet(&sites, 4, &fourth, &is_new), &later, NOW_NS);
	assert_true(is_new);
	assert_null(kernelsites_meet(&sites, 6, &fourth, &is_new));
	assert_false(is_new);
	assert_int_equal(sites.nr_known, 18);
	kernelsites_judge(&sites);
	assert_int_equal(rows[0].key, 5);
	assert_int_equal(rows[0].live_bytes, 700);
	assert_int_equal(rows[1].key, 3);
	assert_int_equal(rows[1].nr_live, 2);
	assert_int_equal(rows[1].live_bytes, 200);
	assert_int_equal(rows[1].oldest_ns, 30);
	assert_int_equal((__u64)rows[1].squares, 20000);
	assert_int_equal((__u64)rows[1].age_ns, 60);
	assert_int_equal(rows[2].oldest_ns, 0);
	kernelsites_free(&sites);
}

/* An object knows whose it is, and its cache's name is that of another site. */
static void test_site_that_was_forgotten_is_known_by_its_objects(void **state UNUSED)
{
	struct kernelsites sites = { .rows = rows, .max = MAX_ROWS };
	const struct leak_object object = { .site = 1,
					    .size = 8,
					    .stack = 11,
					    .cache = CACHE,
					    .start_ns = 12,
					    .tgid = 13,
					    .kind = TRACE_CACHE,
					    .comm = "leaks" };
	const struct leak_site of_object = kernelsites_of_object(&object);
	const struct leak_site other = { .cache = CACHE, .nr = 9, .cache_name = "filp" };
	const struct leak_site left_out = { .nr = 9 };
	bool is_new;

	kernelsite_add(kernelsites_meet(&sites, 1, &of_object, &is_new), &object, NOW_NS);
	kernelsites_meet(&sites, 2, &other, &is_new);
	kernelsites_meet(&sites, 3, &left_out, &is_new)->is_left_out = true;
	kernelsites_judge(&sites);
	assert_int_equal(sites.nr, 2);
	assert_int_equal(rows[0].key, 1);
	assert_int_equal(rows[0].site.stack, 11);
	assert_int_equal(rows[0].site.start_ns, 12);
	assert_int_equal(rows[0].site.tgid, 13);
	assert_int_equal(rows[0].site.kind, TRACE_CACHE);
	assert_string_equal(rows[0].site.comm, "leaks");
	assert_string_equal(rows[0].site.cache_name, "filp");
	kernelsites_free(&sites);
}

/* Judges the sites, whose keys are 1 to 3, by what they have outstanding. */
static void judge(struct kernelsites *sites, const __u64 nr_live[MAX_ROWS])
{
	for (__u64 i = 0; i < MAX_ROWS; i++)
		add(sites, i + 1, nr_live[i], 64);
	kernelsites_judge(sites);
	kernelsites_free(sites);
}

static bool is_unseen(__u64 key)
{
	for (__u32 i = 0; i < MAX_ROWS; i++)
		if (rows[i].key == key)
			return rows[i].is_unseen;
	fail();
	return false;
}

/* Of one more have gone than are left, of one nearly as many; the last leaks. */
static void test_site_that_is_given_its_addresses_again_is_not_visible(void **state UNUSED)
{
	struct kernelsites sites = { .rows = rows, .max = MAX_ROWS };

	add_site(&sites, 1, 0, 200, 100);
	add_site(&sites, 2, 0, 200, 99);
	add_site(&sites, 3, 0, 200, 0);
	judge(&sites, (const __u64[]){ 100, 100, 200 });
	assert_true(is_unseen(1));
	assert_false(is_unseen(2));
	assert_false(is_unseen(3));
	/* It is the last, though it has as much as another. */
	assert_int_equal(rows[0].key, 3);
	assert_int_equal(rows[2].key, 1);
}

/* Nothing of the second was given out again yet; that of its cache shows that it would not be seen. */
static void test_cache_whose_frees_are_not_seen_is_not_visible(void **state UNUSED)
{
	struct kernelsites sites = { .rows = rows, .max = MAX_ROWS };

	add_site(&sites, 1, CACHE, 1000, 900);
	add_site(&sites, 2, CACHE, 50, 0);
	add_site(&sites, 3, OTHER_CACHE, 50, 0);
	judge(&sites, (const __u64[]){ 100, 50, 50 });
	assert_true(is_unseen(1));
	assert_true(is_unseen(2));
	assert_false(is_unseen(3));
}

/* Most of its objects are seen to go: a leak at one of its sites is one. */
static void test_leak_in_a_cache_with_some_unseen_frees_is_a_leak(void **state UNUSED)
{
	struct kernelsites sites = { .rows = rows, .max = MAX_ROWS };

	add_site(&sites, 1, CACHE, 1000, 100);
	add_site(&sites, 2, CACHE, 50, 0);
	add_site(&sites, 3, 0, 1, 0);
	judge(&sites, (const __u64[]){ 10, 50, 1 });
	assert_true(is_unseen(1));
	assert_false(is_unseen(2));
	assert_int_equal(rows[0].key, 2);
}

/* What kmalloc() gives out is of many kinds: one says nothing of another. Lost ones are not seen to go. */
static void test_sites_of_kmalloc_are_judged_alone(void **state UNUSED)
{
	struct kernelsites sites = { .rows = rows, .max = MAX_ROWS };

	add_site(&sites, 1, 0, 1000, 900);
	add_site(&sites, 2, 0, 50, 0);
	add_site(&sites, 3, CACHE, 60, 5);
	rows[2].site.nr_lost = 40;
	judge(&sites, (const __u64[]){ 100, 50, 10 });
	assert_true(is_unseen(1));
	assert_false(is_unseen(2));
	assert_true(is_unseen(3));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_objects_are_added_to_their_sites),
		cmocka_unit_test(test_site_that_was_forgotten_is_known_by_its_objects),
		cmocka_unit_test(test_site_that_is_given_its_addresses_again_is_not_visible),
		cmocka_unit_test(test_cache_whose_frees_are_not_seen_is_not_visible),
		cmocka_unit_test(test_leak_in_a_cache_with_some_unseen_frees_is_a_leak),
		cmocka_unit_test(test_sites_of_kmalloc_are_judged_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
