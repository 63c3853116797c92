// SPDX-License-Identifier: GPL-2.0-only
/*
 * Slab allocations: what was asked for and what was given, by process, call site and cache. They are the most
 * frequent events of all, so these programs run only while somebody asks, and look at some allocations
 * only: the gap to the next one is random, on average `every`, so that no rhythm of the load is followed.
 */
#include "plane.bpf.h"

#include "abi/slab.h"

/* The daemon sets max_entries: one for each CPU. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct slab_cpu);
} slab_cpus SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_SLAB_SITES);
	__type(key, struct slab_key);
	__type(value, struct slab_count);
} slab_sites SEC(".maps");

static __always_inline struct slab_cpu *this_cpu(void)
{
	__u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&slab_cpus, &cpu);
}

/*
 * Both programs count down the same gap. If one interrupts the other, a step may be lost, and a gap is a
 * little wrong.
 */
static __always_inline bool is_chosen(void)
{
	struct slab_cpu *mine = this_cpu();

	if (!mine)
		return false;
	if (mine->gap > 1) {
		mine->gap--;
		return false;
	}
	mine->gap = 1 + (mine->every > 1 ? bpf_get_prandom_u32() % (2 * mine->every - 1) : 0);
	return true;
}

static __always_inline void add(struct slab_count *count, __u64 requested, __u64 given)
{
	__u64 wasted = given - requested;

	/* In this order, so that what is read meanwhile was never wanted without having been given. */
	__sync_fetch_and_add(&count->given_bytes, given);
	__sync_fetch_and_add(&count->requested_bytes, requested);
	__sync_fetch_and_add(&count->wasted_squares, wasted * wasted);
	__sync_fetch_and_add(&count->nr, 1);
}

static __always_inline void add_loss(void)
{
	struct slab_cpu *mine = this_cpu();

	if (mine)
		__sync_fetch_and_add(&mine->nr_lost, 1);
}

static __always_inline void count_slab(__u64 call_site, const struct kmem_cache *cache, __u64 requested,
				       __u64 given)
{
	struct slab_key key = { .call_site = call_site, .cache = (__u64)cache };
	struct slab_count first = {}, *count;

	identify_current(&first.id);
	key.start_ns = first.id.start_ns;
	key.tgid = first.id.tgid;
	count = bpf_map_lookup_elem(&slab_sites, &key);
	if (!count) {
		if (cache)
			bpf_probe_read_kernel_str(first.cache, sizeof(first.cache),
						  BPF_CORE_READ(cache, name));
		/* Fails where another CPU was the first, or there is no room. */
		bpf_map_update_elem(&slab_sites, &key, &first, BPF_NOEXIST);
		count = bpf_map_lookup_elem(&slab_sites, &key);
	}
	if (count)
		add(count, requested, given);
	else
		add_loss();
}

/*
 * More than kmalloc() has a cache for (KMALLOC_MAX_CACHE_SIZE, two pages) are whole pages, and some
 * kernels tell of them twice: within the allocator, and for its caller.
 */
static __always_inline bool is_of_slab(__u64 given)
{
	return given <= (__u64)page_kb << 11;
}

/* A failed allocation has no address. */
SEC("raw_tp/kmalloc")
int slab_kmalloc(__u64 *ctx)
{
	if (ctx[1] && is_of_slab(ctx[3]) && is_chosen())
		count_slab(ctx[0], NULL, ctx[2], ctx[3]);
	return 0;
}

SEC("raw_tp/kmem_cache_alloc")
int slab_cache_alloc(__u64 *ctx)
{
	const struct kmem_cache *cache = (const void *)ctx[2];

	if (ctx[1] && is_chosen())
		count_slab(ctx[0], cache, BPF_CORE_READ(cache, object_size), BPF_CORE_READ(cache, size));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
