/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tracer's side of the symbolizer: the program that reads files of other processes, confined, because
 * it reads what anybody may have written. It is started when there is something to ask, and ended when
 * there has been nothing for a while. If it dies, or takes too long, the question that it was at is
 * answered without it.
 */
#ifndef MEMOIR_TRACE_SYMBOLIZER_H
#define MEMOIR_TRACE_SYMBOLIZER_H

#include <systemd/sd-event.h>

#include "questions.h"

struct symbolizer;

#define SYMBOLIZER_MAX_PLACES 16u

/* Of a question; valid during the call only. */
struct symbolizer_answer {
	int err;         /* 0, or a negative errno: nothing could be said of the process */
	const char *why; /* what went wrong at last, or "" */
	/*
	 * Of names: one for each address of the question; text is never empty where anything is mapped
	 * there.
	 */
	const struct answer_name *names;
	__u32 nr_names, nr_unnamed;
	/* Of unwinding: the frames, the innermost first, and their stack pointers, 0 where not known. */
	const __u64 *ip, *sp;
	__u32 nr_frames;
	/* Of functions: one for each file that has some or offers probes; all is in its range. */
	const struct answer_places *places;
	__u32 nr_places;
};

typedef void (*symbolizer_answer_fn)(void *ctx, const struct symbolizer_answer *answer);

/*
 * program_fd: of the symbolizer's program, which stays the caller's; -1: there is none. NULL without
 * memory.
 */
struct symbolizer *symbolizer_new(sd_event *event, int program_fd);
void symbolizer_free(struct symbolizer *symbolizer);

/*
 * Asks; answer is called once, later, from the event loop. The request, which must be right
 * (trace_request_is_right()), is copied. 0, -EAGAIN where too much is asked already, or -ENOMEM.
 */
int symbolizer_ask(struct symbolizer *symbolizer, const union trace_message *request,
		   symbolizer_answer_fn answer, void *ctx);

/* What it has used up to now, dead ones included, and what it holds. */
__u64 symbolizer_cpu_ns(const struct symbolizer *symbolizer);
__u64 symbolizer_rss_bytes(const struct symbolizer *symbolizer);

#endif
