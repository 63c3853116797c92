/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Traces of the kernel in a laboratory: their settings, and what is in their tables. */
#ifndef MEMOIR_TESTS_BPF_LEAKS_H
#define MEMOIR_TESTS_BPF_LEAKS_H

#include "harness.h"

/* every 0: events are counted only. */
static inline struct leak_settings leak_settings_set(const struct lab *lab, __u32 every)
{
	const struct leak_settings settings = { .seed = 0x123456789abcdefULL, .every = every };
	const __u32 first = 0;

	assert_int_equal(bpf_map_update_elem(bpf_map__fd(lab->skeleton->maps.leak_settings), &first,
					     &settings, BPF_ANY),
			 0);
	return settings;
}

/* Whether there is an object at the address; *ret and *ret_site are what is known of it. */
static inline bool leak_get(const struct lab *lab, __u64 address, struct leak_object *ret,
			    struct leak_site *ret_site)
{
	if (bpf_map_lookup_elem(bpf_map__fd(lab->skeleton->maps.leak_objects), &address, ret))
		return false;
	assert_int_equal(bpf_map_lookup_elem(bpf_map__fd(lab->skeleton->maps.leak_sites), &ret->site,
					     ret_site),
			 0);
	return true;
}

static inline __u32 leak_nr_objects(const struct lab *lab)
{
	const int table_fd = bpf_map__fd(lab->skeleton->maps.leak_objects);
	__u64 key, *last = NULL;
	__u32 nr = 0;

	while (!bpf_map_get_next_key(table_fd, last, &key)) {
		last = &key;
		nr++;
	}
	return nr;
}

/* Of all CPUs. */
static inline struct leak_counts leak_counts_read(const struct lab *lab)
{
	_cleanup_free_ struct leak_counts *per_cpu = calloc(lab->nr_cpus, sizeof(*per_cpu));
	struct leak_counts sum = {};
	const __u32 first = 0;

	assert_non_null(per_cpu);
	assert_int_equal(bpf_map_lookup_elem(bpf_map__fd(lab->skeleton->maps.leak_counts), &first, per_cpu),
			 0);
	for (__u32 cpu = 0; cpu < lab->nr_cpus; cpu++)
		for (size_t i = 0; i < sizeof(sum) / sizeof(__u64); i++)
			((__u64 *)&sum)[i] += ((const __u64 *)&per_cpu[cpu])[i];
	return sum;
}

#endif
