/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hours of the memory of simulated processes, fed to a model as snapshots of 15 seconds: stories of leaks,
 * and of what is none. Time is in hours, memory in MiB.
 */
#ifndef MEMOIR_TEST_MEMORY_STORY_H
#define MEMOIR_TEST_MEMORY_STORY_H

#include "model_stream.h"

#include "../../daemon/model/leak.h"

#define PAGES_PER_MIB 256
#define SNAPSHOTS_PER_HOUR 240
#define STORY_BOOT_NS (1000 * NSEC_PER_SEC)

/* Numbers that look random, the same at every run. */
struct chance {
	__u64 state;
};

/* From 0 to 1. */
static inline double uniform(struct chance *chance)
{
	chance->state = chance->state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (double)(chance->state >> 33) / (double)(1ULL << 31);
}

/* Normal, of deviation 1. */
static inline double normal(struct chance *chance)
{
	double sum = -6;

	for (int i = 0; i < 12; i++)
		sum += uniform(chance);
	return sum;
}

/* A process of a story; what it has at a time. level is its own to keep something in. */
struct actor {
	double (*mib)(struct actor *actor, double hour);
	struct chance chance;
	double level;
	const char *comm;
};

struct story {
	struct model *model;
	struct actor *actors;
	__u32 nr_actors;
	__u64 nr_snapshots;
};

static inline double story_hour(const struct story *story)
{
	return (double)story->nr_snapshots / SNAPSHOTS_PER_HOUR;
}

static inline __u64 story_now_ns(const struct story *story)
{
	return STORY_BOOT_NS + story->nr_snapshots * 15 * NSEC_PER_SEC;
}

/* Pages of actor i are of process i + 1, anonymous. What is below 0 is not there: the process has ended. */
static inline void story_snapshot(struct story *story)
{
	double hour = story_hour(story);
	__u64 now_ns = story_now_ns(story);

	assert_int_equal(feed_begin(story->model, story->nr_snapshots + 1, now_ns), 0);
	for (__u32 i = 0; i < story->nr_actors; i++) {
		struct actor *actor = &story->actors[i];
		double mib = actor->mib(actor, hour);
		struct task_identity id = identity(i + 1, i + 1, 5, actor->comm ? actor->comm : "x", 7);
		struct ledger_counts counts = {
			.v = { [LEDGER_RSS_ANON] = mib > 0 ? (__u64)(mib * PAGES_PER_MIB) : 0 }
		};

		if (mib >= 0)
			assert_int_equal(feed_task(story->model, REC_TASK, &id, &counts), 0);
	}
	assert_int_equal(feed_end(story->model, now_ns, false), 0);
	story->nr_snapshots++;
}

static inline void story_until(struct story *story, double hour)
{
	while (story_hour(story) <= hour)
		story_snapshot(story);
}

/*
 * Two and a half hours in which the kernel holds 15 MiB more an hour for each of some cgroups, from 7 on, of
 * a process each; it is read in every fourth look, and not in the first.
 */
static inline void story_of_kernel_leak(struct model *model, __u32 nr_cgroups)
{
	struct rec_cgroup_kernel rec = { .h = HEADER(REC_CGROUP_KERNEL, struct rec_cgroup_kernel, 1) };
	const struct ledger_counts counts = { .v = { [LEDGER_RSS_ANON] = 50 * PAGES_PER_MIB } };

	for (__u64 i = 0; i < 600; i++) {
		__u64 now_ns = STORY_BOOT_NS + i * 15 * NSEC_PER_SEC;

		assert_int_equal(feed_begin(model, i + 1, now_ns), 0);
		rec.bytes = (100ULL << 20) + i * 65536;
		for (__u32 cgroup = 0; cgroup < nr_cgroups; cgroup++) {
			const struct task_identity id = identity(1 + cgroup, 1 + cgroup, 5, "x", 7 + cgroup);

			rec.cgroup_id = 7 + cgroup;
			if (i % 4 == 3)
				assert_int_equal(feed(model, &rec), 0);
			assert_int_equal(feed_task(model, REC_TASK, &id, &counts), 0);
		}
		assert_int_equal(feed_end(model, now_ns, false), 0);
	}
}

/* What the kernel says of its own memory, in a snapshot that is open; what feed() returns. */
static inline int feed_kernel_memory(struct model *model, const __u64 pages[NR_KERNEL_MEMORY],
				     __u64 total_pages)
{
	struct rec_kernel_memory rec = { .h = HEADER(REC_KERNEL_MEMORY, struct rec_kernel_memory, 1),
					 .total_pages = total_pages,
					 .available_pages = 1000000,
					 .swap_free_pages = 0 };

	memcpy(rec.pages, pages, sizeof(rec.pages));
	return feed(model, &rec);
}

/* What is judged of the anonymous memory of an actor; LEAK_NONE too where it has not grown. */
static inline struct leak_judgement story_judge(const struct story *story, __u32 actor)
{
	static struct grower growers[1024];
	__u32 nr = model_growers(story->model, OWNER_PROCESS, growers, 1024);
	struct leak_judgement judgement = { .verdict = LEAK_NONE };

	for (__u32 i = 0; i < nr; i++)
		if (growers[i].process->tgid == actor + 1 && growers[i].kind == GROWTH_ANONYMOUS)
			leak_judge(story->model, &growers[i], &judgement);
	return judgement;
}

/* --- actors that more than one test has ---------------------------------------------------------- */

static inline double leaks_60(struct actor *actor UNUSED, double hour)
{
	return 50 + 60 * hour;
}

static inline double leaks_20(struct actor *actor UNUSED, double hour)
{
	return 50 + 20 * hour;
}

static inline double fills_a_pool_slowly(struct actor *actor UNUSED, double hour)
{
	return 50 + 200 * (hour < 1.2 ? hour / 1.2 : 1);
}

#endif
