// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The heap of one process, traced for a while; see heaptrace.h. What was counted is read by heapread.c.
 */
#include "heaptrace.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysinfo.h>

#include "../util.h"
#include "heap.skel.h"
#include "heaprate.h"
#include "heapread.h"

#define MIN_OBJECTS (1u << 16)
#define MEMORY_SHARE 256u
/* An entry of the kernel's hash table: its head, the key, the value. */
#define OBJECT_BYTES (48 + sizeof(__u64) + sizeof(struct heap_object))

struct heaptrace {
	struct heap_bpf *skeleton;
	struct ring_buffer *copies;
	struct uprobe_programs programs;
	struct uprobes uprobes;
	__u64 begin_ns, end_ns; /* CLOCK_BOOTTIME; end_ns 0: it goes on */
	bool is_offered;        /* what is counted, by the program */
	bool has_spared;        /* functions that fail by an exception have no probes */
	__u32 max_rate;
	struct heap_sizes sizes;     /* when it was looked at last */
	__u64 looked_ns, sampled_ns; /* that, and when it went over to samples; 0: it did not */
	/* During heaptrace_poll(). */
	heaptrace_copy_fn on_copy;
	void *ctx;
};

/* --- load ------------------------------------------------------------------------------------- */

static __u32 nr_objects(const struct heaptrace_options *options)
{
	struct sysinfo info;
	__u64 nr;

	if (options->max_objects)
		return options->max_objects;
	if (sysinfo(&info) < 0)
		return MIN_OBJECTS;
	nr = (__u64)info.totalram * info.mem_unit / MEMORY_SHARE / OBJECT_BYTES;
	return nr < MIN_OBJECTS ? MIN_OBJECTS : nr > MAX_HEAP_OBJECTS ? MAX_HEAP_OBJECTS : (__u32)nr;
}

/* A chance that is set early is only used early. */
static void set_period(struct heap_bpf *skeleton, __u32 every_bytes)
{
	for (__u32 class = 0; class < NR_HEAP_CLASSES; class ++)
		skeleton->bss->heap_chances[class] = heaprate_chance(class, every_bytes);
	skeleton->bss->heap_every_bytes = every_bytes;
}

static int on_copy(void *ctx, void *data, size_t size)
{
	const struct heaptrace *trace = ctx;
	const struct heap_copy *copy = data;

	if (size >= sizeof(*copy) && copy->stack)
		trace->on_copy(trace->ctx, copy);
	return 0;
}

static struct uprobe_programs choose_programs(struct heap_bpf *skeleton, enum uprobe_kind kind,
					      bool is_offered)
{
	struct bpf_program *session = skeleton->progs.heap_session, *begin = skeleton->progs.heap_begin,
			   *end = skeleton->progs.heap_end, *offered = skeleton->progs.heap_at_offered;
	const bool is_session = !is_offered && kind == UPROBES_OF_SESSIONS;
	const bool is_pair = !is_offered && kind != UPROBES_OF_SESSIONS;

	uprobes_set_type(session, UPROBES_OF_SESSIONS);
	uprobes_set_type(begin, kind);
	uprobes_set_type(end, kind);
	uprobes_set_type(offered, kind);
	bpf_program__set_autoload(session, is_session);
	bpf_program__set_autoload(begin, is_pair);
	bpf_program__set_autoload(end, is_pair);
	bpf_program__set_autoload(offered, is_offered);
	return (struct uprobe_programs){ .kind = kind,
					 .begin = is_offered   ? offered
						  : is_session ? session
							       : begin,
					 .end = end };
}

/* 0 or a negative errno. */
static int load(struct heaptrace *trace, const struct heaptrace_options *options,
		const struct allocators *allocators, enum uprobe_kind kind)
{
	struct heap_bpf *skeleton = trace->skeleton = heap_bpf__open();
	const struct heap_stack nowhere = {};
	const __u64 key = 0;
	int err;

	if (!skeleton)
		return -errno;
	skeleton->rodata->heap_tgid = options->tgid;
	/* What the program offers, it samples by itself, if at all. */
	set_period(skeleton, trace->is_offered ? 0 : options->every_bytes);
	bpf_map__set_max_entries(skeleton->maps.heap_objects, nr_objects(options));
	if (options->copies_bytes)
		bpf_map__set_max_entries(skeleton->maps.heap_copies, options->copies_bytes);
	memcpy((void *)skeleton->rodata->heap_offers, allocators->offered,
	       allocators->nr_offered * sizeof(allocators->offered[0]));
	trace->programs = choose_programs(skeleton, kind, trace->is_offered);
	err = heap_bpf__load(skeleton);
	if (!err && bpf_map_update_elem(bpf_map__fd(skeleton->maps.heap_stacks), &key, &nowhere, BPF_ANY) < 0)
		err = -errno;
	if (err)
		return err;
	trace->copies = ring_buffer__new(bpf_map__fd(skeleton->maps.heap_copies), on_copy, trace, NULL);
	return trace->copies ? 0 : -errno;
}

static void unload(struct heaptrace *trace)
{
	uprobes_close(&trace->uprobes);
	ring_buffer__free(trace->copies);
	heap_bpf__destroy(trace->skeleton);
	trace->copies = NULL;
	trace->skeleton = NULL;
}

/* --- begin ------------------------------------------------------------------------------------ */

/* Only a session can leave single calls alone. Which places are left, and how many. */
static __u32 pick_places(struct heaptrace *trace, const struct heaptrace_options *options,
			 const struct allocator_file *file, struct uprobe_place ret[MAX_FUNCTION_PLACES])
{
	const bool spares = !trace->is_offered &&
			    (options->spares_throwing || trace->programs.kind != UPROBES_OF_SESSIONS);
	__u32 nr = 0;

	for (__u32 i = 0; i < file->nr; i++) {
		if (spares && file->places[i].cookie & HEAP_THROWS)
			trace->has_spared = true;
		else
			ret[nr++] = file->places[i];
	}
	return nr;
}

static int attach(struct heaptrace *trace, const struct heaptrace_options *options,
		  const struct allocators *allocators)
{
	struct uprobe_place places[MAX_FUNCTION_PLACES];
	struct heap_bpf *skeleton = trace->skeleton;
	int err = 0;

	skeleton->links.heap_fork = bpf_program__attach(skeleton->progs.heap_fork);
	skeleton->links.heap_exec = bpf_program__attach(skeleton->progs.heap_exec);
	if (!skeleton->links.heap_fork || !skeleton->links.heap_exec)
		return -errno;
	for (__u32 i = 0; !err && i < allocators->nr; i++) {
		const struct allocator_file *file = &allocators->file[i];
		char path[32];

		snprintf(path, sizeof(path), "/proc/self/fd/%d", file->fd);
		err = uprobes_add(&trace->uprobes, &trace->programs, options->tgid, path, places,
				  pick_places(trace, options, file, places));
	}
	return err;
}

static int install(struct heaptrace *trace, const struct heaptrace_options *options,
		   const struct allocators *allocators, enum uprobe_kind kind)
{
	int err = load(trace, options, allocators, kind);

	if (!err)
		err = attach(trace, options, allocators);
	if (err)
		unload(trace);
	return err;
}

/*
 * Which kind of probes the kernel has is known when one of them is there. What is offered has no return. The
 * oldest kind takes more rights, so that its error would say nothing where it is not needed.
 */
static int install_best(struct heaptrace *trace, const struct heaptrace_options *options,
			const struct allocators *allocators)
{
	enum uprobe_kind kind = options->best_kind;
	int err = -EOPNOTSUPP;

	if (trace->is_offered && kind == UPROBES_OF_SESSIONS)
		kind = UPROBES_OF_MANY;
	for (; err && kind < UPROBES_OF_EVENTS; kind++)
		err = install(trace, options, allocators, kind);
	if (!err || (options->best_kind != UPROBES_OF_EVENTS && !uprobes_are_events()))
		return err;
	return install(trace, options, allocators, UPROBES_OF_EVENTS);
}

int heaptrace_begin(struct heaptrace **ret, const struct heaptrace_options *options,
		    const struct allocators *allocators)
{
	struct heaptrace *trace = calloc(1, sizeof(*trace));
	int err;

	if (!trace)
		return -ENOMEM;
	trace->is_offered = allocators->nr_offered;
	trace->max_rate = trace->is_offered ? 0 : options->max_rate;
	err = install_best(trace, options, allocators);
	if (err) {
		heaptrace_free(trace);
		return err;
	}
	trace->begin_ns = trace->looked_ns = now_ns(CLOCK_BOOTTIME);
	trace->skeleton->bss->heap_is_on = 1;
	*ret = trace;
	return 0;
}

/* --- while it goes on ------------------------------------------------------------------------- */

bool heaptrace_has_spared(const struct heaptrace *trace)
{
	return trace->has_spared;
}

int heaptrace_fd(const struct heaptrace *trace)
{
	return ring_buffer__epoll_fd(trace->copies);
}

bool heaptrace_poll(struct heaptrace *trace, heaptrace_copy_fn copy_fn, void *ctx)
{
	trace->on_copy = copy_fn;
	trace->ctx = ctx;
	ring_buffer__consume(trace->copies);
	return trace->end_ns || trace->skeleton->bss->heap_is_on;
}

void heaptrace_learn(struct heaptrace *trace, __u64 ip, __u32 up)
{
	int fd = bpf_map__fd(trace->skeleton->maps.heap_ups);
	__u32 known;

	if (!bpf_map_lookup_elem(fd, &ip, &known)) {
		if (known == up || known == HEAP_UP_VARIES)
			return;
		up = HEAP_UP_VARIES;
	}
	/* Without room callers are told apart by their depths. */
	bpf_map_update_elem(fd, &ip, &up, BPF_ANY);
}

/* What was allocated since it was last asked, by size. 0 or a negative errno. */
static int read_sizes(struct heaptrace *trace, struct heap_sizes *ret)
{
	struct heap_sizes sizes = {};
	int err = heapread_sum(bpf_map__fd(trace->skeleton->maps.heap_sizes), sizes.nr, NR_HEAP_OCTAVES);

	if (err)
		return err;
	for (__u32 i = 0; i < NR_HEAP_OCTAVES; i++)
		ret->nr[i] = sizes.nr[i] - trace->sizes.nr[i];
	trace->sizes = sizes;
	return 0;
}

void heaptrace_hold_rate(struct heaptrace *trace)
{
	const __u64 now = now_ns(CLOCK_BOOTTIME);
	struct heap_sizes sizes;
	__u32 every_bytes;

	if (!trace->max_rate || trace->end_ns || read_sizes(trace, &sizes))
		return;
	every_bytes = heaprate_every_bytes(&sizes, now - trace->looked_ns, trace->max_rate);
	trace->looked_ns = now;
	if (every_bytes <= trace->skeleton->bss->heap_every_bytes)
		return;
	if (!trace->sampled_ns)
		trace->sampled_ns = now;
	set_period(trace->skeleton, every_bytes);
}

void heaptrace_stop(struct heaptrace *trace)
{
	if (trace->end_ns)
		return;
	trace->skeleton->bss->heap_is_on = 0;
	trace->end_ns = now_ns(CLOCK_BOOTTIME);
	uprobes_close(&trace->uprobes);
	heap_bpf__detach(trace->skeleton);
}

int heaptrace_read(const struct heaptrace *trace, struct heaptrace_result *ret)
{
	const struct heapread_tables tables = {
		.objects_fd = bpf_map__fd(trace->skeleton->maps.heap_objects),
		.stacks_fd = bpf_map__fd(trace->skeleton->maps.heap_stacks),
		.counts_fd = bpf_map__fd(trace->skeleton->maps.heap_counts),
	};

	*ret = (struct heaptrace_result){ .begin_ns = trace->begin_ns,
					  .end_ns = trace->end_ns,
					  .sampled_ns = trace->sampled_ns,
					  .every_bytes = trace->skeleton->bss->heap_every_bytes };
	return heapread(&tables, ret);
}

void heaptrace_free(struct heaptrace *trace)
{
	if (!trace)
		return;
	unload(trace);
	free(trace);
}
