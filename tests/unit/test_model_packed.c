/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ledger counts without blocks of zeroes. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "../../daemon/model/packed.h"

#define UNUSED __attribute__((unused))

static void expect(const struct packed_counts *packed, const struct ledger_counts *counts)
{
	struct ledger_counts read;

	memset(&read, 0x5a, sizeof(read));
	packed_read(packed, &read);
	assert_memory_equal(&read, counts, sizeof(read));
	for (int row = 0; row < NR_LEDGER; row++)
		assert_int_equal(packed_row(packed, (enum ledger)row), counts->v[row]);
}

static void test_nothing_takes_no_memory(void **state UNUSED)
{
	const struct ledger_counts counts = { { 0 } };
	struct packed_counts packed = { 0 };

	expect(&packed, &counts);
	assert_int_equal(packed_write(&packed, &counts), 0);
	assert_null(packed.blocks);
	expect(&packed, &counts);
	packed_free(&packed);
}

/* Each row alone, the first and the last of all and of a block among them. */
static void test_each_row(void **state UNUSED)
{
	for (int row = 0; row < NR_LEDGER; row++) {
		struct ledger_counts counts = { { 0 } };
		struct packed_counts packed = { 0 };

		counts.v[row] = ~0ULL - (__u64)row;
		assert_int_equal(packed_write(&packed, &counts), 0);
		assert_int_equal(__builtin_popcount(packed.present), 1);
		expect(&packed, &counts);
		packed_free(&packed);
	}
}

/* Blocks come in whatever order, between those that are there, and fall back to 0. */
static void test_rows_come_and_go(void **state UNUSED)
{
	struct ledger_counts counts = { { 0 } };
	struct packed_counts packed = { 0 };

	srand(1);
	for (int i = 0; i < 10000; i++) {
		counts.v[rand() % NR_LEDGER] = rand() % 3 ? (__u64)rand() : 0;
		assert_int_equal(packed_write(&packed, &counts), 0);
		expect(&packed, &counts);
	}
	memset(&counts, 0, sizeof(counts));
	assert_int_equal(packed_write(&packed, &counts), 0);
	expect(&packed, &counts);
	packed_free(&packed);
	expect(&packed, &counts);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_nothing_takes_no_memory),
	cmocka_unit_test(test_each_row),
	cmocka_unit_test(test_rows_come_and_go),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
