/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looks at slab allocations: visible as a whole, bounded whatever a record says, and in the JSON API
 * scaled to all allocations with an error that is right.
 */
#include "api_test.h"

static int feed_site(struct model *model, __u32 tgid, __u64 call_site, __u64 nr, __u64 requested, __u64 given)
{
	struct rec_slab_site rec = { .h = HEADER(REC_SLAB_SITE, struct rec_slab_site, 0),
				     .id = { .tgid = tgid, .start_ns = tgid },
				     .call_site = call_site,
				     .nr_samples = nr,
				     .requested_bytes = nr * requested,
				     .given_bytes = nr * given,
				     .wasted_squares = nr * (given - requested) * (given - requested) };

	memset(rec.cache, 'c', sizeof(rec.cache));
	memset(rec.id.comm, 'x', sizeof(rec.id.comm));
	return feed(model, &rec);
}

static int feed_cache(struct model *model, const char *name, __u64 nr_objects, __u64 object_bytes,
		      __u64 held_bytes)
{
	struct rec_slab_cache rec = { .h = HEADER(REC_SLAB_CACHE, struct rec_slab_cache, 0),
				      .nr_objects = nr_objects,
				      .object_bytes = object_bytes,
				      .held_bytes = held_bytes };

	snprintf(rec.name, sizeof(rec.name), "%s", name);
	return feed(model, &rec);
}

static int feed_slab(struct model *model, __u64 time_ns, __u32 every)
{
	const struct rec_slab rec = { .h = HEADER(REC_SLAB, struct rec_slab, time_ns), .every = every };

	return feed(model, &rec);
}

static json_t *reply(const struct model *model, __u64 slab_end_ns)
{
	const struct api_context context = { .model = model, .now_ns = 1000, .slab_end_ns = slab_end_ns };

	return api_answer(&context, "/v1/slab", NULL);
}

static json_t *member(json_t *json, const char *list, size_t index)
{
	return json_array_get(json_object_get(json_object_get(json, "look"), list), index);
}

static void test_look_is_visible_when_it_ends(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);

	assert_null(model_slab(model));
	assert_int_equal(feed_site(model, 1, 5, 1, 60, 64), 0);
	assert_int_equal(feed_cache(model, "a", 1, 64, 4096), 0);
	assert_int_equal(model_nr_slab_sites(model), 0);
	assert_int_equal(model_nr_slab_caches(model), 0);
	assert_int_equal(feed_slab(model, 7, 16), 0);
	assert_int_equal(model_slab(model)->h.time_ns, 7);
	assert_int_equal(model_nr_slab_sites(model), 1);
	assert_int_equal(model_nr_slab_caches(model), 1);
	assert_int_equal(strlen(model_slab_site(model, 0)->cache), SLAB_NAME_LEN - 1);
	assert_int_equal(strlen(model_slab_site(model, 0)->id.comm), MEMOIR_COMM_LEN - 1);
	/* The next one replaces it, whatever it has. */
	assert_int_equal(feed_slab(model, 8, 1), 0);
	assert_int_equal(model_nr_slab_sites(model), 0);
	assert_int_equal(model_nr_slab_caches(model), 0);
	model_free(model);
}

static void test_what_cannot_be_is_refused(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);

	/* More wanted than given; more allocations than bytes; more in use than held. */
	assert_int_equal(feed_site(model, 1, 1, 1, 65, 64), -EINVAL);
	assert_int_equal(feed_site(model, 1, 1, 2, 0, 0), -EINVAL);
	assert_int_equal(feed_cache(model, "a", 65, 64, 4096), -EINVAL);
	/* Sums that leave 62 bits: of the bytes, of what is held, and of what the samples stand for. */
	assert_int_equal(feed_site(model, 1, 1, 1, 0, 1ULL << 61), 0);
	assert_int_equal(feed_site(model, 1, 1, 1, 0, (1ULL << 61) + 1), -EINVAL);
	assert_int_equal(feed_cache(model, "a", 0, 0, 1ULL << 62), 0);
	assert_int_equal(feed_cache(model, "b", 0, 0, 1), -EINVAL);
	assert_int_equal(feed_slab(model, 1, 3), -EINVAL);
	/* None without a reason, and fewer than can be asked for. */
	assert_int_equal(feed_slab(model, 1, 0), -EINVAL);
	assert_int_equal(feed_slab(model, 1, MAX_SLAB_EVERY + 1), -EINVAL);
	assert_int_equal(feed_slab(model, 1, 2), 0);
	/* More rows than the kernel's table has. */
	for (__u32 i = 0; i < MAX_SLAB_SITES; i++)
		assert_int_equal(feed_site(model, 1, i, 1, 1, 1), 0);
	assert_int_equal(feed_site(model, 1, 1, 1, 1, 1), -EINVAL);
	model_free(model);
}

static void test_before_and_during_a_look(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);
	json_t *json = reply(model, 0);

	assert_true(json_is_false(json_object_get(json, "is_running")));
	assert_true(json_is_null(json_object_get(json, "look")));
	json_decref(json);
	json = reply(model, 1500);
	assert_true(json_is_true(json_object_get(json, "is_running")));
	assert_int_equal(integer(json, "remaining_ns"), 500);
	json_decref(json);
	model_free(model);
}

/* A shell that becomes another program is shown under the name by which it allocated most. */
static void test_process_has_the_name_of_most(void **state UNUSED)
{
	struct rec_slab_site rec = { .h = HEADER(REC_SLAB_SITE, struct rec_slab_site, 0),
				     .id = { .tgid = 5, .start_ns = 5 } };
	struct model *model = model_with(4, 100, NULL);
	static const char *const names[] = { "bash", "python3", "bash" };
	json_t *json;

	for (__u32 i = 0; i < 3; i++) {
		rec.call_site = i;
		rec.nr_samples = rec.requested_bytes = rec.given_bytes = i == 1 ? 10 : 9;
		memset(rec.id.comm, 0, sizeof(rec.id.comm));
		copy_text(rec.id.comm, names[i], sizeof(rec.id.comm));
		assert_int_equal(feed(model, &rec), 0);
	}
	assert_int_equal(feed_slab(model, 100, 1), 0);
	json = reply(model, 0);
	assert_string_equal(json_string_value(json_object_get(member(json, "processes", 0), "comm")),
			    "python3");
	json_decref(json);
	model_free(model);
}

/* Each sample stands for `every`; those that waste most come first, also as processes, also as caches. */
static void test_samples_stand_for_all(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);
	json_t *json, *row;

	assert_int_equal(feed_site(model, 5, 1, 10, 60, 64), 0);
	assert_int_equal(feed_site(model, 6, 2, 7, 600, 640), 0);
	assert_int_equal(feed_site(model, 5, 3, 100, 600, 1024), 0);
	assert_int_equal(feed_cache(model, "full", 64, 64, 4096), 0);
	assert_int_equal(feed_cache(model, "empty", 0, 64, 4096), 0);
	assert_int_equal(feed_slab(model, 100, 16), 0);
	json = reply(model, 0);
	row = member(json, "sites", 0);
	assert_string_equal(json_string_value(json_object_get(row, "call_site")), "0x3");
	assert_int_equal(integer(row, "count"), 1600);
	/* sqrt(16 * 15 * 100), and sqrt(16 * 15 * 100 * 424^2) */
	assert_int_equal(integer(row, "count_error"), 154);
	assert_int_equal(integer(row, "wasted_bytes"), 1600 * 424);
	assert_int_equal(integer(row, "wasted_bytes_error"), 65685);
	assert_int_equal(integer(member(json, "sites", 1), "wasted_bytes"), 16 * 7 * 40);
	row = member(json, "processes", 0);
	assert_int_equal(integer(row, "pid"), 5);
	assert_int_equal(integer(row, "wasted_bytes"), 16 * (100 * 424 + 10 * 4));
	assert_int_equal(integer(member(json, "processes", 1), "pid"), 6);
	assert_null(member(json, "processes", 2));
	assert_string_equal(json_string_value(json_object_get(member(json, "caches", 0), "name")), "empty");
	assert_int_equal(integer(member(json, "caches", 0), "unused_bytes"), 4096);
	assert_int_equal(integer(member(json, "caches", 1), "unused_bytes"), 0);
	json_decref(json);
	model_free(model);
}

static void test_without_samples_in_between_nothing_is_estimated(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);
	json_t *json, *row;

	assert_int_equal(feed_site(model, 5, 1, 10, 60, 64), 0);
	assert_int_equal(feed_slab(model, 100, 1), 0);
	json = reply(model, 0);
	row = member(json, "sites", 0);
	assert_int_equal(integer(row, "count"), 10);
	assert_int_equal(integer(row, "count_error"), 0);
	assert_int_equal(integer(row, "wasted_bytes_error"), 0);
	json_decref(json);
	model_free(model);
}

/* An error whose square has more than 64 bits. */
static void test_large_error(void **state UNUSED)
{
	struct model *model = model_with(4, 100, NULL);
	json_t *json;

	assert_int_equal(feed_site(model, 5, 1, 1, 0, 1ULL << 32), 0);
	assert_int_equal(feed_site(model, 5, 2, 1, 0, (1ULL << 32) - 1), 0);
	assert_int_equal(feed_slab(model, 100, 1000000), 0);
	json = reply(model, 0);
	/* 4294967295 * sqrt(1000000 * 999999), to a millionth */
	assert_in_range(integer(member(json, "sites", 1), "wasted_bytes_error"), 4294960000000000,
			4294970000000000);
	json_decref(json);
	model_free(model);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_look_is_visible_when_it_ends),
		cmocka_unit_test(test_what_cannot_be_is_refused),
		cmocka_unit_test(test_before_and_during_a_look),
		cmocka_unit_test(test_process_has_the_name_of_most),
		cmocka_unit_test(test_samples_stand_for_all),
		cmocka_unit_test(test_without_samples_in_between_nothing_is_estimated),
		cmocka_unit_test(test_large_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
