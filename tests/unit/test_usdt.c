/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Notes of probes that programs offer: what they say, and that what is not understood is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "../../daemon/trace/symbolizer/usdt.h"

#define UNUSED __attribute__((unused))

static void assert_argument(const struct heap_argument *argument, enum heap_argument_kind kind, __u8 size,
			    __u8 is_signed, __u8 word, __s64 value)
{
	assert_int_equal(argument->kind, kind);
	assert_int_equal(argument->size, size);
	assert_int_equal(argument->is_signed, is_signed);
	assert_int_equal(argument->word, word);
	assert_int_equal(argument->value, value);
}

static void test_arguments(void **state UNUSED)
{
	struct heap_argument argument[3];

	assert_int_equal(usdt_parse_arguments("8@%rdi -4@$-16 8@-24(%rbp)", argument, 3), 0);
	assert_argument(&argument[0], HEAP_IN_REGISTER, 8, 0, 14, 0);
	assert_argument(&argument[1], HEAP_CONSTANT, 4, 1, 0, -16);
	assert_argument(&argument[2], HEAP_IN_MEMORY, 8, 0, 4, -24);
	assert_int_equal(usdt_parse_arguments("4@%r12d -2@%ax 1@(%rsp)", argument, 3), 0);
	assert_argument(&argument[0], HEAP_IN_REGISTER, 4, 0, 3, 0);
	assert_argument(&argument[1], HEAP_IN_REGISTER, 2, 1, 10, 0);
	assert_argument(&argument[2], HEAP_IN_MEMORY, 1, 0, 19, 0);
	/* A part of a register that is larger than the argument. */
	assert_int_equal(usdt_parse_arguments("1@%esi", argument, 1), 0);
	assert_argument(&argument[0], HEAP_IN_REGISTER, 1, 0, 13, 0);
}

static void test_arguments_that_are_refused(void **state UNUSED)
{
	static const char *const texts[] = {
		"",
		" ",
		"8",
		"8@",
		"@%rdi",
		"3@%rdi",
		"16@%rdi",
		"0@%rdi",
		"8@rdi",
		"8@%",
		"8@%rdix",
		"8@%rd",
		"8@%xmm0",
		"8@%rip",
		"8@%edi",
		"4@%di",
		"8@%ah",
		"8@$",
		"8@$x",
		"8@$1x",
		"8@$99999999999999999999",
		"8@8",
		"8@8(",
		"8@8(%rbp",
		"8@8(%ebp)",
		"8@(%rax,%rbx,8)",
		"8@counter(%rip)",
		"8@%fs:8(%rax)",
		"8@- 8(%rbp)",
		"8@--8(%rbp)",
		"+8@%rdi",
		" 8@%rdi",
		"8@%rdi ",
		"8@%rdi 8@%rsi",
	};
	struct heap_argument argument[2];

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (usdt_parse_arguments(texts[i], argument, 1) != -EINVAL)
			fail_msg("\"%s\" is taken", texts[i]);
	assert_int_equal(usdt_parse_arguments("8@%rdi", argument, 2), -EINVAL);
	assert_int_equal(usdt_parse_arguments("8@%rdi  8@%rsi", argument, 2), -EINVAL);
}

static void test_notes(void **state UNUSED)
{
	static const char strings[] = "otel_memory\0free\0008@%rdi";
	char note[24 + sizeof(strings)];
	const __u64 addresses[] = { 0x1234, 0x5000, 0x6002 };
	struct usdt_note parsed;

	memcpy(note, addresses, sizeof(addresses));
	memcpy(note + sizeof(addresses), strings, sizeof(strings));
	assert_int_equal(usdt_parse_note(note, sizeof(note), &parsed), 0);
	assert_int_equal(parsed.location, 0x1234);
	assert_int_equal(parsed.base, 0x5000);
	assert_int_equal(parsed.semaphore, 0x6002);
	assert_string_equal(parsed.provider, "otel_memory");
	assert_string_equal(parsed.name, "free");
	assert_string_equal(parsed.arguments, "8@%rdi");
	for (size_t size = 0; size < sizeof(note); size++)
		assert_int_equal(usdt_parse_note(note, size, &parsed), -EINVAL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_arguments_that_are_refused),
		cmocka_unit_test(test_notes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
