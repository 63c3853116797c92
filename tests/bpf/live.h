/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables of live pages and of stacks, as the programs left them. */
#ifndef MEMOIR_TESTS_BPF_LIVE_H
#define MEMOIR_TESTS_BPF_LIVE_H

#include "../../bpf/abi/live.h"
#include "harness.h"

#define STEP_SHIFT 6
#define STEP (1u << STEP_SHIFT)

/* Where the tests have their struct pages: an address as the kernel's, aligned for blocks of every order. */
#define LIVE_BASE 0xffffea0000000000ULL

static inline __u64 live_page_address(__u64 pfn)
{
	return LIVE_BASE + (pfn << LIVE_PAGE_SHIFT);
}

static inline __u64 live_group(__u64 pfn)
{
	return live_page_address(pfn) >> (LIVE_PAGE_SHIFT + STEP_SHIFT);
}

static inline __u32 nr_in(const struct bpf_map *map)
{
	_cleanup_free_ void *key = calloc(1, bpf_map__key_size(map));
	__u32 nr = 0;

	for (void *from = NULL; bpf_map_get_next_key(bpf_map__fd(map), from, key) == 0; from = key)
		nr++;
	return nr;
}

static inline __u32 live_nr(const struct lab *lab)
{
	return nr_in(lab->skeleton->maps.live);
}

static inline bool live_get(const struct lab *lab, __u64 group, struct live_page *ret)
{
	return bpf_map_lookup_elem(bpf_map__fd(lab->skeleton->maps.live), &group, ret) == 0;
}

#endif
