// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * memoir-symbolizer: names addresses of processes and unwinds stacks for memoird's tracer, which starts
 * it. It reads files that anybody may have written, so it can do nothing but read what it is handed, over
 * the socket that is its standard input (../questions.h), and nothing is lost when it dies.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../util.h"
#include "../message.h"
#include "confine.h"
#include "functions.h"
#include "names.h"
#include "unwind.h"

static struct view view;

static void say(const void *answer, size_t size)
{
	if (send(STDIN_FILENO, answer, size, MSG_NOSIGNAL) != (ssize_t)size)
		_exit(EXIT_SUCCESS);
}

/* The next message, and the file that came with it or -1. Without a tracer we end. */
static size_t hear(void *message, size_t size, int *ret_fd)
{
	ssize_t n = message_receive(STDIN_FILENO, message, size, 0, ret_fd);

	if (n <= 0)
		_exit(EXIT_SUCCESS);
	return (size_t)n;
}

static void ask(void *ctx, const struct answer_need *need, struct given *ret, int *ret_fd)
{
	struct answer_need message = *need;
	struct question_given answer;

	(void)ctx;
	message.h.kind = ANSWER_NEED;
	say(&message, sizeof(message));
	if (hear(&answer, sizeof(answer), ret_fd) != sizeof(answer) || answer.h.kind != QUESTION_GIVEN)
		_exit(EXIT_FAILURE);
	*ret = answer.given;
}

static void answer_names(const struct question_names *question)
{
	for (__u32 i = 0; i < question->h.nr; i++) {
		struct answer_name answer = { .h = { .kind = ANSWER_NAME, .nr = i } };

		name_address(&view, question->ip[i], &answer);
		say(&answer, sizeof(answer));
	}
}

static int answer_unwind(const struct question_unwind *question)
{
	struct answer_frames answer = { .h = { .kind = ANSWER_FRAMES } };
	int err = unwind(&view, question, &answer);

	answer.h.kind = ANSWER_FRAMES;
	if (!err)
		say(&answer, sizeof(answer));
	return err;
}

/* Files without such functions are not worth an answer. */
static void answer_functions(const struct question_names *question)
{
	for (__u32 i = 0; i < question->h.nr; i++) {
		const struct answer_need need = { .need = NEED_MAPPING, .address = question->ip[i] };
		struct answer_places answer = { .h = { .kind = ANSWER_PLACES }, .address = question->ip[i] };
		struct given given;
		int fd, nr;

		ask(NULL, &need, &given, &fd);
		if (fd < 0)
			continue;
		nr = functions_find(fd, &answer);
		close(fd);
		if (nr <= 0)
			continue;
		say(&answer, sizeof(answer));
	}
}

static void answer_question(const union question *question, size_t size)
{
	struct answer_done done = { .h = { .kind = ANSWER_DONE } };

	/* Modules are kept as long as there is room, and found anew when there is not. */
	if (view_is_full(&view))
		view_forget(&view);
	view_begin(&view, question->h.view);
	if (question->h.kind == QUESTION_NAMES && size == sizeof(question->names) &&
	    question->h.nr <= TRACE_MAX_ADDRESSES)
		answer_names(&question->names);
	else if (question->h.kind == QUESTION_FUNCTIONS && size == sizeof(question->names) &&
		 question->h.nr <= TRACE_MAX_ADDRESSES)
		answer_functions(&question->names);
	else if (question->h.kind == QUESTION_UNWIND && size == sizeof(question->unwind) &&
		 question->h.nr <= TRACE_STACK_BYTES)
		done.err = answer_unwind(&question->unwind);
	else
		_exit(EXIT_FAILURE);
	say(&done, sizeof(done));
}

int main(void)
{
	static union question question;
	int err = confine_resources();

	if (!err)
		err = confine_calls();
	if (err) {
		fprintf(stderr, "memoir-symbolizer: cannot confine itself: %s\n", strerror(-err));
		return EXIT_FAILURE;
	}
	elf_version(EV_CURRENT);
	view_init(&view, ask, NULL);
	for (;;) {
		int fd;
		size_t size = hear(&question, sizeof(question), &fd);

		/* A file comes only where one was asked for. */
		if (fd >= 0 || size < sizeof(question.h))
			_exit(EXIT_FAILURE);
		answer_question(&question, size);
	}
}
