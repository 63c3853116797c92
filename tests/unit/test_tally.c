/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who holds live pages: sums are whole, the heaviest have records of their own, and memory is bounded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "../../daemon/tally.h"

#define UNUSED __attribute__((unused))
#define HUGE_ORDER 9
#define NOW_NS 5000000000ULL

struct result {
	struct rec_holder all[TALLY_MAX_RECORDS];
	__u32 nr;
};

static void keep(void *ctx, struct rec_holder *record)
{
	struct result *result = ctx;

	assert_int_equal(record->h.kind, REC_HOLDER);
	assert_int_equal(record->h.size, sizeof(*record));
	assert_true(result->nr < TALLY_MAX_RECORDS);
	result->all[result->nr++] = *record;
}

static struct live_page page_of(__u32 tgid, __u32 migratetype, __u64 stack)
{
	struct live_page page = { .tgid = tgid,
				  .start_ns = 1000 + tgid,
				  .migratetype = (__u8)migratetype,
				  .stack = stack,
				  .time_ns = NOW_NS - 2000000000,
				  .comm = "holder" };

	return page;
}

/* What the tally says of these pages, each met twice; the first nr_blamed spoil half a block each. */
static struct result *tally_of(const struct live_page *pages, __u32 nr, __u32 nr_blamed)
{
	static struct result result;
	struct tally *tally = tally_new(HUGE_ORDER, 0x1234567890abcdef);

	assert_non_null(tally);
	result.nr = 0;
	for (__u32 i = 0; i < nr; i++)
		tally_weigh(tally, &pages[i]);
	for (__u32 i = 0; i < nr_blamed; i++)
		tally_blame(tally, &pages[i], 0.5, 0.25);
	tally_choose(tally);
	for (__u32 i = 0; i < nr; i++)
		tally_add(tally, &pages[i], NOW_NS);
	tally_emit(tally, keep, &result);
	tally_free(tally);
	return &result;
}

static __u64 sum_of_pages(const struct result *result)
{
	__u64 sum = 0;

	for (__u32 i = 0; i < result->nr; i++)
		sum += result->all[i].nr_pages;
	return sum;
}

static void test_nothing_is_nothing(void **state UNUSED)
{
	assert_int_equal(tally_of(NULL, 0, 0)->nr, 0);
}

static void test_pages_of_a_stack_are_one_record(void **state UNUSED)
{
	struct live_page pages[] = { page_of(7, 1, 70), page_of(7, 1, 70), page_of(7, 1, 71),
				     page_of(7, 0, 70) };
	const struct result *result;

	pages[0].order = HUGE_ORDER;
	pages[1].order = HUGE_ORDER - 1;
	pages[1].time_ns = NOW_NS - 4000000000;
	result = tally_of(pages, 4, 0);
	assert_int_equal(result->nr, 3);
	assert_int_equal(result->all[0].tgid, 7);
	assert_int_equal(result->all[0].start_ns, 1007);
	assert_int_equal(result->all[0].stack, 70);
	assert_int_equal(result->all[0].migratetype, 1);
	assert_int_equal(result->all[0].nr_pages, 2);
	assert_int_equal(result->all[0].nr_huge, 1);
	assert_int_equal(result->all[0].age_sum_ms, 6000);
	assert_int_equal(result->all[0].oldest_ns, 4000000000);
	assert_string_equal(result->all[0].comm, "holder");
	assert_int_equal(result->all[1].stack, 71);
	assert_int_equal(result->all[1].nr_pages, 1);
	assert_int_equal(result->all[2].migratetype, 0);
}

/* A pid that is used again is somebody else, and so are an interrupt and a kernel thread. */
static void test_owners_are_told_apart(void **state UNUSED)
{
	struct live_page pages[] = { page_of(7, 1, 70), page_of(7, 1, 70), page_of(7, 1, 70) };

	pages[1].start_ns++;
	pages[2].owner = LIVE_KTHREAD;
	assert_int_equal(tally_of(pages, 3, 0)->nr, 3);
}

/* A page whose time is not over yet is young, not immensely old. */
static void test_age_is_never_negative(void **state UNUSED)
{
	struct live_page page = page_of(7, 1, 70);

	page.time_ns = NOW_NS + 5;
	assert_int_equal(tally_of(&page, 1, 0)->all[0].oldest_ns, 0);
}

static void test_small_stacks_of_an_owner_are_one_record(void **state UNUSED)
{
	struct live_page pages[400];
	const struct result *result;
	__u32 nr = 0;

	for (__u32 stack = 1; stack <= 20; stack++)
		for (__u32 i = 0; i < stack; i++)
			pages[nr++] = page_of(7, 1, stack);
	result = tally_of(pages, nr, 0);
	assert_int_equal(result->nr, TALLY_MAX_STACKS_OF_OWNER + 1);
	for (__u32 i = 0; i < TALLY_MAX_STACKS_OF_OWNER; i++)
		assert_int_equal(result->all[i].stack, 20 - i);
	assert_int_equal(result->all[TALLY_MAX_STACKS_OF_OWNER].stack, 0);
	assert_int_equal(result->all[TALLY_MAX_STACKS_OF_OWNER].tgid, 7);
	assert_int_equal(sum_of_pages(result), nr);
}

/*
 * Of a crowd the heaviest are named, and who spoils goes before who only holds; the sum is whole
 * in any case.
 */
static void test_heaviest_of_a_crowd_are_named(void **state UNUSED)
{
	static struct live_page pages[200000];
	const struct result *result;
	__u32 nr = 0, nr_named = 0;
	bool has_spoiler = false, has_biggest = false;

	pages[nr++] = page_of(1, 0, 1); /* it holds one page, and that spoils */
	for (__u32 i = 0; i < 1000; i++)
		pages[nr++] = page_of(2, 1, 2);
	while (nr < 200000)
		pages[nr] = page_of(10 + nr % 40000, nr % 3, nr), nr++;
	result = tally_of(pages, nr, 1);
	for (__u32 i = 0; i < result->nr; i++) {
		const struct rec_holder *holder = &result->all[i];

		has_spoiler = has_spoiler || (holder->tgid == 1 && holder->spoiled_e6 == 500000 &&
					      holder->spoiled_error_e6 == 250000);
		has_biggest = has_biggest || (holder->tgid == 2 && holder->nr_pages == 1000);
		nr_named += !holder->is_rest;
	}
	assert_true(has_spoiler);
	assert_true(has_biggest);
	assert_in_range(nr_named, TALLY_MAX_OWNERS, TALLY_MAX_OWNERS * (TALLY_MAX_STACKS_OF_OWNER + 1));
	assert_int_equal(sum_of_pages(result), nr);
}

/* Two for each of so many owners, who are more than have records of their own, under two names. */
static __u32 pages_of_two_names(struct live_page *pages)
{
	__u32 nr = 0;

	for (__u32 tgid = 1; tgid <= 600; tgid++) {
		for (__u32 i = 0; i < 2; i++) {
			pages[nr] = page_of(tgid, 1, tgid);
			pages[nr].cgroup_id = 7;
			memcpy(pages[nr++].comm, tgid % 2 ? "odds" : "even", sizeof("even"));
		}
	}
	return nr;
}

static void test_who_is_not_named_counts_for_his_name(void **state UNUSED)
{
	struct live_page pages[1200];
	__u32 nr = pages_of_two_names(pages), nr_rests = 0;
	const struct result *result = tally_of(pages, nr, nr);
	__u64 spoiled_e6 = 0, nr_odd = 0, nr_even = 0;

	for (__u32 i = 0; i < result->nr; i++) {
		const struct rec_holder *holder = &result->all[i];

		nr_odd += strcmp(holder->comm, "odds") ? 0 : holder->nr_pages;
		nr_even += strcmp(holder->comm, "even") ? 0 : holder->nr_pages;
		spoiled_e6 += holder->spoiled_e6;
		if (!holder->is_rest)
			continue;
		nr_rests++;
		assert_int_equal(holder->tgid, 0);
		assert_int_equal(holder->start_ns, 0);
		assert_int_equal(holder->stack, 0);
		assert_int_equal(holder->owner, LIVE_PROCESS);
		assert_int_equal(holder->cgroup_id, 7);
	}
	assert_int_equal(nr_rests, 2);
	assert_int_equal(nr_odd, nr / 2);
	assert_int_equal(nr_even, nr / 2);
	/* As many as the tally keeps in mind. */
	assert_int_equal(spoiled_e6, 1024 * 500000);
}

/* What has one name is told apart by cgroup, kind and migratetype, but not without end. */
static void test_names_are_told_apart_and_bounded(void **state UNUSED)
{
	static struct live_page pages[4000];
	const struct result *result;
	__u64 nr_nameless = 0;
	__u32 nr = 0, nr_names = 0;

	for (__u32 i = 0; i < TALLY_MAX_OWNERS; i++)
		for (__u32 page = 0; page < 3; page++)
			pages[nr++] = page_of(1 + i, 1, 1);
	/* A kworker is one of the kworkers; a process may call itself like one. */
	for (__u32 i = 0; i < 4; i++) {
		const char *comm = i / 2 ? "x/2" : i ? "kworker/1:2" : "kworker/3:1H";

		pages[nr] = page_of(5000 + i, 1, 1);
		pages[nr].owner = i < 2 ? LIVE_KTHREAD : LIVE_PROCESS;
		memcpy(pages[nr++].comm, comm, strlen(comm) + 1);
	}
	result = tally_of(pages, nr, 0);
	assert_int_equal(result->nr, TALLY_MAX_OWNERS + 2);
	nr -= 4;
	for (__u32 i = 0; i < 4; i++) {
		pages[nr] = page_of(1000 + i, i == 1 ? 2 : 1, 1);
		pages[nr].owner = i == 2 ? LIVE_KTHREAD : LIVE_PROCESS;
		pages[nr++].cgroup_id = i == 3;
	}
	result = tally_of(pages, nr, 0);
	assert_int_equal(result->nr, TALLY_MAX_OWNERS + 4);
	for (__u32 i = 0; i < 1000; i++) {
		pages[nr] = page_of(2000 + i, 1, 1);
		pages[nr++].cgroup_id = 2000 + i;
	}
	result = tally_of(pages, nr, 0);
	assert_int_equal(sum_of_pages(result), nr);
	for (__u32 i = 0; i < result->nr; i++) {
		nr_names += result->all[i].is_rest && result->all[i].owner != NR_LIVE_OWNERS;
		nr_nameless += result->all[i].owner == NR_LIVE_OWNERS ? result->all[i].nr_pages : 0;
	}
	assert_int_equal(nr_names, TALLY_MAX_NAMES);
	assert_int_equal(nr_nameless, 1004 - TALLY_MAX_NAMES);
}

/* Of more names than there is room for, those that hold most have a record, whenever they are met. */
static void test_heaviest_names_are_kept(void **state UNUSED)
{
	static struct live_page pages[8000];
	const struct result *result;
	__u32 nr = 0, nr_late = 0;

	for (__u32 i = 0; i < 1000 + TALLY_MAX_OWNERS; i++) {
		pages[nr] = page_of(1 + i, 1, 1);
		pages[nr++].cgroup_id = 1 + i;
	}
	for (__u32 i = 0; i < 1000; i++) {
		/* Each has three pages, but of three processes. */
		pages[nr] = page_of(10000 + i, 1, 1);
		pages[nr++].cgroup_id = 5000 + i / 3;
	}
	for (__u32 i = 0; i < 3 * TALLY_MAX_OWNERS; i++)
		pages[nr++] = page_of(20000 + i / 3, 1, 1);
	result = tally_of(pages, nr, 0);
	assert_int_equal(sum_of_pages(result), nr);
	for (__u32 i = 0; i < result->nr; i++)
		nr_late += result->all[i].is_rest && result->all[i].cgroup_id >= 5000 &&
			   result->all[i].nr_pages == 3;
	assert_int_equal(nr_late, 1000 / 3);
}

/* What spoils and is gone when it is met again spoils all the same. */
static void test_blame_is_not_lost(void **state UNUSED)
{
	const struct live_page page = page_of(7, 1, 70);
	struct tally *tally = tally_new(HUGE_ORDER, 1);
	static struct result result;

	assert_non_null(tally);
	tally_weigh(tally, &page);
	tally_blame(tally, &page, 0.5, 0.25);
	tally_choose(tally);
	tally_emit(tally, keep, &result);
	tally_free(tally);
	assert_int_equal(result.nr, 1);
	assert_int_equal(result.all[0].is_rest, 1);
	assert_int_equal(result.all[0].migratetype, 1);
	assert_int_equal(result.all[0].spoiled_e6, 500000);
}

/* Nor is it another's where he who spoils has other pages. */
static void test_blame_stays_with_its_owner(void **state UNUSED)
{
	const struct live_page gone = page_of(7, 1, 70), kept = page_of(7, 1, 71);
	struct tally *tally = tally_new(HUGE_ORDER, 1);
	static struct result result;

	assert_non_null(tally);
	tally_weigh(tally, &gone);
	tally_weigh(tally, &kept);
	tally_blame(tally, &gone, 0.5, 0.25);
	tally_choose(tally);
	tally_add(tally, &kept, NOW_NS);
	tally_emit(tally, keep, &result);
	tally_free(tally);
	assert_int_equal(result.nr, 2);
	assert_int_equal(result.all[0].stack, 71);
	assert_int_equal(result.all[1].tgid, 7);
	assert_int_equal(result.all[1].is_rest, 0);
	assert_int_equal(result.all[1].spoiled_e6, 500000);
	assert_string_equal(result.all[1].comm, "holder");
}

/* One owner with more stacks than there is room for loses no page. */
static void test_stacks_without_end_lose_no_page(void **state UNUSED)
{
	static struct live_page pages[50000];

	for (__u32 i = 0; i < 50000; i++)
		pages[i] = page_of(7, 1, i + 1);
	assert_int_equal(sum_of_pages(tally_of(pages, 50000, 0)), 50000);
}

/* Nobody knows where it was allocated, and it is held all the same. */
static void test_page_without_a_stack_is_held(void **state UNUSED)
{
	const struct live_page pages[] = { page_of(7, 0, 0), page_of(7, 0, 5) };
	const struct result *result = tally_of(pages, 2, 2);

	assert_int_equal(result->nr, 2);
	assert_int_equal(result->all[0].stack, 5);
	assert_int_equal(result->all[1].stack, 0);
	assert_int_equal(result->all[1].nr_pages, 1);
	assert_int_equal(result->all[1].spoiled_e6, 500000);
}

/* Whatever a map holds: kinds and numbers that no program writes. */
static void test_hostile_pages_do_no_harm(void **state UNUSED)
{
	struct live_page pages[2];

	memset(pages, 0xff, sizeof(pages));
	memset(&pages[1], 0, sizeof(pages[1]));
	assert_int_equal(sum_of_pages(tally_of(pages, 2, 2)), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_is_nothing),
		cmocka_unit_test(test_pages_of_a_stack_are_one_record),
		cmocka_unit_test(test_owners_are_told_apart),
		cmocka_unit_test(test_age_is_never_negative),
		cmocka_unit_test(test_small_stacks_of_an_owner_are_one_record),
		cmocka_unit_test(test_heaviest_of_a_crowd_are_named),
		cmocka_unit_test(test_who_is_not_named_counts_for_his_name),
		cmocka_unit_test(test_names_are_told_apart_and_bounded),
		cmocka_unit_test(test_heaviest_names_are_kept),
		cmocka_unit_test(test_blame_is_not_lost),
		cmocka_unit_test(test_blame_stays_with_its_owner),
		cmocka_unit_test(test_stacks_without_end_lose_no_page),
		cmocka_unit_test(test_page_without_a_stack_is_held),
		cmocka_unit_test(test_hostile_pages_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
