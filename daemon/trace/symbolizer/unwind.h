/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the registers of a thread and a copy of its stack to its callers, by the unwind tables of what it
 * runs.
 */
#ifndef MEMOIR_SYMBOLIZER_UNWIND_H
#define MEMOIR_SYMBOLIZER_UNWIND_H

#include "view.h"

/*
 * The frames, the innermost first: at least the one where the thread is. Behind a place of which there are
 * no tables, libdw takes the frame pointer for one. 0 or a negative errno.
 */
int unwind(struct view *view, const struct question_unwind *question, struct answer_frames *ret);

#endif
