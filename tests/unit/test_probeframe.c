/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which of the frames that a kernel stack begins with are the probe's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../daemon/probeframe.h"

#define PROGRAM "bpf_prog_0123456789abcdef_page_alloc+0x92f/0x13bb"
#define RUN "bpf_trace_run4+0xfc/0x140"
#define PROBE "__bpf_trace_mm_page_alloc+0x1/0x2"
#define ALL_PROBES "__traceiter_mm_page_alloc+0x41/0x60"
#define KERNEL "alloc_pages_noprof+0x1/0x2"

static const char *symbol_of(void *ctx, __u32 frame)
{
	const char *const *symbols = ctx;

	return symbols[frame];
}

#define NR_OF(...) \
	nr_of((const char *[]){ __VA_ARGS__ }, sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *))
static __u32 nr_shared;

static __u32 nr_of(const char **symbols, __u32 nr)
{
	return probe_frames(nr, symbol_of, symbols, &nr_shared);
}

static void test_alone_and_not(void **state)
{
	(void)state;
	assert_int_equal(NR_OF(PROGRAM, PROGRAM, RUN, KERNEL, KERNEL), 3);
	assert_int_equal(nr_shared, 0);
	assert_int_equal(NR_OF(PROGRAM, PROGRAM, RUN, ALL_PROBES, KERNEL), 4);
	assert_int_equal(nr_shared, 1);
	assert_int_equal(NR_OF(PROGRAM, PROGRAM, RUN, PROBE, ALL_PROBES, KERNEL), 5);
	assert_int_equal(nr_shared, 1);
	assert_int_equal(NR_OF(PROGRAM, RUN), 2);
	assert_int_equal(nr_of(NULL, 0), 0);
}

/* The kernel prints the address of what is not there any more. */
static void test_of_a_program_that_is_gone(void **state)
{
	(void)state;
	assert_int_equal(NR_OF("0xffffffffc0123456", "0xffffffffc0123456", RUN, KERNEL, KERNEL), 3);
	assert_int_equal(NR_OF(NULL, NULL, RUN, ALL_PROBES, KERNEL), 4);
	assert_int_equal(NR_OF(NULL, NULL, KERNEL), 0);
}

static void test_what_only_sounds_alike(void **state)
{
	(void)state;
	assert_int_equal(NR_OF("bpf_prog_load+0x6be/0x900", KERNEL), 0);
	assert_int_equal(NR_OF(PROGRAM, RUN, "bpf_prog_alloc_no_stats+0x39/0x100", KERNEL), 2);
	/* Another program's, far from where ours are. */
	assert_int_equal(NR_OF(PROGRAM, RUN, KERNEL, KERNEL, KERNEL, PROGRAM, RUN, KERNEL), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alone_and_not),
		cmocka_unit_test(test_of_a_program_that_is_gone),
		cmocka_unit_test(test_what_only_sounds_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
