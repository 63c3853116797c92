/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The model's hash index against a plain table, with so few hashes that most of them collide.
 */
#include "model_stream.h"

#include "../../daemon/model/index.h"

#define NR_ENTRIES 200u

static bool is_found(const struct index *ix, __u32 hash, __u32 wanted)
{
	__u32 entry, pos;
	bool found = false;

	index_for_each(ix, hash, entry, pos)
	{
		assert_true(!found || entry != wanted);
		found = found || entry == wanted;
	}
	return found;
}

static void test_against_a_table(void **state UNUSED)
{
	struct index ix = { 0 };
	bool is_there[NR_ENTRIES] = { false };
	__u64 random = 1;

	assert_false(is_found(&ix, 5, 5));
	for (int i = 0; i < 100000; i++) {
		__u32 entry, hash;

		random = random * 6364136223846793005ULL + 1442695040888963407ULL;
		entry = (__u32)(random >> 33) % NR_ENTRIES;
		hash = entry % 7 * 19 + (entry % 3) * 0xffffff00u;
		assert_int_equal(is_found(&ix, hash, entry), is_there[entry]);
		if (is_there[entry])
			index_remove(&ix, hash, entry);
		else
			assert_int_equal(index_insert(&ix, hash, entry), 0);
		is_there[entry] = !is_there[entry];
	}
	/* Entries that left make no room for more than there ever were. */
	assert_true(ix.nr_slots <= 1024);
	index_clear(&ix);
	for (__u32 entry = 0; entry < NR_ENTRIES; entry++)
		assert_false(is_found(&ix, entry % 7 * 19 + (entry % 3) * 0xffffff00u, entry));
	index_free(&ix);
}

static void test_renumber(void **state UNUSED)
{
	struct index ix = { 0 };

	assert_int_equal(index_insert(&ix, 9, 1), 0);
	assert_int_equal(index_insert(&ix, 9, 2), 0);
	index_renumber(&ix, 9, 1, 7);
	assert_false(is_found(&ix, 9, 1));
	assert_true(is_found(&ix, 9, 2));
	assert_true(is_found(&ix, 9, 7));
	index_free(&ix);
}

static void test_hash_spreads(void **state UNUSED)
{
	__u32 buckets[256] = { 0 };

	for (__u64 key = 0; key < 25600; key++)
		buckets[index_hash(0, &key, sizeof(key)) % 256]++;
	for (int i = 0; i < 256; i++)
		assert_true(buckets[i] > 50 && buckets[i] < 170);
	assert_int_not_equal(index_hash(1, "x", 1), index_hash(2, "x", 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_a_table),
		cmocka_unit_test(test_renumber),
		cmocka_unit_test(test_hash_spreads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
