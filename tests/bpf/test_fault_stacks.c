/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stacks of page fault exceptions: taken of one in 4096, all of them among those that are counted, and added
 * up by process and stack.
 */
#include "book.h"

#include "../../bpf/abi/faults.h"

#define NR_PAGES 1048576
#define PAGE_SHIFT 12
#define NO_REGS 0
#define FIRST_PAGE 0x7f0000000ULL

/* The bits of an x86 page fault error code. */
#define WRITE 0x2u
#define USER 0x4u

static const struct lab_config with_one_place = { .nr_fault_sites = 1 };

/* The entries of the table, at most max. */
static __u32 read_table(const struct lab *lab, struct fault_stack_key *ret_keys,
			struct fault_stack_count *ret_counts, __u32 max)
{
	int fd = bpf_map__fd(lab->skeleton->maps.fault_stacks);
	__u32 nr = 0;

	while (nr < max && bpf_map_get_next_key(fd, nr ? &ret_keys[nr - 1] : NULL, &ret_keys[nr]) == 0) {
		assert_int_equal(bpf_map_lookup_elem(fd, &ret_keys[nr], &ret_counts[nr]), 0);
		nr++;
	}
	return nr;
}

static __u64 stacks_taken(const struct lab *lab)
{
	struct fault_stack_key keys[16];
	struct fault_stack_count counts[16];
	__u32 nr = read_table(lab, keys, counts, ARRAY_SIZE(keys));
	__u64 sum = 0;

	for (__u32 i = 0; i < nr; i++)
		sum += counts[i].count;
	return sum;
}

static __u64 exceptions(struct lab *lab)
{
	lab_read(lab);
	return lab_cell(lab, METRIC_FAULT_EXCEPTIONS, FAULT_USER, FAULT_READ, 0);
}

/* Faults on pages from FIRST_PAGE on until one has its stack taken; that page. */
static __u64 fault_until_taken(struct lab *lab)
{
	__u64 before = stacks_taken(lab);

	for (__u64 page = FIRST_PAGE;; page++) {
		RUN(lab, page_fault_user, page << PAGE_SHIFT, NO_REGS, USER);
		if (stacks_taken(lab) != before)
			return page;
	}
}

/* Within five standard errors of what it is to be. */
static void assert_is_about(__u64 taken, double expected)
{
	double error = (double)taken - expected;

	assert_int_equal(taken % FAULT_STACK_SAMPLE, 0);
	if (error * error > 25.0 * FAULT_STACK_SAMPLE * expected)
		fail_msg("%llu instead of %.0f", taken, expected);
}

static void test_one_in_4096(void **state)
{
	struct lab *lab = *state;

	for (__u64 page = 0; page < NR_PAGES; page++)
		RUN(lab, page_fault_user, (FIRST_PAGE + page) << PAGE_SHIFT, NO_REGS, USER);
	assert_is_about(stacks_taken(lab), NR_PAGES);
	lab_read(lab);
	assert_int_equal(lab_cell(lab, METRIC_LOST, LOSS_FAULT_SITE, 0, 0), 0);
}

/*
 * A page whose stack is taken is one that is counted, so that both are about the same faults; and if it
 * faults again and again, the stack is one of many.
 */
static void test_what_has_a_stack_is_counted(void **state)
{
	struct lab *lab = *state;
	__u64 page = fault_until_taken(lab), counted = exceptions(lab), taken = stacks_taken(lab);
	const __u64 nr = 64 * FAULT_STACK_EVERY;

	for (__u64 i = 0; i < nr; i++)
		RUN(lab, page_fault_user, page << PAGE_SHIFT, NO_REGS, USER);
	assert_int_equal(exceptions(lab) - counted, nr * FAULT_SAMPLE);
	assert_is_about(stacks_taken(lab) - taken, (double)nr * FAULT_SAMPLE);
}

static void test_stacks_add_up_by_process(void **state)
{
	struct lab *lab = *state;
	struct fault_stack_key keys[2];
	struct fault_stack_count counts[2];
	__u64 address = (fault_until_taken(lab) << PAGE_SHIFT) + 123, taken = stacks_taken(lab);
	__u32 nr;

	for (__u32 i = 0; i < 64 * FAULT_STACK_EVERY; i++)
		RUN(lab, page_fault_user, address, NO_REGS, USER | WRITE);
	assert_true(stacks_taken(lab) > taken);
	taken = stacks_taken(lab);
	/* A kernel's exception has no place in user code. */
	for (__u32 i = 0; i < 64 * FAULT_STACK_EVERY; i++)
		RUN(lab, page_fault_kernel, address, NO_REGS, WRITE);
	assert_int_equal(stacks_taken(lab), taken);
	nr = read_table(lab, keys, counts, ARRAY_SIZE(keys));
	assert_in_range(nr, 1, 2);
	for (__u32 i = 0; i < nr; i++) {
		assert_int_equal(keys[i].tgid, getpid());
		assert_int_equal(counts[i].id.tgid, getpid());
		assert_int_equal(counts[i].id.start_ns, keys[i].start_ns);
		assert_in_range(counts[i].nr, 1, FAULT_MAX_USER_FRAMES);
		/* Where this process entered the kernel. */
		assert_true(counts[i].ip[0] && !(counts[i].ip[0] >> 63));
		if (counts[i].count > FAULT_STACK_SAMPLE) {
			assert_int_equal(counts[i].address, address);
			assert_int_equal(counts[i].access, FAULT_WRITE);
		}
	}
}

static void test_without_a_place_the_stack_alone_is_lost(void **state)
{
	struct lab *lab = *state;
	struct fault_stack_key mine, other = { .tgid = 1 };
	int fd = bpf_map__fd(lab->skeleton->maps.fault_stacks);
	__u64 page = fault_until_taken(lab), before;
	struct fault_stack_count count;

	/* The place is taken by somebody else. */
	assert_int_equal(read_table(lab, &mine, &count, 1), 1);
	assert_int_equal(bpf_map_delete_elem(fd, &mine), 0);
	assert_int_equal(bpf_map_update_elem(fd, &other, &count, BPF_ANY), 0);
	before = exceptions(lab);
	for (__u32 i = 0; i < 64 * FAULT_STACK_EVERY; i++)
		RUN(lab, page_fault_user, page << PAGE_SHIFT, NO_REGS, USER);
	assert_int_equal(exceptions(lab) - before, 64 * FAULT_STACK_EVERY * FAULT_SAMPLE);
	assert_in_range(lab_cell(lab, METRIC_LOST, LOSS_FAULT_SITE, 0, 0), 1, 64 * 3);
}

static const struct CMUnitTest tests[] = {
	LAB_TEST(test_one_in_4096),
	LAB_TEST(test_what_has_a_stack_is_counted),
	LAB_TEST(test_stacks_add_up_by_process),
	LAB_TEST_WITH(test_without_a_place_the_stack_alone_is_lost, &with_one_place),
};

LAB_MAIN(tests)
