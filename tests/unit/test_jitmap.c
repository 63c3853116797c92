/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Maps of code that was compiled at run time: what is found, and what is no line of one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../daemon/trace/symbolizer/jitmap.h"

#define UNUSED __attribute__((unused))

static void expect(const struct jitmap *jitmap, uint64_t address, const char *name)
{
	const struct jit_function *function = jitmap_find(jitmap, address);

	if (!name) {
		assert_null(function);
		return;
	}
	assert_non_null(function);
	assert_int_equal(function->len, strlen(name));
	assert_memory_equal(function->name, name, function->len);
}

static void test_what_is_found(void **state UNUSED)
{
	static const char text[] = "2000 10 second\n"
				   "1000 20 first with blanks\n"
				   "0x3000 0x8 LazyCompile:*run /srv/app.js:12\n";
	struct jitmap jitmap;

	assert_int_equal(jitmap_parse(text, strlen(text), &jitmap), 0);
	assert_int_equal(jitmap.nr, 3);
	expect(&jitmap, 0xfff, NULL);
	expect(&jitmap, 0x1000, "first with blanks");
	expect(&jitmap, 0x101f, "first with blanks");
	expect(&jitmap, 0x1020, NULL);
	expect(&jitmap, 0x200f, "second");
	expect(&jitmap, 0x3007, "LazyCompile:*run /srv/app.js:12");
	expect(&jitmap, 0x3008, NULL);
	jitmap_free(&jitmap);
}

/* What a compiler threw away stays in the map; the place belongs to what was written last. */
static void test_the_last_of_a_place_counts(void **state UNUSED)
{
	static const char text[] = "1000 100 old\n1080 10 older\n1000 100 new\n1040 8 newest\n";
	struct jitmap jitmap;

	assert_int_equal(jitmap_parse(text, strlen(text), &jitmap), 0);
	expect(&jitmap, 0x1000, "new");
	expect(&jitmap, 0x1084, "new");
	expect(&jitmap, 0x1044, "newest");
	expect(&jitmap, 0x1048, "new");
	jitmap_free(&jitmap);
}

static void test_what_is_no_line(void **state UNUSED)
{
	static const char *const texts[] = { "",
					     "\n\n",
					     "1000 10 not ended",
					     "1000 10 \n",
					     "1000 0 empty\n",
					     "1000\n",
					     "x 10 name\n",
					     "10000000000000000 10 too large\n",
					     "ffffffffffffffff 10 to the other end\n",
					     "-1 10 name\n",
					     "0x 10 name\n" };
	struct jitmap jitmap;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(jitmap_parse(texts[i], strlen(texts[i]), &jitmap), 0);
		assert_int_equal(jitmap.nr, 0);
		jitmap_free(&jitmap);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_found),
		cmocka_unit_test(test_the_last_of_a_place_counts),
		cmocka_unit_test(test_what_is_no_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
