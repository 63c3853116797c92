// SPDX-License-Identifier: GPL-2.0-or-later
/* A trace of a heap from request to result; see heapsession.h. */
#include "heapsession.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>

#include "../log.h"
#include "../privileges.h"
#include "../processfolder.h"
#include "../util.h"
#include "giver.h"
#include "heaprate.h"
#include "heapresult.h"
#include "target.h"

#define MAX_CANDIDATES 1024u
#define TIMER_ACCURACY_US 1000

enum session_state {
	SESSION_FINDS,  /* the allocators are looked for */
	SESSION_TRACES, /* probes are in their places */
	SESSION_WAITS,  /* for the last stacks to be unwound */
	SESSION_IS_OVER
};

struct heapsession {
	struct heapsession_options options;
	struct trace_heap request;
	enum session_state state;
	struct target target;
	struct allocators allocators;
	__u64 candidates[MAX_CANDIDATES];
	__u32 nr_candidates, nr_asked;
	char trouble[REC_TEXT_LEN]; /* the last with a file in which an allocator may be */
	struct heaptrace *trace;
	struct unwound *unwound;
	__u32 nr_told; /* stacks, while it went on */
	int pidfd;
	sd_event_source *start, *timer, *rate, *end, *copies;
	struct rec_trace result;
};

static __u32 tgid_of(const struct heapsession *session)
{
	return session->request.h.tgid;
}

/* --- the result ------------------------------------------------------------------------------- */

static void tell_result(struct heapsession *session)
{
	struct heaptrace_result result = {};
	int err = heaptrace_read(session->trace, &result);

	if (err) {
		session->result.ending = TRACE_NEVER_BEGAN;
		snprintf(session->result.why_not, sizeof(session->result.why_not),
			 "what was counted cannot be read: %s", strerror(-err));
		result.nr = 0;
	}
	if (result.counts.nr_weighted)
		session->result.probes = TRACE_PROBES_SAMPLED;
	heapresult_name(&result, session->unwound);
	for (__u32 i = 0; i < result.nr; i++)
		session->result.nr_unwound += result.rows[i].how == STACK_BY_UNWIND_TABLES;
	session->result.nr_copies_lost = result.nr_not_copied + unwound_nr_dropped(session->unwound);
	session->result.nr_not_unwound = result.nr - session->result.nr_unwound;
	heapresult_emit(&result, &session->result, session->options.emit, session->options.ctx);
	free(result.rows);
	heaptrace_free(session->trace);
	session->trace = NULL;
	session->state = SESSION_IS_OVER;
}

/* It is told at once, so that its frames can be named before the process ends. */
static void on_found(void *ctx, const struct unwound_stack *stack)
{
	struct heapsession *session = ctx;
	struct rec_user_stack record = { .h = { REC_USER_STACK, sizeof(record), now_ns(CLOCK_BOOTTIME) },
					 .stack = stack->stack,
					 .start_ns = session->result.start_ns,
					 .tgid = tgid_of(session),
					 .nr = stack->nr,
					 .how = STACK_BY_UNWIND_TABLES };

	for (__u32 i = 0; i < HEAP_KEY_CALLERS && i < stack->nr && stack->up[i]; i++)
		heaptrace_learn(session->trace, stack->ip[i], stack->up[i]);
	if (session->nr_told++ >= HEAPRESULT_MAX_STACKS)
		return;
	memcpy(record.ip, stack->ip, stack->nr * sizeof(stack->ip[0]));
	session->options.emit(session->options.ctx, &record.h);
}

static void on_idle(void *ctx)
{
	struct heapsession *session = ctx;

	if (session->state == SESSION_WAITS)
		tell_result(session);
}

static void on_copy(void *ctx, const struct heap_copy *copy)
{
	struct heapsession *session = ctx;

	unwound_add(session->unwound, copy);
}

static void finish(struct heapsession *session, enum trace_ending ending)
{
	if (session->state != SESSION_TRACES)
		return;
	session->state = SESSION_WAITS;
	session->result.ending = ending;
	heaptrace_stop(session->trace);
	session->timer = sd_event_source_disable_unref(session->timer);
	session->rate = sd_event_source_disable_unref(session->rate);
	session->end = sd_event_source_disable_unref(session->end);
	session->copies = sd_event_source_disable_unref(session->copies);
	heaptrace_poll(session->trace, on_copy, session);
	if (unwound_is_idle(session->unwound))
		tell_result(session);
}

/* --- while it goes on ------------------------------------------------------------------------- */

static int on_timer(sd_event_source *source, uint64_t usec, void *ctx)
{
	(void)source;
	(void)usec;
	finish(ctx, TRACE_HAS_ENDED);
	return 0;
}

static int on_rate(sd_event_source *source, uint64_t usec, void *ctx)
{
	struct heapsession *session = ctx;
	int err;

	(void)usec;
	heaptrace_hold_rate(session->trace);
	err = sd_event_source_set_time(source, (now_ns(CLOCK_BOOTTIME) + HEAP_RATE_NS) / NSEC_PER_USEC);
	return err < 0 ? err : sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int on_end(sd_event_source *source, int fd, uint32_t events, void *ctx)
{
	(void)source;
	(void)fd;
	(void)events;
	finish(ctx, TRACE_OF_THE_DEAD);
	return 0;
}

static int on_copies(sd_event_source *source, int fd, uint32_t events, void *ctx)
{
	struct heapsession *session = ctx;

	(void)source;
	(void)fd;
	(void)events;
	if (!heaptrace_poll(session->trace, on_copy, session))
		finish(session, TRACE_OF_ANOTHER);
	return 0;
}

void heapsession_end(struct heapsession *session)
{
	finish(session, TRACE_WAS_STOPPED);
}

bool heapsession_is_over(const struct heapsession *session)
{
	return session->state == SESSION_IS_OVER;
}

/* --- begin ------------------------------------------------------------------------------------ */

static void refuse(struct heapsession *session, int err, const char *why)
{
	struct rec_trace *result = &session->result;

	result->h = (struct rec_header){ REC_TRACE, sizeof(*result), now_ns(CLOCK_BOOTTIME) };
	result->ending = TRACE_NEVER_BEGAN;
	snprintf(result->why_not, sizeof(result->why_not), "%s", why);
	session->state = SESSION_IS_OVER;
	session->options.emit(session->options.ctx, &result->h);
	session->options.begun(session->options.ctx, err);
}

static int watch(struct heapsession *session)
{
	sd_event *event = session->options.event;
	/* Not the loop's, which is of before the probes were put in their places. */
	const __u64 now = now_ns(CLOCK_BOOTTIME), end_ns = now + session->request.duration_ns;
	int err = sd_event_add_time(event, &session->timer, CLOCK_BOOTTIME, end_ns / NSEC_PER_USEC,
				    TIMER_ACCURACY_US, on_timer, session);

	if (err >= 0)
		err = sd_event_add_time(event, &session->rate, CLOCK_BOOTTIME,
					(now + HEAP_RATE_NS) / NSEC_PER_USEC, TIMER_ACCURACY_US, on_rate,
					session);
	if (err >= 0)
		err = sd_event_add_io(event, &session->end, session->pidfd, EPOLLIN, on_end, session);
	if (err >= 0)
		err = sd_event_add_io(event, &session->copies, heaptrace_fd(session->trace), EPOLLIN,
				      on_copies, session);
	return err < 0 ? err : 0;
}

static void ask_for_functions(struct heapsession *session);

/* What a program says of itself may be wrong; its allocators are probed as if it had said nothing. */
static void begin_without_offers(struct heapsession *session, int err)
{
	snprintf(session->result.why_not, sizeof(session->result.why_not),
		 "the probes that it offers cannot be placed: %s",
		 uprobes_strerror(err, uprobes_are_events()));
	session->allocators = (struct allocators){ .takes_no_offers = true };
	session->nr_asked = 0;
	ask_for_functions(session);
}

/* Where the kernel gives no more than there is, any allocation may fail. */
static bool memory_is_strict(void)
{
	_cleanup_close_ int fd = open("/proc/sys/vm/overcommit_memory", O_RDONLY | O_CLOEXEC);
	char mode = '2';

	return fd < 0 || read(fd, &mode, 1) != 1 || mode == '2';
}

static const char *why_no_allocator(const struct heapsession *session)
{
	if (*session->result.why_not)
		return session->result.why_not;
	if (*session->trouble)
		return session->trouble;
	if (mappings_are_of_32_bits(&session->target.mappings))
		return "it is a program of 32 bits, whose calls are not understood";
	return "no file that it has mapped has malloc and free among its symbols";
}

static void begin(struct heapsession *session)
{
	const bool is_offered = session->allocators.nr_offered;
	const __u32 every_bytes = session->request.every_bytes;
	/* One byte in one is every allocation, however many there are. */
	const struct heaptrace_options options = { .tgid = tgid_of(session),
						   .spares_throwing = session->request.is_automatic ||
								      memory_is_strict(),
						   .every_bytes = every_bytes == 1 ? 0 : every_bytes,
						   .max_rate = every_bytes ? 0 : HEAP_MAX_RATE };
	char why[REC_TEXT_LEN];
	int err;

	if (!session->allocators.nr) {
		snprintf(why, sizeof(why), "no allocator was found: %.100s", why_no_allocator(session));
		return refuse(session, -ENOENT, why);
	}
	allocators_name(&session->allocators, session->result.allocators, sizeof(session->result.allocators));
	session->result.probes = is_offered ? TRACE_PROBES_OFFERED : TRACE_PROBES_FUNCTIONS;
	err = heaptrace_begin(&session->trace, &options, &session->allocators);
	allocators_close(&session->allocators);
	if (err && is_offered)
		return begin_without_offers(session, err);
	if (!err)
		err = watch(session);
	if (err) {
		heaptrace_free(session->trace);
		session->trace = NULL;
		snprintf(why, sizeof(why), "its allocator cannot be probed: %s",
			 uprobes_strerror(err, uprobes_are_events()));
		return refuse(session, err, why);
	}
	if (heaptrace_has_spared(session->trace) && !*session->result.why_not)
		snprintf(
			session->result.why_not, sizeof(session->result.why_not),
			"C++ new is seen only where it calls malloc(): its exception could not pass a probe");
	session->state = SESSION_TRACES;
	session->options.begun(session->options.ctx, 0);
}

static void add_files(struct heapsession *session, const struct symbolizer_answer *answer)
{
	for (__u32 i = 0; i < answer->nr_places; i++) {
		const struct answer_places *places = &answer->places[i];
		struct given given;
		int fd = open_in_child(&session->target, places->address, &given);

		if (fd >= 0 && !allocators_add(&session->allocators, fd, given.name, places))
			close(fd);
	}
}

static void on_functions(void *ctx, const struct symbolizer_answer *answer)
{
	struct heapsession *session = ctx;

	if (answer->err)
		return refuse(session, answer->err, "it ended before it was traced");
	add_files(session, answer);
	if (*answer->why)
		snprintf(session->trouble, sizeof(session->trouble), "%s", answer->why);
	if (session->nr_asked < session->nr_candidates)
		ask_for_functions(session);
	else
		begin(session);
}

static void ask_for_functions(struct heapsession *session)
{
	union trace_message question = { .names = { .h = { .kind = TRACE_FUNCTIONS,
							   .size = sizeof(question.names),
							   .start_ns = session->request.h.start_ns,
							   .tgid = tgid_of(session) } } };
	int err;

	while (session->nr_asked < session->nr_candidates && question.h.nr < TRACE_MAX_ADDRESSES)
		question.names.ip[question.h.nr++] = session->candidates[session->nr_asked++];
	err = symbolizer_ask(session->options.symbolizer, &question, on_functions, session);
	if (err)
		refuse(session, err, "the symbolizer cannot be asked");
}

static void read_comm(struct heapsession *session)
{
	struct text text = {};

	if (!processfolder_read(session->target.folder, "comm", 256, &text))
		snprintf(session->result.comm, sizeof(session->result.comm), "%.*s",
			 (int)strcspn(text.data, "\n"), text.data);
	text_free(&text);
}

static int on_start(sd_event_source *source, void *ctx)
{
	struct heapsession *session = ctx;
	char why[REC_TEXT_LEN];
	int err;

	(void)source;
	/* Programs know a process by its number in the first. */
	if (!privileges_see_all_processes()) {
		refuse(session, -EOPNOTSUPP, "memoird runs in a PID namespace: run it on the host");
		return 0;
	}
	if (!session->request.h.start_ns) {
		snprintf(why, sizeof(why), "there is no process %u", tgid_of(session));
		refuse(session, -ESRCH, why);
		return 0;
	}
	session->pidfd = pidfd_open((pid_t)tgid_of(session), 0);
	err = target_look(&session->target, tgid_of(session), session->request.h.start_ns);
	if (!err && session->pidfd < 0)
		err = -ESRCH;
	if (err) {
		refuse(session, err,
		       err == -ESRCH ? "there is no such process, or it has no memory of its own: a kernel "
				       "thread, or its main thread has ended"
				     : "what it has mapped cannot be read");
		return 0;
	}
	read_comm(session);
	/* Whoever leaks may want just that; who asks for a process by its number takes the risk. */
	if (session->request.is_automatic && !target_mounts_are_trusted(&session->target)) {
		refuse(session, -EPERM,
		       "it has file systems of its own user's, which could stop the tracer: not traced unless "
		       "somebody asks");
		return 0;
	}
	session->nr_candidates = allocators_candidates(&session->target.mappings, session->candidates,
						       MAX_CANDIDATES);
	if (session->nr_candidates)
		ask_for_functions(session);
	else
		begin(session);
	return 0;
}

struct heapsession *heapsession_new(const struct heapsession_options *options,
				    const struct trace_heap *request)
{
	struct heapsession *session = calloc(1, sizeof(*session));

	if (!session)
		return NULL;
	session->options = *options;
	session->request = *request;
	if (!request->h.start_ns)
		session->request.h.start_ns = processfolder_start_ns(request->h.tgid);
	session->target = TARGET_NONE;
	session->pidfd = -1;
	session->result = (struct rec_trace){ .start_ns = session->request.h.start_ns,
					      .tgid = request->h.tgid,
					      .is_automatic = request->is_automatic };
	session->unwound = unwound_new(options->symbolizer, request->h.tgid, session->request.h.start_ns,
				       &(struct unwound_events){ on_found, on_idle, session });
	if (!session->unwound || sd_event_add_defer(options->event, &session->start, on_start, session) < 0) {
		heapsession_free(session);
		return NULL;
	}
	return session;
}

void heapsession_free(struct heapsession *session)
{
	if (!session)
		return;
	sd_event_source_disable_unref(session->start);
	sd_event_source_disable_unref(session->timer);
	sd_event_source_disable_unref(session->rate);
	sd_event_source_disable_unref(session->end);
	sd_event_source_disable_unref(session->copies);
	heaptrace_free(session->trace);
	unwound_free(session->unwound);
	allocators_close(&session->allocators);
	target_close(&session->target);
	if (session->pidfd >= 0)
		close(session->pidfd);
	free(session);
}
