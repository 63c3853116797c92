/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Page faults by mapping and by stack: visible as a whole, bounded and checked whatever a record says. */
#include "model_stream.h"

static int feed_mapping(struct model *model, __u64 count, __u32 cause, __u32 area)
{
	struct rec_fault_mapping rec = { .h = HEADER(REC_FAULT_MAPPING, struct rec_fault_mapping, 1),
					 .count = count,
					 .cause = cause,
					 .area = area };

	memset(rec.id.comm, 'c', sizeof(rec.id.comm));
	memset(rec.name, 'n', sizeof(rec.name));
	return feed(model, &rec);
}

static int feed_stack_of(struct model *model, __u64 count, __u32 access, __u32 nr)
{
	struct rec_fault_stack rec = { .h = HEADER(REC_FAULT_STACK, struct rec_fault_stack, 1),
				       .count = count,
				       .access = access,
				       .nr = nr };

	memset(rec.id.comm, 'c', sizeof(rec.id.comm));
	return feed(model, &rec);
}

static void test_sites_are_those_of_the_last_snapshot(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);

	assert_int_equal(feed_mapping(model, 1, 0, 0), -EINVAL); /* outside of a snapshot */
	assert_int_equal(feed_stack_of(model, 1, 0, 1), -EINVAL);
	for (__u64 sequence = 1; sequence <= 2; sequence++) {
		assert_int_equal(feed_begin(model, sequence, sequence * NSEC_PER_SEC), 0);
		for (__u64 i = 0; i < 3 - sequence; i++) {
			assert_int_equal(feed_mapping(model, 10 * sequence, 0, 0), 0);
			assert_int_equal(feed_stack_of(model, 20 * sequence, 0, 1), 0);
		}
		assert_int_equal(model_nr_fault_mappings(model), sequence == 1 ? 0 : 2);
		assert_int_equal(model_nr_fault_stacks(model), sequence == 1 ? 0 : 2);
		assert_int_equal(feed_end(model, sequence * NSEC_PER_SEC, true), 0);
		assert_int_equal(model_nr_fault_mappings(model), 3 - sequence);
		assert_int_equal(model_nr_fault_stacks(model), 3 - sequence);
		assert_int_equal(model_fault_mapping(model, 0)->count, 10 * sequence);
		assert_int_equal(model_fault_stack(model, 0)->count, 20 * sequence);
	}
	assert_int_equal(strlen(model_fault_mapping(model, 0)->name), FAULT_NAME_LEN - 1);
	assert_int_equal(strlen(model_fault_mapping(model, 0)->id.comm), MEMOIR_COMM_LEN - 1);
	assert_int_equal(strlen(model_fault_stack(model, 0)->id.comm), MEMOIR_COMM_LEN - 1);
	assert_null(model_fault_mapping(model, 1));
	assert_null(model_fault_stack(model, 1));
	/* One that is cut short leaves no trace. */
	assert_int_equal(feed_begin(model, 3, 3 * NSEC_PER_SEC), 0);
	assert_int_equal(feed_mapping(model, 99, 0, 0), 0);
	assert_int_equal(feed_stack_of(model, 99, 0, 1), 0);
	assert_int_equal(feed_begin(model, 4, 4 * NSEC_PER_SEC), 0);
	assert_int_equal(feed_end(model, 4 * NSEC_PER_SEC, true), 0);
	assert_int_equal(model_nr_fault_mappings(model), 0);
	assert_int_equal(model_nr_fault_stacks(model), 0);
	model_free(model);
}

static void test_sites_are_checked(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);

	assert_int_equal(feed_begin(model, 1, NSEC_PER_SEC), 0);
	assert_int_equal(feed_mapping(model, 1, NR_FAULT_CAUSES, 0), -EINVAL);
	assert_int_equal(feed_mapping(model, 1, 0, NR_FAULT_AREAS), -EINVAL);
	assert_int_equal(feed_stack_of(model, 1, NR_FAULT_ACCESSES, 1), -EINVAL);
	assert_int_equal(feed_stack_of(model, 1, 0, 0), -EINVAL);
	assert_int_equal(feed_stack_of(model, 1, 0, FAULT_MAX_USER_FRAMES + 1), -EINVAL);
	for (__u32 i = 0; i < REC_MAX_FAULT_MAPPINGS; i++)
		assert_int_equal(feed_mapping(model, 1, NR_FAULT_CAUSES - 1, NR_FAULT_AREAS - 1), 0);
	assert_int_equal(feed_mapping(model, 1, 0, 0), -EINVAL);
	for (__u32 i = 0; i < REC_MAX_FAULT_STACKS; i++)
		assert_int_equal(feed_stack_of(model, 1, NR_FAULT_ACCESSES - 1, FAULT_MAX_USER_FRAMES), 0);
	assert_int_equal(feed_stack_of(model, 1, 0, 1), -EINVAL);
	assert_int_equal(feed_end(model, NSEC_PER_SEC, true), 0);
	assert_int_equal(model_nr_fault_mappings(model), REC_MAX_FAULT_MAPPINGS);
	assert_int_equal(model_nr_fault_stacks(model), REC_MAX_FAULT_STACKS);
	model_free(model);
}

/* What the totals of major faults are held against is what the programs counted, not what tasks have. */
static void test_faults_from_storage_are_held_against_the_kernel(void **state UNUSED)
{
	struct rec_cells cells = { .h = { .kind = REC_CELLS, .size = offsetof(struct rec_cells, cells) + 8 },
				   .nr = 1,
				   .cells = { 7 } };
	struct rec_vmstat vmstat = { .h = HEADER(REC_VMSTAT, struct rec_vmstat, 1) };
	struct model *model = model_with(4, 100, NULL);
	struct model_status status;

	cells.first = model_cube(model, METRIC_STORAGE_FAULTS)->base;
	vmstat.value[VMSTAT_PGMAJFAULT] = 9;
	assert_int_equal(feed_begin(model, 1, NSEC_PER_SEC), 0);
	assert_int_equal(feed(model, &cells), 0);
	assert_int_equal(feed(model, &vmstat), 0);
	assert_int_equal(feed_end(model, NSEC_PER_SEC, true), 0);
	model_status(model, &status);
	assert_int_equal(status.quiet_counted[VMSTAT_PGMAJFAULT], 7);
	assert_int_equal(model_cells(model, METRIC_VMSTAT_REMAINDER)[VMSTAT_PGMAJFAULT], 2);
	model_free(model);
}

static void test_what_is_estimated(void **state UNUSED)
{
	for (__u32 cause = 0; cause < NR_FAULT_CAUSES; cause++) {
		assert_false(fault_is_estimated(cause, FAULT_MAJOR));
		assert_int_equal(fault_is_estimated(cause, FAULT_MINOR), cause != FAULT_SWAP &&
										 cause != FAULT_HUGE_PAGE &&
										 cause != FAULT_USERFAULTFD);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sites_are_those_of_the_last_snapshot),
		cmocka_unit_test(test_sites_are_checked),
		cmocka_unit_test(test_faults_from_storage_are_held_against_the_kernel),
		cmocka_unit_test(test_what_is_estimated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
