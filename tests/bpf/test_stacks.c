/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon makes of stacks: each is said once, the kernel's with the names of its frames, and goes
 * when nobody refers to it.
 */
#include "../../daemon/stacks.h"
#include "../../daemon/userstacks.h"
#include "live.h"

#define GFP_KERNEL 0xcc0
#define MOVABLE 1 /* MIGRATE_MOVABLE of include/linux/mmzone.h */
#define LATER_NS (1000 * NSEC_PER_SEC)

static struct lab_config following = { .stall_record_min_ns = UINT64_MAX, .live_step_shift = STEP_SHIFT };

struct said {
	__u32 nr_stacks, nr_symbols, nr_numbers;
	struct rec_stack stack;
	char names[STACK_MAX_FRAMES][REC_SYMBOL_LEN];
};

static void listen(void *ctx, const struct rec_header *record)
{
	struct said *said = ctx;

	if (record->kind == REC_STACK) {
		said->nr_stacks++;
		said->stack = *(const struct rec_stack *)record;
		return;
	}
	assert_int_equal(record->kind, REC_SYMBOL);
	/* The symbols of a stack go before it. */
	assert_int_equal(said->nr_stacks, 0);
	assert_in_range(said->nr_symbols, 0, STACK_MAX_FRAMES - 1);
	memcpy(said->names[said->nr_symbols++], ((const struct rec_symbol *)record)->text, REC_SYMBOL_LEN);
	said->nr_numbers += !strncmp(said->names[said->nr_symbols - 1], "0x", 2);
}

/* Where this test was when it allocated a page, which is in the system call that ran the program. */
static __u64 key_of_a_page(struct lab *lab)
{
	struct live_page live_page;

	RUN(lab, page_alloc, live_page_address(0), STEP_SHIFT, GFP_KERNEL, 1);
	assert_true(live_get(lab, live_group(0), &live_page));
	return live_page.stack;
}

static void test_frames_have_names(void **state)
{
	struct lab *lab = *state;
	struct stacks *stacks = stacks_new(bpf_map__fd(lab->skeleton->maps.stacks));
	__u64 key = key_of_a_page(lab), place;
	struct said said = { 0 };
	bool is_named = false;

	assert_non_null(stacks);
	place = stacks_place(stacks, key);
	assert_int_not_equal(place, 0);
	assert_int_equal(stacks_place(stacks, key + 1), 0);
	stacks_meet(stacks, place, listen, &said);
	assert_int_equal(said.nr_stacks, 1);
	assert_int_equal(said.stack.stack, place);
	assert_int_equal(said.stack.nr, said.nr_symbols);
	assert_int_equal(said.nr_numbers, 0);
	for (__u32 i = 0; i < said.nr_symbols; i++)
		is_named = is_named || !strncmp(said.names[i], "__sys_bpf+0x", strlen("__sys_bpf+0x"));
	assert_true(is_named);

	/* Once said, it is known, until a new stream begins. What is no place has no stack. */
	said = (struct said){ 0 };
	stacks_meet(stacks, place, listen, &said);
	stacks_meet(stacks, 0, listen, &said);
	stacks_meet(stacks, place + 1, listen, &said);
	assert_int_equal(said.nr_stacks + said.nr_symbols, 0);
	stacks_forget(stacks);
	stacks_meet(stacks, place, listen, &said);
	assert_int_equal(said.nr_stacks, 1);
	assert_int_equal(said.stack.nr, said.nr_symbols);
	stacks_free(stacks);
}

static void test_stack_goes_when_nobody_refers_to_it(void **state)
{
	struct lab *lab = *state;
	struct stacks *stacks = stacks_new(bpf_map__fd(lab->skeleton->maps.stacks));
	__u64 key = key_of_a_page(lab), now = now_ns(CLOCK_BOOTTIME);

	assert_non_null(stacks);
	/* It was met just now: somebody may refer to it. */
	stacks_begin(stacks, STACKS_OF_LIVE);
	assert_int_equal(stacks_sweep(stacks, now), 1);
	stacks_begin(stacks, STACKS_OF_LIVE);
	stacks_mark(stacks, STACKS_OF_LIVE, key);
	assert_int_equal(stacks_sweep(stacks, now + LATER_NS), 1);
	assert_int_equal(nr_in(lab->skeleton->maps.stacks), 1);
	stacks_begin(stacks, STACKS_OF_LIVE);
	assert_int_equal(stacks_sweep(stacks, now + LATER_NS), 0);
	assert_int_equal(nr_in(lab->skeleton->maps.stacks), 0);
	/* Met again, it is there again, under the same key. */
	assert_int_equal(key_of_a_page(lab), key);
	assert_int_equal(nr_in(lab->skeleton->maps.stacks), 1);
	stacks_free(stacks);
}

/* Of a full table all that are marked stay, and nearly all others go. */
static void test_full_table_is_swept(void **state)
{
	struct lab *lab = *state;
	int fd = bpf_map__fd(lab->skeleton->maps.stacks);
	struct stacks *stacks = stacks_new(fd);
	const struct kernel_stack stack = { .used_ns = 1, .nr = 1 };
	__u64 now = now_ns(CLOCK_BOOTTIME);
	__u32 nr_left;

	assert_non_null(stacks);
	stacks_begin(stacks, STACKS_OF_LIVE);
	for (__u64 i = 1; i <= MAX_STACKS; i++) {
		__u64 key = i * 0x9e3779b97f4a7c15ULL;

		assert_int_equal(bpf_map_update_elem(fd, &key, &stack, BPF_NOEXIST), 0);
		if (i % 2)
			stacks_mark(stacks, STACKS_OF_LIVE, key);
	}
	nr_left = stacks_sweep(stacks, now + LATER_NS);
	assert_in_range(nr_left, MAX_STACKS / 2, MAX_STACKS / 2 + MAX_STACKS / 50);
	assert_int_equal(nr_in(lab->skeleton->maps.stacks), nr_left);
	for (__u64 i = 1; i <= MAX_STACKS; i += 2) {
		__u64 key = i * 0x9e3779b97f4a7c15ULL;
		struct kernel_stack found;

		assert_int_equal(bpf_map_lookup_elem(fd, &key, &found), 0);
	}
	stacks_free(stacks);
}

static void listen_for_user_stack(void *ctx, const struct rec_header *record)
{
	struct rec_user_stack *said = ctx;

	assert_int_equal(record->kind, REC_USER_STACK);
	/* One at a time. */
	assert_int_equal(said->nr, 0);
	*said = *(const struct rec_user_stack *)record;
}

/* A stack of a process is said once, whole, and goes as the kernel's do. */
static void test_user_stacks(void **state)
{
	struct lab *lab = *state;
	int fd = bpf_map__fd(lab->skeleton->maps.user_stacks);
	struct userstacks *stacks = userstacks_new(fd);
	__u64 now = now_ns(CLOCK_BOOTTIME), key;
	struct rec_user_stack said = {};
	struct live_page live_page;
	struct user_stack stack;

	assert_non_null(stacks);
	RUN(lab, page_alloc, live_page_address(0), STEP_SHIFT, GFP_KERNEL, MOVABLE);
	assert_true(live_get(lab, live_group(0), &live_page));
	key = live_page.user_stack;
	assert_int_equal(bpf_map_lookup_elem(fd, &key, &stack), 0);
	userstacks_meet(stacks, key, listen_for_user_stack, &said);
	assert_int_equal(said.stack, key);
	assert_int_equal(said.tgid, getpid());
	assert_int_equal(said.start_ns, stack.start_ns);
	assert_int_equal(said.how, STACK_BY_FRAME_POINTERS);
	assert_int_equal(said.nr, stack.nr);
	assert_memory_equal(said.ip, stack.ip, sizeof(stack.ip));

	/* Known now, and what is none is none. */
	userstacks_meet(stacks, key, listen_for_user_stack, &said);
	said = (struct rec_user_stack){};
	userstacks_meet(stacks, 0, listen_for_user_stack, &said);
	userstacks_meet(stacks, key + 1, listen_for_user_stack, &said);
	assert_int_equal(said.nr, 0);
	userstacks_forget(stacks);
	userstacks_meet(stacks, key, listen_for_user_stack, &said);
	assert_int_equal(said.stack, key);

	userstacks_begin(stacks);
	assert_int_equal(userstacks_sweep(stacks, now), 1);
	userstacks_mark(stacks, key);
	assert_int_equal(userstacks_sweep(stacks, now + LATER_NS), 1);
	userstacks_begin(stacks);
	assert_int_equal(userstacks_sweep(stacks, now + LATER_NS), 0);
	assert_int_equal(nr_in(lab->skeleton->maps.user_stacks), 0);
	userstacks_free(stacks);
}

static const struct CMUnitTest tests[] = {
	LAB_TEST_WITH(test_user_stacks, &following),
	LAB_TEST_WITH(test_frames_have_names, &following),
	LAB_TEST_WITH(test_stack_goes_when_nobody_refers_to_it, &following),
	LAB_TEST_WITH(test_full_table_is_swept, &following),
};

LAB_MAIN(tests)
