/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tables say: histogram bounds, exported names and keys, label values, and that every cell
 * of every cube has a place of its own.
 */
#include "model_stream.h"

static void test_histogram_bounds(void **state UNUSED)
{
	assert_int_equal(hist_bucket(0), 0);
	assert_int_equal(hist_bucket(1), 0);
	for (__u32 i = 0; i < HIST_BOUNDS; i++) {
		assert_int_equal(hist_bucket(hist_bound_ns(i)), i);
		assert_int_equal(hist_bucket(hist_bound_ns(i) + 1), i + 1);
		assert_int_equal(hist_bucket(hist_bound_ns(i) - 1), i);
	}
	assert_int_equal(hist_bucket(~0ULL), HIST_BUCKETS - 1);
	assert_int_equal(hist_bound_ns(0), 1024);
	assert_int_equal(hist_bound_ns(HIST_BOUNDS - 1), 17179869184ULL);
}

static void expect_name(enum metric metric, const char *expected)
{
	const struct metric_row *row = &metric_rows[metric];
	char name[ROW_NAME_LEN];

	row_metric_name(name, "memoir", row->id, row->type, row->unit);
	assert_string_equal(name, expected);
}

static void test_metric_names(void **state UNUSED)
{
	expect_name(METRIC_ALLOCATED, "memoir_allocated_bytes_total");
	expect_name(METRIC_PAGE_FAULTS, "memoir_page_faults_total");
	expect_name(METRIC_STALL, "memoir_stall_seconds");
	expect_name(METRIC_STALL_SELF, "memoir_stall_self_seconds_total");
	expect_name(METRIC_COMPACTIONS, "memoir_compactions_total");
	expect_name(METRIC_LOST, "memoir_lost_total");
	expect_name(METRIC_VMSTAT_REMAINDER, "memoir_vmstat_remainder");
	expect_name(METRIC_UNUSABLE_FREE, "memoir_unusable_free_ratio");
	expect_name(METRIC_FRAGMENTATION_INDEX, "memoir_fragmentation_index");
	expect_name(METRIC_FREE_BLOCKS, "memoir_free_blocks");
	expect_name(METRIC_SNAPSHOT_DURATION, "memoir_snapshot_duration_seconds");
}

static void test_ledger_names(void **state UNUSED)
{
	const struct ledger_row *row = &ledger_rows[LEDGER_DIRECT_RECLAIM_STALL];
	char name[ROW_NAME_LEN];

	row_metric_name(name, "memoir_group", row->id, row->type, row->unit);
	assert_string_equal(name, "memoir_group_direct_reclaim_stall_seconds_total");
	row_key(name, row->id, row->unit);
	assert_string_equal(name, "direct_reclaim_stall_ns");
	row_key(name, ledger_rows[LEDGER_RSS_ANON].id, ledger_rows[LEDGER_RSS_ANON].unit);
	assert_string_equal(name, "rss_anon_bytes");
	row_key(name, ledger_rows[LEDGER_MINOR_FAULTS].id, ledger_rows[LEDGER_MINOR_FAULTS].unit);
	assert_string_equal(name, "minor_faults");
}

static void test_long_names_are_cut(void **state UNUSED)
{
	char id[300], name[ROW_NAME_LEN];

	memset(id, 'A', sizeof(id));
	memcpy(id, "METRIC_", 7);
	id[sizeof(id) - 1] = '\0';
	row_metric_name(name, "memoir", id, COUNTER, PAGES);
	assert_int_equal(strlen(name), ROW_NAME_LEN - 1);
	row_key(name, id, PAGES);
	assert_int_equal(strlen(name), ROW_NAME_LEN - 1);
}

static void test_names_are_unique(void **state UNUSED)
{
	char a[ROW_NAME_LEN], b[ROW_NAME_LEN];

	for (__u32 i = 0; i < NR_METRICS; i++) {
		row_metric_name(a, "memoir", metric_rows[i].id, metric_rows[i].type, metric_rows[i].unit);
		for (__u32 j = 0; j < i; j++) {
			row_metric_name(b, "memoir", metric_rows[j].id, metric_rows[j].type,
					metric_rows[j].unit);
			assert_string_not_equal(a, b);
		}
	}
}

static void test_rows_are_complete(void **state UNUSED)
{
	for (__u32 i = 0; i < NR_METRICS; i++) {
		bool has_ended = false;

		assert_non_null(metric_rows[i].id);
		assert_true(strlen(metric_rows[i].help) > 10);
		for (int d = 0; d < METRIC_MAX_DIMS; d++) {
			assert_true(!has_ended || metric_rows[i].dims[d] == DIM_NONE);
			has_ended = metric_rows[i].dims[d] == DIM_NONE;
		}
	}
	for (__u32 i = 0; i < NR_LEDGER; i++) {
		assert_non_null(ledger_rows[i].id);
		assert_true(strlen(ledger_rows[i].help) > 10);
		assert_int_not_equal(ledger_rows[i].type, HISTOGRAM);
	}
	for (__u32 i = 0; i < NR_RECORDS; i++)
		assert_string_not_equal(record_name(i), "unknown");
	assert_string_equal(record_name(NR_RECORDS), "unknown");
	assert_string_equal(record_name(REC_STALL), "stall");
	assert_true(record_is_event(REC_OOM_KILL));
	assert_false(record_is_event(REC_TASK));
	assert_false(record_is_event(NR_RECORDS));
}

static void test_fixed_labels_are_complete(void **state UNUSED)
{
	struct model *model = model_with(1, 1, NULL);

	for (__u32 dim = 0; dim < NR_DIMS; dim++) {
		assert_true(model_dim_size(model, dim) > 0);
		for (__u32 i = 0; i < model_dim_size(model, dim); i++) {
			/* What a value without a label is called, and one that has this for its own. */
			if (dim != DIM_STOLEN || i != STOLEN_UNKNOWN)
				assert_string_not_equal(model_dim_label(model, dim, i), "unknown");
			for (__u32 j = 0; j < i; j++)
				assert_string_not_equal(model_dim_label(model, dim, i),
							model_dim_label(model, dim, j));
		}
		assert_string_equal(model_dim_label(model, dim, model_dim_size(model, dim)), "unknown");
	}
	assert_string_equal(dim_name(DIM_COMPACT_RESULT), "result");
	assert_string_equal(model_dim_label(model, DIM_LOSS, LOSS_RECURSION_MISSED), "recursion_missed");
	assert_string_equal(vmstat_item_name(VMSTAT_COMPACT_STALL), "compact_stall");
	assert_string_equal(account_name(ACCOUNT_UNATTRIBUTED), "unattributed");
	assert_string_equal(probe_state_name(PROBE_REJECTED), "rejected");
	model_free(model);
}

static void mark_cell(__u32 cell, __u32 width, unsigned char *marks, __u32 nr_cells)
{
	for (__u32 w = 0; w < width; w++) {
		assert_true(cell + w < nr_cells);
		assert_int_equal(marks[cell + w]++, 0);
	}
}

/* Marks every cell of one metric, and fails where one is marked already. */
static void mark_cells(const struct cube *cube, __u32 width, unsigned char *marks, __u32 nr_cells)
{
	for (__u32 i = 0; i < cube->size[0]; i++) {
		for (__u32 j = 0; j < cube->size[1]; j++) {
			for (__u32 k = 0; k < cube->size[2]; k++) {
				for (__u32 l = 0; l < cube->size[3]; l++)
					mark_cell(cube->base + i * cube->stride[0] + j * cube->stride[1] +
							  k * cube->stride[2] + l * cube->stride[3],
						  width, marks, nr_cells);
			}
		}
	}
}

static void test_cubes_fill_the_cells(void **state UNUSED)
{
	struct model *model = model_with(1, 1, NULL);
	struct cube cubes[NR_METRICS];
	__u32 sizes[NR_DIMS], nr_cells;
	unsigned char *marks;

	for (__u32 dim = 0; dim < NR_DIMS; dim++)
		sizes[dim] = model_dim_size(model, dim);
	nr_cells = cubes_layout(cubes, sizes);
	marks = calloc(nr_cells, 1);
	assert_non_null(marks);
	for (__u32 metric = 0; metric < NR_METRICS; metric++) {
		assert_memory_equal(&cubes[metric], model_cube(model, metric), sizeof(cubes[0]));
		mark_cells(&cubes[metric], metric_rows[metric].type == HISTOGRAM ? HIST_CELLS : 1, marks,
			   nr_cells);
	}
	for (__u32 i = 0; i < nr_cells; i++)
		assert_int_equal(marks[i], 1);
	/* What programs count comes first, and is all that the kernel needs memory for. */
	for (__u32 metric = 0; metric < NR_METRICS; metric++)
		assert_int_equal(cubes[metric].base < cubes_nr_cells(cubes, BPF),
				 metric_rows[metric].source == BPF);
	assert_int_equal(cubes_nr_cells(cubes, MODEL), nr_cells);
	assert_in_range(cubes_nr_cells(cubes, KERNEL), cubes_nr_cells(cubes, BPF) + 1, nr_cells - 1);
	free(marks);
	model_free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_histogram_bounds),
		cmocka_unit_test(test_metric_names),
		cmocka_unit_test(test_ledger_names),
		cmocka_unit_test(test_long_names_are_cut),
		cmocka_unit_test(test_names_are_unique),
		cmocka_unit_test(test_rows_are_complete),
		cmocka_unit_test(test_fixed_labels_are_complete),
		cmocka_unit_test(test_cubes_fill_the_cells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
