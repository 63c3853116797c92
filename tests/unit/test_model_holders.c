/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Readings of live pages: visible as a whole, bounded, and with errors that are right. */
#include "model_stream.h"

static int feed_holder(struct model *model, __u32 tgid, __u32 owner)
{
	struct rec_holder rec = {
		.h = HEADER(REC_HOLDER, struct rec_holder, 0), .tgid = tgid, .owner = owner, .nr_pages = tgid
	};

	memset(rec.comm, 'x', sizeof(rec.comm));
	return feed(model, &rec);
}

static int feed_live(struct model *model, __u64 time_ns)
{
	struct rec_live rec = { .h = HEADER(REC_LIVE, struct rec_live, time_ns), .step_pages = 64 };

	rec.knows_blocks = 1;
	memset(rec.why_not, 'y', sizeof(rec.why_not));
	return feed(model, &rec);
}

static int feed_census_of(struct model *model, __u32 node, __u32 nr_blocks, __u32 nr_mixed, __u32 nr_spoiled)
{
	struct rec_census rec = { .h = HEADER(REC_CENSUS, struct rec_census, 0),
				  .node = node,
				  .nr_blocks = nr_blocks,
				  .nr_mixed = nr_mixed,
				  .nr_spoiled = nr_spoiled };

	return feed(model, &rec);
}

static int feed_census(struct model *model, __u32 nr_blocks, __u32 nr_mixed, __u32 nr_spoiled)
{
	return feed_census_of(model, 0, nr_blocks, nr_mixed, nr_spoiled);
}

static void test_reading_is_visible_when_it_ends(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);

	assert_null(model_live(model));
	assert_int_equal(feed_holder(model, 1, LIVE_PROCESS), 0);
	assert_int_equal(feed_census(model, 3, 3, 0), 0);
	assert_int_equal(model_nr_holders(model), 0);
	assert_int_equal(model_nr_censuses(model), 0);
	assert_int_equal(feed_live(model, 5), 0);
	assert_int_equal(model_live(model)->h.time_ns, 5);
	assert_int_equal(strlen(model_live(model)->why_not), REC_TEXT_LEN - 1);
	assert_int_equal(model_nr_holders(model), 1);
	assert_int_equal(model_nr_censuses(model), 1);
	assert_int_equal(strlen(model_holder(model, 0)->comm), MEMOIR_COMM_LEN - 1);

	/* The next one replaces it, and does so only at its end. */
	for (__u32 i = 10; i < 13; i++)
		assert_int_equal(feed_holder(model, i, LIVE_KTHREAD), 0);
	assert_int_equal(model_nr_holders(model), 1);
	assert_int_equal(model_holder(model, 0)->tgid, 1);
	assert_int_equal(feed_live(model, 6), 0);
	assert_int_equal(model_nr_holders(model), 3);
	assert_int_equal(model_holder(model, 2)->tgid, 12);
	assert_int_equal(model_nr_censuses(model), 0);

	/* One without anybody is one too. */
	assert_int_equal(feed_live(model, 7), 0);
	assert_int_equal(model_nr_holders(model), 0);
	model_free(model);
}

static __u64 share(const struct model *model, enum metric metric, __u32 node)
{
	return model_cells(model, metric)[node * model_cube(model, metric)->stride[0]];
}

static void test_census_is_two_shares_per_node(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);

	assert_true(share(model, METRIC_MIXED_PAGEBLOCKS, 0) == CELL_NONE);
	assert_int_equal(feed_census(model, 3, 2, 1), 0);
	assert_true(share(model, METRIC_MIXED_PAGEBLOCKS, 0) == CELL_NONE);
	assert_int_equal(feed_live(model, 5), 0);
	assert_int_equal(share(model, METRIC_MIXED_PAGEBLOCKS, 0), 667);
	assert_int_equal(share(model, METRIC_SPOILED_PAGEBLOCKS, 0), 333);

	/* Nothing is said where no block was read, and of a node that the machine does not have. */
	assert_int_equal(feed_census(model, 0, 0, 0), 0);
	assert_int_equal(feed_live(model, 6), 0);
	assert_true(share(model, METRIC_SPOILED_PAGEBLOCKS, 0) == CELL_NONE);
	assert_int_equal(feed_census_of(model, 1u << 30, 3, 2, 1), -EINVAL);
	model_free(model);
}

static void test_reading_is_bounded(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);
	int err = 0;
	__u32 nr = 0, nr_censuses = 0;

	for (; nr < 100000 && !err; nr++)
		err = feed_holder(model, nr + 1, LIVE_PROCESS);
	assert_int_equal(err, -EINVAL);
	for (err = 0; nr_censuses < 100000 && !err; nr_censuses++)
		err = feed_census(model, 1, 0, 0);
	assert_int_equal(err, -EINVAL);
	assert_int_equal(feed_live(model, 1), 0);
	assert_int_equal(model_nr_holders(model), nr - 1);
	assert_int_equal(model_nr_censuses(model), nr_censuses - 1);
	for (__u32 i = 0; i < nr - 1; i++)
		assert_int_equal(model_holder(model, i)->tgid, i + 1);
	model_free(model);
}

static void test_nonsense_is_refused(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);

	assert_int_equal(feed_holder(model, 1, NR_LIVE_OWNERS), 0);
	assert_int_equal(feed_holder(model, 1, NR_LIVE_OWNERS + 1), -EINVAL);
	assert_int_equal(feed_census(model, 3, 4, 0), -EINVAL);
	assert_int_equal(feed_census(model, 3, 0, 4), -EINVAL);
	model_free(model);
}

/* More than any machine has would be another number in bytes. */
static void test_pages_are_bounded(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);
	struct rec_holder holder = { .h = HEADER(REC_HOLDER, struct rec_holder, 0), .nr_pages = 1ULL << 43 };
	struct rec_live live = { .h = HEADER(REC_LIVE, struct rec_live, 1), .step_pages = 64 };

	holder.nr_huge = holder.nr_pages + 1;
	assert_int_equal(feed(model, &holder), -EINVAL);
	holder.nr_huge = holder.nr_pages;
	assert_int_equal(feed(model, &holder), 0);
	assert_int_equal(feed(model, &holder), 0);
	assert_int_equal(feed(model, &holder), -EINVAL);
	assert_int_equal(feed(model, &live), -EINVAL);
	live.step_pages = 0;
	assert_int_equal(feed(model, &live), 0);

	live.step_pages = 64;
	live.nr_pages = (1ULL << 38) + 1;
	assert_int_equal(feed(model, &live), -EINVAL);
	live.nr_pages = 1ULL << 38;
	holder.nr_huge = 0;
	holder.nr_pages = live.nr_pages;
	assert_int_equal(feed(model, &holder), 0);
	assert_int_equal(feed(model, &live), 0);
	model_free(model);
}

static int feed_stack(struct model *model, __u64 key, __u32 nr)
{
	struct rec_stack rec = {
		.h = HEADER(REC_STACK, struct rec_stack, 0), .stack = key, .nr = nr, .ip = { key }
	};

	return feed(model, &rec);
}

static int feed_symbol(struct model *model, __u64 ip, const char *text)
{
	struct rec_symbol rec = { .h = HEADER(REC_SYMBOL, struct rec_symbol, 0), .ip = ip };

	copy_text(rec.text, text, sizeof(rec.text));
	return feed(model, &rec);
}

/* As many as whoever sends takes for known are there, also after many more. */
static void test_recent_stacks_are_kept(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);
	const __u64 nr = 20000, nr_known_stacks = 1024, nr_known_symbols = 2048;
	char text[32];

	for (__u64 i = 1; i <= nr; i++) {
		snprintf(text, sizeof(text), "symbol_%llu", (unsigned long long)i);
		assert_int_equal(feed_stack(model, i, 1), 0);
		assert_int_equal(feed_symbol(model, i, text), 0);
	}
	assert_null(model_stack(model, 1));
	assert_null(model_symbol(model, 1));
	for (__u64 i = nr - 2 * nr_known_symbols + 1; i <= nr; i++) {
		snprintf(text, sizeof(text), "symbol_%llu", (unsigned long long)i);
		assert_string_equal(model_symbol(model, i), text);
		if (i <= nr - 2 * nr_known_stacks)
			continue;
		assert_non_null(model_stack(model, i));
		assert_int_equal(model_stack(model, i)->ip[0], i);
	}
	model_free(model);
}

static void test_stacks_and_symbols_are_checked(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);
	char text[REC_SYMBOL_LEN + 1];

	assert_int_equal(feed_stack(model, 0, 1), -EINVAL);
	assert_int_equal(feed_stack(model, 1, STACK_MAX_FRAMES + 1), -EINVAL);
	assert_int_equal(feed_stack(model, 1, STACK_MAX_FRAMES), 0);
	assert_int_equal(model_stack(model, 1)->nr, STACK_MAX_FRAMES);
	assert_int_equal(feed_stack(model, 1, 2), 0);
	assert_int_equal(model_stack(model, 1)->nr, 2);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(feed_symbol(model, 5, text), 0);
	assert_int_equal(strlen(model_symbol(model, 5)), REC_SYMBOL_LEN - 1);
	model_free(model);
}

static void test_errors_are_right(void **state UNUSED)
{
	const __u64 roots[] = { 0, 1, 2, 3, 1000, 65535, 65536, 4294967294ULL, 4294967295ULL };

	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		assert_int_equal(square_root(roots[i] * roots[i]), roots[i]);
		if (roots[i])
			assert_int_equal(square_root(roots[i] * roots[i] - 1), roots[i] - 1);
	}
	assert_int_equal(square_root(UINT64_MAX), 4294967295ULL);
	assert_int_equal(live_error_pages(0, 64), 0);
	assert_int_equal(live_error_pages(1, 64), 64);
	assert_int_equal(live_error_pages(100, 64), 640);
	assert_int_equal(live_error_pages(2, 1000), 1414);
	assert_int_equal(live_error_pages(1ULL << 42, 64), 64ULL << 21);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reading_is_visible_when_it_ends),
		cmocka_unit_test(test_census_is_two_shares_per_node),
		cmocka_unit_test(test_reading_is_bounded),
		cmocka_unit_test(test_nonsense_is_refused),
		cmocka_unit_test(test_pages_are_bounded),
		cmocka_unit_test(test_recent_stacks_are_kept),
		cmocka_unit_test(test_stacks_and_symbols_are_checked),
		cmocka_unit_test(test_errors_are_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
