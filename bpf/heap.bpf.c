// SPDX-License-Identifier: GPL-2.0-only
/*
 * The heap of one process, traced on request and for a bounded time: every allocation that its
 * allocators give out is kept until it is freed, with the stack that asked for it. An object of its
 * own, which is loaded when a trace begins and goes with it.
 *
 * A call is noted when it begins and counted when it returns; what it calls meanwhile is not counted
 * again.
 */
#include "heap.bpf.h"
#include "heapcall.bpf.h"
#include "heapsamples.bpf.h"
#include "offered.bpf.h"

/* Set before load. */
const volatile __u32 heap_tgid;

/* Set when all probes are in their places, and reset before the first one goes. */
__u32 heap_is_on;

struct heap_thread {
	struct heap_call_frame call;
	/* The address that this thread has given last to a function that may hand it on, and where. */
	__u64 deleted, deleted_sp;
	struct heap_stack scratch; /* while it is looked up: it is too large for the stack of a program */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct heap_thread);
} heap_threads SEC(".maps");

/* The daemon sets max_entries. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_HEAP_OBJECTS);
	__type(key, __u64);
	__type(value, struct heap_object);
} heap_objects SEC(".maps");

static __always_inline bool is_traced(void)
{
	return heap_is_on && bpf_get_current_pid_tgid() >> 32 == heap_tgid;
}

/* --- objects ---------------------------------------------------------------------------------- */

static __always_inline bool keep(__u64 address, const struct heap_object *object)
{
	/* The object that was here has gone without having been seen to go. */
	if (bpf_map_lookup_elem(&heap_objects, &address))
		COUNT(nr_reused);
	return !bpf_map_update_elem(&heap_objects, &address, object, BPF_ANY);
}

/* What was to be reallocated is still there. Others may have taken its place among the objects. */
static __always_inline void put_back(const struct heap_call_frame *call)
{
	if (call->has_old && !keep(call->told.address, &call->old))
		COUNT(nr_lost);
}

/* Of object the caller has filled in what it is and stands for. */
static __always_inline void allocated(struct pt_regs *ctx, struct heap_thread *thread, __u64 address,
				      struct heap_object *object, __u64 nr_weighted)
{
	struct heap_stack *stack = stack_now(ctx, &thread->scratch, &object->stack);

	if (!stack)
		return;
	object->time_ns = bpf_ktime_get_boot_ns();
	add_sample(stack, object, nr_weighted);
	if (!keep(address, object))
		COUNT(nr_lost);
}

/* --- calls ------------------------------------------------------------------------------------ */

/* NULL: it has done nothing yet that was to be kept. */
static __always_inline struct heap_thread *known_thread(void)
{
	return bpf_task_storage_get(&heap_threads, bpf_get_current_task_btf(), NULL, 0);
}

static __always_inline struct heap_thread *this_thread(void)
{
	struct heap_thread *thread = bpf_task_storage_get(&heap_threads, bpf_get_current_task_btf(), NULL,
							  BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!thread)
		COUNT(nr_threads_lost);
	return thread;
}

#define RLIMIT_DATA 2
#define RLIMIT_AS 9
#define RLIM_INFINITY (~0UL)

/* Whether a call that throws where it fails is to be left alone: see HEAP_MAX_SURE_BYTES. */
static __always_inline bool is_spared(struct pt_regs *ctx, __u64 cookie)
{
	const struct signal_struct *signal;

	/* Most calls are none that throws. */
	if (!(cookie & HEAP_THROWS))
		return false;
	signal = bpf_get_current_task_btf()->signal;
	if (read_arguments(ctx, cookie).size <= HEAP_MAX_SURE_BYTES &&
	    signal->rlim[RLIMIT_AS].rlim_cur == RLIM_INFINITY &&
	    signal->rlim[RLIMIT_DATA].rlim_cur == RLIM_INFINITY)
		return false;
	COUNT(nr_spared);
	return true;
}

/* A signal handler may have a stack of its own, above that of what it interrupts. */
static __always_inline bool is_on_signal_stack(__u64 sp)
{
	const struct task_struct *current = bpf_get_current_task_btf();

	return sp - current->sas_ss_sp < current->sas_ss_size;
}

/*
 * A call within another one has its frame below, or in the same place where the outer one jumped to it.
 * A handler's own stack may be above. Else the outer one was left without a return, and what it wanted to
 * reallocate is still there.
 */
static __always_inline bool is_nested(struct heap_thread *thread, __u64 cookie, __u64 sp)
{
	struct heap_call_frame *call = &thread->call;

	if (!call->is_open)
		return false;
	if (sp < call->sp || (sp == call->sp && cookie != call->cookie))
		return true;
	if (is_on_signal_stack(sp) && !is_on_signal_stack(call->sp))
		return true;
	COUNT(nr_interrupted);
	put_back(call);
	call->is_open = 0;
	return false;
}

/* Takes what is to be reallocated out: once the allocator has freed it, others may get its address. */
static __always_inline void take_old(struct heap_call_frame *call)
{
	const struct heap_object *old = bpf_map_lookup_elem(&heap_objects, &call->told.address);

	if (!old)
		return;
	call->old = *old;
	call->has_old = 1;
	bpf_map_delete_elem(&heap_objects, &call->told.address);
}

/* It may be handed on, as by a deleting function to another one, and to free() in a static program. */
static __always_inline void freed(struct pt_regs *ctx, struct heap_thread *thread, __u64 cookie,
				  __u64 address)
{
	const __u64 sp = PT_REGS_SP(ctx);
	const bool is_handed_on = thread->deleted == address && sp <= thread->deleted_sp;

	thread->deleted = 0;
	if (!address)
		return;
	if (cookie & HEAP_HANDS_ON) {
		thread->deleted = address;
		thread->deleted_sp = sp;
	}
	/* What is known has been given out since, and was not handed on. */
	if (!bpf_map_delete_elem(&heap_objects, &address))
		COUNT(nr_frees);
	else if (!is_handed_on)
		COUNT(nr_unknown);
}

/*
 * Where it samples, most calls end here: what is not looked at needs no place for its thread. But what hands
 * on must be met again by what it calls.
 */
static __always_inline bool is_passed_over(struct pt_regs *ctx, __u64 cookie, __u64 *ret_p)
{
	__u64 address = PT_REGS_PARM1(ctx);

	if (!heap_every_bytes)
		return false;
	if (HEAP_COOKIE_CALL(cookie) == HEAP_MALLOC && !(cookie & HEAP_HANDS_ON)) {
		*ret_p = choose(PT_REGS_PARM1(ctx));
		return !*ret_p;
	}
	return HEAP_COOKIE_CALL(cookie) == HEAP_FREE && !bpf_map_lookup_elem(&heap_objects, &address);
}

/* Whether the return of this call is to be seen. */
static __always_inline bool begin(struct pt_regs *ctx, __u64 cookie)
{
	const __u32 kind = HEAP_COOKIE_CALL(cookie);
	struct heap_thread *thread;
	struct heap_call_frame *call;
	__u64 p = 0;

	if (!is_traced())
		return false;
	thread = known_thread();
	if ((thread && is_nested(thread, cookie, PT_REGS_SP(ctx))) || is_spared(ctx, cookie) ||
	    is_passed_over(ctx, cookie, &p))
		return false;
	if (!thread)
		thread = this_thread();
	if (!thread)
		return false;
	if (kind == HEAP_FREE || kind == HEAP_DELETE) {
		freed(ctx, thread, cookie, PT_REGS_PARM1(ctx));
		return false;
	}
	thread->deleted = 0;
	call = &thread->call;
	call->cookie = cookie;
	call->sp = PT_REGS_SP(ctx);
	call->has_old = 0;
	call->told = read_arguments(ctx, cookie);
	if (is_realloc(call) && call->told.address)
		take_old(call);
	call->p = p ?: choose(call->told.size);
	call->is_open = call->p || call->has_old || (cookie & HEAP_HANDS_ON);
	return call->is_open;
}

/* realloc() to 0 bytes frees where it gives nothing, and fails where it gives nothing for more. */
static __always_inline void end(struct pt_regs *ctx)
{
	/* Read at once: the verifier wants a constant place. */
	const __u64 returned = PT_REGS_RC(ctx);
	struct heap_thread *thread = is_traced() ? known_thread() : NULL;
	struct heap_object object = {};
	struct heap_call_frame *call;
	__u64 address;

	if (!thread || !thread->call.is_open)
		return;
	call = &thread->call;
	call->is_open = 0;
	address = result(returned, call);
	if (!address && is_realloc(call) && call->told.address && !call->told.size) {
		if (call->has_old)
			COUNT(nr_frees);
		else
			COUNT(nr_unknown);
		return;
	}
	if (!address) {
		COUNT(nr_failed);
		put_back(call);
		return;
	}
	if (call->has_old)
		COUNT(nr_frees);
	else if (is_realloc(call) && call->told.address)
		COUNT(nr_unknown);
	if (call->p) {
		object.size = call->told.size;
		object.weighted_bytes = heap_weighted_bytes(call->told.size, call->p, bpf_get_prandom_u32());
		allocated(ctx, thread, address, &object, heap_weighted_nr(call->p));
	}
}

/* --- programs --------------------------------------------------------------------------------- */

/* One program for begin and end, where the kernel has such probes. */
SEC("uprobe.session")
int heap_session(struct pt_regs *ctx)
{
	NO_PRIVATE_STACK(ctx, no_programs);
	if (!session_is_return(ctx))
		return begin(ctx, bpf_get_attach_cookie(ctx)) ? 0 : 1;
	end(ctx);
	return 0;
}

SEC("uprobe")
int heap_begin(struct pt_regs *ctx)
{
	NO_PRIVATE_STACK(ctx, no_programs);
	begin(ctx, bpf_get_attach_cookie(ctx));
	return 0;
}

/* Every call returns here, also one within another. */
SEC("uretprobe")
int heap_end(struct pt_regs *ctx)
{
	struct heap_thread *thread;

	NO_PRIVATE_STACK(ctx, no_programs);
	thread = is_traced() ? known_thread() : NULL;
	if (thread && thread->call.cookie == bpf_get_attach_cookie(ctx) &&
	    is_return_of(&thread->call, PT_REGS_SP(ctx)))
		end(ctx);
	return 0;
}

/* What the program allocates, as it says by itself. */
static __always_inline void offered_alloc(struct pt_regs *ctx, struct heap_thread *thread,
					  const volatile struct heap_offered *offered)
{
	__u64 address = offered_argument(ctx, &offered->argument[0]);
	struct heap_object object = { .size = offered_argument(ctx, &offered->argument[1]),
				      .weighted_bytes = offered_argument(ctx, &offered->argument[2]) };

	if (!address) {
		COUNT(nr_failed);
		return;
	}
	if (!object.weighted_bytes)
		object.weighted_bytes = object.size;
	if (object.weighted_bytes != object.size)
		COUNT(nr_weighted);
	allocated(ctx, thread, address, &object,
		  object.size ? (object.weighted_bytes << 16) / object.size : 1 << 16);
}

/* At a probe that the program offers, instead of those above. */
SEC("uprobe")
int heap_at_offered(struct pt_regs *ctx)
{
	const volatile struct heap_offered *offered;
	struct heap_thread *thread;

	NO_PRIVATE_STACK(ctx, no_programs);
	offered = &heap_offers[bpf_get_attach_cookie(ctx) & (MAX_HEAP_OFFERS - 1)];
	thread = is_traced() ? this_thread() : NULL;
	if (!thread)
		return 0;
	if (offered->offer == HEAP_OFFERS_FREE)
		freed(ctx, thread, HEAP_FREE, offered_argument(ctx, &offered->argument[0]));
	else
		offered_alloc(ctx, thread, offered);
	return 0;
}

SEC("raw_tp/sched_process_fork")
int heap_fork(__u64 *ctx)
{
	const struct task_struct *parent = (const void *)ctx[0], *child = (const void *)ctx[1];

	if (heap_is_on && BPF_CORE_READ(parent, tgid) == heap_tgid && BPF_CORE_READ(child, tgid) != heap_tgid)
		COUNT(nr_children);
	return 0;
}

/* A copy of nothing, so that the tracer looks. Where there is no room for it, it is about to. */
static __always_inline void wake(void)
{
	struct heap_copy *copy = bpf_ringbuf_reserve(&heap_copies, sizeof(*copy), 0);

	if (!copy)
		return;
	copy->stack = 0;
	copy->size = 0;
	bpf_ringbuf_submit(copy, 0);
}

/* Its memory is another one now, and nothing of what is known was freed. */
SEC("raw_tp/sched_process_exec")
int heap_exec(__u64 *ctx)
{
	if (!is_traced())
		return 0;
	heap_is_on = 0;
	COUNT(nr_execs);
	wake();
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
