/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Prometheus exposition of leaks: of what cgroups hold, and the time until their limits. */
#include "memory_story.h"

#include "../../exporters/prometheus.h"
#include "exposition.h"

/* Checked for its form. Free with text_free(). */
static struct text exposition(const struct model *model)
{
	struct text text = {};
	const char *error;
	char line[512];

	prometheus_write(model, PROMETHEUS_TEXT, &text);
	assert_false(text.is_failed);
	error = exposition_error(&text, false, line);
	if (error)
		fail_msg("%s: %s", error, line);
	return text;
}

/* The cgroups of a unit have one series; and no group has what the kernel holds for them. */
static void test_kernel_memory_of_cgroups_that_leaks(void **state UNUSED)
{
	static const char series[] =
		"\nmemoir_cgroup_leak_bytes_per_second{unit=\"a.service\",kind=\"kernel\"} ";
	struct model *model = model_with(16, 10000, NULL);
	const char *sample;
	struct text text;

	assert_int_equal(feed_cgroup(model, 7, "a.service"), 0);
	assert_int_equal(feed_cgroup(model, 8, "a.service"), 0);
	assert_int_equal(feed_cgroup(model, 9, "b.service"), 0);
	story_of_kernel_leak(model, 3);
	text = exposition(model);
	sample = strstr(text.data, series);
	assert_non_null(sample);
	/* Twice 15 MiB an hour, in steps of a look. */
	assert_in_range((__u64)(strtod(sample + strlen(series), NULL) * 3600), 29 << 20, 34 << 20);
	assert_non_null(strstr(text.data, "\nmemoir_cgroup_leak_bytes_per_second{unit=\"b.service\","));
	assert_null(strstr(text.data, "\nmemoir_group_leak_bytes_per_second{"));
	text_free(&text);
	model_free(model);
}

static double works(struct actor *actor, double hour)
{
	return 20 + actor->level * hour;
}

/* Three hours of forty workers that grow by so many MiB an hour each; 24 MiB are left in their cgroup. */
static struct text story_of_workers(double level, __u32 nr_names)
{
	static const char *const names[] = { "a0", "b0", "c0", "d0", "e0", "f0", "g0", "h0", "i0", "j0",
					     "k0", "l0", "m0", "n0", "o0", "p0", "q0", "r0", "s0", "t0" };
	static struct actor actors[40];
	struct story story = { .model = model_with(32, 10000, NULL), .actors = actors, .nr_actors = 40 };
	const struct rec_kernel_memory memory = { .h = HEADER(REC_KERNEL_MEMORY, struct rec_kernel_memory, 1),
						  .available_pages = 2000000 };
	const struct rec_cgroup_memory cgroup = { .h = HEADER(REC_CGROUP_MEMORY, struct rec_cgroup_memory, 1),
						  .cgroup_id = 7,
						  .left_bytes = 24 << 20 };
	struct text text;

	for (__u32 i = 0; i < 40; i++)
		actors[i] = (struct actor){ .mib = works, .level = level, .comm = names[i % nr_names] };
	assert_int_equal(feed_cgroup(story.model, 7, "a.service"), 0);
	assert_int_equal(feed_begin(story.model, 1, 1), 0);
	assert_int_equal(feed(story.model, &memory), 0);
	assert_int_equal(feed(story.model, &cgroup), 0);
	assert_int_equal(feed_end(story.model, 1, false), 0);
	story_until(&story, 3);
	text = exposition(story.model);
	model_free(story.model);
	return text;
}

static __u64 value_of(const struct text *text, const char *series)
{
	const char *sample = strstr(text->data, series);

	if (!sample)
		fail_msg("there is no %s", series);
	return (__u64)strtod(sample + strlen(series), NULL);
}

/* Of two groups, each of which would take twice the time alone; and of many that are not seen to leak. */
static void test_time_until_the_limit_of_a_cgroup(void **state UNUSED)
{
	struct text text = story_of_workers(0.4, 2);

	assert_in_range(value_of(&text, "memoir_group_leak_limit_seconds{comm=\"a0\",unit=\"a.service\","
					"kind=\"anonymous\"} "),
			5200, 5600);
	assert_null(strstr(text.data, "\nmemoir_cgroup_leak_limit_seconds{"));
	text_free(&text);
	text = story_of_workers(0.04, 20);
	assert_null(strstr(text.data, "\nmemoir_group_leak_limit_seconds{"));
	/* 1.6 MiB an hour. */
	assert_in_range(value_of(&text,
				 "memoir_cgroup_leak_limit_seconds{unit=\"a.service\",kind=\"anonymous\"} "),
			50000, 58000);
	text_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernel_memory_of_cgroups_that_leaks),
		cmocka_unit_test(test_time_until_the_limit_of_a_cgroup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
