/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hostile records: of a wrong size, unaligned, of no kind, or with anything inside. None does more than be
 * refused, and one that is refused leaves no trace.
 */
#include "model_stream.h"

static void test_sizes_are_exact(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);
	__u64 buffer[1024] = { 0 };
	struct rec_header *h = (struct rec_header *)buffer;

	assert_int_equal(feed_begin(model, 1, 1), 0);
	for (__u32 kind = 0; kind < NR_RECORDS; kind++) {
		h->kind = kind;
		for (__u32 size = 0; size < sizeof(buffer); size += 4) {
			h->size = size;
			if (model_apply(model, buffer, size) == 0)
				assert_int_equal(size % 8, 0);
			if (size) /* the record says more than is there */
				assert_int_equal(model_apply(model, buffer, size - 1), -EINVAL);
		}
	}
	h->kind = NR_RECORDS;
	h->size = sizeof(*h);
	assert_int_equal(model_apply(model, buffer, sizeof(buffer)), -EINVAL);
	h->kind = ~0u;
	assert_int_equal(model_apply(model, buffer, sizeof(buffer)), -EINVAL);
	h->kind = REC_VMSTAT;
	h->size = sizeof(struct rec_vmstat);
	assert_int_equal(model_apply(model, (char *)buffer + 4, sizeof(buffer) - 8), -EINVAL);
	model_free(model);
}

static void test_accounts_are_checked(void **state UNUSED)
{
	struct ledger_counts counts = { 0 };
	struct model *model = model_with(4, 100, NULL);

	assert_int_equal(feed_account(model, 0, &counts), -EINVAL); /* no snapshot is open */
	assert_int_equal(feed_begin(model, 1, 1), 0);
	assert_int_equal(feed_account(model, ACCOUNT_EXITED, &counts), 0);
	assert_int_equal(feed_account(model, NR_ACCOUNTS, &counts), -EINVAL);
	assert_int_equal(feed_account(model, ~0u, &counts), -EINVAL);
	model_free(model);
}

static __u64 next_random(__u64 *random)
{
	*random = *random * 6364136223846793005ULL + 1442695040888963407ULL;
	return *random >> 33;
}

/* Right in kind and size, anything inside. */
static void random_record(__u64 buffer[], __u64 *random)
{
	static const __u32 sizes[NR_RECORDS] = {
#define RECORD(id, type, is_event) [id] = sizeof(type),
#include "../../bpf/abi/records.def"
#undef RECORD
	};
	__u32 kind = (__u32)next_random(random) % NR_RECORDS;
	struct rec_header *h = (struct rec_header *)buffer;
	bool is_small = next_random(random) % 2;

	for (__u32 word = 0; word < sizes[kind] / 8; word++)
		buffer[word] = is_small ? next_random(random) % 8
					: next_random(random) << 33 ^ next_random(random);
	h->kind = kind;
	h->size = sizes[kind];
	if (kind == REC_CELLS) {
		struct rec_cells *cells = (struct rec_cells *)buffer;

		cells->nr %= REC_MAX_CELLS + 1;
		h->size = (__u32)(offsetof(struct rec_cells, cells) + cells->nr * 8);
	}
}

/* The sanitizers are the judges. */
static void test_random_records(void **state UNUSED)
{
	struct model *model = model_with(4, 50, NULL);
	__u64 buffer[sizeof(struct rec_cells) / sizeof(__u64)], random = 1;

	for (int i = 0; i < 100000; i++) {
		random_record(buffer, &random);
		(void)model_apply(model, buffer, ((struct rec_header *)buffer)->size);
		assert_true(model_nr_processes(model) <= 50);
		for (__u32 p = 0; p < model_nr_processes(model); p++)
			assert_non_null(model_group(model, model_process(model, p)->group));
	}
	model_free(model);
}

/* --- what is refused leaves no trace ---------------------------------------------------------- */

static void expect_equal_cells(const struct model *a, const struct model *b)
{
	for (__u32 metric = 0; metric < NR_METRICS; metric++) {
		const struct cube *cube = model_cube(a, metric);

		assert_memory_equal(model_cells(a, metric), model_cells(b, metric),
				    (size_t)cube->size[0] * cube->stride[0] * sizeof(__u64));
	}
}

static void expect_equal(const struct model *a, const struct model *b)
{
	struct model_status status_a, status_b;
	__u64 range_a[2], range_b[2];

	model_status(a, &status_a);
	model_status(b, &status_b);
	status_a.machine = status_b.machine = NULL;
	assert_memory_equal(&status_a, &status_b, sizeof(status_a));
	expect_equal_cells(a, b);
	for (__u32 i = 0; i < model_nr_groups(a); i++)
		assert_memory_equal(&model_group(a, i)->total, &model_group(b, i)->total,
				    sizeof(struct ledger_counts));
	for (__u32 i = 0; i < model_nr_processes(a); i++) {
		struct ledger_counts total_a, total_b;

		process_totals(model_process(a, i), &total_a);
		process_totals(model_process(b, i), &total_b);
		assert_memory_equal(&total_a, &total_b, sizeof(total_a));
	}
	model_event_range(a, &range_a[0], &range_a[1]);
	model_event_range(b, &range_b[0], &range_b[1]);
	assert_memory_equal(range_a, range_b, sizeof(range_a));
}

/* The one is given every record, the other only what the first has taken. */
static void test_refused_records_change_nothing(void **state UNUSED)
{
	struct model *a = model_with(4, 50, NULL), *b = model_with(4, 50, NULL);
	__u64 buffer[sizeof(struct rec_cells) / sizeof(__u64)], random = 2;
	struct rec_header *h = (struct rec_header *)buffer;
	__u32 nr_refused = 0, nr_taken = 0;

	for (int i = 0; i < 50000; i++) {
		random_record(buffer, &random);
		if (next_random(&random) % 8 == 0)
			h->size += 8;
		if (model_apply(a, buffer, h->size)) {
			nr_refused++;
			continue;
		}
		nr_taken++;
		assert_int_equal(model_apply(b, buffer, h->size), 0);
		if (h->kind == REC_SNAPSHOT_END)
			expect_equal(a, b);
	}
	assert_true(nr_refused > 1000 && nr_taken > 1000);
	expect_equal(a, b);
	model_free(a);
	model_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes_are_exact),
		cmocka_unit_test(test_accounts_are_checked),
		cmocka_unit_test(test_random_records),
		cmocka_unit_test(test_refused_records_change_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
