/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which frames of a kernel stack are there for tracing only. */
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
#define GONE "0xffffffffc0123456"
#define KERNEL "alloc_pages_noprof+0x1/0x2"
#define FAULT "handle_mm_fault+0x180/0x2d0"
#define FAULT_BEGIN "handle_mm_fault+0x9/0x2d0"
#define TRAMPOLINE "bpf_trampoline_6442490438+0x89/0x130"

/* Which frames are left, as their digits: the first is 0. */
static const char *left_of(const char *const *symbols, __u32 nr)
{
	static char left[STACK_MAX_FRAMES + 1];
	struct frame_code codes[STACK_MAX_FRAMES];
	__u32 frames[STACK_MAX_FRAMES], nr_left;

	for (__u32 i = 0; i < nr; i++)
		codes[i] = frame_code(symbols[i]);
	nr_left = frames_but_tracing(codes, nr, frames);
	for (__u32 i = 0; i < nr_left; i++)
		left[i] = (char)('0' + frames[i]);
	left[nr_left] = '\0';
	return left;
}

#define assert_left(left, ...)                                                                 \
	assert_string_equal(left_of((const char *const[]){ __VA_ARGS__ },                      \
				    sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *)), \
			    left)

static void test_alone_and_not(void **state)
{
	(void)state;
	assert_left("34", PROGRAM, PROGRAM, RUN, KERNEL, KERNEL);
	assert_left("4", PROGRAM, PROGRAM, RUN, ALL_PROBES, KERNEL);
	assert_left("5", PROGRAM, PROGRAM, RUN, PROBE, ALL_PROBES, KERNEL);
	assert_left("", PROGRAM, RUN);
	assert_string_equal(left_of(NULL, 0), "");
}

static void test_trampolines(void **state)
{
	(void)state;
	assert_left("236", PROGRAM, RUN, KERNEL, FAULT, TRAMPOLINE, FAULT_BEGIN, KERNEL);
	/* It is of the function that it is between. */
	assert_left("23456", PROGRAM, RUN, KERNEL, FAULT, TRAMPOLINE, KERNEL, KERNEL);
	assert_left("234", PROGRAM, RUN, KERNEL, FAULT, TRAMPOLINE);
	assert_left("23", PROGRAM, RUN, TRAMPOLINE, KERNEL);
}

/* The kernel prints the address of what is not there any more. */
static void test_of_what_is_gone(void **state)
{
	(void)state;
	assert_left("34", GONE, GONE, RUN, KERNEL, KERNEL);
	assert_left("4", NULL, NULL, RUN, ALL_PROBES, KERNEL);
	assert_left("236", PROGRAM, RUN, KERNEL, FAULT, GONE, FAULT_BEGIN, KERNEL);
	assert_left("012", NULL, NULL, KERNEL);
}

static void test_what_only_sounds_alike(void **state)
{
	(void)state;
	assert_left("01", "bpf_prog_load+0x6be/0x900", KERNEL);
	assert_left("23", PROGRAM, RUN, "bpf_prog_alloc_no_stats+0x39/0x100", KERNEL);
	/* Another program's, far from where ours are. */
	assert_left("234567", PROGRAM, RUN, KERNEL, KERNEL, KERNEL, PROGRAM, RUN, KERNEL);
	/* It calls itself. */
	assert_left("234", PROGRAM, RUN, FAULT, FAULT, FAULT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alone_and_not),
		cmocka_unit_test(test_trampolines),
		cmocka_unit_test(test_of_what_is_gone),
		cmocka_unit_test(test_what_only_sounds_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
