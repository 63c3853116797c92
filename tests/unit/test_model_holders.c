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
				  .nr_spoiled = nr_spoiled,
				  .block_pages = 512 };

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

static int feed_ages(struct model *model, __u64 nr_pages, __u64 age_sum_ms, __u64 oldest_ns)
{
	struct rec_holder rec = { .h = HEADER(REC_HOLDER, struct rec_holder, 0),
				  .nr_pages = nr_pages,
				  .age_sum_ms = age_sum_ms,
				  .oldest_ns = oldest_ns };

	return feed(model, &rec);
}

static int feed_rest(struct model *model, __u32 tgid, __u32 owner, __u32 is_rest)
{
	struct rec_holder rec = { .h = HEADER(REC_HOLDER, struct rec_holder, 0),
				  .tgid = tgid,
				  .owner = owner,
				  .is_rest = is_rest };

	return feed(model, &rec);
}

static void test_nonsense_is_refused(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);
	struct rec_census without_pages = { .h = HEADER(REC_CENSUS, struct rec_census, 0), .nr_blocks = 1 };

	assert_int_equal(feed_rest(model, 0, NR_LIVE_OWNERS, 1), 0);
	assert_int_equal(feed_rest(model, 0, LIVE_PROCESS, 1), 0);
	assert_int_equal(feed_rest(model, 0, NR_LIVE_OWNERS + 1, 1), -EINVAL);
	assert_int_equal(feed_rest(model, 0, NR_LIVE_OWNERS, 0), -EINVAL);
	assert_int_equal(feed_rest(model, 0, LIVE_PROCESS, 2), -EINVAL);
	assert_int_equal(feed_rest(model, 1, LIVE_PROCESS, 1), -EINVAL);
	assert_int_equal(feed_census(model, 3, 4, 0), -EINVAL);
	assert_int_equal(feed_ages(model, 2, 2999, 1499999999), 0);
	assert_int_equal(feed_ages(model, 2, 3000, 1499999999), -EINVAL);
	assert_int_equal(feed_ages(model, 0, 1, UINT64_MAX), -EINVAL);
	/* Their sum has 64 bits. */
	assert_int_equal(feed_ages(model, 1u << 20, 1ULL << 61, UINT64_MAX), 0);
	assert_int_equal(feed_ages(model, 1u << 20, 1ULL << 61, UINT64_MAX), -EINVAL);
	assert_int_equal(feed_census(model, 3, 0, 4), -EINVAL);
	assert_int_equal(feed(model, &without_pages), -EINVAL);
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

/* --- held by groups --------------------------------------------------------------------------- */

static int feed_group_holder(struct model *model, const char *comm, __u32 owner, __u32 migratetype,
			     __u64 nr_pages)
{
	/* It is not the process that lives now under this pid. */
	struct rec_holder rec = { .h = HEADER(REC_HOLDER, struct rec_holder, 0),
				  .start_ns = 5,
				  .cgroup_id = 7,
				  .tgid = owner == NR_LIVE_OWNERS ? 0 : 10,
				  .owner = owner,
				  .is_rest = owner == NR_LIVE_OWNERS,
				  .migratetype = migratetype,
				  .nr_pages = nr_pages,
				  .nr_huge = nr_pages / 4,
				  .spoiled_e6 = migratetype ? 0 : 1500000 * nr_pages };

	copy_text(rec.comm, comm, sizeof(rec.comm));
	return feed(model, &rec);
}

/* A snapshot with two processes, of which the first is by far the more active. */
static void feed_processes(struct model *model)
{
	const struct task_identity busy = identity(10, 10, 1, "busy", 7),
				   idle = identity(11, 11, 1, "idle", 7);
	const struct ledger_counts much = { .v[LEDGER_ALLOCATED] = 1000 },
				   little = { .v[LEDGER_ALLOCATED] = 1 };
	static const struct ledger_counts none;
	__u64 sequence = 1;

	assert_int_equal(feed_cgroup(model, 7, "web.service"), 0);
	assert_int_equal(feed_begin(model, sequence, NSEC_PER_SEC), 0);
	for (__u32 account = 0; account < NR_ACCOUNTS; account++)
		assert_int_equal(feed_account(model, account, &none), 0);
	assert_int_equal(feed_task(model, REC_TASK, &busy, &much), 0);
	assert_int_equal(feed_task(model, REC_TASK, &idle, &little), 0);
	assert_int_equal(feed_end(model, NSEC_PER_SEC, true), 0);
}

static struct held held_by(const struct model *model, const char *comm, const char *unit)
{
	for (__u32 i = 0; i < model_nr_groups(model); i++)
		if (!strcmp(model_group(model, i)->comm, comm) && !strcmp(model_group(model, i)->unit, unit))
			return model_group_held(model, i);
	fail_msg("no group %s", comm);
	return (struct held){};
}

/* Migratetypes are known by their names: here movable is 1. */
static void test_groups_hold_what_their_owners_hold(void **state UNUSED)
{
	struct rec_label movable = { .h = HEADER(REC_LABEL, struct rec_label, 1),
				     .dim = DIM_MIGRATETYPE,
				     .index = 1,
				     .text = "movable" };
	struct model *model = model_with(1, 100, NULL);
	struct held held;

	assert_int_equal(feed(model, &movable), 0);
	assert_int_equal(feed_group_holder(model, "busy", LIVE_PROCESS, 0, 3), 0);
	assert_int_equal(feed_group_holder(model, "busy", LIVE_PROCESS, 1, 20), 0);
	assert_int_equal(feed_group_holder(model, "idle", LIVE_PROCESS, 0, 4), 0);
	assert_int_equal(feed_group_holder(model, "", LIVE_INTERRUPT, 2, 5), 0);
	assert_int_equal(feed_group_holder(model, "", NR_LIVE_OWNERS, 1, 6), 0);
	assert_int_equal(feed_live(model, 5), 0);
	/* Also those that come to be known after the reading. */
	feed_processes(model);
	held = held_by(model, "busy", "web.service");
	assert_int_equal(held.v[HELD_PAGES], 64 * 23);
	assert_int_equal(held.v[HELD_UNMOVABLE_PAGES], 64 * 3);
	assert_int_equal(held.v[HELD_HUGE_PAGES], 64 * 5);
	assert_int_equal(held.v[HELD_SPOILED], 4500);
	assert_int_equal(held_by(model, "[interrupt]", "kernel").v[HELD_UNMOVABLE_PAGES], 64 * 5);
	/* There is one series, and so the other process is "other", as are all that have no name. */
	held = held_by(model, "other", "other");
	assert_int_equal(held.v[HELD_PAGES], 64 * 10);
	assert_int_equal(held.v[HELD_UNMOVABLE_PAGES], 64 * 4);
	assert_int_equal(held.v[HELD_SPOILED], 6000);
	/* The machine has it all, with its error. */
	assert_int_equal(model_cells(model, METRIC_HELD)[0], 64 * 7);
	assert_int_equal(model_cells(model, METRIC_HELD)[1], 64 * 26);
	assert_int_equal(model_cells(model, METRIC_HELD_ERROR)[1], 344);
	/* The next reading forgets it. */
	assert_int_equal(feed_live(model, 6), 0);
	assert_int_equal(held_by(model, "busy", "web.service").v[HELD_PAGES], 0);
	assert_int_equal(held_by(model, "other", "other").v[HELD_PAGES], 0);
	assert_int_equal(model_cells(model, METRIC_HELD)[1], 0);
	model_free(model);
}

/* A process that lives is in the group of its name now; a rest is in that of the name it had. */
static void test_groups_hold_what_goes_by_another_name(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);
	struct rec_holder rec = { .h = HEADER(REC_HOLDER, struct rec_holder, 0),
				  .cgroup_id = 7,
				  .tgid = 10,
				  .nr_pages = 3,
				  .comm = "sh" };

	feed_processes(model);
	rec.start_ns = model_find_process(model, 10)->start_ns;
	assert_int_equal(feed(model, &rec), 0);
	rec = (struct rec_holder){ .h = rec.h, .cgroup_id = 7, .nr_pages = 5, .is_rest = 1, .comm = "busy" };
	assert_int_equal(feed(model, &rec), 0);
	assert_int_equal(feed_live(model, 5), 0);
	assert_int_equal(held_by(model, "busy", "web.service").v[HELD_PAGES], 64 * 8);
	assert_int_equal(model_holder(model, 0)->is_rest, 0);
	assert_int_equal(model_holder(model, 1)->is_rest, 1);
	assert_false(holder_is_of_same(model_holder(model, 0), model_holder(model, 1)));
	assert_null(model_holder_process(model, model_holder(model, 1)));
	assert_true(model_holder_is_alive(model, model_holder(model, 0)));
	assert_false(model_holder_is_alive(model, model_holder(model, 1)));
	/* It had gone before the snapshot, or came after it. */
	rec = (struct rec_holder){ .h = rec.h, .tgid = 12, .start_ns = NSEC_PER_SEC / 2 };
	assert_false(model_holder_is_alive(model, &rec));
	rec.start_ns = 2 * NSEC_PER_SEC;
	assert_true(model_holder_is_alive(model, &rec));
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

/* --- errors ----------------------------------------------------------------------------------- */

static int feed_spoiler(struct model *model, __u64 spoiled_e6, __u64 spoiled_error_e6)
{
	struct rec_holder rec = { .h = HEADER(REC_HOLDER, struct rec_holder, 0),
				  .spoiled_e6 = spoiled_e6,
				  .spoiled_error_e6 = spoiled_error_e6 };

	return feed(model, &rec);
}

static void test_errors_are_of_some_more_pages(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);

	assert_int_equal(live_error_pages(1, 64), 128);
	assert_int_equal(live_error_pages(97, 64), 640);
	assert_int_equal(live_error_pages(0, 1000), 1732);
	assert_int_equal(live_error_pages(1ULL << 42, 64), 64ULL << 21);
	assert_int_equal(live_error_pages(UINT64_MAX - 3, 1), UINT32_MAX);

	assert_int_equal(live_error_spoiled_e3(model, 0, 0), 0);
	/* Six pages that spoil two blocks each; and all others two that spoil half a block each. */
	assert_int_equal(feed_spoiler(model, 12000000, 24000000), 0);
	assert_int_equal(feed_spoiler(model, 1000000, 500000), 0);
	assert_int_equal(live_error_spoiled_e3(model, 12000000, 24000000), 6000);
	assert_int_equal(feed_live(model, 1), 0);
	assert_int_equal(live_error_spoiled_e3(model, 12000000, 24000000), 6000);
	/* 24.5 / 13 blocks are what a page spoils in the mean. */
	assert_int_equal(live_error_spoiled_e3(model, 0, 0), 3264);
	assert_int_equal(live_error_spoiled_e3(model, 1000000, 500000), 3339);
	assert_int_equal(live_error_spoiled_e3(model, 1, UINT64_MAX), 1000000000);
	assert_int_equal(feed_live(model, 2), 0);
	assert_int_equal(live_error_spoiled_e3(model, 0, 0), 0);
	model_free(model);

	assert_int_equal(census_error_e6(0, 0, 90), 22973);
	assert_int_equal(census_error_e6(90, 90, 90), 22973);
	assert_int_equal(census_error_e6(128, 128, 256), 31250);
	/* All of them are half full. */
	assert_int_equal(census_error_e6(45, 22.5, 90), 16666);
	assert_int_equal(census_error_e6(90, 0, 90), 0);
	assert_int_equal(census_error_e6(0, 1e30, 90), 0);
}

/*
 * The share of readings in which the truth is within three errors. weights are the chances of 0, 1, ... up
 * to a common factor, so that no exponential is needed.
 */
static double coverage(const double *weights, __u32 nr, const bool *is_within)
{
	double within = 0, all = 0;

	for (__u32 i = 0; i < nr; i++) {
		all += weights[i];
		within += is_within[i] ? weights[i] : 0;
	}
	return within / all;
}

#define MAX_SEEN 512

/* Pages that are held independently of each other are met by Poisson's law, whatever is expected. */
static void test_three_errors_hold_for_pages(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);

	/* Every page spoils half a block. */
	assert_int_equal(feed_spoiler(model, 500000, 250000), 0);
	assert_int_equal(feed_live(model, 1), 0);
	for (double expected = 0.01; expected < 250; expected += expected < 40 ? 0.01 : 1) {
		double weights[MAX_SEEN] = { 1 };
		bool is_within[MAX_SEEN], is_within_spoiled[MAX_SEEN];

		for (__u32 i = 0; i < MAX_SEEN; i++) {
			double apart = i > expected ? i - expected : expected - i;

			if (i)
				weights[i] = weights[i - 1] * expected / i;
			is_within[i] = apart * 64 <= 3 * (double)live_error_pages(i, 64);
			is_within_spoiled[i] = apart * 500 <=
					       3 * (double)live_error_spoiled_e3(model, i * 500000ULL,
										 i * 250000ULL);
		}
		assert_true(coverage(weights, MAX_SEEN, is_within) >= 0.99);
		assert_true(coverage(weights, MAX_SEEN, is_within_spoiled) >= 0.99);
	}
	model_free(model);
}

/*
 * Blocks that are drawn at random, whatever their share and however few. A share above a half is what another
 * leaves.
 */
static void test_three_errors_hold_for_a_census(void **state UNUSED)
{
	for (__u32 of = 1; of <= 256; of += of < 64 ? 1 : 32) {
		for (double share = 0.001; share <= 0.5; share += 0.001) {
			double weights[257] = { 1 };
			bool is_within[257];

			for (__u32 i = 0; i <= of; i++) {
				double apart = (double)i / of - share;

				if (i)
					weights[i] = weights[i - 1] * (of - i + 1) / i * share / (1 - share);
				is_within[i] = (apart < 0 ? -apart : apart) * 1e6 <=
					       3 * (double)census_error_e6(i, i, of);
			}
			assert_true(coverage(weights, of + 1, is_within) >= 0.99);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reading_is_visible_when_it_ends),
		cmocka_unit_test(test_census_is_two_shares_per_node),
		cmocka_unit_test(test_reading_is_bounded),
		cmocka_unit_test(test_nonsense_is_refused),
		cmocka_unit_test(test_pages_are_bounded),
		cmocka_unit_test(test_groups_hold_what_their_owners_hold),
		cmocka_unit_test(test_groups_hold_what_goes_by_another_name),
		cmocka_unit_test(test_recent_stacks_are_kept),
		cmocka_unit_test(test_stacks_and_symbols_are_checked),
		cmocka_unit_test(test_errors_are_of_some_more_pages),
		cmocka_unit_test(test_three_errors_hold_for_pages),
		cmocka_unit_test(test_three_errors_hold_for_a_census),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
