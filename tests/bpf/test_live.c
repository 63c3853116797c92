/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Live pages: exactly one page of every aligned group is followed, whatever block it comes in; it is known
 * from its allocation to its free, however it is freed, and nothing else is kept.
 */
#include <sys/prctl.h>

#include "book.h"
#include "kernel_memory.h"
#include "live.h"

#define GFP_KERNEL 0xcc0
#define MOVABLE 1 /* MIGRATE_MOVABLE of include/linux/mmzone.h */

static struct lab_config following = { .stall_record_min_ns = UINT64_MAX, .live_step_shift = STEP_SHIFT };
static struct lab_config with_wide_step = { .stall_record_min_ns = UINT64_MAX, .live_step_shift = 8 };
static struct lab_config with_two_entries = { .stall_record_min_ns = UINT64_MAX,
					      .live_step_shift = STEP_SHIFT,
					      .nr_live_entries = 2 };
static struct lab_config with_one_stack = { .stall_record_min_ns = UINT64_MAX,
					    .live_step_shift = STEP_SHIFT,
					    .nr_stacks = 1 };
static struct lab_config with_one_user_stack = { .stall_record_min_ns = UINT64_MAX,
						 .live_step_shift = STEP_SHIFT,
						 .nr_user_stacks = 1 };
static struct lab_config with_settled = { .stall_record_min_ns = UINT64_MAX,
					  .live_step_shift = STEP_SHIFT,
					  .live_settled_ns = 3600 * NSEC_PER_SEC };
static struct lab_config with_zones = { .stall_record_min_ns = UINT64_MAX,
					.live_step_shift = STEP_SHIFT,
					.page_zone_shift = 52,
					.page_zone_mask = 3 };

/* Where the followed page of a group lies, told without the code under test: one of 2^64 is 64 bits. */
static __u32 followed(__u64 group, __u32 step_shift)
{
	unsigned __int128 product = (unsigned __int128)group * 0x9e3779b97f4a7c15ULL;

	return (__u32)((__u64)product >> (64 - step_shift));
}

/*
 * Of 64 single pages one is followed, and it is the one that the hash names; over many groups each
 * place occurs.
 */
static void test_one_page_of_each_group_is_followed(void **state)
{
	struct lab *lab = *state;
	bool is_hit[STEP] = { false };

	for (__u64 pfn = 0; pfn < 400 * STEP; pfn++) {
		__u32 index = (__u32)(pfn % STEP);
		bool is_followed = followed(live_group(pfn), STEP_SHIFT) == index;
		struct live_page live_page;

		RUN(lab, page_alloc, live_page_address(pfn), 0, GFP_KERNEL, 1);
		assert_int_equal(live_nr(lab), is_followed);
		assert_int_equal(live_get(lab, live_group(pfn), &live_page), is_followed);
		RUN(lab, page_free, live_page_address(pfn), 0);
		assert_int_equal(live_nr(lab), 0);
		is_hit[index] = is_hit[index] || is_followed;
	}
	for (__u32 i = 0; i < STEP; i++)
		assert_true(is_hit[i]);
}

/*
 * Blocks of every order, all over some memory: every group has its page exactly once, and frees
 * leave nothing.
 */
static void test_blocks_of_every_order_are_followed(void **state)
{
	struct lab *lab = *state;
	const __u64 nr_pages = 4096;

	for (__u32 order = 0; order < LAB_ORDERS; order++) {
		for (__u64 pfn = 0; pfn < nr_pages; pfn += 1ULL << order)
			RUN(lab, page_alloc, live_page_address(pfn), order, GFP_KERNEL, 2);
		assert_int_equal(live_nr(lab), nr_pages / STEP);
		for (__u64 pfn = 0; pfn < nr_pages; pfn += STEP) {
			struct live_page live_page;

			assert_true(live_get(lab, live_group(pfn), &live_page));
			assert_int_equal(live_page.order, order);
			assert_int_equal(live_page.migratetype, 2);
		}
		for (__u64 pfn = 0; pfn < nr_pages; pfn += 1ULL << order)
			RUN(lab, page_free, live_page_address(pfn), order);
		assert_int_equal(live_nr(lab), 0);
	}
}

/*
 * A block may be freed in pieces of any size, and pieces of a group that hold another page than
 * the followed keep it.
 */
static void test_block_is_freed_in_pieces(void **state)
{
	struct lab *lab = *state;

	for (__u32 order = 1; order < LAB_ORDERS; order++) {
		for (__u32 piece = 0; piece < order; piece++) {
			__u32 nr_left = order > STEP_SHIFT ? 1u << (order - STEP_SHIFT) : 1;
			bool is_there;

			RUN(lab, page_alloc, live_page_address(0), order, GFP_KERNEL, 0);
			is_there = live_nr(lab);
			for (__u64 pfn = 0; pfn < 1ULL << order; pfn += 1ULL << piece) {
				for (__u64 group = pfn / STEP; group <= (pfn + (1ULL << piece) - 1) / STEP;
				     group++) {
					__u64 page = group * STEP +
						     followed(live_group(group * STEP), STEP_SHIFT);

					nr_left -= is_there && page >= pfn && page < pfn + (1ULL << piece);
				}
				RUN(lab, page_free, live_page_address(pfn), piece);
				assert_int_equal(live_nr(lab), is_there ? nr_left : 0);
			}
			assert_int_equal(live_nr(lab), 0);
		}
	}
}

static void test_wider_step_follows_fewer(void **state)
{
	struct lab *lab = *state;

	for (__u64 pfn = 0; pfn < 16 * 256; pfn++)
		RUN(lab, page_alloc, live_page_address(pfn), 0, GFP_KERNEL, 1);
	assert_int_equal(live_nr(lab), 16);
	for (__u64 group = 0; group < 16; group++) {
		__u64 key = live_page_address(group << 8) >> (LIVE_PAGE_SHIFT + 8);
		struct live_page live_page;

		assert_true(live_get(lab, key, &live_page));
		RUN(lab, page_free, live_page_address((group << 8) + followed(key, 8)), 0);
		assert_int_equal(live_nr(lab), 15 - group);
	}
}

static void test_owner_and_place_are_noted(void **state)
{
	struct lab *lab = *state;
	__u64 before_ns = now_ns(CLOCK_BOOTTIME);
	const char name[MEMOIR_COMM_LEN] = "holder\n\"\xff";
	struct live_page live_page;
	struct kernel_stack stack;

	prctl(PR_SET_NAME, name);
	RUN(lab, page_alloc, live_page_address(0), STEP_SHIFT, GFP_KERNEL, 1);
	assert_true(live_get(lab, live_group(0), &live_page));
	assert_int_equal(live_page.owner, LIVE_PROCESS);
	assert_int_equal(live_page.tgid, getpid());
	assert_in_range(live_page.time_ns, before_ns, now_ns(CLOCK_BOOTTIME));
	assert_in_range(live_page.start_ns, 1, before_ns);
	assert_int_equal(live_page.zone, LIVE_ZONE_UNKNOWN);
	assert_memory_equal(live_page.comm, name, sizeof(name));
	assert_int_not_equal(live_page.stack, 0);
	assert_int_equal(bpf_map_lookup_elem(bpf_map__fd(lab->skeleton->maps.stacks), &live_page.stack,
					     &stack),
			 0);
	assert_in_range(stack.nr, 2, STACK_MAX_FRAMES);
	assert_in_range(stack.used_ns, before_ns, now_ns(CLOCK_BOOTTIME));
	for (__u32 i = 0; i < STACK_MAX_FRAMES; i++)
		assert_int_equal(stack.ip[i] != 0, i < stack.nr);
}

/* The same stack is kept once, and met again it is marked as used. */
static void test_stack_is_kept_once(void **state)
{
	struct lab *lab = *state;
	struct live_page live_page[2];
	struct kernel_stack stack;

	for (int i = 0; i < 2; i++) {
		RUN(lab, page_alloc, live_page_address(0), STEP_SHIFT, GFP_KERNEL, 1);
		assert_true(live_get(lab, live_group(0), &live_page[i]));
	}
	assert_int_equal(live_page[0].stack, live_page[1].stack);
	assert_int_equal(nr_in(lab->skeleton->maps.stacks), 1);
	assert_int_equal(bpf_map_lookup_elem(bpf_map__fd(lab->skeleton->maps.stacks), &live_page[0].stack,
					     &stack),
			 0);
	assert_true(stack.used_ns > live_page[0].time_ns);
}

/* Where a process was in its own code, of a movable page only; each stack is kept once. */
static void test_user_stack_of_movable_pages(void **state)
{
	struct lab *lab = *state;
	const struct bpf_map *map = lab->skeleton->maps.user_stacks;
	__u64 before_ns = now_ns(CLOCK_BOOTTIME), key = 0;
	struct live_page live_page;
	struct user_stack stack;

	for (int i = 0; i < 2; i++) {
		RUN(lab, page_alloc, live_page_address(0), STEP_SHIFT, GFP_KERNEL, MOVABLE);
		assert_true(live_get(lab, live_group(0), &live_page));
		assert_int_not_equal(live_page.user_stack, 0);
		assert_true(!key || key == live_page.user_stack);
		key = live_page.user_stack;
	}
	assert_int_equal(nr_in(map), 1);
	assert_int_equal(bpf_map_lookup_elem(bpf_map__fd(map), &key, &stack), 0);
	assert_int_equal(stack.tgid, getpid());
	assert_int_equal(stack.start_ns, live_page.start_ns);
	assert_in_range(stack.used_ns, live_page.time_ns, now_ns(CLOCK_BOOTTIME));
	assert_in_range(live_page.time_ns, before_ns, stack.used_ns);
	assert_in_range(stack.nr, 1, LIVE_USER_FRAMES);
	for (__u32 i = stack.nr; i < LIVE_USER_FRAMES; i++)
		assert_int_equal(stack.ip[i], 0);
	/* Where this process entered the kernel. */
	assert_true(stack.ip[0] && !(stack.ip[0] >> 63));
	for (__u32 migratetype = 0; migratetype < LAB_MIGRATETYPES; migratetype++) {
		RUN(lab, page_alloc, live_page_address(0), STEP_SHIFT, GFP_KERNEL, migratetype);
		assert_true(live_get(lab, live_group(0), &live_page));
		assert_int_equal(live_page.user_stack != 0, migratetype == MOVABLE);
	}
}

/* Of a process that is younger than that. */
static void test_user_stack_of_a_young_process_is_not_taken(void **state)
{
	struct lab *lab = *state;
	struct live_page live_page;

	RUN(lab, page_alloc, live_page_address(0), STEP_SHIFT, GFP_KERNEL, MOVABLE);
	assert_true(live_get(lab, live_group(0), &live_page));
	assert_in_range(live_page.time_ns - live_page.start_ns, 0, with_settled.live_settled_ns);
	assert_int_equal(live_page.user_stack, 0);
	assert_int_equal(nr_in(lab->skeleton->maps.user_stacks), 0);
	lab_read(lab);
	assert_int_equal(lab_cell(lab, METRIC_LOST, LOSS_USER_STACK, 0, 0), 0);
}

static void test_user_stack_without_a_place_is_counted(void **state)
{
	struct lab *lab = *state;
	const struct user_stack stack = { .nr = 1 };
	struct live_page live_page;
	int fd = bpf_map__fd(lab->skeleton->maps.user_stacks);

	for (__u64 key = 1; bpf_map_update_elem(fd, &key, &stack, BPF_NOEXIST) == 0; key++)
		;
	RUN(lab, page_alloc, live_page_address(0), STEP_SHIFT, GFP_KERNEL, MOVABLE);
	assert_true(live_get(lab, live_group(0), &live_page));
	assert_int_equal(live_page.user_stack, 0);
	assert_int_not_equal(live_page.stack, 0);
	expect_cell(lab, METRIC_ALLOCATED, 0, MOVABLE, STEP_SHIFT, STEP);
	expect_ledger(lab, LEDGER_ALLOCATED, STEP);
	expect_lost(lab, LOSS_USER_STACK, 1);
	lab_verify(lab);
}

/* A page that is allocated again belongs to the new owner: its free was not seen. */
static void test_page_that_is_allocated_again_is_the_new_ones(void **state)
{
	struct lab *lab = *state;
	struct live_page live_page;

	RUN(lab, page_alloc, live_page_address(0), STEP_SHIFT, GFP_KERNEL, 1);
	RUN(lab, page_alloc, live_page_address(0), STEP_SHIFT + 1, GFP_KERNEL, 0);
	assert_int_equal(live_nr(lab), 2);
	assert_true(live_get(lab, live_group(0), &live_page));
	assert_int_equal(live_page.migratetype, 0);
	assert_int_equal(live_page.order, STEP_SHIFT + 1);
}

/* Pages from before the probes are freed as well, and nobody followed them. */
static void test_what_was_not_followed_is_no_loss_when_it_is_freed(void **state)
{
	struct lab *lab = *state;

	RUN(lab, page_free, live_page_address(0), STEP_SHIFT);
	RUN(lab, page_free, live_page_address(0), STEP_SHIFT);
	lab_read(lab);
	assert_int_equal(lab_cell(lab, METRIC_LOST, LOSS_LIVE_FREE, 0, 0), 0);
}

static void test_zone_is_read_from_the_page(void **state)
{
	struct lab *lab = *state;
	struct lab_memory memory = lab_memory_new();
	__u64 page = memory.address - kernel_offset("page", "flags");
	__u64 group = page >> (LIVE_PAGE_SHIFT + STEP_SHIFT);

	for (__u64 zone = 0; zone < 4; zone++) {
		/* What lies beside the zone must not matter. */
		__u64 flags = zone << 52 | ~(3ULL << 52);
		struct live_page live_page;

		lab_memory_put(&memory, 0, &flags, sizeof(flags));
		RUN(lab, page_alloc, page, STEP_SHIFT, GFP_KERNEL, 2);
		assert_true(live_get(lab, group, &live_page));
		assert_int_equal(live_page.zone, zone);
	}
	lab_memory_free(&memory);
}

static void test_page_without_a_place_is_counted(void **state)
{
	struct lab *lab = *state;

	RUN(lab, page_alloc, live_page_address(0), STEP_SHIFT + 2, GFP_KERNEL, 1);
	assert_int_equal(live_nr(lab), 2);
	expect_cell(lab, METRIC_ALLOCATED, 0, 1, STEP_SHIFT + 2, 4 * STEP);
	expect_ledger(lab, LEDGER_ALLOCATED, 4 * STEP);
	expect_lost(lab, LOSS_LIVE_PAGE, 2);
	/* It is not known, so its free is no loss. */
	RUN(lab, page_free, live_page_address(0), STEP_SHIFT + 2);
	assert_int_equal(live_nr(lab), 0);
	expect_cell(lab, METRIC_FREED, 0, STEP_SHIFT + 2, 0, 4 * STEP);
	expect_ledger(lab, LEDGER_FREED, 4 * STEP);
	lab_verify(lab);
}

/* Who else would have the place of another's stack is kept without one. */
static void test_stack_without_a_place_is_counted(void **state)
{
	struct lab *lab = *state;
	const __u64 other = 1;
	const struct kernel_stack stack = { .nr = 1 };
	struct live_page live_page;
	int fd = bpf_map__fd(lab->skeleton->maps.stacks);

	/* A table of one place has one more for each CPU, so that values can be replaced. */
	for (__u64 key = other; bpf_map_update_elem(fd, &key, &stack, BPF_NOEXIST) == 0; key++)
		;
	RUN(lab, page_alloc, live_page_address(0), STEP_SHIFT, GFP_KERNEL, 1);
	assert_true(live_get(lab, live_group(0), &live_page));
	assert_int_equal(live_page.stack, 0);
	assert_int_equal(live_page.tgid, getpid());
	expect_cell(lab, METRIC_ALLOCATED, 0, 1, STEP_SHIFT, STEP);
	expect_ledger(lab, LEDGER_ALLOCATED, STEP);
	expect_lost(lab, LOSS_STACK, 1);
	lab_verify(lab);
}

/* Neither a failed allocation nor an event that cannot be counted is followed. */
static void test_what_is_not_counted_is_not_followed(void **state)
{
	struct lab *lab = *state;

	RUN(lab, page_alloc, 0, STEP_SHIFT, GFP_KERNEL | 0x2000, 1);
	RUN(lab, page_alloc, live_page_address(0), LAB_ORDERS, GFP_KERNEL, 1);
	RUN(lab, page_alloc, live_page_address(0), 0xffffffff, GFP_KERNEL, 1);
	RUN(lab, page_alloc, live_page_address(0), STEP_SHIFT, GFP_KERNEL, LAB_MIGRATETYPES);
	assert_int_equal(live_nr(lab), 0);
	assert_int_equal(nr_in(lab->skeleton->maps.stacks), 0);
}

static void test_nothing_is_followed_where_sampling_is_off(void **state)
{
	struct lab *lab = *state;

	for (__u32 order = 0; order < LAB_ORDERS; order++)
		RUN(lab, page_alloc, live_page_address(0), order, GFP_KERNEL, 1);
	assert_int_equal(live_nr(lab), 0);
	assert_int_equal(nr_in(lab->skeleton->maps.stacks), 0);
}

static const struct CMUnitTest tests[] = {
	LAB_TEST_WITH(test_one_page_of_each_group_is_followed, &following),
	LAB_TEST_WITH(test_blocks_of_every_order_are_followed, &following),
	LAB_TEST_WITH(test_block_is_freed_in_pieces, &following),
	LAB_TEST_WITH(test_wider_step_follows_fewer, &with_wide_step),
	LAB_TEST_WITH(test_owner_and_place_are_noted, &following),
	LAB_TEST_WITH(test_stack_is_kept_once, &following),
	LAB_TEST_WITH(test_user_stack_of_movable_pages, &following),
	LAB_TEST_WITH(test_page_that_is_allocated_again_is_the_new_ones, &following),
	LAB_TEST_WITH(test_what_was_not_followed_is_no_loss_when_it_is_freed, &following),
	LAB_TEST_WITH(test_zone_is_read_from_the_page, &with_zones),
	LAB_TEST_WITH(test_page_without_a_place_is_counted, &with_two_entries),
	LAB_TEST_WITH(test_stack_without_a_place_is_counted, &with_one_stack),
	LAB_TEST_WITH(test_user_stack_of_a_young_process_is_not_taken, &with_settled),
	LAB_TEST_WITH(test_user_stack_without_a_place_is_counted, &with_one_user_stack),
	LAB_TEST_WITH(test_what_is_not_counted_is_not_followed, &following),
	LAB_TEST(test_nothing_is_followed_where_sampling_is_off),
};

LAB_MAIN(tests)
