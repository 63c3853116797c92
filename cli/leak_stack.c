// SPDX-License-Identifier: GPL-2.0-or-later
/* A row of "stacks" in an answer about leaks; see leak_stack.h. */
#include "leak_stack.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "reply.h"
#include "visible.h"

/* Functions that are named in one line. */
#define MAX_PLACE 3

/* Without "+0x1a/0x2b"; " [module]" stays. */
static void add_function(char ret[LEAK_FRAME_LEN], const char *name, const char *suffix)
{
	const char *offset = NULL, *module;
	size_t len;

	/* A demangled name may have such text in itself; the offset is the last. */
	for (const char *at = strstr(name, "+0x"); at; at = strstr(at + 1, "+0x"))
		offset = at;
	len = offset ? (size_t)(offset - name) : strlen(name);
	module = offset ? strchr(offset, ' ') : NULL;
	snprintf(ret, LEAK_FRAME_LEN, "%.*s%s%s", (int)(len < LEAK_FRAME_LEN ? len : LEAK_FRAME_LEN), name,
		 module ? module : "", suffix);
}

/* Whether it is a frame at all: what has no frame pointers may invent the end of a stack. */
static bool is_frame(const json_t *frame)
{
	return strcmp(reply_string(frame, "address"), "0x0") != 0;
}

static void user_function(const json_t *frame, char ret[LEAK_FRAME_LEN])
{
	const char *name = reply_string(frame, "name"), *module = reply_string(frame, "module");

	if (*name)
		add_function(ret, name, "");
	else if (*module)
		snprintf(ret, LEAK_FRAME_LEN, "[%.*s]", LEAK_FRAME_LEN - 3, module);
	else
		snprintf(ret, LEAK_FRAME_LEN, "%.*s", LEAK_FRAME_LEN - 1, reply_string(frame, "address"));
}

static char *next_frame(struct leak_frames *frames)
{
	if (frames->nr == FLAME_MAX_DEPTH)
		return NULL;
	frames->frames[frames->nr] = frames->names[frames->nr];
	return frames->names[frames->nr++];
}

static const json_t *frames_of(const json_t *stack, const char *which)
{
	return reply_member(reply_member(stack, which), "frames");
}

void leak_frames_read(const json_t *stack, struct leak_frames *ret)
{
	const json_t *user = frames_of(stack, "user_stack"), *kernel = frames_of(stack, "kernel_stack");
	bool is_process = !strcmp(reply_string(stack, "owner"), "process");
	char *name;

	ret->nr = 0;
	snprintf(next_frame(ret), LEAK_FRAME_LEN, "%.*s", LEAK_FRAME_LEN - 1,
		 is_process ? reply_string(stack, "comm") : "[kernel]");
	for (size_t i = json_array_size(user); i-- > 0;) {
		const json_t *frame = json_array_get(user, i);

		name = is_frame(frame) ? next_frame(ret) : NULL;
		if (name)
			user_function(frame, name);
	}
	for (size_t i = json_array_size(kernel); i-- > 0;) {
		const char *frame = json_string_value(json_array_get(kernel, i));

		name = frame ? next_frame(ret) : NULL;
		if (name)
			add_function(name, frame, FLAME_KERNEL);
	}
}

bool leak_stack_is_part_of_kernel(const json_t *stack)
{
	return !strcmp(reply_string(stack, "owner"), "process") &&
	       strcmp(reply_string(stack, "migratetype"), "movable") != 0;
}

void leak_stack_add_key(struct text *text, const json_t *stack)
{
	json_t *frame;
	size_t i;

	text_add_format(text, "%s %" PRIu64 " %" PRIu64 " %s", reply_string(stack, "owner"),
			reply_u64(stack, "pid"), reply_u64(stack, "start_ns"),
			reply_string(stack, "migratetype"));
	json_array_foreach((json_t *)(uintptr_t)frames_of(stack, "user_stack"), i, frame)
		text_add_format(text, " %s", reply_string(frame, "address"));
	json_array_foreach((json_t *)(uintptr_t)frames_of(stack, "kernel_stack"), i, frame)
		text_add_format(text, " %s", json_is_string(frame) ? json_string_value(frame) : "");
}

void leak_stack_add_place(struct text *text, const json_t *stack)
{
	const json_t *user = frames_of(stack, "user_stack");
	size_t nr = 0, i;
	json_t *frame;

	json_array_foreach((json_t *)(uintptr_t)user, i, frame)
	{
		char name[LEAK_FRAME_LEN];

		if (!is_frame(frame) || nr == MAX_PLACE)
			continue;
		user_function(frame, name);
		text_add_format(text, "%s%s", nr++ ? " < " : "", name);
	}
	if (!nr)
		text_add(text, reply_string(reply_member(stack, "kernel_stack"), "callers"));
}

static void add_where(struct text *line, const json_t *frame)
{
	const char *file = reply_string(frame, "file"), *module = reply_string(frame, "module");

	if (*file)
		text_add_format(line, " at %s", file);
	else if (*module)
		text_add_format(line, " in %s", module);
	if (*file && reply_is_known(frame, "line"))
		text_add_format(line, ":%" PRIu64, reply_u64(frame, "line"));
}

void leak_stack_add_backtrace(struct text *text, const json_t *stack)
{
	const json_t *user = frames_of(stack, "user_stack");
	struct text line = {};
	size_t nr = 0, i;
	json_t *frame;

	json_array_foreach((json_t *)(uintptr_t)user, i, frame)
	{
		const char *name = reply_string(frame, "name");

		if (!is_frame(frame))
			continue;
		text_clear(&line);
		text_add_format(&line, "  #%zu %s", nr++, *name ? name : reply_string(frame, "address"));
		add_where(&line, frame);
		visible_add(text, line.data ? line.data : "");
		text_add(text, "\n");
	}
	text->is_failed |= line.is_failed;
	text_free(&line);
}
