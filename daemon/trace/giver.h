/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opens the files of a process, for the symbolizer and for the tracer. Whoever serves a file system from
 * user space may never answer when a file is opened or closed, and what is mounted does not tell: a file
 * system of the kernel's own may have such a one below it. So this is done in a child, which is left
 * behind then.
 */
#ifndef MEMOIR_TRACE_GIVER_H
#define MEMOIR_TRACE_GIVER_H

#include <stdbool.h>

#include "questions.h"
#include "target.h"

/*
 * Sends what is needed to the symbolizer, over our socket to it, as a struct question_given. need->need is
 * in its range. Whether it has its answer is in *ret_is_given; else it waits for it. 0, the negative errno
 * of the file, -ETIMEDOUT after a second, or -EBUSY where too many children are left behind.
 */
int give_in_child(int symbolizer, const struct target *target, const struct answer_need *need,
		  bool *ret_is_given);

/* The file that is mapped at an address, the caller's from now on, and its name; or an errno, as above. */
int open_in_child(const struct target *target, __u64 address, struct given *ret);

#endif
