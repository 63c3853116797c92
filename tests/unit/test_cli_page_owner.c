/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stacks of page_owner, line by line in the kernel's form. */
#include "cli_test.h"

#include "../../cli/page_owner.h"

/* The stacks that the text has, as "CALLERS NR_PAGES" lines. */
static void expect_stacks(const char *text, const char *wanted)
{
	struct page_owner_stack stack = {};
	struct text out = {};

	while (*text) {
		size_t size = strcspn(text, "\n");

		if (page_owner_take(&stack, text, size))
			text_add_format(&out, "%s %llu\n", stack.callers, (unsigned long long)stack.nr_pages);
		text += size + !!text[size];
	}
	expect_text(&out, wanted);
}

static void test_stacks(void **state UNUSED)
{
	expect_stacks(" get_page_from_freelist+0x11/0x22\n __alloc_pages_noprof+0x11/0x22\n"
		      " alloc_pages_mpol_noprof+0x1/0x2\n pipe_write+0x1/0x2\n nf_x+0x1/0x2 [nf_tables]\n"
		      " vfs_write+0x1/0x2\n ksys_write+0x1/0x2\nnr_base_pages: 4\n\n"
		      " pipe_write+0x1/0x2\nnr_base_pages: 16\n\n",
		      "pipe_write, nf_x, vfs_write 4\npipe_write 16\n");
}

/* What is not whole, or in another form, is no stack, and is in none that follows. */
static void test_other_lines(void **state UNUSED)
{
	expect_stacks(" a+0x1/0x2\nstack_count: 5\n b+0x1/0x2\nnr_base_pages: 1\n", "b 1\n");
	expect_stacks(" a+0x1/0x2\n\n b+0x1/0x2\nnr_base_pages: 1\n", "b 1\n");
	expect_stacks("nr_base_pages: -1\nnr_base_pages: 0\nnr_base_pages: \nnr_base_pages: 99999999999999\n",
		      "");
	expect_stacks(" \n +0x1\nnr_base_pages: 7\n", " 7\n");
}

static void test_long_names(void **state UNUSED)
{
	struct page_owner_stack stack = {};
	char line[600];

	memset(line, 'f', sizeof(line));
	line[0] = ' ';
	for (int i = 0; i < 5; i++)
		assert_false(page_owner_take(&stack, line, sizeof(line)));
	assert_int_equal(strlen(stack.callers), PAGE_OWNER_CALLERS_LEN - 1);
	assert_int_equal(stack.nr_callers, 3);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_stacks),
	cmocka_unit_test(test_other_lines),
	cmocka_unit_test(test_long_names),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
