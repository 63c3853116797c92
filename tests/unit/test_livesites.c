/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From live pages to where they were allocated: sums are whole, the heaviest places have records. */
#include "model_stream.h"

#include "../../daemon/livesites.h"

#define NOW_NS (100000 * NSEC_PER_SEC)
#define MOVABLE 1

static struct rec_live_site emitted[REC_MAX_LIVE_SITES + REC_MAX_KERNEL_LIVE_SITES];
static __u32 nr_emitted;

static void keep(void *ctx, struct rec_live_site *record)
{
	assert_ptr_equal(ctx, &nr_emitted);
	assert_true(nr_emitted < REC_MAX_LIVE_SITES + REC_MAX_KERNEL_LIVE_SITES);
	assert_int_equal(record->h.kind, REC_LIVE_SITE);
	assert_int_equal(record->h.size, sizeof(*record));
	emitted[nr_emitted++] = *record;
}

static struct live_page page_of(__u32 tgid, __u32 migratetype, __u64 stack, __u64 user_stack, __u64 age_s)
{
	struct live_page page = { .tgid = tgid,
				  .start_ns = tgid * 10,
				  .cgroup_id = 7,
				  .migratetype = (__u8)migratetype,
				  .stack = stack,
				  .user_stack = user_stack,
				  .time_ns = NOW_NS - age_s * NSEC_PER_SEC };

	memcpy(page.comm, "holder", sizeof("holder"));
	return page;
}

/* The first nr_gone of them have gone when pages are met the second time. */
static struct rec_live read_some(const struct live_page *pages, __u32 nr, __u32 nr_gone)
{
	struct livesites *sites = livesites_new(MOVABLE, 0x123456789abcdefULL);
	struct rec_live rec = {};

	assert_non_null(sites);
	nr_emitted = 0;
	for (__u32 i = 0; i < nr; i++)
		livesites_weigh(sites, &pages[i]);
	livesites_choose(sites);
	for (__u32 i = nr_gone; i < nr; i++)
		livesites_add(sites, &pages[i], NOW_NS);
	livesites_emit(sites, &rec, keep, &nr_emitted);
	livesites_free(sites);
	return rec;
}

static struct rec_live read_all(const struct live_page *pages, __u32 nr)
{
	return read_some(pages, nr, 0);
}

static const struct rec_live_site *find(__u32 tgid, __u64 stack, __u64 user_stack)
{
	for (__u32 i = 0; i < nr_emitted; i++)
		if (emitted[i].tgid == tgid && emitted[i].stack == stack &&
		    emitted[i].user_stack == user_stack)
			return &emitted[i];
	return NULL;
}

static void test_places_and_ages(void **state UNUSED)
{
	const struct live_page pages[] = { page_of(1, MOVABLE, 5, 6, 5),     page_of(1, MOVABLE, 5, 6, 61),
					   page_of(1, MOVABLE, 5, 6, 30000), page_of(1, MOVABLE, 5, 7, 1),
					   page_of(1, MOVABLE, 4, 6, 1),     page_of(2, MOVABLE, 5, 6, 1) };
	const struct rec_live rec = read_all(pages, 6);
	const struct rec_live_site *site = find(1, 5, 6);

	assert_int_equal(nr_emitted, 4);
	assert_int_equal(rec.least_site_pages, 0);
	assert_int_equal(rec.least_kernel_site_pages, 0);
	assert_non_null(site);
	assert_int_equal(site->nr_pages, 3);
	assert_int_equal(site->start_ns, 10);
	assert_int_equal(site->cgroup_id, 7);
	assert_string_equal(site->comm, "holder");
	assert_int_equal(site->migratetype, MOVABLE);
	assert_int_equal(site->oldest_ns, 30000 * NSEC_PER_SEC);
	assert_int_equal(site->youngest_ns, 5 * NSEC_PER_SEC);
	assert_int_equal(site->age_sum_ms, (30000 + 61 + 5) * 1000);
	assert_int_equal(site->nr_older[0], 2);
	assert_int_equal(site->nr_older[1], 2);
	assert_int_equal(site->nr_older[2], 1);
	assert_int_equal(site->nr_older[NR_LIVE_AGES - 1], 1);
	assert_int_equal(find(1, 5, 7)->nr_pages, 1);
	assert_int_equal(find(1, 4, 6)->nr_pages, 1);
	assert_int_equal(find(2, 5, 6)->nr_pages, 1);
}

/*
 * The kernel's memory is counted by its stack for all, and for each process; user memory is not the
 * kernel's.
 */
static void test_kernel_memory_is_by_stack(void **state UNUSED)
{
	struct live_page pages[] = { page_of(1, 0, 5, 0, 1), page_of(2, 0, 5, 0, 2), page_of(3, 0, 5, 0, 3),
				     page_of(4, 0, 5, 0, 4), page_of(1, MOVABLE, 5, 6, 1) };

	pages[2].owner = LIVE_KTHREAD;
	pages[3].owner = LIVE_INTERRUPT;
	read_all(pages, 5);
	assert_int_equal(nr_emitted, 4);
	assert_int_equal(find(0, 5, 0)->nr_pages, 4);
	assert_int_equal(find(0, 5, 0)->start_ns, 0);
	assert_string_equal(find(0, 5, 0)->comm, "");
	assert_int_equal(find(1, 5, 0)->nr_pages, 1);
	assert_int_equal(find(2, 5, 0)->nr_pages, 1);
	assert_int_equal(find(1, 5, 6)->nr_pages, 1);
}

/* Of more places than there is room for, the heaviest stay, and what the others may hold is said. */
static void test_heaviest_places_stay(void **state UNUSED)
{
	static struct live_page pages[4 * REC_MAX_LIVE_SITES];
	struct rec_live rec;
	__u32 nr = 0;

	for (__u32 site = 0; site < 2 * REC_MAX_LIVE_SITES; site++)
		for (__u32 i = 0; i <= (site % 2) * 2; i++)
			pages[nr++] = page_of(site + 1, MOVABLE, 1, 1, 1);
	rec = read_all(pages, nr);
	assert_int_equal(nr_emitted, REC_MAX_LIVE_SITES);
	assert_int_equal(rec.least_site_pages, 3);
	for (__u32 i = 0; i < nr_emitted; i++)
		assert_int_equal(emitted[i].nr_pages, 3);
	/* A chosen place that has become empty says nothing of the others. */
	rec = read_some(pages, nr, 4);
	assert_int_equal(nr_emitted, REC_MAX_LIVE_SITES - 1);
	assert_int_equal(rec.least_site_pages, 3);
}

/* Beyond what can be weighed none is chosen, whatever it holds: it is counted, in the bound too. */
static void test_places_without_room_are_counted(void **state UNUSED)
{
	enum { NR_WEIGHED = 32768 / 4 * 3, NR_HEAVY = 500 };
	struct live_page *pages = calloc(NR_WEIGHED + NR_HEAVY, sizeof(*pages));
	struct rec_live rec;

	assert_non_null(pages);
	for (__u32 i = 0; i < NR_WEIGHED; i++)
		pages[i] = page_of(i + 1, MOVABLE, 1, 1, 1);
	rec = read_all(pages, NR_WEIGHED);
	assert_int_equal(rec.nr_unplaced_site_pages, 0);
	assert_int_equal(rec.least_site_pages, 1);
	for (__u32 i = 0; i < NR_HEAVY; i++)
		pages[NR_WEIGHED + i] = page_of(NR_WEIGHED + 1, MOVABLE, 1, 1, 1);
	rec = read_all(pages, NR_WEIGHED + NR_HEAVY);
	assert_int_equal(nr_emitted, REC_MAX_LIVE_SITES);
	assert_null(find(NR_WEIGHED + 1, 1, 1));
	assert_int_equal(rec.nr_unplaced_site_pages, NR_HEAVY);
	assert_int_equal(rec.least_site_pages, NR_HEAVY);
	free(pages);
}

/* What has no page any more the second time is not told of, and what is new then is not either. */
static void test_pages_come_and_go_between_both_times(void **state UNUSED)
{
	struct livesites *sites = livesites_new(MOVABLE, 1);
	const struct live_page gone = page_of(1, MOVABLE, 1, 1, 1), new = page_of(2, MOVABLE, 1, 1, 1);
	struct rec_live rec = {};

	assert_non_null(sites);
	nr_emitted = 0;
	livesites_weigh(sites, &gone);
	livesites_choose(sites);
	livesites_add(sites, &new, NOW_NS);
	livesites_emit(sites, &rec, keep, &nr_emitted);
	assert_int_equal(nr_emitted, 0);
	livesites_free(sites);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_places_and_ages),
	cmocka_unit_test(test_kernel_memory_is_by_stack),
	cmocka_unit_test(test_heaviest_places_stay),
	cmocka_unit_test(test_places_without_room_are_counted),
	cmocka_unit_test(test_pages_come_and_go_between_both_times),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
