/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose memory is followed: nobody's that stays as it is, of many the largest growers', of groups and cgroups
 * the sum (and test_model_cgroups.c), of the kernel all that it says.
 */
#include "memory_story.h"

#define MANY 700u
#define MOST_FOLLOWED 640u

static double stays(struct actor *actor UNUSED, double hour UNUSED)
{
	return 50;
}

/* Less than what is noticeable, up and down. */
static double trembles(struct actor *actor, double hour UNUSED)
{
	return 50 + 0.2 * uniform(&actor->chance);
}

static double grows(struct actor *actor UNUSED, double hour)
{
	return 50 + 60 * hour;
}

static double grows_by_level(struct actor *actor, double hour)
{
	return 50 + actor->level * hour;
}

static struct story story_of(struct actor *actors, __u32 nr)
{
	return (struct story){ .model = model_with(16, 10000, NULL), .actors = actors, .nr_actors = nr };
}

static __u32 nr_growers(const struct model *model, enum growth_owner owner)
{
	struct grower growers[1024];

	return model_growers(model, owner, growers, 1024);
}

static void test_only_who_grows_is_followed(void **state UNUSED)
{
	struct actor actors[] = { { .mib = stays }, { .mib = trembles, .chance = { 1 } }, { .mib = grows } };
	struct story story = story_of(actors, 3);
	struct grower growers[4];

	story_until(&story, 0.2);
	assert_int_equal(model_growers(story.model, OWNER_PROCESS, growers, 4), 1);
	assert_int_equal(growers[0].process->tgid, 3);
	assert_int_equal(growers[0].kind, GROWTH_ANONYMOUS);
	assert_int_equal(growers[0].pages, (__u64)((50 + 60 * 0.2) * PAGES_PER_MIB));
	assert_in_range(growers[0].grown_pages, 11 * PAGES_PER_MIB, 12 * PAGES_PER_MIB);
	/* The three of them are one group in one cgroup. */
	assert_int_equal(model_growers(story.model, OWNER_GROUP, growers, 4), 1);
	assert_in_range(growers[0].pages, 162 * PAGES_PER_MIB, 163 * PAGES_PER_MIB);
	assert_int_equal(model_growers(story.model, OWNER_CGROUP, growers, 4), 1);
	assert_int_equal(growers[0].cgroup_id, 7);
	assert_int_equal(model_nr_unfollowed(story.model), 0);
	model_free(story.model);
}

/* Half of them grow twice as fast as the others: these are the ones without a place, and they are counted. */
static void test_the_largest_growers_keep_their_places(void **state UNUSED)
{
	static struct actor actors[MANY];
	struct story story = story_of(actors, MANY);
	static struct grower growers[1024];

	for (__u32 i = 0; i < MANY; i++)
		actors[i] = (struct actor){ .mib = grows_by_level, .level = i % 10 ? 60 : 600 };
	story_until(&story, 0.5);
	assert_int_equal(model_nr_unfollowed(story.model), MANY - MOST_FOLLOWED);
	assert_true(model_growers(story.model, OWNER_PROCESS, growers, 1024) <= MOST_FOLLOWED);
	for (__u32 i = 0; i < MANY / 10; i++)
		assert_int_equal(growers[i].process->tgid % 10, 1);
	model_free(story.model);
}

/* A process that ends gives its place back, also for one with its pid. */
static double lives_for_an_hour(struct actor *actor UNUSED, double hour)
{
	return hour < 1 ? 50 + 60 * hour : -1;
}

static void test_who_ends_is_forgotten(void **state UNUSED)
{
	struct actor actors[] = { { .mib = lives_for_an_hour }, { .mib = stays } };
	struct story story = story_of(actors, 2);

	story_until(&story, 0.9);
	assert_int_equal(nr_growers(story.model, OWNER_PROCESS), 1);
	story_until(&story, 1.1);
	assert_int_equal(nr_growers(story.model, OWNER_PROCESS), 0);
	model_free(story.model);
}

/* Two lives that leak until they end, and one that did not and was watched for as long. */
static double leaks_in_each_life(struct actor *actor UNUSED, double hour)
{
	double in_life = hour < 1.5 ? hour : hour < 1.6 ? -1 : hour - 1.6;

	return in_life < 0 || hour > 3.1 ? -1 : 50 + 20 * in_life;
}

static double lives_quietly(struct actor *actor UNUSED, double hour)
{
	return hour > 3.1 ? -1 : 50 + (hour < 0.1 ? 10 * hour : 1);
}

static void test_restarts_do_not_hide_a_leak(void **state UNUSED)
{
	struct actor actors[] = { { .mib = leaks_in_each_life, .comm = "leaky" },
				  { .mib = stays, .comm = "leaky" },
				  { .mib = lives_quietly, .comm = "quiet" },
				  { .mib = stays, .comm = "quiet" } };
	struct story story = story_of(actors, 4);
	const struct leaky_lives *lives;

	story_until(&story, 3.2);
	for (__u32 i = 0; i < model_nr_groups(story.model); i++) {
		const struct group *group = model_group(story.model, i);

		lives = model_leaky_lives(story.model, i);
		if (!strcmp(group->comm, "leaky")) {
			assert_int_equal(lives->nr, 2);
			assert_in_range((__u64)lives->pages_per_hour, 19 * PAGES_PER_MIB, 21 * PAGES_PER_MIB);
		} else {
			assert_int_equal(lives->nr, 0);
		}
		assert_int_equal(lives->nr_others, !strcmp(group->comm, "quiet"));
	}
	model_free(story.model);
}

/* --- kinds of memory -------------------------------------------------------------------------- */

static void snapshot_with(struct model *model, __u64 number, const struct ledger_counts *counts)
{
	__u64 now_ns = STORY_BOOT_NS + number * 15 * NSEC_PER_SEC;
	struct task_identity id = identity(1, 1, 5, "x", 7);

	assert_int_equal(feed_begin(model, number + 1, now_ns), 0);
	assert_int_equal(feed_task(model, REC_TASK, &id, counts), 0);
	assert_int_equal(feed_end(model, now_ns, false), 0);
}

static void test_swapping_is_no_growth(void **state UNUSED)
{
	struct model *model = model_with(16, 100, NULL);

	for (__u64 i = 0; i < 100; i++) {
		struct ledger_counts counts = {
			.v = { [LEDGER_RSS_ANON] = 10000 + 90 * i, [LEDGER_SWAP] = 10000 - 90 * i }
		};

		snapshot_with(model, i, &counts);
	}
	assert_int_equal(nr_growers(model, OWNER_PROCESS), 0);
	model_free(model);
}

/* A limit keeps what is in memory as it is; what the process grows by is all swapped out. */
static void test_growing_into_swap_is_growth(void **state UNUSED)
{
	struct model *model = model_with(16, 100, NULL);
	struct leak_judgement judgement;
	struct grower grower;

	for (__u64 i = 0; i < 400; i++) {
		struct ledger_counts counts = { .v = { [LEDGER_RSS_ANON] = 10000, [LEDGER_SWAP] = 90 * i } };

		snapshot_with(model, i, &counts);
	}
	assert_int_equal(model_growers(model, OWNER_PROCESS, &grower, 1), 1);
	assert_int_equal(grower.kind, GROWTH_ANONYMOUS);
	leak_judge(model, &grower, &judgement);
	assert_int_equal(judgement.verdict, LEAK_CERTAIN);
	model_free(model);
}

static void test_kinds_are_told_apart(void **state UNUSED)
{
	struct model *model = model_with(16, 100, NULL);
	struct leak_judgement judgement;
	struct grower growers[8];

	for (__u64 i = 0; i < 400; i++) {
		struct ledger_counts counts = { .v = { [LEDGER_RSS_ANON] = 10000,
						       [LEDGER_RSS_FILE] = 1000 + 40 * i,
						       [LEDGER_RSS_SHMEM] = 1000 + 30 * i,
						       [LEDGER_PAGE_TABLES] = 100 + 20 * i } };

		snapshot_with(model, i, &counts);
	}
	assert_int_equal(model_growers(model, OWNER_PROCESS, growers, 8), 3);
	assert_int_equal(growers[0].kind, GROWTH_SHARED);
	leak_judge(model, &growers[0], &judgement);
	assert_int_equal(judgement.verdict, LEAK_CERTAIN);
	assert_int_equal(growers[1].kind, GROWTH_PAGE_TABLES);
	leak_judge(model, &growers[1], &judgement);
	assert_int_equal(judgement.verdict, LEAK_CERTAIN);
	/* It grows fastest, and comes last. */
	assert_int_equal(growers[2].kind, GROWTH_FILE);
	leak_judge(model, &growers[2], &judgement);
	assert_int_equal(judgement.verdict, LEAK_CACHE);
	assert_string_equal(growth_kind_name(GROWTH_PAGE_TABLES), "page_tables");
	assert_int_equal(model_growers(model, OWNER_PROCESS, growers, 2), 2);
	model_free(model);
}

/* --- the kernel ------------------------------------------------------------------------------- */

static void test_the_kernel(void **state UNUSED)
{
	struct model *model = model_with(16, 100, NULL);
	struct leak_judgement judgement;
	struct grower growers[16];

	assert_null(model_kernel_memory(model));
	for (__u64 i = 0; i < 400; i++) {
		__u64 now_ns = STORY_BOOT_NS + i * 15 * NSEC_PER_SEC;
		const __u64 pages[NR_KERNEL_MEMORY] = { [KERNEL_SLAB] = 10000 + 20 * i,
							[KERNEL_SLAB_RECLAIMABLE] = 10000 + 50 * i,
							[KERNEL_VMALLOC] = 5000,
							[KERNEL_PERCPU] = KERNEL_MEMORY_UNKNOWN };

		assert_int_equal(feed_begin(model, i + 1, now_ns), 0);
		assert_int_equal(feed_kernel_memory(model, pages, 2000000), 0);
		assert_int_equal(feed_end(model, now_ns, false), 0);
	}
	assert_int_equal(model_kernel_memory(model)->available_pages, 1000000);
	assert_int_equal(model_growers(model, OWNER_KERNEL, growers, 16), 2);
	assert_int_equal(growers[0].kind, KERNEL_SLAB);
	leak_judge(model, &growers[0], &judgement);
	assert_int_equal(judgement.verdict, LEAK_CERTAIN);
	assert_int_equal(growers[1].kind, KERNEL_SLAB_RECLAIMABLE);
	leak_judge(model, &growers[1], &judgement);
	assert_int_equal(judgement.verdict, LEAK_CACHE);
	model_free(model);
}

/* What the kernel does not say once has no points for times at which nobody knew. */
static void test_a_gap_in_what_the_kernel_says(void **state UNUSED)
{
	struct model *model = model_with(16, 100, NULL);
	struct leak_judgement judgement;
	struct grower growers[16];

	for (__u64 i = 0; i < 400; i++) {
		__u64 now_ns = STORY_BOOT_NS + i * 15 * NSEC_PER_SEC;
		__u64 pages[NR_KERNEL_MEMORY] = { [KERNEL_SLAB] = 10000 + 20 * i };

		if (i == 379)
			pages[KERNEL_SLAB] = KERNEL_MEMORY_UNKNOWN;
		assert_int_equal(feed_begin(model, i + 1, now_ns), 0);
		assert_int_equal(feed_kernel_memory(model, pages, 2000000), 0);
		assert_int_equal(feed_end(model, now_ns, false), 0);
	}
	assert_int_equal(model_growers(model, OWNER_KERNEL, growers, 16), 1);
	assert_int_equal(growers[0].grown_pages, 19 * 20);
	leak_judge(model, &growers[0], &judgement);
	assert_int_equal(judgement.windows[WINDOW_QUARTER_HOUR].nr, 20);
	model_free(model);
}

static void test_what_no_machine_has_is_refused(void **state UNUSED)
{
	__u64 pages[NR_KERNEL_MEMORY] = {};
	struct model *model = model_with(16, 100, NULL);

	assert_int_equal(feed_kernel_memory(model, pages, 1), -EINVAL); /* no snapshot is open */
	assert_int_equal(feed_begin(model, 1, 1), 0);
	assert_int_equal(feed_kernel_memory(model, pages, 1ULL << 45), -EINVAL);
	pages[KERNEL_SHARED] = 1ULL << 45;
	assert_int_equal(feed_kernel_memory(model, pages, 1), -EINVAL);
	pages[KERNEL_SHARED] = KERNEL_MEMORY_UNKNOWN;
	assert_int_equal(feed_kernel_memory(model, pages, 1), 0);
	assert_null(model_kernel_memory(model));
	assert_int_equal(feed_end(model, 1, false), 0);
	assert_non_null(model_kernel_memory(model));
	model_free(model);
}

/* --- time ------------------------------------------------------------------------------------- */

/* Snapshots are often closer than points; and where the clock goes back, the points before it are no more. */
static void test_points(void **state UNUSED)
{
	struct model *model = model_with(16, 100, NULL);
	__u64 sequence = 1;

	for (__u64 second = 1000; second <= 1600; second += 5) {
		assert_int_equal(feed_begin(model, sequence++, second * NSEC_PER_SEC), 0);
		assert_int_equal(feed_end(model, second * NSEC_PER_SEC, false), 0);
	}
	assert_int_equal(model_nr_growth_points(model, WINDOW_QUARTER_HOUR), 41);
	assert_int_equal(model_nr_growth_points(model, WINDOW_TWO_HOURS), 5);
	assert_int_equal(model_nr_growth_points(model, WINDOW_DAY), 0);
	assert_int_equal(feed_begin(model, sequence++, 900 * NSEC_PER_SEC), 0);
	assert_int_equal(feed_end(model, 900 * NSEC_PER_SEC, false), 0);
	assert_int_equal(model_nr_growth_points(model, WINDOW_QUARTER_HOUR), 1);
	assert_int_equal(model_nr_growth_points(model, WINDOW_TWO_HOURS), 0);
	model_free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_who_grows_is_followed),
		cmocka_unit_test(test_the_largest_growers_keep_their_places),
		cmocka_unit_test(test_who_ends_is_forgotten),
		cmocka_unit_test(test_restarts_do_not_hide_a_leak),
		cmocka_unit_test(test_swapping_is_no_growth),
		cmocka_unit_test(test_growing_into_swap_is_growth),
		cmocka_unit_test(test_kinds_are_told_apart),
		cmocka_unit_test(test_the_kernel),
		cmocka_unit_test(test_a_gap_in_what_the_kernel_says),
		cmocka_unit_test(test_what_no_machine_has_is_refused),
		cmocka_unit_test(test_points),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
