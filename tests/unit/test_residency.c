/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From live pages to what processes hold on each node: only their own memory, the heaviest whole. */
#include "model_stream.h"

#include "../../daemon/residency.h"

#define NR_NODES 4
#define MOVABLE 1

static struct live_page page_of(__u32 tgid, __u16 node)
{
	return (struct live_page){
		.start_ns = tgid * NSEC_PER_SEC, .tgid = tgid, .node = node, .migratetype = MOVABLE
	};
}

static void add(struct residency *residency, __u32 tgid, __u16 node, __u32 nr)
{
	struct live_page page = page_of(tgid, node);

	for (__u32 i = 0; i < nr; i++)
		residency_add(residency, &page);
}

static struct rec_residency emitted[REC_MAX_RESIDENCIES + 1];
static __u32 nr_emitted;

static void keep(void *ctx, struct rec_residency *record)
{
	assert_ptr_equal(ctx, &nr_emitted);
	assert_true(nr_emitted < REC_MAX_RESIDENCIES);
	assert_int_equal(record->h.kind, REC_RESIDENCY);
	assert_int_equal(record->h.size, sizeof(*record));
	emitted[nr_emitted++] = *record;
}

static void emit_and_free(struct residency *residency)
{
	nr_emitted = 0;
	assert_int_equal(residency_emit(residency, keep, &nr_emitted), 0);
	residency_free(residency);
}

static struct residency *residency(void)
{
	struct residency *residency = residency_new(NR_NODES, MOVABLE);

	assert_non_null(residency);
	return residency;
}

static void expect_row(__u32 index, __u32 tgid, __u32 node, __u64 nr_pages)
{
	assert_true(index < nr_emitted);
	assert_int_equal(emitted[index].tgid, tgid);
	assert_int_equal(emitted[index].start_ns, tgid * NSEC_PER_SEC);
	assert_int_equal(emitted[index].node, node);
	assert_int_equal(emitted[index].nr_pages, nr_pages);
}

/* A process is the heavier the more it holds in all, however that is spread. */
static void test_rows_by_process_and_node(void **state UNUSED)
{
	struct residency *rows = residency();

	add(rows, 7, 0, 5);
	add(rows, 9, 3, 3);
	add(rows, 7, 2, 1);
	add(rows, 8, 1, 4);
	add(rows, 9, 0, 4);
	add(rows, 7, 0, 5);
	emit_and_free(rows);
	assert_int_equal(nr_emitted, 5);
	expect_row(0, 7, 0, 10);
	expect_row(1, 7, 2, 1);
	expect_row(2, 9, 0, 4);
	expect_row(3, 9, 3, 3);
	expect_row(4, 8, 1, 4);
}

/* A pid that is used again is another process. */
static void test_a_process_is_its_pid_and_its_start(void **state UNUSED)
{
	struct residency *rows = residency();
	struct live_page page = page_of(7, 1);

	residency_add(rows, &page);
	residency_add(rows, &page);
	page.start_ns++;
	residency_add(rows, &page);
	emit_and_free(rows);
	assert_int_equal(nr_emitted, 2);
	assert_int_equal(emitted[0].nr_pages, 2);
	assert_int_equal(emitted[1].nr_pages, 1);
	assert_int_equal(emitted[1].start_ns, 7 * NSEC_PER_SEC + 1);
}

static void test_what_is_no_memory_of_a_process(void **state UNUSED)
{
	struct residency *rows = residency();
	struct live_page page = page_of(7, 1);

	page.migratetype = 0;
	residency_add(rows, &page);
	page = page_of(7, 1);
	page.owner = LIVE_KTHREAD;
	residency_add(rows, &page);
	page.owner = LIVE_INTERRUPT;
	residency_add(rows, &page);
	page = page_of(7, NR_NODES);
	residency_add(rows, &page);
	emit_and_free(rows);
	assert_int_equal(nr_emitted, 0);
}

static void test_without_a_reading(void **state UNUSED)
{
	struct live_page page = page_of(7, 1);

	residency_add(NULL, &page);
	emit_and_free(NULL);
	assert_int_equal(nr_emitted, 0);
	emit_and_free(residency());
	assert_int_equal(nr_emitted, 0);
}

/* The heaviest process and its second node come last, after far more rows than are handed out. */
static void test_table_that_grows(void **state UNUSED)
{
	struct residency *rows = residency();

	for (__u32 tgid = 1; tgid <= 50000; tgid++)
		add(rows, tgid, 0, 1);
	add(rows, 60000, 0, 100);
	add(rows, 1, 0, 2);
	add(rows, 60000, 1, 50);
	emit_and_free(rows);
	assert_int_equal(nr_emitted, REC_MAX_RESIDENCIES);
	expect_row(0, 60000, 0, 100);
	expect_row(1, 60000, 1, 50);
	expect_row(2, 1, 0, 3);
	for (__u32 i = 3; i < nr_emitted; i++)
		assert_int_equal(emitted[i].nr_pages, 1);
}

/*
 * The last row that there is room for is the first of three of a process: none of them is handed out, lest
 * its other memory is taken for all of it.
 */
static void test_a_process_is_shown_whole(void **state UNUSED)
{
	struct residency *rows = residency();

	for (__u32 tgid = 1; tgid < REC_MAX_RESIDENCIES; tgid++)
		add(rows, tgid, 0, 10);
	for (__u16 node = 0; node < 3; node++)
		add(rows, 5000, node, 3);
	emit_and_free(rows);
	assert_int_equal(nr_emitted, REC_MAX_RESIDENCIES - 1);
	for (__u32 i = 0; i < nr_emitted; i++)
		assert_int_equal(emitted[i].nr_pages, 10);
}

/* Its rows are lighter than all others, and its memory is more. */
static void test_a_spread_process_is_not_cut(void **state UNUSED)
{
	struct residency *rows = residency();

	for (__u32 tgid = 1; tgid <= REC_MAX_RESIDENCIES; tgid++)
		add(rows, tgid, 0, 10);
	for (__u16 node = 0; node < NR_NODES; node++)
		add(rows, 5000, node, 9 - node);
	emit_and_free(rows);
	assert_int_equal(nr_emitted, REC_MAX_RESIDENCIES);
	for (__u16 node = 0; node < NR_NODES; node++)
		expect_row(node, 5000, node, 9 - node);
}

/* Far more rows than fit without some of them wanting the same place of the table. */
static void expect_no_row_mixed_up(bool same_pid)
{
	struct residency *rows = residency();

	for (__u32 i = 0; i < 3000; i++) {
		for (__u16 node = 0; node < NR_NODES; node++) {
			struct live_page page = page_of(7, node);

			if (same_pid)
				page.start_ns += i;
			else
				page.tgid += i * 16; /* the table goes by the last bits */
			for (int nr = 0; nr <= node; nr++)
				residency_add(rows, &page);
		}
	}
	emit_and_free(rows);
	assert_int_equal(nr_emitted, REC_MAX_RESIDENCIES);
	for (__u32 i = 0; i < nr_emitted; i++) {
		assert_int_equal(emitted[i].node, NR_NODES - 1 - i % NR_NODES);
		assert_int_equal(emitted[i].nr_pages, emitted[i].node + 1);
	}
}

static void test_rows_that_meet_in_the_table(void **state UNUSED)
{
	expect_no_row_mixed_up(true);
	expect_no_row_mixed_up(false);
}

/* These processes want the same places; the ones that are shown come last, and meet rows of their own. */
static void test_nodes_that_meet_in_the_table(void **state UNUSED)
{
	struct residency *rows = residency_new(1000, MOVABLE);

	assert_non_null(rows);
	for (__u32 i = 12; i-- > 0;) {
		for (__u16 node = 0; node < 1000; node++) {
			struct live_page page = page_of(7, node);

			page.tgid += i << 14;
			residency_add(rows, &page);
		}
	}
	emit_and_free(rows);
	assert_int_equal(nr_emitted, 2000);
	for (__u32 i = 0; i < nr_emitted; i++)
		assert_int_equal(emitted[i].nr_pages, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_by_process_and_node),
		cmocka_unit_test(test_a_process_is_its_pid_and_its_start),
		cmocka_unit_test(test_what_is_no_memory_of_a_process),
		cmocka_unit_test(test_without_a_reading),
		cmocka_unit_test(test_table_that_grows),
		cmocka_unit_test(test_rows_that_meet_in_the_table),
		cmocka_unit_test(test_nodes_that_meet_in_the_table),
		cmocka_unit_test(test_a_process_is_shown_whole),
		cmocka_unit_test(test_a_spread_process_is_not_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
