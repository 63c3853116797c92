/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Slab allocations: what is added up under which key, that a failed one is none, and that the gaps between
 * those that are looked at are random and as long as they were asked to be.
 */
#include "book.h"
#include "kernel_memory.h"

#include "../../bpf/abi/slab.h"

#define OBJECT 0x1000 /* any address but 0 */
#define SITE 0xffffffff81234567ULL

static const struct lab_config with_one_place = { .nr_slab_sites = 1 };

static void look_at_one_in(const struct lab *lab, __u32 every)
{
	for (__u32 cpu = 0; cpu < lab->nr_cpus; cpu++) {
		const struct slab_cpu value = { .every = every, .gap = 1 };

		assert_int_equal(bpf_map_update_elem(bpf_map__fd(lab->skeleton->maps.slab_cpus), &cpu, &value,
						     BPF_ANY),
				 0);
	}
}

static __u64 nr_lost(const struct lab *lab)
{
	__u64 nr = 0;

	for (__u32 cpu = 0; cpu < lab->nr_cpus; cpu++) {
		struct slab_cpu value;

		assert_int_equal(bpf_map_lookup_elem(bpf_map__fd(lab->skeleton->maps.slab_cpus), &cpu,
						     &value),
				 0);
		nr += value.nr_lost;
	}
	return nr;
}

/* The count of a call site and cache by this process; zeroes where there is none. */
static struct slab_count count_of(const struct lab *lab, __u64 call_site, __u64 cache)
{
	int fd = bpf_map__fd(lab->skeleton->maps.slab_sites);
	struct slab_count count, ret = {};
	struct slab_key key, *last = NULL;

	while (!bpf_map_get_next_key(fd, last, &key)) {
		last = &key;
		if (key.call_site != call_site || key.cache != cache)
			continue;
		assert_int_equal(bpf_map_lookup_elem(fd, &key, &count), 0);
		assert_int_equal(key.tgid, getpid());
		assert_int_equal(count.id.tgid, getpid());
		assert_int_equal(count.id.start_ns, key.start_ns);
		assert_int_equal(ret.nr, 0);
		ret = count;
	}
	return ret;
}

static void test_requests_add_up_by_call_site(void **state)
{
	struct lab *lab = *state;
	struct slab_count count;

	look_at_one_in(lab, 1);
	for (__u64 i = 0; i < 10; i++)
		RUN(lab, slab_kmalloc, SITE, OBJECT, 100 + i, 128, 0, 0);
	RUN(lab, slab_kmalloc, SITE + 1, OBJECT, 5, 8, 0, 0);
	count = count_of(lab, SITE, 0);
	assert_int_equal(count.nr, 10);
	assert_int_equal(count.requested_bytes, 1045);
	assert_int_equal(count.given_bytes, 1280);
	/* 28^2 + 27^2 + ... + 19^2 */
	assert_int_equal(count.wasted_squares, 5605);
	assert_string_equal(count.cache, "");
	assert_int_equal(count_of(lab, SITE + 1, 0).nr, 1);
	/* Nothing else is counted by it. */
	lab_verify(lab);
}

static void test_failed_allocation_is_none(void **state)
{
	struct lab *lab = *state;

	look_at_one_in(lab, 1);
	RUN(lab, slab_kmalloc, SITE, 0, 100, 128, 0, 0);
	RUN(lab, slab_cache_alloc, SITE, 0, 0, 0, 0);
	assert_int_equal(count_of(lab, SITE, 0).nr, 0);
}

/* They are whole pages, and told twice by some kernels. */
static void test_more_than_two_pages_are_no_slab(void **state)
{
	const __u64 two_pages = 2 * (__u64)sysconf(_SC_PAGESIZE);
	struct lab *lab = *state;

	look_at_one_in(lab, 1);
	RUN(lab, slab_kmalloc, SITE, OBJECT, two_pages, two_pages, 0, 0);
	RUN(lab, slab_kmalloc, SITE, OBJECT, two_pages + 1, 2 * two_pages, 0, 0);
	assert_int_equal(count_of(lab, SITE, 0).nr, 1);
}

static void test_cache_says_its_name_and_sizes(void **state)
{
	static const char name[] = "a_cache_whose_name_is_longer_than_there_is_room";
	struct lab *lab = *state;
	struct lab_memory memory = lab_memory_new();
	const __u64 cache = memory.address, name_at = memory.address + 2048;
	const __u32 size = 192, object_size = 184;
	struct slab_count count;

	lab_memory_put(&memory, kernel_offset("kmem_cache", "size"), &size, sizeof(size));
	lab_memory_put(&memory, kernel_offset("kmem_cache", "object_size"), &object_size,
		       sizeof(object_size));
	lab_memory_put(&memory, kernel_offset("kmem_cache", "name"), &name_at, sizeof(name_at));
	lab_memory_put(&memory, 2048, name, sizeof(name));
	look_at_one_in(lab, 1);
	for (int i = 0; i < 3; i++)
		RUN(lab, slab_cache_alloc, SITE, OBJECT, cache, 0, 0);
	count = count_of(lab, SITE, cache);
	assert_int_equal(count.nr, 3);
	assert_int_equal(count.requested_bytes, 3 * 184);
	assert_int_equal(count.given_bytes, 3 * 192);
	assert_int_equal(count.wasted_squares, 3 * 64);
	assert_memory_equal(count.cache, name, SLAB_NAME_LEN - 1);
	assert_int_equal(count.cache[SLAB_NAME_LEN - 1], 0);
	lab_memory_free(&memory);
}

/*
 * Gaps are even between 1 and 15, so that of 8,000 allocations 1,000 are looked at, with a standard
 * deviation of 8000 * sqrt(var(gap) / mean^3 / 8000) = 17: five of them to either side.
 */
static void test_one_in_so_many_is_looked_at(void **state)
{
	struct lab *lab = *state;
	__u64 nr = 0, nr_of_gap[16] = {};
	__u32 gap = 0;

	look_at_one_in(lab, 8);
	for (__u32 i = 0; i < 8000; i++) {
		__u64 now;

		RUN(lab, slab_kmalloc, SITE, OBJECT, 100, 128, 0, 0);
		now = count_of(lab, SITE, 0).nr;
		gap++;
		if (now == nr)
			continue;
		assert_in_range(gap, 1, 15);
		nr_of_gap[gap]++;
		gap = 0;
		nr = now;
	}
	assert_in_range(nr, 1000 - 85, 1000 + 85);
	/* Each of them some 67 times: none is left out, and none is what most are. */
	for (gap = 1; gap < 16; gap++)
		assert_in_range(nr_of_gap[gap], 20, 130);
}

static void test_without_a_place_it_is_lost(void **state)
{
	struct lab *lab = *state;

	look_at_one_in(lab, 1);
	for (__u64 i = 0; i < 4; i++)
		RUN(lab, slab_kmalloc, SITE + i, OBJECT, 100, 128, 0, 0);
	RUN(lab, slab_kmalloc, SITE, OBJECT, 100, 128, 0, 0);
	assert_int_equal(count_of(lab, SITE, 0).nr, 2);
	assert_int_equal(nr_lost(lab), 3);
}

static const struct CMUnitTest tests[] = {
	LAB_TEST(test_requests_add_up_by_call_site),
	LAB_TEST(test_failed_allocation_is_none),
	LAB_TEST(test_more_than_two_pages_are_no_slab),
	LAB_TEST(test_cache_says_its_name_and_sizes),
	LAB_TEST(test_one_in_so_many_is_looked_at),
	LAB_TEST_WITH(test_without_a_place_it_is_lost, &with_one_place),
};

LAB_MAIN(tests)
