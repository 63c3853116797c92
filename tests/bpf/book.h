/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The book of the laboratory: a test enters what it expects to be counted; lab_verify() compares every cell,
 * every account and the ledger, so that what was not expected is found too.
 */
#ifndef MEMOIR_TESTS_BPF_BOOK_H
#define MEMOIR_TESTS_BPF_BOOK_H

#include "harness.h"

static inline void lab_read_cells(const struct lab *lab, __u64 *ret_cells)
{
	__u32 chunks_per_cpu = cells_nr_chunks(lab->nr_cells);
	__u64 chunk[CELLS_PER_CHUNK];

	memset(ret_cells, 0, lab->nr_cells * sizeof(__u64));
	for (__u32 key = 0; key < lab->nr_cpus * chunks_per_cpu; key++) {
		__u32 first = key % chunks_per_cpu * CELLS_PER_CHUNK;

		assert_int_equal(bpf_map_lookup_elem(bpf_map__fd(lab->skeleton->maps.cells), &key, chunk), 0);
		for (__u32 i = first; i < lab->nr_cells && i < first + CELLS_PER_CHUNK; i++)
			ret_cells[i] += chunk[i - first];
	}
}

static inline void lab_read_account(const struct lab *lab, enum account account, struct ledger_counts *ret)
{
	struct cpu_accounts accounts;

	memset(ret, 0, sizeof(*ret));
	for (__u32 cpu = 0; cpu < lab->nr_cpus; cpu++) {
		assert_int_equal(bpf_map_lookup_elem(bpf_map__fd(lab->skeleton->maps.accounts), &cpu,
						     &accounts),
				 0);
		for (int row = 0; row < NR_LEDGER; row++)
			ret->v[row] += accounts.of[account].v[row];
	}
}

/* Reads all that has been counted into lab->counted. Without a ledger its counts are 0. */
static inline void lab_read(struct lab *lab)
{
	size_t size = bpf_map__value_size(lab->skeleton->maps.ledgers);
	_cleanup_free_ void *ledger = calloc(1, size);

	lab_read_cells(lab, lab->counted.cells);
	for (int i = 0; i < NR_ACCOUNTS; i++)
		lab_read_account(lab, (enum account)i, &lab->counted.accounts[i]);
	assert_non_null(ledger);
	bpf_map_lookup_elem(bpf_map__fd(lab->skeleton->maps.ledgers), &lab->pidfd, ledger);
	memcpy(&lab->counted.ledger, ledger, sizeof(lab->counted.ledger));
}

static inline __u32 lab_index_4(const struct lab *lab, enum metric metric, __u32 i, __u32 j, __u32 k, __u32 l)
{
	const struct cube *cube = &lab->cubes[metric];

	return cube->base + i * cube->stride[0] + j * cube->stride[1] + k * cube->stride[2] +
	       l * cube->stride[3];
}

static inline __u32 lab_index(const struct lab *lab, enum metric metric, __u32 i, __u32 j, __u32 k)
{
	return lab_index_4(lab, metric, i, j, k, 0);
}

/* Unused dimensions are 0. Of the last lab_read(). */
static inline __u64 lab_cell(const struct lab *lab, enum metric metric, __u32 i, __u32 j, __u32 k)
{
	return lab->counted.cells[lab_index(lab, metric, i, j, k)];
}

static inline void expect_cell_4(struct lab *lab, enum metric metric, __u32 i, __u32 j, __u32 k, __u32 l,
				 __u64 growth)
{
	lab->expected.cells[lab_index_4(lab, metric, i, j, k, l)] += growth;
}

static inline void expect_cell(struct lab *lab, enum metric metric, __u32 i, __u32 j, __u32 k, __u64 growth)
{
	lab->expected.cells[lab_index(lab, metric, i, j, k)] += growth;
}

static inline void expect_ledger(struct lab *lab, enum ledger row, __u64 growth)
{
	lab->expected.ledger.v[row] += growth;
}

static inline void expect_account(struct lab *lab, enum account account, enum ledger row, __u64 growth)
{
	lab->expected.accounts[account].v[row] += growth;
}

static inline void expect_lost(struct lab *lab, enum loss cause, __u64 growth)
{
	expect_cell(lab, METRIC_LOST, cause, 0, 0, growth);
}

static inline int lab_compare_cells(const struct lab *lab)
{
	int nr_wrong = 0;

	for (__u32 i = 0; i < lab->nr_cells; i++) {
		int metric = NR_METRICS - 1;

		if (lab->counted.cells[i] == lab->expected.cells[i])
			continue;
		while (metric > 0 && (metric_rows[metric].source != BPF || lab->cubes[metric].base > i))
			metric--;
		print_error("%s cell %u: counted %llu, expected %llu\n", metric_rows[metric].id,
			    i - lab->cubes[metric].base, lab->counted.cells[i], lab->expected.cells[i]);
		nr_wrong++;
	}
	return nr_wrong;
}

static inline int lab_compare_counts(const char *whose, const struct ledger_counts *counted,
				     const struct ledger_counts *expected)
{
	int nr_wrong = 0;

	for (int row = 0; row < NR_LEDGER; row++) {
		if (counted->v[row] == expected->v[row])
			continue;
		print_error("%s %s: counted %llu, expected %llu\n", whose, ledger_rows[row].id,
			    counted->v[row], expected->v[row]);
		nr_wrong++;
	}
	return nr_wrong;
}

/* Fails unless exactly what was expected has been counted, and nothing else anywhere. */
static inline void lab_verify(struct lab *lab)
{
	int nr_wrong;

	lab_read(lab);
	nr_wrong = lab_compare_cells(lab);
	nr_wrong += lab_compare_counts("ledger", &lab->counted.ledger, &lab->expected.ledger);
	for (int i = 0; i < NR_ACCOUNTS; i++)
		nr_wrong += lab_compare_counts(account_name((enum account)i), &lab->counted.accounts[i],
					       &lab->expected.accounts[i]);
	assert_int_equal(nr_wrong, 0);
}

#endif
