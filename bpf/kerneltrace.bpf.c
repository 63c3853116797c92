// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory of the kernel, traced on request and for a bounded time: slab objects, pages and per-CPU memory
 * are kept until they are freed, with the stack and the process that asked for them. Of all objects those are
 * followed that a hash of their address chooses, so that the free of another one is told without a look.
 *
 * Movable pages are left out: they are of processes and files, and are counted as theirs. A block of pages
 * that was split goes with its first page.
 */
#include "count.bpf.h"
#include "plane.bpf.h"
#include "stack.bpf.h"

#include "abi/kerneltrace.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct leak_settings);
} leak_settings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct leak_counts);
} leak_counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_LEAK_SITES);
	__type(key, __u64);
	__type(value, struct leak_site);
} leak_sites SEC(".maps");

/* These programs are loaded, and have tables, for the time of a trace only; see daemon/kernelprograms.h. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_LEAK_OBJECTS);
	__type(key, __u64);
	__type(value, struct leak_object);
} leak_objects SEC(".maps");

#define COUNT(member) COUNT_IN(leak_counts, member)

static __always_inline bool is_followed(__u64 address)
{
	__u32 zero = 0;
	const struct leak_settings *settings = bpf_map_lookup_elem(&leak_settings, &zero);

	if (!settings || !address)
		return false;
	if (!settings->every) {
		COUNT(nr_events);
		return false;
	}
	return leak_is_followed(address, settings);
}

/* The site of this key, which begins as that of `object` where it is new. NULL: there is no room. */
static __always_inline struct leak_site *meet_site(struct leak_object *object)
{
	struct leak_site *site = bpf_map_lookup_elem(&leak_sites, &object->site), first = {};

	if (site)
		return site;
	first.stack = object->stack;
	first.cache = object->cache;
	first.kind = object->kind;
	first.tgid = object->tgid;
	first.start_ns = object->start_ns;
	__builtin_memcpy(first.comm, object->comm, sizeof(first.comm));
	if (first.cache) {
		const struct kmem_cache *cache = (const void *)first.cache;

		bpf_probe_read_kernel_str(first.cache_name, sizeof(first.cache_name),
					  BPF_CORE_READ(cache, name));
	}
	/* Fails where another CPU was the first, or there is no room. */
	bpf_map_update_elem(&leak_sites, &object->site, &first, BPF_NOEXIST);
	return bpf_map_lookup_elem(&leak_sites, &object->site);
}

/* The object that was here has gone without having been seen to go. */
static __always_inline void drop_reused(__u64 *address)
{
	const struct leak_object *object = bpf_map_lookup_elem(&leak_objects, address);
	struct leak_site *site;
	__u64 key;

	if (!object)
		return;
	COUNT(nr_reused);
	key = object->site;
	site = bpf_map_lookup_elem(&leak_sites, &key);
	if (site)
		__sync_fetch_and_add(&site->nr_reused, 1);
}

static __always_inline void say_whose(struct leak_object *object)
{
	struct task_identity id = {};

	identify_current(&id);
	object->start_ns = id.start_ns;
	object->tgid = id.tgid;
	__builtin_memcpy(object->comm, id.comm, sizeof(object->comm));
	object->site = hash_add(hash_add(hash_add(hash_add(object->stack, object->cache), object->kind),
					 object->start_ns),
				object->tgid);
}

/* Apart from stack_now(), because there is no room for the variables of both. */
static __noinline int follow(__u64 address, __u64 size, __u64 stack, __u32 kind, __u64 cache)
{
	struct leak_object object = {
		.size = size, .time_ns = bpf_ktime_get_boot_ns(), .stack = stack, .cache = cache, .kind = kind
	};
	struct leak_site *site;
	__u64 key = address;

	say_whose(&object);
	drop_reused(&key);
	COUNT(nr_followed);
	site = meet_site(&object);
	if (site) {
		__sync_fetch_and_add(&site->nr, 1);
		__sync_fetch_and_add(&site->bytes, size);
	}
	if (bpf_map_update_elem(&leak_objects, &key, &object, BPF_ANY)) {
		COUNT(nr_lost);
		if (site)
			__sync_fetch_and_add(&site->nr_lost, 1);
	}
	return 0;
}

/* is_told: objects that are in no table are counted as older ones. */
static __always_inline void freed(__u64 address, bool is_told)
{
	if (!is_followed(address))
		return;
	if (!bpf_map_delete_elem(&leak_objects, &address))
		COUNT(nr_freed);
	else if (is_told)
		COUNT(nr_unknown);
}

/* --- slab objects ----------------------------------------------------------------------------- */

/*
 * More than kmalloc() has a cache for (KMALLOC_MAX_CACHE_SIZE, two pages) are whole pages, which
 * leak_page_alloc sees.
 */
SEC("raw_tp/kmalloc")
int leak_kmalloc(__u64 *ctx)
{
	if (ctx[3] <= (__u64)page_kb << 11 && is_followed(ctx[1]))
		follow(ctx[1], ctx[3], stack_now(ctx), TRACE_KMALLOC, 0);
	return 0;
}

SEC("raw_tp/kmem_cache_alloc")
int leak_cache_alloc(__u64 *ctx)
{
	const struct kmem_cache *cache = (const void *)ctx[2];

	if (is_followed(ctx[1]))
		follow(ctx[1], BPF_CORE_READ(cache, size), stack_now(ctx), TRACE_CACHE, ctx[2]);
	return 0;
}

SEC("raw_tp/kfree")
int leak_kfree(__u64 *ctx)
{
	freed(ctx[1], true);
	return 0;
}

SEC("raw_tp/kmem_cache_free")
int leak_cache_free(__u64 *ctx)
{
	freed(ctx[1], true);
	return 0;
}

/* --- frees that have no tracepoint ------------------------------------------------------------ */

static long free_one(__u32 i, __u64 *objects)
{
	__u64 address;

	if (bpf_probe_read_kernel(&address, sizeof(address), (const __u64 *)*objects + i))
		return 1;
	freed(address, false);
	return 0;
}

/* (cache, nr, objects) */
SEC("fentry/kmem_cache_free_bulk")
int leak_bulk_free(void *ctx)
{
	__u64 nr = 0, objects = 0;

	bpf_get_func_arg(ctx, 1, &nr);
	bpf_get_func_arg(ctx, 2, &objects);
	bpf_loop((__u32)nr, free_one, &objects, 0);
	return 0;
}

/* Freed by kfree_rcu(), as soon as nobody reads it any more. */
SEC("fentry/kvfree_call_rcu")
int leak_rcu_free(void *ctx)
{
	freed(kvfree_rcu_address(ctx), false);
	return 0;
}

/* --- pages and per-CPU memory ----------------------------------------------------------------- */

SEC("raw_tp/mm_page_alloc")
int leak_page_alloc(__u64 *ctx)
{
	__u32 order = ctx[1], migratetype = ctx[3];

	if (migratetype != MIGRATETYPE(MOVABLE) && is_followed(ctx[0]))
		follow(ctx[0], (__u64)page_kb << 10 << (order & 31), stack_now(ctx), TRACE_PAGES, 0);
	return 0;
}

SEC("raw_tp/mm_page_free")
int leak_page_free(__u64 *ctx)
{
	freed(ctx[0], false);
	return 0;
}

/* The bytes are of all CPUs. */
SEC("raw_tp/percpu_alloc_percpu")
int leak_percpu_alloc(__u64 *ctx)
{
	if (is_followed(ctx[7]))
		follow(ctx[7], ctx[8], stack_now(ctx), TRACE_PERCPU, 0);
	return 0;
}

SEC("raw_tp/percpu_free_percpu")
int leak_percpu_free(__u64 *ctx)
{
	freed(ctx[2], true);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
