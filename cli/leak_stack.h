/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A row of "stacks" in an answer about leaks: its frames under the names that people know. Pure. */
#ifndef MEMOIR_LEAK_STACK_H
#define MEMOIR_LEAK_STACK_H

#include <jansson.h>

#include "flame.h"

#define LEAK_FRAME_LEN 192

/* Frames of one row, outermost first, the process or "[kernel]" before them; names are of any origin. */
struct leak_frames {
	char names[FLAME_MAX_DEPTH][LEAK_FRAME_LEN];
	const char *frames[FLAME_MAX_DEPTH]; /* of names, in order */
	size_t nr;
};

/*
 * The frames of a row: functions without offsets, where they have no name the module or the address; the
 * kernel's end in FLAME_KERNEL.
 */
void leak_frames_read(const json_t *stack, struct leak_frames *ret);

/*
 * Whether the row is of memory that a process asked the kernel for, and that a row of the kernel's has too.
 */
bool leak_stack_is_part_of_kernel(const json_t *stack);

/* Appends what tells the place from all others of the same boot, whatever names have been found for it. */
void leak_stack_add_key(struct text *text, const json_t *stack);

/*
 * Appends where it is, in one line, the innermost functions of the process first: "grow < main"; or the
 * kernel's.
 */
void leak_stack_add_place(struct text *text, const json_t *stack);

/*
 * Appends all frames in the process, a line each and none cut, the innermost first: "  #0 grow+0x1a at
 * main.c:27", or "in" the module where no file is known.
 */
void leak_stack_add_backtrace(struct text *text, const json_t *stack);

#endif
