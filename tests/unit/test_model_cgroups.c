/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cgroups of what grows: the limits that it reaches, whose limits are read, and what the kernel holds for a
 * cgroup.
 */
#include "memory_story.h"

/* --- limits ----------------------------------------------------------------------------------- */

static int feed_cgroup_memory(struct model *model, __u64 id, __u64 left_bytes, __u64 file_bytes,
			      __u64 shmem_bytes)
{
	const struct rec_cgroup_memory rec = { .h = HEADER(REC_CGROUP_MEMORY, struct rec_cgroup_memory, 1),
					       .cgroup_id = id,
					       .usage_bytes = 1 << 20,
					       .limit_bytes = 2 << 20,
					       .left_bytes = left_bytes,
					       .anon_bytes = 1 << 19,
					       .file_bytes = file_bytes,
					       .shmem_bytes = shmem_bytes,
					       .kernel_bytes = KERNEL_MEMORY_UNKNOWN };

	return feed(model, &rec);
}

/* What is left to the nearest limit counts, with page cache but no shared memory; or what the machine has. */
static void test_limits_of_cgroups(void **state UNUSED)
{
	struct actor actor = { .mib = leaks_60 };
	struct story story = { .model = model_with(16, 10000, NULL), .actors = &actor, .nr_actors = 1 };
	const __u64 pages[NR_KERNEL_MEMORY] = {};
	struct leak_judgement judgement;

	assert_int_equal(feed_begin(story.model, 1, 1), 0);
	assert_int_equal(feed_cgroup_memory(story.model, 7, 1 << 20, 0, 0), -EINVAL); /* no machine yet */
	assert_int_equal(feed_kernel_memory(story.model, pages, 2000000), 0);
	assert_int_equal(feed_cgroup_memory(story.model, 7, 100 << 20, 30 << 20, 10 << 20), 0);
	assert_int_equal(feed_cgroup_memory(story.model, 0, 1, 0, 0), -EINVAL);
	assert_int_equal(feed_cgroup_memory(story.model, 8, 1ULL << 63, 0, 0), -EINVAL);
	for (__u32 i = 1; i < REC_MAX_CGROUP_MEMORIES; i++)
		assert_int_equal(feed_cgroup_memory(story.model, 100 + i, 0, 0, 0), 0);
	assert_int_equal(feed_cgroup_memory(story.model, 9, 1, 0, 0), -EINVAL);
	assert_null(model_cgroup_memory(story.model, 7));
	assert_int_equal(feed_end(story.model, 1, false), 0);
	/* It stays what it was until the kernel's memory is told anew. */
	story_until(&story, 1);
	judgement = story_judge(&story, 0);
	assert_int_equal(judgement.limit, LEAK_LIMIT_CGROUP);
	assert_int_equal((__u64)judgement.left_pages, 120 * PAGES_PER_MIB);
	/* Two hours at 60 MiB an hour. */
	assert_in_range((__u64)judgement.seconds_left, 7100, 7300);
	assert_int_equal(model_cgroup_memory(story.model, 7)->limit_bytes, 2 << 20);
	assert_null(model_cgroup_memory(story.model, 8));
	model_free(story.model);
}

/* Forty workers that grow by 0.4 MiB an hour each, in a cgroup of which 24 MiB are left. */
static double works(struct actor *actor UNUSED, double hour)
{
	return 20 + 0.4 * hour;
}

static void test_a_group_reaches_the_limit_of_its_cgroup(void **state UNUSED)
{
	static struct actor actors[40];
	struct story story = { .model = model_with(16, 10000, NULL), .actors = actors, .nr_actors = 40 };
	const __u64 pages[NR_KERNEL_MEMORY] = {};
	struct leak_judgement judgement;
	struct grower grower;

	for (__u32 i = 0; i < 40; i++)
		actors[i].mib = works;
	assert_int_equal(feed_begin(story.model, 1, 1), 0);
	assert_int_equal(feed_kernel_memory(story.model, pages, 2000000), 0);
	assert_int_equal(feed_cgroup_memory(story.model, 8, 1 << 20, 0, 0), 0); /* it has none there */
	assert_int_equal(feed_cgroup_memory(story.model, 7, 24 << 20, 0, 0), 0);
	assert_int_equal(feed_end(story.model, 1, false), 0);
	story_until(&story, 2);
	assert_int_equal(model_growers(story.model, OWNER_GROUP, &grower, 1), 1);
	leak_judge(story.model, &grower, &judgement);
	assert_int_equal(judgement.verdict, LEAK_CERTAIN);
	assert_int_equal(judgement.limit, LEAK_LIMIT_CGROUP);
	assert_int_equal((__u64)judgement.left_pages, 24 * PAGES_PER_MIB);
	assert_in_range((__u64)judgement.seconds_left, 5200, 5600);
	model_free(story.model);
}

/* Where most processes that leak are in one cgroup, and more than are read hold ever more page cache. */
static void test_whose_limits_are_read(void **state UNUSED)
{
	struct model *model = model_with(16, 100, NULL);
	__u64 ids[REC_MAX_CGROUP_MEMORIES];

	for (__u64 i = 0; i < 400; i++) {
		__u64 now_ns = STORY_BOOT_NS + i * 15 * NSEC_PER_SEC;

		assert_int_equal(feed_begin(model, i + 1, now_ns), 0);
		for (__u32 task = 1; task <= 60; task++) {
			__u64 cgroup = task <= 30 ? 7 : task == 31 ? 8 : 100 + task;
			const struct task_identity id = identity(task, task, 5, "x", cgroup);
			const struct ledger_counts counts = {
				.v = { [LEDGER_RSS_ANON] = 1000 + (task <= 31 ? (task == 31 ? 1 : 9) * i : 0),
				       [LEDGER_RSS_FILE] = 1000 + (task > 31 ? 50 * i : 0) }
			};

			assert_int_equal(feed_task(model, REC_TASK, &id, &counts), 0);
		}
		assert_int_equal(feed_end(model, now_ns, false), 0);
	}
	assert_int_equal(model_limiting_cgroups(model, ids, REC_MAX_CGROUP_MEMORIES),
			 REC_MAX_CGROUP_MEMORIES);
	assert_int_equal(ids[0], 7);
	assert_int_equal(ids[1], 8);
	for (__u32 i = 2; i < REC_MAX_CGROUP_MEMORIES; i++)
		assert_in_range(ids[i], 132, 160);
	model_free(model);
}

/* --- what the kernel holds -------------------------------------------------------------------- */

/* It is first known when the cgroup has been looked at already, and read in every fourth look. */
static void test_what_the_kernel_holds_for_a_cgroup(void **state UNUSED)
{
	struct model *model = model_with(16, 10000, NULL);
	struct leak_judgement judgement;
	struct grower growers[4];

	assert_int_equal(model_growth_cgroup(model, 0), 0);
	story_of_kernel_leak(model, 1);
	assert_int_equal(model_growth_cgroup(model, 0), 7);
	assert_int_equal(model_growth_cgroup(model, 1), 0);
	assert_int_equal(model_growers(model, OWNER_CGROUP, growers, 4), 1);
	assert_int_equal(growers[0].cgroup_id, 7);
	assert_string_equal(growth_kind_name((enum growth_kind)growers[0].kind), "kernel");
	assert_int_equal(growers[0].pages, 100 * PAGES_PER_MIB + 599 * 16);
	assert_true(growers[0].grown_pages <= 599 * 16);
	leak_judge(model, &growers[0], &judgement);
	assert_int_equal(judgement.verdict, LEAK_CERTAIN);
	/* 15 MiB an hour. */
	assert_in_range((__u64)judgement.pages_per_hour, 240 * 15, 240 * 17);
	/* Nobody else has it. */
	assert_int_equal(model_nr_growers(model, OWNER_PROCESS), 0);
	assert_int_equal(model_nr_growers(model, OWNER_GROUP), 0);
	model_free(model);
}

/* More cgroups than can be followed are told of at the second look: none of them has grown by that. */
static void test_that_it_is_known_is_no_growth(void **state UNUSED)
{
	struct model *model = model_with(16, 10000, NULL);
	struct rec_cgroup_kernel rec = { .h = HEADER(REC_CGROUP_KERNEL, struct rec_cgroup_kernel, 1),
					 .bytes = 10 << 20 };
	const struct ledger_counts counts = { .v = { [LEDGER_RSS_ANON] = 50 * PAGES_PER_MIB } };

	for (__u64 i = 0; i < 4; i++) {
		__u64 now_ns = STORY_BOOT_NS + i * 15 * NSEC_PER_SEC;

		assert_int_equal(feed_begin(model, i + 1, now_ns), 0);
		for (__u32 task = 1; task <= 200; task++) {
			const struct task_identity id = identity(task, task, 5, "x", 100 + task);

			assert_int_equal(feed_task(model, REC_TASK, &id, &counts), 0);
			rec.cgroup_id = 100 + task;
			if (i)
				assert_int_equal(feed(model, &rec), 0);
		}
		assert_int_equal(feed_end(model, now_ns, false), 0);
	}
	assert_int_equal(model_nr_growers(model, OWNER_CGROUP), 0);
	assert_int_equal(model_nr_unfollowed(model), 0);
	model_free(model);
}

static void test_what_the_kernel_cannot_hold(void **state UNUSED)
{
	struct rec_cgroup_kernel rec = { .h = HEADER(REC_CGROUP_KERNEL, struct rec_cgroup_kernel, 1),
					 .cgroup_id = 0,
					 .bytes = 1 };
	struct model *model = model_with(16, 100, NULL);

	assert_int_equal(feed_begin(model, 1, 1), 0);
	assert_int_equal(feed(model, &rec), -EINVAL);
	rec.cgroup_id = 7;
	rec.bytes = 1ULL << 63;
	assert_int_equal(feed(model, &rec), -EINVAL);
	rec.bytes = 1;
	assert_int_equal(feed(model, &rec), 0); /* nobody knows that cgroup */
	assert_int_equal(feed_end(model, 1, false), 0);
	assert_int_equal(model_growth_cgroup(model, 0), 0);
	model_free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limits_of_cgroups),
		cmocka_unit_test(test_a_group_reaches_the_limit_of_its_cgroup),
		cmocka_unit_test(test_whose_limits_are_read),
		cmocka_unit_test(test_what_the_kernel_holds_for_a_cgroup),
		cmocka_unit_test(test_that_it_is_known_is_no_growth),
		cmocka_unit_test(test_what_the_kernel_cannot_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
