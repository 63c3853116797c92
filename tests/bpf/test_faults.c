/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page fault exceptions: that one page in 32 is looked at whatever the pattern of addresses, always the
 * same pages, that each counts for 32, and what the error codes of the CPU become.
 */
#include "book.h"

#define SAMPLE 32
#define NR_PAGES 65536
#define PAGE_SHIFT 12
#define NO_REGS 0

/* The bits of an x86 page fault error code. */
#define PROT 0x1u
#define WRITE 0x2u
#define USER 0x4u
#define INSTR 0x10u

static __u64 exceptions(struct lab *lab)
{
	__u64 sum = 0;

	lab_read(lab);
	for (__u32 mode = 0; mode < NR_FAULT_MODES; mode++)
		for (__u32 access = 0; access < NR_FAULT_ACCESSES; access++)
			sum += lab_cell(lab, METRIC_FAULT_EXCEPTIONS, mode, access, 0);
	return sum;
}

/* The first page from this one on that is looked at, or that is not. */
static __u64 find_page(struct lab *lab, __u64 page, bool wanted)
{
	for (;; page++) {
		__u64 before = exceptions(lab);

		RUN(lab, page_fault_user, page << PAGE_SHIFT, NO_REGS, USER);
		if ((exceptions(lab) != before) == wanted)
			return page;
	}
}

/* From here on only what comes is expected. */
static void expect_nothing_more(struct lab *lab)
{
	lab_read(lab);
	memcpy(lab->expected.cells, lab->counted.cells, lab->nr_cells * sizeof(__u64));
	lab->expected.ledger = lab->counted.ledger;
}

/* A generator of numbers without a pattern (xorshift64). */
static __u64 next_number(__u64 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Within five standard errors of the binomial distribution. The addresses are always the same, so is the
 * outcome. */
static void assert_is_one_in_32(__u64 counted)
{
	double sampled = (double)counted / SAMPLE, expected = (double)NR_PAGES / SAMPLE;
	double variance = expected * (1 - 1.0 / SAMPLE);

	assert_int_equal(counted % SAMPLE, 0);
	if ((sampled - expected) * (sampled - expected) > 25 * variance)
		fail_msg("%.0f of %d pages were looked at", sampled, NR_PAGES);
}

static void test_one_page_in_32_whatever_the_pattern(void **state)
{
	struct lab *lab = *state;
	const __u64 strides[] = { 1, 2, 8, 16, 31, 32, 33, 64, 512, 262144 };
	__u64 before = 0, number = 0x123456789abcdefULL;

	for (size_t s = 0; s <= ARRAY_SIZE(strides); s++) {
		__u64 page = 0x7f0000000ULL + s * 77777;

		for (int i = 0; i < NR_PAGES; i++) {
			page = s < ARRAY_SIZE(strides) ? page + strides[s] : next_number(&number) >> 17;
			RUN(lab, page_fault_user, page << PAGE_SHIFT, NO_REGS, USER);
		}
		assert_is_one_in_32(exceptions(lab) - before);
		before = exceptions(lab);
	}
}

static void test_a_page_is_always_or_never_looked_at(void **state)
{
	struct lab *lab = *state;
	__u64 chosen = find_page(lab, 0x555555554ULL, true), other = find_page(lab, 0x555555554ULL, false);

	expect_nothing_more(lab);
	for (__u64 offset = 0; offset < 1 << PAGE_SHIFT; offset += 7) {
		RUN(lab, page_fault_user, (chosen << PAGE_SHIFT) + offset, NO_REGS, USER);
		RUN(lab, page_fault_kernel, (chosen << PAGE_SHIFT) + offset, NO_REGS, WRITE);
		RUN(lab, page_fault_user, (other << PAGE_SHIFT) + offset, NO_REGS, USER);
		RUN(lab, page_fault_kernel, (other << PAGE_SHIFT) + offset, NO_REGS, WRITE);
		expect_cell(lab, METRIC_FAULT_EXCEPTIONS, FAULT_USER, FAULT_READ, 0, SAMPLE);
		expect_cell(lab, METRIC_FAULT_EXCEPTIONS, FAULT_KERNEL, FAULT_WRITE, 0, SAMPLE);
		expect_ledger(lab, LEDGER_READ_FAULTS, SAMPLE);
		expect_ledger(lab, LEDGER_WRITE_FAULTS, SAMPLE);
	}
	lab_verify(lab);
}

static void test_access_from_error_code(void **state)
{
	struct lab *lab = *state;
	const struct {
		__u32 error_code;
		enum fault_access access;
		enum ledger row;
	} cases[] = {
		{ 0, FAULT_READ, LEDGER_READ_FAULTS },
		{ USER, FAULT_READ, LEDGER_READ_FAULTS },
		{ WRITE, FAULT_WRITE, LEDGER_WRITE_FAULTS },
		{ USER | WRITE, FAULT_WRITE, LEDGER_WRITE_FAULTS },
		{ PROT | WRITE, FAULT_PROTECTION, LEDGER_PROTECTION_FAULTS },
		{ PROT | WRITE | USER, FAULT_PROTECTION, LEDGER_PROTECTION_FAULTS },
		{ INSTR | USER, FAULT_EXEC, LEDGER_EXEC_FAULTS },
		{ INSTR | USER | PROT, FAULT_EXEC, LEDGER_EXEC_FAULTS },
	};
	__u64 address = find_page(lab, 1, true) << PAGE_SHIFT;

	expect_nothing_more(lab);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		RUN(lab, page_fault_user, address, NO_REGS, cases[i].error_code);
		expect_cell(lab, METRIC_FAULT_EXCEPTIONS, FAULT_USER, cases[i].access, 0, SAMPLE);
		expect_ledger(lab, cases[i].row, SAMPLE);
		lab_verify(lab);
		RUN(lab, page_fault_kernel, address, NO_REGS, cases[i].error_code);
		expect_cell(lab, METRIC_FAULT_EXCEPTIONS, FAULT_KERNEL, cases[i].access, 0, SAMPLE);
		expect_ledger(lab, cases[i].row, SAMPLE);
		lab_verify(lab);
	}
}

static void test_without_a_ledger_the_account_stands_in(void **state)
{
	struct lab *lab = *state;
	__u64 page = find_page(lab, 1000, true);

	assert_int_equal(bpf_map_delete_elem(bpf_map__fd(lab->skeleton->maps.ledgers), &lab->pidfd), 0);
	expect_nothing_more(lab);
	RUN(lab, page_fault_user, page << PAGE_SHIFT, NO_REGS, USER | WRITE);
	expect_cell(lab, METRIC_FAULT_EXCEPTIONS, FAULT_USER, FAULT_WRITE, 0, SAMPLE);
	expect_account(lab, ACCOUNT_UNATTRIBUTED, LEDGER_WRITE_FAULTS, SAMPLE);
	expect_lost(lab, LOSS_STORAGE_MISSING, 1);
	lab_verify(lab);
}

static const struct CMUnitTest tests[] = {
	LAB_TEST(test_one_page_in_32_whatever_the_pattern),
	LAB_TEST(test_a_page_is_always_or_never_looked_at),
	LAB_TEST(test_access_from_error_code),
	LAB_TEST(test_without_a_ledger_the_account_stands_in),
};

LAB_MAIN(tests)
