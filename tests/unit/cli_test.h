/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of the command share: cmocka's headers, and a locale in which names are UTF-8. */
#ifndef MEMOIR_CLI_TEST_H
#define MEMOIR_CLI_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../exporters/text.h"

#define UNUSED __attribute__((unused))

static inline int use_utf8(void **state UNUSED)
{
	return setlocale(LC_CTYPE, "C.UTF-8") ? 0 : -1;
}

static inline int use_ascii(void **state UNUSED)
{
	return setlocale(LC_CTYPE, "C") ? 0 : -1;
}

/* Compares a finished text and frees it. */
static inline void expect_text(struct text *text, const char *wanted)
{
	assert_false(text->is_failed);
	assert_string_equal(text->data ? text->data : "", wanted);
	text_free(text);
}

#endif
