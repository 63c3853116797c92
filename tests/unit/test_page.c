/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The web page: it reads series that exist, fetches nothing from elsewhere, writes no markup from data. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "../../daemon/model/model.h"
#include "../../exporters/page.h"

#define UNUSED __attribute__((unused))

static bool is_exported(const char *column)
{
	char name[ROW_NAME_LEN];

	for (__u32 row = 0; row < NR_LEDGER; row++) {
		row_metric_name(name, "memoir_group", ledger_rows[row].id, ledger_rows[row].type,
				ledger_rows[row].unit);
		if (!strcmp(name + strlen("memoir_group_"), column))
			return true;
	}
	return false;
}

/* Each column is ['Title','series',...]. */
static void test_columns_exist(void **state UNUSED)
{
	const char *at = strstr(page_html, "const columns=[");
	const char *end = at ? strstr(at, "]];") : NULL;
	char column[ROW_NAME_LEN];
	int nr = 0;

	assert_non_null(end);
	while ((at = strstr(at, "','")) && at < end) {
		at += strlen("','");
		assert_int_equal(sscanf(at, "%79[^']", column), 1);
		if (!is_exported(column))
			fail_msg("no such series: memoir_group_%s", column);
		nr++;
		at = strchr(at, ']');
	}
	assert_true(nr >= 5);
}

static void test_nothing_from_elsewhere(void **state UNUSED)
{
	static const char *const forbidden[] = {
		"http:",          "https:", "src=",    "innerHTML", "outerHTML", "insertAdjacentHTML",
		"document.write", "eval(",  "@import", "url("
	};

	for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++)
		if (strstr(page_html, forbidden[i]))
			fail_msg("the page holds %s", forbidden[i]);
	assert_non_null(strstr(page_policy, "default-src 'none'"));
	assert_non_null(strstr(page_policy, "frame-ancestors 'none'"));
}

static void test_it_is_one_document(void **state UNUSED)
{
	assert_int_equal(strncmp(page_html, "<!DOCTYPE html>", strlen("<!DOCTYPE html>")), 0);
	assert_string_equal(page_html + strlen(page_html) - strlen("</html>\n"), "</html>\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_columns_exist),
		cmocka_unit_test(test_nothing_from_elsewhere),
		cmocka_unit_test(test_it_is_one_document),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
