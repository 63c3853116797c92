// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The tracer's side of the symbolizer; see symbolizer.h. The questions that wait are a list; the first of
 * them is the one that it is at.
 */
#include "symbolizer.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "../log.h"
#include "../util.h"
#include "child.h"
#include "giver.h"
#include "heapfunctions.h"
#include "message.h"
#include "target.h"

#define MAX_WAITING 256
/* One question may take so long; a file of the largest takes less than a second. */
#define DEADLINE_US (10 * 1000 * 1000ULL)
/* It has files of processes open, which may have ended, and whose file systems are to be unmounted then. */
#define IDLE_US (5 * 1000 * 1000ULL)
#define TIMER_ACCURACY_US (100 * 1000)

struct job {
	struct job *next;
	symbolizer_answer_fn answer;
	void *ctx;
	union trace_message request;
};

struct symbolizer {
	sd_event *event;
	struct child child;
	sd_event_source *io, *timer, *turn;
	struct job *first, **last;
	__u32 nr_waiting;
	bool is_asked;  /* the first */
	bool is_missed; /* it could not be started the last time */
	struct target target;
	/* The answer to the first, as far as it has come. */
	struct answer_name names[TRACE_MAX_ADDRESSES];
	struct answer_frames frames;
	struct answer_places places[SYMBOLIZER_MAX_PLACES];
	__u32 nr_places;
	__u32 nr_needs;
	bool is_slow; /* a file of the process did not come in time */
	char why[REC_TEXT_LEN];
};

static void end_child(struct symbolizer *symbolizer, bool is_closed)
{
	symbolizer->io = sd_event_source_disable_unref(symbolizer->io);
	symbolizer->is_asked = false;
	child_end(&symbolizer->child, is_closed, symbolizer->why, sizeof(symbolizer->why));
}

/* --- answers ---------------------------------------------------------------------------------- */

/* Where there is no name, the place in the file is one. */
static __u32 fill_names(struct symbolizer *symbolizer, const struct job *job)
{
	__u32 nr_unnamed = 0;

	for (__u32 i = 0; i < job->request.h.nr; i++) {
		struct answer_name *name = &symbolizer->names[i];
		__u64 ip = job->request.names.ip[i];
		char place[USER_SYMBOL_TEXT_LEN];

		name->text[sizeof(name->text) - 1] = '\0';
		name->module[sizeof(name->module) - 1] = '\0';
		name->file[sizeof(name->file) - 1] = '\0';
		if (*name->text)
			continue;
		nr_unnamed++;
		target_place(&symbolizer->target, ip, place, sizeof(place));
		memcpy(name->text, place, sizeof(name->text));
		snprintf(name->module, sizeof(name->module), "%.*s", (int)strcspn(place, "+"), place);
	}
	return nr_unnamed;
}

static void set_timer(struct symbolizer *symbolizer, uint64_t after_us)
{
	sd_event_source_set_time_relative(symbolizer->timer, after_us);
	sd_event_source_set_enabled(symbolizer->timer, SD_EVENT_ONESHOT);
}

/* Takes the first question off the list and answers it; the next one's turn comes by itself. */
static void answer_first(struct symbolizer *symbolizer, int err)
{
	struct job *job = symbolizer->first;
	struct symbolizer_answer answer = { .err = err, .why = symbolizer->why };

	symbolizer->first = job->next;
	if (!symbolizer->first)
		symbolizer->last = &symbolizer->first;
	symbolizer->nr_waiting--;
	symbolizer->is_asked = false;
	if (!err && job->request.h.kind == TRACE_NAMES) {
		answer.names = symbolizer->names;
		answer.nr_names = job->request.h.nr;
		answer.nr_unnamed = fill_names(symbolizer, job);
	} else if (!err && job->request.h.kind == TRACE_FUNCTIONS) {
		answer.places = symbolizer->places;
		answer.nr_places = symbolizer->nr_places;
	} else if (!err) {
		answer.ip = symbolizer->frames.ip;
		answer.sp = symbolizer->frames.sp;
		answer.nr_frames = symbolizer->frames.h.nr;
	}
	job->answer(job->ctx, &answer);
	free(job);
	set_timer(symbolizer, IDLE_US);
	sd_event_source_set_enabled(symbolizer->turn, symbolizer->first ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

/* The symbolizer has died, was wrong or took too long: what is known is the answer to what it is at. */
static void fail(struct symbolizer *symbolizer, bool has_died, const char *why)
{
	const bool was_asked = symbolizer->is_asked;

	snprintf(symbolizer->why, sizeof(symbolizer->why), "%s", why);
	end_child(symbolizer, has_died);
	if (!was_asked) {
		log_warning("%s, while it was asked nothing: the next question starts another",
			    symbolizer->why);
		return;
	}
	log_warning("%s, at a file of process %u: it goes without names", symbolizer->why,
		    symbolizer->first->request.h.tgid);
	answer_first(symbolizer, 0);
}

/* --- what comes from the symbolizer ----------------------------------------------------------- */

/* One file that does not come in time is enough: there are no more for this question. */
static int give(struct symbolizer *symbolizer, const struct answer_need *need)
{
	struct question_given given = { .h = { .kind = QUESTION_GIVEN } };
	char place[USER_SYMBOL_TEXT_LEN];
	bool is_given = false;
	int err = -ETIMEDOUT;

	if (need->need > NEED_JIT)
		return -EPROTO;
	if (!symbolizer->is_slow)
		err = give_in_child(symbolizer->child.fd, &symbolizer->target, need, &is_given);
	if (err == -ETIMEDOUT)
		symbolizer->is_slow = true;
	if (err == -ETIMEDOUT || (err && err != -EFAULT && need->need == NEED_MAPPING)) {
		target_place(&symbolizer->target, need->address, place, sizeof(place));
		snprintf(symbolizer->why, sizeof(symbolizer->why), "cannot open %.*s of process %u: %s",
			 *place ? (int)strcspn(place, "+") : (int)sizeof(place), *place ? place : "a file",
			 symbolizer->target.tgid, strerror(-err));
	}
	if (is_given)
		return 0;
	given.given.err = err;
	return message_send(symbolizer->child.fd, &given, sizeof(given), -1);
}

static int take_name(struct symbolizer *symbolizer, const struct answer_name *name)
{
	const struct job *job = symbolizer->first;

	if (job->request.h.kind != TRACE_NAMES || name->h.nr >= job->request.h.nr)
		return -EPROTO;
	symbolizer->names[name->h.nr] = *name;
	return 0;
}

static int take_frames(struct symbolizer *symbolizer, const struct answer_frames *frames)
{
	if (symbolizer->first->request.h.kind != TRACE_UNWIND || !frames->h.nr ||
	    frames->h.nr > USER_STACK_MAX_FRAMES)
		return -EPROTO;
	symbolizer->frames = *frames;
	return 0;
}

static bool is_offer(const struct heap_offered *offered)
{
	for (__u32 i = 0; i < NR_ALLOC_ARGUMENTS; i++)
		if (offered->argument[i].kind >= NR_HEAP_ARGUMENT_KINDS || offered->argument[i].size > 8 ||
		    offered->argument[i].word >= NR_HEAP_WORDS)
			return false;
	return offered->offer < NR_HEAP_OFFERS;
}

/* Where there are more, the rest is of no use: nobody has so many allocators. */
static int take_places(struct symbolizer *symbolizer, const struct answer_places *places)
{
	if (symbolizer->first->request.h.kind != TRACE_FUNCTIONS || places->h.nr > MAX_FUNCTION_PLACES ||
	    places->nr_offered > MAX_OFFERED_PLACES)
		return -EPROTO;
	for (__u32 i = 0; i < places->nr_offered; i++)
		if (!is_offer(&places->offered[i].offered))
			return -EPROTO;
	for (__u32 i = 0; i < places->h.nr; i++)
		if (places->place[i].name >= NR_HEAP_FUNCTIONS)
			return -EPROTO;
	if (symbolizer->nr_places < SYMBOLIZER_MAX_PLACES)
		symbolizer->places[symbolizer->nr_places++] = *places;
	return 0;
}

static bool size_is(size_t size, size_t wanted)
{
	return size == wanted;
}

static int take(struct symbolizer *symbolizer, const union answer *answer, size_t size)
{
	switch (answer->h.kind) {
	case ANSWER_NEED:
		if (!size_is(size, sizeof(answer->need)) || ++symbolizer->nr_needs > MAX_NEEDS)
			return -EPROTO;
		return give(symbolizer, &answer->need);
	case ANSWER_NAME:
		return size_is(size, sizeof(answer->name)) ? take_name(symbolizer, &answer->name) : -EPROTO;
	case ANSWER_FRAMES:
		return size_is(size, sizeof(answer->frames)) ? take_frames(symbolizer, &answer->frames)
							     : -EPROTO;
	case ANSWER_PLACES:
		return size_is(size, sizeof(answer->places)) ? take_places(symbolizer, &answer->places)
							     : -EPROTO;
	case ANSWER_DONE:
		if (!size_is(size, sizeof(answer->done)) || answer->done.err > 0)
			return -EPROTO;
		answer_first(symbolizer, answer->done.err);
		return 0;
	default:
		return -EPROTO;
	}
}

static int on_answer(sd_event_source *source, int fd, uint32_t events, void *ctx)
{
	struct symbolizer *symbolizer = ctx;
	union answer answer;
	ssize_t size = recv(fd, &answer, sizeof(answer), MSG_DONTWAIT);
	int err = -EPIPE;

	(void)source;
	(void)events;
	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (size > 0)
		err = symbolizer->is_asked && size >= (ssize_t)sizeof(answer.h)
			      ? take(symbolizer, &answer, (size_t)size)
			      : -EPROTO;
	if (err == -EPIPE || err == -ECONNRESET)
		fail(symbolizer, true, "the symbolizer died");
	else if (err)
		fail(symbolizer, false, "the symbolizer said what it must not say");
	return 0;
}

/* --- questions -------------------------------------------------------------------------------- */

static int start_child(struct symbolizer *symbolizer)
{
	int err = child_start(&symbolizer->child);

	if (err)
		return err;
	err = sd_event_add_io(symbolizer->event, &symbolizer->io, symbolizer->child.fd, EPOLLIN, on_answer,
			      symbolizer);
	if (err < 0)
		end_child(symbolizer, false);
	return err < 0 ? err : 0;
}

static int ask_first(struct symbolizer *symbolizer)
{
	static union question question;
	const union trace_message *request = &symbolizer->first->request;
	size_t size = sizeof(question.names);

	question.h = (struct question_header){ .kind = QUESTION_NAMES,
					       .nr = request->h.nr,
					       .view = symbolizer->target.view };
	if (request->h.kind == TRACE_FUNCTIONS)
		question.h.kind = QUESTION_FUNCTIONS;
	if (request->h.kind != TRACE_UNWIND) {
		memcpy(question.names.ip, request->names.ip, sizeof(question.names.ip));
	} else {
		size = sizeof(question.unwind);
		question.h.kind = QUESTION_UNWIND;
		memcpy(question.unwind.registers, request->unwind.registers,
		       sizeof(question.unwind.registers));
		memcpy(question.unwind.bytes, request->unwind.bytes, sizeof(question.unwind.bytes));
	}
	child_limit_cpu(&symbolizer->child);
	/* There is room for one message: the one before has been read. */
	return message_send(symbolizer->child.fd, &question, size, -1);
}

/* The one of the last question may have died since. */
static int ask_first_of_any(struct symbolizer *symbolizer)
{
	int err;

	if (symbolizer->child.fd >= 0) {
		if (!ask_first(symbolizer))
			return 0;
		fail(symbolizer, true, "the symbolizer died");
		*symbolizer->why = '\0';
	}
	err = start_child(symbolizer);
	return err ? err : ask_first(symbolizer);
}

/* Said once, until it can be started again. */
static void go_without(struct symbolizer *symbolizer, int err)
{
	snprintf(symbolizer->why, sizeof(symbolizer->why), "cannot start the symbolizer: %s", strerror(-err));
	end_child(symbolizer, true);
	if (!symbolizer->is_missed)
		log_warning("%s: processes go without names", symbolizer->why);
	symbolizer->is_missed = true;
	answer_first(symbolizer, 0);
}

/* The turn of the first of those that wait. */
static int on_turn(sd_event_source *source, void *ctx)
{
	struct symbolizer *symbolizer = ctx;
	const struct trace_header *h = &symbolizer->first->request.h;
	int err = target_look(&symbolizer->target, h->tgid, h->start_ns);

	(void)source;
	memset(symbolizer->names, 0, sizeof(symbolizer->names));
	symbolizer->frames.h.nr = 0;
	symbolizer->nr_places = 0;
	symbolizer->nr_needs = 0;
	symbolizer->is_slow = false;
	*symbolizer->why = '\0';
	if (err) {
		answer_first(symbolizer, err);
		return 0;
	}
	err = ask_first_of_any(symbolizer);
	if (err) {
		go_without(symbolizer, err);
		return 0;
	}
	symbolizer->is_missed = false;
	symbolizer->is_asked = true;
	set_timer(symbolizer, DEADLINE_US);
	return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *ctx)
{
	struct symbolizer *symbolizer = ctx;

	(void)source;
	(void)usec;
	if (symbolizer->is_asked) {
		fail(symbolizer, false, "the symbolizer took too long");
		return 0;
	}
	if (!symbolizer->first) {
		end_child(symbolizer, false);
		target_close(&symbolizer->target);
	}
	return 0;
}

int symbolizer_ask(struct symbolizer *symbolizer, const union trace_message *request,
		   symbolizer_answer_fn answer, void *ctx)
{
	struct job *job;

	if (symbolizer->nr_waiting >= MAX_WAITING)
		return -EAGAIN;
	job = malloc(offsetof(struct job, request) + request->h.size);
	if (!job)
		return -ENOMEM;
	job->next = NULL;
	job->answer = answer;
	job->ctx = ctx;
	memcpy(&job->request, request, request->h.size);
	*symbolizer->last = job;
	symbolizer->last = &job->next;
	symbolizer->nr_waiting++;
	if (!symbolizer->is_asked)
		sd_event_source_set_enabled(symbolizer->turn, SD_EVENT_ONESHOT);
	return 0;
}

/* --- begin and end ---------------------------------------------------------------------------- */

struct symbolizer *symbolizer_new(sd_event *event, int program_fd)
{
	struct symbolizer *symbolizer = calloc(1, sizeof(*symbolizer));

	if (!symbolizer)
		return NULL;
	symbolizer->event = event;
	symbolizer->child = (struct child){ .program_fd = program_fd, .fd = -1 };
	symbolizer->target = TARGET_NONE;
	symbolizer->last = &symbolizer->first;
	if (sd_event_add_time_relative(event, &symbolizer->timer, CLOCK_MONOTONIC, IDLE_US, TIMER_ACCURACY_US,
				       on_timer, symbolizer) < 0 ||
	    sd_event_add_defer(event, &symbolizer->turn, on_turn, symbolizer) < 0) {
		symbolizer_free(symbolizer);
		return NULL;
	}
	sd_event_source_set_enabled(symbolizer->timer, SD_EVENT_OFF);
	sd_event_source_set_enabled(symbolizer->turn, SD_EVENT_OFF);
	return symbolizer;
}

void symbolizer_free(struct symbolizer *symbolizer)
{
	if (!symbolizer)
		return;
	end_child(symbolizer, false);
	for (struct job *job = symbolizer->first, *next; job; job = next) {
		next = job->next;
		free(job);
	}
	sd_event_source_disable_unref(symbolizer->timer);
	sd_event_source_disable_unref(symbolizer->turn);
	target_close(&symbolizer->target);
	free(symbolizer);
}

__u64 symbolizer_cpu_ns(const struct symbolizer *symbolizer)
{
	return child_cpu_ns(&symbolizer->child);
}

__u64 symbolizer_rss_bytes(const struct symbolizer *symbolizer)
{
	return child_rss_bytes(&symbolizer->child);
}
