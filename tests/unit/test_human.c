/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers for people: units, three digits, and the edges where a unit changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>

#include "../../exporters/human.h"

#define UNUSED __attribute__((unused))

static void test_bytes(void **state UNUSED)
{
	assert_string_equal(human_bytes(0).text, "0");
	assert_string_equal(human_bytes(1).text, "1B");
	assert_string_equal(human_bytes(1023).text, "1023B");
	assert_string_equal(human_bytes(1024).text, "1.00KiB");
	assert_string_equal(human_bytes(1536).text, "1.50KiB");
	assert_string_equal(human_bytes(10 * 1024 - 1).text, "10.0KiB");
	assert_string_equal(human_bytes(99 * 1024).text, "99.0KiB");
	assert_string_equal(human_bytes(100 * 1024 - 1).text, "100KiB");
	assert_string_equal(human_bytes(1023 * 1024).text, "1023KiB");
	assert_string_equal(human_bytes(1024 * 1024 - 1).text, "1.00MiB");
	assert_string_equal(human_bytes(3ULL << 30).text, "3.00GiB");
	assert_string_equal(human_bytes(UINT64_MAX).text, "16.0EiB");
}

static void test_ns(void **state UNUSED)
{
	assert_string_equal(human_ns(0).text, "0");
	assert_string_equal(human_ns(999).text, "999ns");
	assert_string_equal(human_ns(1000).text, "1.00us");
	assert_string_equal(human_ns(1024).text, "1.02us");
	assert_string_equal(human_ns(999600).text, "1.00ms");
	assert_string_equal(human_ns(2048000).text, "2.05ms");
	assert_string_equal(human_ns(17179869184).text, "17.2s");
	assert_string_equal(human_ns(86400ULL * 1000000000).text, "86400s");
}

static void test_count(void **state UNUSED)
{
	assert_string_equal(human_count(0).text, "0");
	assert_string_equal(human_count(99999).text, "99999");
	assert_string_equal(human_count(100000).text, "100k");
	assert_string_equal(human_count(999499).text, "999k");
	assert_string_equal(human_count(999500).text, "1.00M");
	assert_string_equal(human_count(12345678).text, "12.3M");
	assert_string_equal(human_count(UINT64_MAX).text, "18.4E");
	assert_string_equal(human_estimate(0).text, "0");
	assert_string_equal(human_estimate(32).text, "~32");
	assert_string_equal(human_estimate(3200000).text, "~3.20M");
}

static void test_rate(void **state UNUSED)
{
	assert_string_equal(human_rate(0).text, "0");
	assert_string_equal(human_rate(-1).text, "0");
	assert_string_equal(human_rate(NAN).text, "0");
	assert_string_equal(human_rate(0.04).text, "<0.1");
	assert_string_equal(human_rate(4.24).text, "4.2");
	assert_string_equal(human_rate(99.96).text, "100");
	assert_string_equal(human_rate(123456).text, "123k");
	assert_string_equal(human_rate(INFINITY).text, "18.4E");
	assert_string_equal(human_byte_rate(1536.4).text, "1.50KiB");
}

static void test_percent(void **state UNUSED)
{
	assert_string_equal(human_percent(0).text, "0%");
	assert_string_equal(human_percent(0.0001).text, "<0.1%");
	assert_string_equal(human_percent(0.1234).text, "12.3%");
	assert_string_equal(human_percent(0.9996).text, "100%");
	assert_string_equal(human_percent(15).text, "1500%");
	assert_string_equal(human_percent(1e300).text, "18.4E%");
}

static void test_duration(void **state UNUSED)
{
	assert_string_equal(human_duration(0).text, "0s");
	assert_string_equal(human_duration(59999999999).text, "59s");
	assert_string_equal(human_duration(302ULL * 1000000000).text, "5m 2s");
	assert_string_equal(human_duration(11520ULL * 1000000000).text, "3h 12m");
	assert_string_equal(human_duration(183600ULL * 1000000000).text, "2d 3h");
	assert_string_equal(human_duration(UINT64_MAX).text, "213503d 23h");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes), cmocka_unit_test(test_ns),      cmocka_unit_test(test_count),
		cmocka_unit_test(test_rate),  cmocka_unit_test(test_percent), cmocka_unit_test(test_duration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
