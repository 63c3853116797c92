/* SPDX-License-Identifier: GPL-2.0-or-later */
/* User stacks and the names of addresses in processes: bounded, checked, and one process's only. */
#include "model_stream.h"

static int feed_user_stack(struct model *model, __u64 key, __u32 nr, __u32 how)
{
	struct rec_user_stack rec = { .h = HEADER(REC_USER_STACK, struct rec_user_stack, 0),
				      .stack = key,
				      .nr = nr,
				      .how = how,
				      .ip = { key } };

	return feed(model, &rec);
}

static int feed_user_symbol(struct model *model, __u32 tgid, __u64 start_ns, __u64 ip, char filling)
{
	struct rec_user_symbol rec = { .h = HEADER(REC_USER_SYMBOL, struct rec_user_symbol, 0),
				       .tgid = tgid,
				       .start_ns = start_ns,
				       .ip = ip };

	memset(rec.text, filling, sizeof(rec.text));
	memset(rec.module, filling, sizeof(rec.module));
	memset(rec.file, filling, sizeof(rec.file));
	return feed(model, &rec);
}

static void test_nonsense_is_refused(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);

	assert_int_equal(feed_user_stack(model, 0, 1, STACK_BY_UNWIND_TABLES), -EINVAL);
	assert_int_equal(feed_user_stack(model, 1, 0, STACK_BY_UNWIND_TABLES), -EINVAL);
	assert_int_equal(feed_user_stack(model, 1, USER_STACK_MAX_FRAMES + 1, STACK_BY_UNWIND_TABLES),
			 -EINVAL);
	assert_int_equal(feed_user_stack(model, 1, 1, NR_STACK_HOWS), -EINVAL);
	assert_null(model_user_stack(model, 1));
	assert_int_equal(feed_user_stack(model, 1, USER_STACK_MAX_FRAMES, STACK_BY_CALL_SITE), 0);
	assert_int_equal(model_user_stack(model, 1)->nr, USER_STACK_MAX_FRAMES);
	assert_string_equal(stack_how_name(model_user_stack(model, 1)->how), "call_site");
	assert_string_equal(stack_how_name(NR_STACK_HOWS), "unknown");
	assert_int_equal(feed_user_symbol(model, 1, 2, 3, 'x'), 0);
	assert_int_equal(strlen(model_user_symbol(model, 1, 2, 3)->text), USER_SYMBOL_TEXT_LEN - 1);
	assert_int_equal(strlen(model_user_symbol(model, 1, 2, 3)->module), USER_SYMBOL_NAME_LEN - 1);
	assert_int_equal(strlen(model_user_symbol(model, 1, 2, 3)->file), USER_SYMBOL_NAME_LEN - 1);
	model_free(model);
}

static void test_name_is_of_one_address_of_one_process(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);

	assert_int_equal(feed_user_symbol(model, 1, 2, 3, 'a'), 0);
	assert_null(model_user_symbol(model, 2, 2, 3));
	assert_null(model_user_symbol(model, 1, 1, 3));
	assert_null(model_user_symbol(model, 1, 2, 4));
	/* Code of a compiler's at run time gets other names. */
	assert_int_equal(feed_user_symbol(model, 1, 2, 3, 'b'), 0);
	assert_int_equal(model_user_symbol(model, 1, 2, 3)->text[0], 'b');
	model_free(model);
}

/* The latest are kept: the sender relies on half of the table. */
static void test_tables_are_bounded(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);
	const __u64 nr = 20000, nr_stacks = 2048, nr_symbols = 8192;

	for (__u64 i = 1; i <= nr; i++) {
		assert_int_equal(feed_user_stack(model, i, 1, STACK_BY_FRAME_POINTERS), 0);
		assert_int_equal(feed_user_symbol(model, 7, 8, i, 'x'), 0);
	}
	assert_null(model_user_stack(model, 1));
	assert_null(model_user_symbol(model, 7, 8, 1));
	for (__u64 i = nr - nr_symbols + 1; i <= nr; i++) {
		assert_int_equal(model_user_symbol(model, 7, 8, i)->ip, i);
		if (i > nr - nr_stacks)
			assert_int_equal(model_user_stack(model, i)->ip[0], i);
	}
	model_free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nonsense_is_refused),
		cmocka_unit_test(test_name_is_of_one_address_of_one_process),
		cmocka_unit_test(test_tables_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
