/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of page faults by mapping, as the daemon keeps room in it: what it removes is not lost, but among
 * the others of its kind. The entries are the test's own: not every kernel lets the programs run.
 */
#include "harness.h"

#include "../../bpf/abi/faults.h"
#include "../../daemon/faultsites.h"

#define NR_FULL (MAX_FAULT_SITES / 4 * 3 + 100)

static struct lab *the_lab;

/* In place of the daemon's. */
int probes_map_fd(const struct probes *probes UNUSED, const char *name)
{
	return bpf_object__find_map_fd_by_name(the_lab->skeleton->obj, name);
}

struct seen {
	__u32 nr, nr_others;
	struct fault_mapping_count sum, others[NR_FAULT_CAUSES];
};

static void add_up(struct fault_mapping_count *sum, const struct rec_fault_mapping *mapping)
{
	sum->count += mapping->count;
	sum->nr_major += mapping->nr_major;
	sum->total_ns += mapping->total_ns;
	if (mapping->longest_ns > sum->longest_ns)
		sum->longest_ns = mapping->longest_ns;
}

static void on_record(void *ctx, const struct rec_header *record)
{
	const struct rec_fault_mapping *mapping = (const void *)record;
	struct seen *seen = ctx;

	assert_int_equal(record->kind, REC_FAULT_MAPPING);
	seen->nr++;
	add_up(&seen->sum, mapping);
	if (mapping->area != AREA_OTHERS)
		return;
	assert_int_equal(mapping->dev, 0);
	assert_int_equal(seen->others[mapping->cause].count, 0);
	seen->nr_others++;
	add_up(&seen->others[mapping->cause], mapping);
}

static struct seen read_all(struct faultsites *sites)
{
	struct seen seen = {};

	assert_int_equal(faultsites_read(sites, on_record, &seen), 0);
	return seen;
}

/* Entry i has i + 1 faults that took 10 ns each, and every second one is of swap. */
static void add_entry(struct lab *lab, __u32 i)
{
	struct fault_mapping_key key = { .tgid = i + 1, .cause = i % 2 ? FAULT_SWAP : FAULT_FILE };
	struct fault_mapping_count count = { .count = i + 1, .total_ns = (i + 1) * 10, .longest_ns = i + 1 };

	count.nr_major = i % 2 ? 1 : 0;
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(lab->skeleton->maps.fault_mappings), &key, &count,
					     BPF_NOEXIST),
			 0);
}

static void test_what_is_removed_is_among_the_others(void **state)
{
	struct faultsites *sites;
	__u64 count[2] = {};
	struct seen seen;

	the_lab = *state;
	sites = faultsites_new(NULL);
	assert_non_null(sites);
	assert_int_equal(read_all(sites).nr, 0);
	for (__u32 i = 0; i < NR_FULL; i++)
		add_entry(the_lab, i);
	/* The heaviest, and then there is room. */
	seen = read_all(sites);
	assert_int_equal(seen.nr, REC_MAX_FAULT_MAPPINGS);
	assert_int_equal(seen.nr_others, 0);
	/* The table has 16 more, of others, all of them lighter. */
	for (__u32 i = 0; i < NR_FULL - (NR_FULL + 2 * NR_FAULT_CAUSES) / 2; i++)
		count[i % 2] += i + 1;
	seen = read_all(sites);
	assert_int_equal(seen.nr, REC_MAX_FAULT_MAPPINGS);
	assert_int_equal(seen.nr_others, 2);
	assert_int_equal(seen.others[FAULT_FILE].count, count[0]);
	assert_int_equal(seen.others[FAULT_FILE].total_ns, count[0] * 10);
	assert_int_equal(seen.others[FAULT_FILE].nr_major, 0);
	assert_int_equal(seen.others[FAULT_SWAP].count, count[1]);
	assert_in_range(seen.others[FAULT_SWAP].nr_major, 1, NR_FULL / 4);
	assert_in_range(seen.others[FAULT_SWAP].longest_ns, NR_FULL / 2 - 20, NR_FULL / 2);
	faultsites_free(sites);
}

/* What programs add to the others and what the daemon has removed are one, also with the next daemon. */
static void test_others_outlive_the_daemon(void **state)
{
	struct fault_mapping_key key = { .cause = FAULT_FILE, .area = AREA_OTHERS };
	struct fault_mapping_count count = { .count = 7, .nr_major = 7, .total_ns = 1, .longest_ns = 5000 };
	struct faultsites *sites;
	struct seen before, after;

	the_lab = *state;
	sites = faultsites_new(NULL);
	for (__u32 i = 0; i < NR_FULL; i++)
		add_entry(the_lab, i);
	read_all(sites);
	before = read_all(sites);
	faultsites_free(sites);
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(the_lab->skeleton->maps.fault_mappings), &key,
					     &count, BPF_EXIST),
			 0);
	sites = faultsites_new(NULL);
	after = read_all(sites);
	assert_int_equal(after.others[FAULT_FILE].count, before.others[FAULT_FILE].count + 7);
	assert_int_equal(after.others[FAULT_FILE].nr_major, 7);
	assert_int_equal(after.others[FAULT_FILE].longest_ns, 5000);
	assert_int_equal(after.others[FAULT_SWAP].count, before.others[FAULT_SWAP].count);
	faultsites_free(sites);
}

static const struct CMUnitTest tests[] = {
	LAB_TEST(test_what_is_removed_is_among_the_others),
	LAB_TEST(test_others_outlive_the_daemon),
};

LAB_MAIN(tests)
